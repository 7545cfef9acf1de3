/*
 * Masking secrets. See redact.h.
 *
 * Secrets are found by sampling: every one has at least SECRET_MIN bytes, so of
 * the four-byte words that start at its first three places one starts at a
 * multiple of three in the text. One look into a bitmap of such words rules out
 * three places at once (q-gram sampling, as in Wu and Manber, "A Fast Algorithm
 * for Multi-Pattern Searching", 1994). The user part of a URL is found by its
 * "@", which is rare.
 */
#include "redact.h"
#include "text.h"

#include <fnmatch.h>
#include <stdint.h>
#include <stdlib.h>
#include <strings.h>

#define SECRET_MIN 6
#define WORD 4                         /* bytes of a sampled word */
#define STRIDE (SECRET_MIN - WORD + 1) /* bytes from one sample to the next */
#define GRAM_BITS 15
#define URL_MAX 1024 /* bytes of "user:password@host" that are looked at */
#define MASK "***"

struct secret {
	char *p;
	size_t n;
};

struct rt_redact {
	struct secret *v; /* the longest first */
	size_t n, cap;
	unsigned char grams[1 << (GRAM_BITS - 3)];
};

static uint32_t gram_at(const char *p)
{
	uint32_t w;

	memcpy(&w, p, sizeof(w));
	return (w * UINT32_C(2654435761)) >> (32 - GRAM_BITS);
}

static bool has_gram(const struct rt_redact *r, uint32_t g)
{
	return r->grams[g >> 3] >> (g & 7) & 1;
}

static void set_gram(struct rt_redact *r, uint32_t g)
{
	r->grams[g >> 3] |= (unsigned char)(1 << (g & 7));
}

static bool grow(struct rt_redact *r)
{
	size_t cap = r->cap ? r->cap * 2 : 16;
	struct secret *v = realloc(r->v, cap * sizeof(*v));

	if (!v)
		return false;
	r->v = v;
	r->cap = cap;
	return true;
}

/* Add the secret in one form, unless it is too short or there already. */
static bool add_pattern(struct rt_redact *r, struct rt_str s)
{
	struct secret new = { NULL, s.n };
	size_t at, i;

	if (s.n < SECRET_MIN)
		return true;
	for (at = 0; at < r->n && r->v[at].n >= s.n; at++)
		if (r->v[at].n == s.n && memcmp(r->v[at].p, s.p, s.n) == 0)
			return true;
	if (r->n == r->cap && !grow(r))
		return false;
	new.p = malloc(s.n);
	if (!new.p)
		return false;
	memcpy(new.p, s.p, s.n);
	memmove(r->v + at + 1, r->v + at, (r->n - at) * sizeof(*r->v));
	r->v[at] = new;
	r->n++;
	for (i = 0; i < STRIDE; i++)
		set_gram(r, gram_at(s.p + i));
	return true;
}

/* The secret inside a JSON string as programs write it: also with "\/", or all in ASCII. */
enum json_form { FORM_PLAIN, FORM_SLASH, FORM_ASCII, FORM_COUNT };

static void add_utf16(struct rt_buf *b, uint32_t cp)
{
	if (cp < 0x10000) {
		rt_buf_addf(b, "\\u%04x", (unsigned)cp);
		return;
	}
	cp -= 0x10000;
	rt_buf_addf(b, "\\u%04x\\u%04x", 0xd800 + (unsigned)(cp >> 10),
		    0xdc00 + (unsigned)(cp & 0x3ff));
}

static void json_form(struct rt_buf *b, struct rt_str s, enum json_form form)
{
	struct rt_buf plain;
	const char *p, *end;
	uint32_t cp = 0;
	size_t n;

	rt_buf_init(&plain);
	rt_json_escape(&plain, s);
	end = plain.s + plain.len;
	for (p = plain.s; p < end; p += n) {
		n = rt_utf8_decode(p, (size_t)(end - p), &cp);
		if (!n) /* cannot be: what was escaped is valid */
			n = 1;
		if (form == FORM_SLASH && *p == '/')
			rt_buf_add(b, "\\/", 2);
		else if (form == FORM_ASCII && n > 1)
			add_utf16(b, cp);
		else
			rt_buf_add(b, p, n);
	}
	b->failed |= plain.failed;
	rt_buf_release(&plain);
}

static bool add_forms(struct rt_redact *r, struct rt_str s)
{
	bool good = add_pattern(r, s);
	struct rt_buf b;
	int form;

	rt_buf_init(&b);
	for (form = FORM_PLAIN; good && s.n >= SECRET_MIN && form < FORM_COUNT; form++) {
		rt_buf_clear(&b);
		json_form(&b, s, (enum json_form)form);
		good = !b.failed && add_pattern(r, rt_buf_view(&b));
	}
	rt_buf_release(&b);
	return good;
}

/* White space around a secret, a file's last newline say, is none of it. */
static struct rt_str trim(struct rt_str s)
{
	while (s.n && strchr(" \t\r\n", s.p[0])) {
		s.p++;
		s.n--;
	}
	while (s.n && strchr(" \t\r\n", s.p[s.n - 1]))
		s.n--;
	return s;
}

bool rt_redact_add(struct rt_redact *r, struct rt_str value)
{
	struct rt_str rest = trim(value);
	bool good = add_forms(r, rest);

	while (good && rest.n) {
		const char *nl = memchr(rest.p, '\n', rest.n);
		struct rt_str line = { rest.p, nl ? (size_t)(nl - rest.p) : rest.n };

		good = add_forms(r, trim(line));
		rest.p += line.n + (nl != NULL);
		rest.n -= line.n + (nl != NULL);
	}
	return good;
}

static bool ends_with(struct rt_str s, const char *end)
{
	size_t n = strlen(end);

	/* the last letter settles it for nearly all of an environment */
	return s.n >= n && ((s.p[s.n - 1] ^ end[n - 1]) & 0x5f) == 0 &&
	       strncasecmp(s.p + s.n - n, end, n) == 0;
}

/* Whether a variable of this name holds a secret, as far as its name tells. */
static bool telling_name(struct rt_str name)
{
	static const char *const ends[] = {
		"PASSWORD",     "_PASSPHRASE",        "_PWD", "_SECRET", "_TOKEN", "_PAT", "_KEY",
		"_CREDENTIALS", "_CONNECTION_STRING",
	};
	size_t i;

	for (i = 0; i < sizeof(ends) / sizeof(ends[0]); i++)
		if (ends_with(name, ends[i]))
			return true;
	return (name.n == 5 && ends_with(name, "TOKEN")) ||
	       (name.n == 6 && ends_with(name, "SECRET"));
}

/* What RT_REDACT says of a name: 1 secret, -1 exempt, 0 nothing. The last word counts. */
static int listed_name(const char *list, const char *name)
{
	char glob[256];
	int verdict = 0;

	while (*list) {
		size_t n = strcspn(list, ",");
		size_t skip = strspn(list, " \t"), len = n > skip ? n - skip : 0;
		const char *p = list + skip;

		while (len && (p[len - 1] == ' ' || p[len - 1] == '\t'))
			len--;
		if (len && len < sizeof(glob)) {
			memcpy(glob, p, len);
			glob[len] = '\0';
			if (fnmatch(glob + (*glob == '-'), name, FNM_CASEFOLD) == 0)
				verdict = *glob == '-' ? -1 : 1;
		}
		list += n + (list[n] == ',');
	}
	return verdict;
}

static bool secret_name(struct rt_str name, const char *list)
{
	char text[256];
	int verdict;

	if (!list || name.n >= sizeof(text))
		return telling_name(name);
	memcpy(text, name.p, name.n);
	text[name.n] = '\0';
	verdict = listed_name(list, text);
	return verdict ? verdict > 0 : telling_name(name);
}

struct rt_redact *rt_redact_new(char *const *envp)
{
	struct rt_redact *r = calloc(1, sizeof(*r));
	const char *list = NULL;
	size_t i;

	if (!r)
		return NULL;
	for (i = 0; envp && envp[i]; i++)
		if (strncmp(envp[i], "RT_REDACT=", 10) == 0)
			list = envp[i] + 10;
	for (i = 0; envp && envp[i]; i++) {
		const char *eq = strchr(envp[i], '=');
		struct rt_str name = { envp[i], eq ? (size_t)(eq - envp[i]) : 0 };

		if (eq && secret_name(name, list) && !rt_redact_add(r, rt_str(eq + 1))) {
			rt_redact_free(r);
			return NULL;
		}
	}
	return r;
}

void rt_redact_free(struct rt_redact *r)
{
	size_t i;

	if (!r)
		return;
	for (i = 0; i < r->n; i++)
		free(r->v[i].p);
	free(r->v);
	free(r);
}

/* A stretch of text that is masked; at == SIZE_MAX: there is none. */
struct region {
	size_t at, end;
};

static const struct region no_region = { SIZE_MAX, SIZE_MAX };

/* The length of the longest secret that starts at `at`, or 0. */
static size_t secret_at(const struct rt_redact *r, struct rt_str s, size_t at)
{
	size_t i;

	for (i = 0; i < r->n; i++)
		if (r->v[i].n <= s.n - at && r->v[i].p[0] == s.p[at] &&
		    memcmp(r->v[i].p, s.p + at, r->v[i].n) == 0)
			return r->v[i].n;
	return 0;
}

/* Secrets may overlap: what is masked ends where the last of them does. */
static struct region join_secrets(const struct rt_redact *r, struct rt_str s, size_t at, size_t n)
{
	struct region found = { at, at + n };

	for (at++; at < found.end; at++) {
		n = secret_at(r, s, at);
		if (at + n > found.end)
			found.end = at + n;
	}
	return found;
}

static struct region find_secret(const struct rt_redact *r, struct rt_str s, size_t from)
{
	size_t sample, at, n;

	if (r->n == 0)
		return no_region;
	for (sample = from; sample + WORD <= s.n; sample += STRIDE) {
		if (!has_gram(r, gram_at(s.p + sample)))
			continue;
		/* it may belong to a secret that starts here or up to STRIDE - 1 before */
		at = sample == from ? from : sample - (STRIDE - 1);
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

/* How long the "://" is (or, in JSON of some programs, ":\/\/") that ends at `at`; 0: there is none. */
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
static size_t last_at_sign(struct rt_str s, struct region hit)
{
	size_t last = hit.end, i;

	for (i = last; i < s.n && i - hit.at < URL_MAX && authority_char(s.p[i]); i++)
		if (s.p[i] == '@')
			last = i;
	return last;
}

/* The next user part of a URL: what is between "://" and the last "@" before the host. */
static struct region find_user(struct rt_str s, size_t from)
{
	const char *hit;
	struct region found;

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

/* A walk over the regions of a text, in order, those that overlap made one. */
struct walk {
	const struct rt_redact *r;
	struct rt_str s;
	struct region secret, user; /* the next of each, not yet handed out */
};

static void walk_init(struct walk *w, const struct rt_redact *r, struct rt_str s)
{
	w->r = r;
	w->s = s;
	w->secret = find_secret(r, s, 0);
	w->user = find_user(s, 0);
}

static bool walk_next(struct walk *w, struct region *out)
{
	struct region *first = w->secret.at <= w->user.at ? &w->secret : &w->user;
	bool grown;

	*out = *first;
	if (out->at == SIZE_MAX)
		return false;
	do {
		grown = false;
		while (w->secret.at < out->end) {
			if (w->secret.end > out->end)
				out->end = w->secret.end;
			w->secret = find_secret(w->r, w->s, w->secret.end);
			grown = true;
		}
		while (w->user.at < out->end) {
			if (w->user.end > out->end)
				out->end = w->user.end;
			w->user = find_user(w->s, w->user.end);
			grown = true;
		}
	} while (grown);
	return true;
}

bool rt_redact_hits(const struct rt_redact *r, struct rt_str s)
{
	return r && s.n && (find_user(s, 0).at != SIZE_MAX || find_secret(r, s, 0).at != SIZE_MAX);
}

void rt_redact_text(const struct rt_redact *r, struct rt_str s, struct rt_buf *out)
{
	struct region hit;
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

	return secret < user ? secret : user;
}

/* The most that is held back: a secret that may overlap with the beginning of another. */
static size_t hold_max(const struct rt_redact *r)
{
	return 2 * ((r->n ? r->v[0].n : 0) + URL_MAX);
}

/* Append what is safe of s, masked; returns where the part begins that is to be held back. */
static size_t release(const struct rt_redact *r, struct rt_str s, bool last, struct rt_buf *out)
{
	size_t hold = last ? s.n : live_from(r, s, 0), pos = 0;
	struct region hit;
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
	rt_buf_add(out, s.p + pos, hold - pos);
	return hold;
}

void rt_redact_stream(const struct rt_redact *r, struct rt_buf *held, struct rt_str piece,
		      bool last, struct rt_buf *out)
{
	size_t n;

	if (!r) {
		rt_buf_addv(out, piece);
		return;
	}
	if (held->len == 0) {
		n = piece.n ? release(r, piece, last, out) : 0;
		rt_buf_add(held, piece.p + n, piece.n - n);
		return;
	}
	rt_buf_addv(held, piece);
	n = release(r, rt_buf_view(held), last, out);
	rt_buf_splice(held, 0, n, NULL, 0);
}
