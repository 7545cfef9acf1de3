/*
 * Which values are secrets. See redact.h; finding and masking them in text is
 * in redact_mask.c.
 */
#include "redact_set.h"

#include <fnmatch.h>
#include <stdlib.h>
#include <strings.h>

static bool grow(struct rt_redact *r)
{
	size_t cap = r->cap ? r->cap * 2 : 16;
	struct rt_secret *v = realloc(r->v, cap * sizeof(*v));

	if (!v)
		return false;
	r->v = v;
	r->cap = cap;
	return true;
}

/* A stride that got smaller leaves marks behind that are not needed, no harm. */
static void mark_pattern(struct rt_redact *r, struct rt_str s)
{
	size_t stride = s.n - RT_SECRET_WORD + 1;

	if (stride > RT_SECRET_STRIDE_MAX)
		stride = RT_SECRET_STRIDE_MAX;
	if (r->n == 0 || stride < r->stride)
		r->stride = stride;
	rt_secret_mark(r->starts, rt_secret_word(s.p));
	for (size_t i = 0; i < s.n; i++)
		r->bytes[(unsigned char)s.p[i]] = true;
	for (size_t i = 0; i < r->stride; i++)
		rt_secret_mark(r->words, rt_secret_word(s.p + i));
}

/* Add a secret, unless it is too short or there already. */
static bool add_pattern(struct rt_redact *r, struct rt_str s)
{
	struct rt_secret new = { NULL, s.n };
	size_t at;

	if (s.n < RT_SECRET_MIN)
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
	mark_pattern(r, s);
	r->n++;
	return true;
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
	bool good = add_pattern(r, rest);

	while (good && rest.n) {
		const char *nl = memchr(rest.p, '\n', rest.n);
		struct rt_str line = { rest.p, nl ? (size_t)(nl - rest.p) : rest.n };

		good = add_pattern(r, trim(line));
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
