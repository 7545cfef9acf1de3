/*
 * Secrets inside JSON strings, in whatever way they were escaped: "\"", "\/",
 * "\u0041", surrogates. Each backslash is taken for the beginning of an escape,
 * whatever stands before it: that it is none can only mask more.
 */
#include "redact_set.h"
#include "text.h"

/* Four hexadecimal digits; -1: they are none; -2: none so far, and the text ends. */
static int32_t hex4(const char *p, size_t n)
{
	int32_t v = 0;

	for (size_t i = 0; i < 4; i++) {
		char c = i < n ? (char)(p[i] | 0x20) : '\0';

		if (i == n)
			return -2;
		if (p[i] >= '0' && p[i] <= '9')
			v = v << 4 | (p[i] - '0');
		else if (c >= 'a' && c <= 'f')
			v = v << 4 | (c - 'a' + 10);
		else
			return -1;
	}
	return v;
}

/* One escape: what it means, and its length in the text. */
struct escape {
	char bytes[4];
	size_t n, used;
};

enum found { FOUND_NOT, FOUND_SHORT, FOUND };

/* \uXXXX, and the second one of a pair of surrogates. */
static enum found decode_unicode(struct rt_str s, struct escape *e)
{
	int32_t cp = hex4(s.p + 2, s.n - 2), low;

	e->used = 6;
	if (cp >= 0xd800 && cp < 0xdc00) {
		if ((s.n > 6 && s.p[6] != '\\') || (s.n > 7 && s.p[7] != 'u'))
			return FOUND_NOT;
		low = s.n > 8 ? hex4(s.p + 8, s.n - 8) : -2;
		if (low != -2 && (low < 0xdc00 || low > 0xdfff))
			return FOUND_NOT;
		cp = low == -2 ? -2 : 0x10000 + ((cp - 0xd800) << 10) + (low - 0xdc00);
		e->used = 12;
	}
	if (cp < 0)
		return cp == -2 ? FOUND_SHORT : FOUND_NOT;
	if (cp >= 0xdc00 && cp < 0xe000)
		return FOUND_NOT;
	e->n = rt_utf8_encode((uint32_t)cp, e->bytes);
	return FOUND;
}

/* The escape that s begins with. */
static enum found decode(struct rt_str s, struct escape *e)
{
	static const char letters[] = "\"\\/bfnrt", meanings[] = "\"\\/\b\f\n\r\t";
	const char *letter;

	if (s.n < 2)
		return FOUND_SHORT;
	if (s.p[1] == 'u')
		return decode_unicode(s, e);
	letter = memchr(letters, s.p[1], sizeof(letters) - 1);
	if (!letter)
		return FOUND_NOT;
	e->bytes[0] = meanings[letter - letters];
	e->n = 1;
	e->used = 2;
	return FOUND;
}

/*
 * Whether the rest of a secret, from its i-th byte on, stands at `at`; *end is where
 * it ends. FOUND_SHORT: the text ends before that, or *effort is used up, the bytes
 * that may still be compared.
 */
static enum found match(const struct rt_secret *v, size_t i, struct rt_str s, size_t at,
			size_t *effort, size_t *end)
{
	struct escape e;
	enum found found;

	for (; i < v->n; i += e.n, at += e.used) {
		if (at == s.n || *effort == 0)
			return FOUND_SHORT;
		--*effort;
		e = (struct escape){ { s.p[at] }, 1, 1 };
		if (s.p[at] == '\\') {
			found = decode((struct rt_str){ s.p + at, s.n - at }, &e);
			if (found != FOUND)
				return found;
		}
		if (e.n > v->n - i || memcmp(v->p + i, e.bytes, e.n) != 0)
			return FOUND_NOT;
	}
	*end = at;
	return FOUND;
}

/*
 * A secret of which the escape at `at` is the first: what stands before that is
 * as it is in the secret, and does not reach back beyond `from`.
 */
static bool match_around(const struct rt_secret *v, struct rt_str s, size_t from, size_t at,
			 char first, struct rt_region *hit)
{
	const char *p = v->p, *end = v->p + v->n;
	size_t effort = SIZE_MAX;

	for (; (p = memchr(p, first, (size_t)(end - p))) != NULL; p++) {
		size_t before = (size_t)(p - v->p);

		if (before > at - from)
			return false;
		if (memcmp(v->p, s.p + at - before, before) == 0 &&
		    match(v, before, s, at, &effort, &hit->end) == FOUND) {
			hit->at = at - before;
			return true;
		}
	}
	return false;
}

/* What is masked because of the escape at `at`: from the first secret around it to the end of the last. */
static struct rt_region secrets_around(const struct rt_redact *r, struct rt_str s, size_t from,
				       size_t at)
{
	struct rt_region all = { SIZE_MAX, 0 }, hit;
	struct escape e;

	if (decode((struct rt_str){ s.p + at, s.n - at }, &e) != FOUND ||
	    !r->bytes[(unsigned char)e.bytes[0]])
		return all;
	for (size_t i = 0; i < r->n; i++) {
		if (!match_around(&r->v[i], s, from, at, e.bytes[0], &hit))
			continue;
		all.at = hit.at < all.at ? hit.at : all.at;
		all.end = hit.end > all.end ? hit.end : all.end;
	}
	return all;
}

struct rt_region rt_secret_find_escaped(const struct rt_redact *r, struct rt_str s, size_t from)
{
	struct rt_region all = { SIZE_MAX, 0 };
	const char *p = s.p + from, *end = s.p + s.n, *hit;

	if (r->n == 0)
		return (struct rt_region){ SIZE_MAX, SIZE_MAX };
	while (p < end && (hit = memchr(p, '\\', (size_t)(end - p))) != NULL) {
		size_t at = (size_t)(hit - s.p);
		struct rt_region one;

		if (all.at != SIZE_MAX && at >= all.end)
			break;
		one = secrets_around(r, s, from, at);
		all.at = one.at < all.at ? one.at : all.at;
		all.end = one.end > all.end ? one.end : all.end;
		p = hit + 1;
		from = at + 1;
	}
	return all.at == SIZE_MAX ? (struct rt_region){ SIZE_MAX, SIZE_MAX } : all;
}

/*
 * Where text and secret repeat themselves, each place may be compared at length. After
 * so many bytes for one of the text, all that is left is held: that hides no less.
 */
#define LIVE_EFFORT 16

size_t rt_secret_live_escaped(const struct rt_redact *r, struct rt_str s, size_t from)
{
	size_t best = s.n, end;

	for (size_t i = 0; i < r->n; i++) {
		const struct rt_secret *v = &r->v[i];
		size_t most = RT_SECRET_ESCAPED * v->n - 1,
		       at = s.n - from > most ? s.n - most : from,
		       effort = LIVE_EFFORT * (s.n - at);
		const char *last = memrchr(s.p + at, '\\', s.n - at);

		/* behind the last escape there is nothing but plain text */
		for (; last && at <= (size_t)(last - s.p) && at < best; at++) {
			if ((s.p[at] == v->p[0] || s.p[at] == '\\') &&
			    match(v, 0, s, at, &effort, &end) == FOUND_SHORT)
				best = at;
		}
	}
	return best;
}
