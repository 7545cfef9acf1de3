/*
 * Masking secrets in text and streams. See redact.h. How secrets are found is
 * said in redact_set.h; the user part of a URL is found by its "@", which is
 * rare.
 */
#include "redact_set.h"

#define URL_MAX 1024 /* bytes of "user:password@host" that are looked at */
#define MASK "***"

static const struct rt_region no_region = { SIZE_MAX, SIZE_MAX };

/* The length of the longest secret that starts at `at`, or 0. */
static size_t secret_at(const struct rt_redact *r, struct rt_str s, size_t at)
{
	size_t i;

	if (s.n - at < RT_SECRET_MIN || !rt_secret_marked(r->starts, rt_secret_word(s.p + at)))
		return 0;
	for (i = 0; i < r->n; i++)
		if (r->v[i].n <= s.n - at && r->v[i].p[0] == s.p[at] &&
		    memcmp(r->v[i].p, s.p + at, r->v[i].n) == 0)
			return r->v[i].n;
	return 0;
}

/* Secrets may overlap: what is masked ends where the last of them does. */
static struct rt_region join_secrets(const struct rt_redact *r, struct rt_str s, size_t at,
				     size_t n)
{
	struct rt_region found = { at, at + n };

	for (at++; at < found.end; at++) {
		n = secret_at(r, s, at);
		if (at + n > found.end)
			found.end = at + n;
	}
	return found;
}

static struct rt_region find_secret(const struct rt_redact *r, struct rt_str s, size_t from)
{
	size_t sample, at, n;

	if (r->n == 0)
		return no_region;
	for (sample = from; sample + RT_SECRET_WORD <= s.n; sample += r->stride) {
		if (!rt_secret_marked(r->words, rt_secret_word(s.p + sample)))
			continue;
		/* of a secret that starts here, or up to a stride before */
		at = sample == from ? from : sample - (r->stride - 1);
		for (; at <= sample; at++) {
			n = secret_at(r, s, at);
			if (n)
				return join_secrets(r, s, at, n);
		}
	}
	return no_region;
}

/* Whether c may stand between "://" and the end of a URL's host. */
static bool authority_char(char c)
{
	return (unsigned char)c > ' ' && c != 0x7f && !strchr("/?#\"'<>\\`{}|", c);
}

/* The length of the "://" that ends at `at`, in some JSON ":\/\/"; 0: there is none. */
static size_t slashes_before(struct rt_str s, size_t at)
{
	if (at >= 3 && memcmp(s.p + at - 3, "://", 3) == 0)
		return 3;
	if (at >= 5 && memcmp(s.p + at - 5, ":\\/\\/", 5) == 0)
		return 5;
	return 0;
}

/* Where the run of such characters before `end` begins: less than URL_MAX, not before `from`. */
static size_t authority_start(struct rt_str s, size_t from, size_t end)
{
	size_t least = end - from >= URL_MAX ? end - (URL_MAX - 1) : from;

	while (end > least && authority_char(s.p[end - 1]))
		end--;
	return end;
}

/* The last "@" of the authority whose first one is at hit.end. */
static size_t last_at_sign(struct rt_str s, struct rt_region hit)
{
	size_t last = hit.end, i;

	for (i = last; i < s.n && i - hit.at < URL_MAX && authority_char(s.p[i]); i++)
		if (s.p[i] == '@')
			last = i;
	return last;
}

/* The next user part of a URL: what is between "://" and the last "@" before the host. */
static struct rt_region find_user(struct rt_str s, size_t from)
{
	const char *hit;
	struct rt_region found;

	while ((hit = memchr(s.p + from, '@', s.n - from)) != NULL) {
		found.end = (size_t)(hit - s.p);
		found.at = authority_start(s, from, found.end);
		if (slashes_before(s, found.at))
			found.end = last_at_sign(s, found);
		else
			found.at = found.end;
		if (found.at < found.end)
			return found;
		from = found.end + 1; /* nor is it the user of what follows */
	}
	return no_region;
}

/* What is looked for, each by itself. */
enum { PLAIN, ESCAPED, USER, KINDS };

static struct rt_region find(const struct rt_redact *r, int kind, struct rt_str s, size_t from)
{
	switch (kind) {
	case PLAIN:
		return find_secret(r, s, from);
	case ESCAPED:
		return rt_secret_find_escaped(r, s, from);
	default:
		return find_user(s, from);
	}
}

/* A walk over the regions of a text, in order, those that overlap made one. */
struct walk {
	const struct rt_redact *r;
	struct rt_str s;
	struct rt_region next[KINDS]; /* of each kind, not yet handed out */
};

static void walk_init(struct walk *w, const struct rt_redact *r, struct rt_str s)
{
	w->r = r;
	w->s = s;
	for (int i = 0; i < KINDS; i++)
		w->next[i] = find(r, i, s, 0);
}

static bool walk_next(struct walk *w, struct rt_region *out)
{
	bool grown;

	*out = no_region;
	for (int i = 0; i < KINDS; i++)
		if (w->next[i].at < out->at)
			*out = w->next[i];
	if (out->at == SIZE_MAX)
		return false;
	do {
		grown = false;
		for (int i = 0; i < KINDS; i++) {
			while (w->next[i].at < out->end) {
				if (w->next[i].end > out->end)
					out->end = w->next[i].end;
				w->next[i] = find(w->r, i, w->s, w->next[i].end);
				grown = true;
			}
		}
	} while (grown);
	return true;
}

bool rt_redact_hits(const struct rt_redact *r, struct rt_str s)
{
	bool hit = false;

	for (int i = 0; r && s.n && i < KINDS && !hit; i++)
		hit = find(r, i, s, 0).at != SIZE_MAX;
	return hit;
}

void rt_redact_text(const struct rt_redact *r, struct rt_str s, struct rt_buf *out)
{
	struct rt_region hit;
	struct walk w;
	size_t pos = 0;

	if (!r || !s.n) {
		rt_buf_addv(out, s);
		return;
	}
	walk_init(&w, r, s);
	while (walk_next(&w, &hit)) {
		rt_buf_add(out, s.p + pos, hit.at - pos);
		rt_buf_adds(out, MASK);
		pos = hit.end;
	}
	rt_buf_add(out, s.p + pos, s.n - pos);
}

/* The first place from `from` on where the rest of the text is the beginning of a secret. */
static size_t live_secret(const struct rt_redact *r, struct rt_str s, size_t from)
{
	size_t best = s.n, i;

	for (i = 0; i < r->n; i++) {
		size_t most = r->v[i].n - 1;
		size_t at = s.n - from > most ? s.n - most : from;

		while (at < best) {
			const char *hit = memchr(s.p + at, r->v[i].p[0], best - at);

			if (!hit)
				break;
			at = (size_t)(hit - s.p);
			if (memcmp(hit, r->v[i].p, s.n - at) == 0)
				best = at;
			at++;
		}
	}
	return best;
}

/* The same for a URL whose user part may still come. */
static size_t live_user(struct rt_str s, size_t from)
{
	static const char *const begun[] = { ":\\/\\", ":\\/", ":\\", ":/", ":" };
	size_t at = authority_start(s, from, s.n), slashes = slashes_before(s, at), i;
	struct rt_str tail;

	if (slashes && at - slashes >= from)
		return at - slashes;
	for (i = 0; i < sizeof(begun) / sizeof(begun[0]); i++) {
		size_t n = strlen(begun[i]);

		tail.p = s.p + s.n - n;
		tail.n = n;
		if (s.n - from >= n && rt_str_is(tail, begun[i]))
			return s.n - n;
	}
	return s.n;
}

static size_t live_from(const struct rt_redact *r, struct rt_str s, size_t from)
{
	size_t secret = live_secret(r, s, from), user = live_user(s, from);
	size_t escaped = rt_secret_live_escaped(r, s, from);

	if (secret > escaped)
		secret = escaped;
	return secret < user ? secret : user;
}

/* The most that is held back: a secret that may overlap with the beginning of another. */
static size_t hold_max(const struct rt_redact *r)
{
	return 2 * ((r->n ? RT_SECRET_ESCAPED * r->v[0].n : 0) + URL_MAX);
}

/*
 * Find what is safe of s: where nothing is masked that is the beginning of s
 * itself, else it is put together in out. Returns where the part begins that is
 * to be held back.
 */
static size_t release(const struct rt_redact *r, struct rt_str s, bool last, struct rt_buf *out,
		      struct rt_str *safe)
{
	size_t hold = last ? s.n : live_from(r, s, 0), pos = 0;
	struct rt_region hit;
	struct walk w;

	walk_init(&w, r, s);
	while (walk_next(&w, &hit) && hit.at < hold) {
		if (hit.end > hold && s.n - hit.at <= hold_max(r)) {
			hold = hit.at;
			break;
		}
		rt_buf_add(out, s.p + pos, hit.at - pos);
		rt_buf_adds(out, MASK);
		pos = hit.end;
		if (hit.end > hold)
			hold = live_from(r, s, hit.end);
	}
	*safe = (struct rt_str){ s.p, hold };
	if (pos) {
		rt_buf_add(out, s.p + pos, hold - pos);
		*safe = rt_buf_view(out);
	}
	return hold;
}

struct rt_str rt_redact_stream(const struct rt_redact *r, struct rt_buf *held, struct rt_str piece,
			       bool last, struct rt_buf *out)
{
	struct rt_str safe = piece;
	size_t n;

	rt_buf_clear(out);
	if (!r)
		return piece;
	if (held->len == 0) {
		n = piece.n ? release(r, piece, last, out, &safe) : 0;
		rt_buf_add(held, piece.p + n, piece.n - n);
		return safe;
	}
	rt_buf_addv(held, piece);
	n = release(r, rt_buf_view(held), last, out, &safe);
	if (safe.p == held->s) {
		rt_buf_addv(out, safe);
		safe = rt_buf_view(out);
	}
	rt_buf_splice(held, 0, n, NULL, 0);
	return safe;
}
