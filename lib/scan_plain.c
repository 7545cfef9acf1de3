/*
 * The walk over an outlined object whose members are what nearly all are: plain
 * keys, and strings, small numbers, words, arrays of these, and objects of such
 * members as values, without white space. It gives up, and leaves to scan.c,
 * whatever else there is.
 */
#include "scan_walk.h"

#if defined(__SSE2__) && defined(__x86_64__)
#include "scan_look.h"

/* How far a walk over an outlined object is. */
struct spot {
	const char *p;                   /* where the 64 bytes begin */
	const struct rt_scan_window *of; /* of which this is known, */
	uint64_t left;                   /* and of which these ends are still to be met */
};

/* The end of the next string, and whether that has a backslash. */
RT_LOOK const char *string_end(struct spot *at, bool *escaped)
{
	uint64_t bit;
	const char *p;

	while (!at->left) {
		at->left = (++at->of)->ends;
		at->p += 64;
	}
	bit = at->left & -at->left;
	p = at->p + (unsigned)__builtin_ctzll(at->left);
	*escaped = (at->of->escaped & bit) != 0;
	at->left ^= bit;
	return p;
}

/* Behind a number without sign and exponent, or NULL when it is none. */
RT_LOOK const char *pass_number(const char *p, enum rt_json_type *type)
{
	const char *digits = p, *fraction;

	*type = RT_JSON_INT;
	while (*p >= '0' && *p <= '9')
		p++;
	if (p == digits || p - digits > 15 || (*digits == '0' && p - digits > 1))
		return NULL;
	if (*p != '.')
		return p;
	*type = RT_JSON_REAL;
	for (fraction = ++p; *p >= '0' && *p <= '9'; p++)
		;
	return p == fraction || p - fraction > 100 ? NULL : p;
}

/* Behind a string, a number or a word, or NULL. */
RT_LOOK const char *pass_scalar(const struct rt_scan *s, struct spot *at, const char *p,
				enum rt_json_type *type)
{
	bool escaped;

	if (*p == '"') {
		*type = RT_JSON_STRING;
		return string_end(at, &escaped) + 1;
	}
	return *p <= '9' ? pass_number(p, type) : rt_scan_bare(p, s->end, type);
}

/* Behind an array of scalars, or NULL. */
RT_LOOK const char *pass_array(const struct rt_scan *s, struct spot *at, const char *p)
{
	enum rt_json_type type;

	if (*++p == ']')
		return p + 1;
	while ((p = pass_scalar(s, at, p, &type)) && *p == ',')
		p++;
	return p && *p == ']' ? p + 1 : NULL;
}

/* The end of the next member's key, if it is plain and a colon follows. */
RT_LOOK const char *pass_key(struct spot *at)
{
	bool escaped;
	const char *end = string_end(at, &escaped);

	return end[1] == ':' && !escaped ? end : NULL;
}

RT_LOOK void fill_in(const struct rt_scan *s, struct rt_member *m, struct rt_str key,
		     struct rt_str value, enum rt_json_type type)
{
	size_t from = (size_t)(value.p - s->text), to = from + value.n;

	m->key = rt_json_of(key, RT_JSON_STRING);
	m->value = rt_json_of(value, type);
	m->within = m->listed = false;
	if (s->veiled)
		m->value.veiled = rt_scan_is_veiled(s, from, to);
	if (type != RT_JSON_STRING)
		return;
	m->value.text.p++;
	m->value.text.n -= 2;
	m->value.escaped = s->windows[(to - 1) / 64].escaped >> (to - 1) % 64 & 1;
}

/* Members that are taken. */
struct few {
	struct rt_member *m;
	int n, most;
};

/* Behind an object without others in it, of which the wanted members are taken; or NULL. */
RT_LOOK const char *take_object(const struct rt_scan *s, struct spot *at, const char *p,
				const struct rt_scan_keys *keys, struct few *few)
{
	if (p[1] == '}')
		return p + 2;
	do {
		const char *key = p + 2, *end, *value;
		enum rt_json_type type;

		if (p[1] != '"' || !(end = pass_key(at)))
			return NULL;
		value = end + 2;
		type = RT_JSON_ARRAY;
		p = *value == '[' ? pass_array(s, at, value) : pass_scalar(s, at, value, &type);
		if (!p || few->n == few->most)
			return NULL;
		if (rt_scan_keys_may_have(keys, key, (size_t)(end - key))) {
			fill_in(s, &few->m[few->n], (struct rt_str){ key, (size_t)(end - key) },
				(struct rt_str){ value, (size_t)(p - value) }, type);
			few->m[few->n++].within = true;
		}
	} while (*p == ',');
	return *p == '}' ? p + 1 : NULL;
}

/* p is at the comma before a member, or the brace before the first: behind the member, or NULL. */
RT_LOOK const char *take_member(const struct rt_scan *s, struct spot *at, const char *p,
				const struct rt_scan_keys *keys, struct few *few)
{
	const char *key = p + 2, *end = pass_key(at), *value;
	enum rt_json_type type = RT_JSON_STRING;
	int before = few->n;
	bool wanted, escaped;

	if (!end)
		return NULL;
	value = end + 2;
	wanted = rt_scan_keys_may_have(&keys[0], key, (size_t)(end - key));
	if (*value == '"') {
		p = string_end(at, &escaped) + 1;
	} else if (*value == '{') {
		type = RT_JSON_OBJECT;
		p = take_object(s, at, value, &keys[1], few);
		/* what should end the text is this object's */
		p = p == s->end ? NULL : p;
	} else if (*value == '[') {
		type = RT_JSON_ARRAY;
		p = pass_array(s, at, value);
	} else {
		p = pass_scalar(s, at, value, &type);
	}
	if (!p || (*p != ',' && *p != '}') || (wanted && few->n == few->most)) {
		few->n = before;
		return NULL;
	}
	if (!wanted) {
		few->n = before;
		return p;
	}
	fill_in(s, &few->m[few->n], (struct rt_str){ key, (size_t)(end - key) },
		(struct rt_str){ value, (size_t)(p - value) }, type);
	few->m[few->n++].listed = type == RT_JSON_OBJECT;
	return p;
}

/*
 * Take members as long as neither keys nor values are anything but what nearly
 * all are, and there is room. The text ends with a brace, so that one more byte
 * can always be looked at.
 */
RT_LOOK int take_plain(struct rt_scan *s, const struct rt_scan_keys *keys, struct rt_member *m,
		       int most)
{
	struct spot at = { s->text + 64 * s->word, s->windows + s->word, s->left };
	const char *p = s->p - s->first, *next;
	struct few few = { m, 0, most };
	size_t place;

	if (p[1] != '"' || (*p != ',' && !s->first))
		return 0;
	do {
		next = take_member(s, &at, p, keys, &few);
		if (!next)
			break;
		p = next;
	} while (*p == ',' && p[1] == '"');
	s->first = s->first && p < s->p;
	s->p = p + s->first;
	place = (size_t)(p - s->text);
	s->word = place / 64;
	s->left = s->windows[s->word].ends & ~UINT64_C(0) << place % 64;
	return few.n;
}

RT_AVX2 static int plain_avx2(struct rt_scan *s, const struct rt_scan_keys *keys,
			      struct rt_member *m, int most)
{
	return take_plain(s, keys, m, most);
}

int rt_scan_plain(struct rt_scan *s, const struct rt_scan_keys keys[2], struct rt_member *m,
		  int most)
{
	return s->simd == RT_SIMD_AVX2 ? plain_avx2(s, keys, m, most) :
					 take_plain(s, keys, m, most);
}
#else
int rt_scan_plain(struct rt_scan *s, const struct rt_scan_keys keys[2], struct rt_member *m,
		  int most)
{
	(void)s;
	(void)keys;
	(void)m;
	(void)most;
	return 0;
}
#endif
