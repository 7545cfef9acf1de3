/*
 * A validating JSON scanner that builds nothing. See scan.h for what it
 * accepts: the limits (depth, numbers that overflow, NUL in keys) are jansson's,
 * so that a line is an event here exactly when it is JSON there.
 */
#include "scan_walk.h"

/* jansson's JSON_PARSER_MAX_DEPTH: every value counts, the outermost is 1. */
#define MAX_DEPTH 2048

/* p is at the opening quote: the byte after the closing one, or NULL. */
static inline const char *scan_string(struct rt_scan *s, const char *p, struct rt_json *v, bool key)
{
	v->type = RT_JSON_STRING;
	v->escaped = v->veiled = false;
	v->text.p = ++p;
	if (s->outlined) {
		p = rt_scan_end(s->origin, *s->ends);
		v->escaped = (*s->ends++ & RT_END_ESCAPED) != 0;
		v->veiled = s->veiled && rt_scan_is_veiled(s, v->text.p, p);
	} else {
		p = rt_scan_string(p, s->end, v, key);
		if (!p)
			return NULL;
	}
	v->text.n = (size_t)(p - v->text.p);
	return p + 1;
}

static const char *scan_bare(struct rt_scan *s, const char *p, struct rt_json *v)
{
	const char *start = p;

	v->escaped = v->veiled = false;
	p = rt_scan_bare(p, s->end, &v->type);
	if (!p)
		return NULL;
	v->text = (struct rt_str){ start, (size_t)(p - start) };
	/* jansson takes back the byte behind a number or a word, and loses it when it is a NUL */
	if (p < s->end && *p == '\0') {
		s->spaced = v->veiled = true;
		p++;
	}
	return p;
}

/* p is behind a key: the first byte of its value, or NULL. */
static const char *skip_colon(struct rt_scan *s, const char *p)
{
	s->spaced = true;
	p = rt_scan_space(p, s->end);
	if (p == s->end || *p != ':')
		return NULL;
	p = rt_scan_space(p + 1, s->end);
	return p < s->end ? p : NULL;
}

/* p is where a key's quote should be: the first byte of its value, or NULL. */
static inline const char *scan_key(struct rt_scan *s, const char *p, struct rt_json *key)
{
	if (p == s->end || *p != '"')
		return NULL;
	p = scan_string(s, p, key, true);
	if (!p)
		return NULL;
	/* Nearly always nothing stands around the colon. */
	return s->end - p > 1 && *p == ':' && (unsigned char)p[1] > ' ' ? p + 1 : skip_colon(s, p);
}

/* What kind of container each open level is: one bit each, so that nothing recurses. */
struct levels {
	uint64_t bits[MAX_DEPTH / 64 + 1];
	int depth;
};

static void push(struct levels *l, bool object)
{
	uint64_t bit = UINT64_C(1) << (l->depth % 64);

	if (l->depth % 64 == 0)
		l->bits[l->depth / 64] = 0;
	if (object)
		l->bits[l->depth / 64] |= bit;
	else
		l->bits[l->depth / 64] &= ~bit;
	l->depth++;
}

static bool in_object(const struct levels *l)
{
	int top = l->depth - 1;

	return l->bits[top / 64] >> (top % 64) & 1;
}

/*
 * p is at the first byte of a nested container, itself `depth` deep: the byte
 * after it, or NULL.
 */
static const char *skip_container(struct rt_scan *s, const char *p, int depth, bool *veiled)
{
	const char *end = s->end;
	struct levels l;
	struct rt_json inner = { .veiled = false };
	bool first = true;

	l.depth = 0;
	push(&l, *p++ == '{');
	for (;;) {
		p = rt_scan_space(p, end);
		if (p == end)
			return NULL;
		if (*p == (in_object(&l) ? '}' : ']')) {
			p++;
			first = false;
			if (--l.depth == 0)
				return p;
			continue;
		}
		if (!first) {
			if (*p != ',')
				return NULL;
			p = rt_scan_space(p + 1, end);
		}
		if (in_object(&l))
			p = scan_key(s, p, &inner);
		*veiled |= inner.veiled;
		if (!p || p == end || depth + l.depth > MAX_DEPTH - 1)
			return NULL;
		first = *p == '{' || *p == '[';
		if (first)
			push(&l, *p++ == '{');
		else if (!(p = *p == '"' ? scan_string(s, p, &inner, false) :
					   scan_bare(s, p, &inner)))
			return NULL;
		*veiled |= inner.veiled;
	}
}

/* Any other value than a string. */
static const char *scan_other(struct rt_scan *s, const char *p, struct rt_json *v)
{
	const char *start = p;
	bool spaced = s->spaced;

	if (*p != '{' && *p != '[')
		return scan_bare(s, p, v);
	v->type = *p == '{' ? RT_JSON_OBJECT : RT_JSON_ARRAY;
	v->escaped = v->veiled = false;
	p = skip_container(s, p, 1, &v->veiled);
	s->spaced = spaced || v->veiled;
	if (p)
		v->text = (struct rt_str){ start, (size_t)(p - start) };
	return p;
}

static int begin(struct rt_scan *s, struct rt_str text)
{
	s->end = s->limit = text.p + text.n;
	s->p = rt_scan_space(text.p, s->end);
	s->spaced = s->p != text.p;
	s->first = true;
	s->outlined = false;
	if (s->p == s->end || (*s->p != '{' && *s->p != '['))
		return -1;
	s->close = *s->p++ == '{' ? '}' : ']';
	/* Of a line that ended with CRLF. */
	if (s->end[-1] == '\r') {
		s->end--;
		s->spaced = true;
	}
	return 0;
}

int rt_scan_init_with(struct rt_scan *s, struct rt_str text, enum rt_simd simd)
{
	if (begin(s, text) < 0)
		return -1;
	if (s->end[-1] == s->close)
		rt_scan_outline(s, text.p, simd);
	return 0;
}

int rt_scan_init_line(struct rt_scan *s, struct rt_str line, enum rt_simd simd,
		      const struct rt_lines *lines)
{
	const struct rt_line *at;

	if (!lines || line.p != lines->line)
		return rt_scan_init_with(s, line, simd);
	/* Nearly all are objects, and begin and end at once. */
	if (line.n > 1 && line.p[0] == '{' && line.p[line.n - 1] == '}') {
		s->p = line.p + 1;
		s->end = line.p + line.n;
		s->close = '}';
		s->first = true;
		s->spaced = false;
	} else if (begin(s, line) < 0) {
		return -1;
	}
	at = &lines->at[lines->next - 1];
	s->outlined = !at->amiss && s->end[-1] == s->close;
	s->veiled = lines->veiled;
	s->origin = lines->text;
	s->limit = lines->limit;
	s->ends = lines->ends + at->ends;
	s->veils = lines->veils;
	return 0;
}

int rt_scan_init(struct rt_scan *s, struct rt_str text)
{
	return rt_scan_init_with(s, text, RT_SIMD_BASE);
}

/* From behind a value to where the next member begins. 1; 0: there is none; -1: not JSON. */
static int find_member(struct rt_scan *s)
{
	const char *p = rt_scan_space(s->p, s->end), *next;

	s->spaced |= p != s->p;
	if (p == s->end)
		return -1;
	s->p = p++;
	if (*s->p == s->close) {
		s->spaced |= p != s->end;
		return rt_scan_space(p, s->end) == s->end ? 0 : -1;
	}
	if (s->first) {
		s->first = false;
		return 1;
	}
	if (*s->p != ',')
		return -1;
	next = rt_scan_space(p, s->end);
	s->spaced |= next != p;
	s->p = next;
	return next < s->end ? 1 : -1;
}

int rt_scan_next(struct rt_scan *s, struct rt_member *m)
{
	const char *p = s->p;
	int got;

	m->within = m->listed = false;
	/* Nearly always the next key follows at once. */
	if (!s->first && s->end - p > 1 && p[0] == ',' && p[1] == '"') {
		p++;
	} else {
		got = find_member(s);
		if (got <= 0)
			return got;
		p = s->p;
	}
	if (s->close == '}')
		p = scan_key(s, p, &m->key);
	else
		m->key.type = RT_JSON_NONE;
	if (p)
		p = *p == '"' ? scan_string(s, p, &m->value, false) : scan_other(s, p, &m->value);
	if (!p)
		return -1;
	s->p = p;
	return 1;
}

void rt_scan_keys_init(struct rt_scan_keys *k)
{
	memset(k, 0, sizeof(*k));
}

void rt_scan_keys_add(struct rt_scan_keys *k, struct rt_str key)
{
	/* Of an empty key the first byte is the quote behind it. */
	k->has[(uint8_t)(key.n * 32 + (uint8_t)(key.n ? key.p[0] : '"'))] = true;
}

int rt_scan_next_few(struct rt_scan *s, const struct rt_scan_keys keys[2], struct rt_member *m,
		     int most)
{
	int n = 0;

	/* At least one more member, or a brace and what does not belong there. */
	if (s->outlined && s->close == '}' && s->end - s->p > 1)
		n = rt_scan_plain(s, keys, m, most);
	if (n)
		return n;
	return rt_scan_is_over(s) ? 0 : rt_scan_next(s, m);
}

bool rt_scan_valid(struct rt_str text)
{
	struct rt_scan s;
	struct rt_member m;
	int got;

	if (rt_scan_init(&s, text) < 0 || s.close != '}')
		return false;
	while ((got = rt_scan_next(&s, &m)) > 0)
		;
	return got == 0;
}

static bool find_key(struct rt_str object, struct rt_str name, struct rt_json *value)
{
	struct rt_scan_keys keys[2];
	struct rt_scan s;
	struct rt_member m;
	bool found = false;

	if (rt_scan_init(&s, object) < 0 || s.close != '}')
		return false;
	rt_scan_keys_init(&keys[0]);
	rt_scan_keys_init(&keys[1]);
	rt_scan_keys_add(&keys[0], name);
	while (rt_scan_next_few(&s, keys, &m, 1) > 0) {
		if (!rt_json_is_slow(&m.key, name))
			continue;
		*value = m.value;
		found = true;
	}
	return found && value->type != RT_JSON_NULL;
}

bool rt_scan_find(struct rt_str object, struct rt_str path, struct rt_json *value)
{
	struct rt_json found;

	if (find_key(object, path, &found)) {
		*value = found;
		return true;
	}
	for (size_t i = 1; i + 1 < path.n; i++) {
		struct rt_str head = { path.p, i }, rest = { path.p + i + 1, path.n - i - 1 };

		if (path.p[i] == '.' && find_key(object, head, &found) &&
		    found.type == RT_JSON_OBJECT && rt_scan_find(found.text, rest, value))
			return true;
	}
	return false;
}
