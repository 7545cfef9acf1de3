/*
 * The walk over an outlined object whose members are what nearly all are: plain
 * keys, and strings, small numbers, words, arrays of these, and objects of such
 * members as values, without white space. It gives up, and leaves to scan.c,
 * whatever else there is.
 */
#include "scan_walk.h"

/* How far a walk over an outlined object is, and the members that it takes. */
struct walk {
	const char *origin;   /* from here on */
	const uint16_t *ends; /* these ends of strings are still to be met */
	const struct rt_scan *scan;
	struct rt_member *to, *full; /* the next one, and behind the last that there is room for */
};

/* One after the other: there may be no second byte when the first is another one. */
static inline bool follows(const char *p, const char two[2])
{
	return p[0] == two[0] && p[1] == two[1];
}

/* Behind digits; eight bytes at once, as long as there are so many. */
static inline const char *pass_digits(const char *p, const char *limit)
{
	for (; limit - p >= 8; p += 8) {
		uint64_t w = rt_load64(p);
		/* In the first byte that is no digit one of these reaches the highest bit. */
		uint64_t other = ((w + UINT64_C(0x4646464646464646)) |
				  (w - UINT64_C(0x3030303030303030))) &
				 UINT64_C(0x8080808080808080);

		if (other)
			return p + __builtin_ctzll(other) / 8;
	}
	while (*p >= '0' && *p <= '9')
		p++;
	return p;
}

/* Behind a number without sign and exponent, or NULL when it is none. */
static inline const char *pass_number(const char *p, const char *limit, enum rt_json_type *type)
{
	const char *digits = p, *fraction;

	*type = RT_JSON_INT;
	p = pass_digits(p, limit);
	if (p == digits || p - digits > 15 || (*digits == '0' && p - digits > 1))
		return NULL;
	if (*p != '.')
		return p;
	*type = RT_JSON_REAL;
	fraction = p + 1;
	p = pass_digits(fraction, limit);
	return p == fraction || p - fraction > 100 ? NULL : p;
}

/* Behind a string, a number or a word, or NULL. */
static inline const char *pass_scalar(struct walk *w, const char *p, enum rt_json_type *type)
{
	if (*p == '"') {
		*type = RT_JSON_STRING;
		return rt_scan_end(w->origin, *w->ends++) + 1;
	}
	return *p <= '9' ? pass_number(p, w->scan->limit, type) :
			   rt_scan_bare(p, w->scan->end, type);
}

/* Behind an array of scalars, or NULL. */
static const char *pass_array(struct walk *w, const char *p)
{
	enum rt_json_type type;

	if (*++p == ']')
		return p + 1;
	while ((p = pass_scalar(w, p, &type)) && *p == ',')
		p++;
	return p && *p == ']' ? p + 1 : NULL;
}

/* Set *m to a member with its value, which ends at p; `end`: where a string does. */
static inline void take(struct rt_member *m, const struct rt_scan *s, struct rt_str key,
			const char *p, enum rt_json_type type, uint16_t end)
{
	const char *value = key.p + key.n + 2;

	m->key = rt_json_of(key, RT_JSON_STRING);
	m->value = rt_json_of((struct rt_str){ value, (size_t)(p - value) }, type);
	m->within = false;
	m->listed = type == RT_JSON_OBJECT;
	if (s->veiled)
		m->value.veiled = rt_scan_is_veiled(s, value, p);
	if (type == RT_JSON_STRING) {
		m->value.text.p++;
		m->value.text.n -= 2;
		m->value.escaped = (end & RT_END_ESCAPED) != 0;
	}
}

/* Behind an object without others in it, of which the wanted members are taken; or NULL. */
static const char *take_object(struct walk *w, const char *p, const struct rt_scan_keys *keys)
{
	if (p[1] == '}')
		return p + 2;
	do {
		struct rt_str key = { p + 2, 0 };
		const char *end = rt_scan_end(w->origin, *w->ends);
		enum rt_json_type type = RT_JSON_ARRAY;

		if (p[1] != '"' || *w->ends++ & RT_END_ESCAPED || end[1] != ':')
			return NULL;
		key.n = (size_t)(end - key.p);
		p = end + 2;
		p = *p == '[' ? pass_array(w, p) : pass_scalar(w, p, &type);
		if (!p || w->to == w->full)
			return NULL;
		if (rt_scan_keys_may_have(keys, key.p, key.n)) {
			take(w->to, w->scan, key, p, type, w->ends[-1]);
			w->to++->within = true;
		}
	} while (*p == ',');
	return *p == '}' ? p + 1 : NULL;
}

/*
 * Behind a value that is no string, or NULL. Seldom met: within its caller it
 * would take registers from what is met more often.
 */
static __attribute__((noinline)) const char *pass_other(struct walk *w, const char *p,
							const struct rt_scan_keys *keys,
							enum rt_json_type *type)
{
	switch (*p) {
	case '{':
		*type = RT_JSON_OBJECT;
		p = take_object(w, p, keys);
		/* what should end the text is this object's */
		return p == w->scan->end ? NULL : p;
	case '[':
		*type = RT_JSON_ARRAY;
		return pass_array(w, p);
	default:
		return pass_scalar(w, p, type);
	}
}

/*
 * Past strings that nobody asked for, which most members are: where the key ends
 * of the first that is another one, or NULL when the next is no plain key.
 */
static inline const char *find_key(const char **p, const uint16_t **ends, const char *origin,
				   const struct rt_scan_keys *keys, bool *wanted)
{
	for (;;) {
		const char *end, *next;

		if (**ends & RT_END_ESCAPED)
			return NULL;
		end = origin + **ends;
		if (end[1] != ':')
			return NULL;
		*wanted = rt_scan_keys_may_have(keys, *p + 2, (size_t)(end - *p - 2));
		if (*wanted || end[2] != '"')
			return end;
		next = rt_scan_end(origin, (*ends)[1]) + 1;
		if (!follows(next, ",\""))
			return end;
		*ends += 2;
		*p = next;
	}
}

/*
 * Take members as long as neither keys nor values are anything but what nearly
 * all are, and there is room. The text ends with a brace, so that one more byte
 * can always be looked at.
 */
int rt_scan_plain(struct rt_scan *s, const struct rt_scan_keys *keys, struct rt_member *m, int most)
{
	struct rt_member *to = m, *const full = m + most;
	const char *const origin = s->origin;
	const uint16_t *ends = s->ends;
	const char *p = s->p - s->first, *end, *next;
	bool wanted;

	if (p[1] != '"' || (*p != ',' && !s->first))
		return 0;
	for (; (end = find_key(&p, &ends, origin, keys, &wanted)); p = next) {
		const char *value = end + 2;
		struct walk w = { origin, ends + 1, s, to, full };
		enum rt_json_type type;

		if (*value == '"') {
			type = RT_JSON_STRING;
			next = rt_scan_end(origin, *w.ends++) + 1;
		} else if (*value <= '9') {
			next = pass_number(value, s->limit, &type);
		} else {
			next = pass_other(&w, value, &keys[1], &type);
		}
		if (!next || (*next != ',' && *next != '}') || (wanted && w.to == full))
			break;
		if (wanted) {
			struct rt_str key = { p + 2, (size_t)(end - p - 2) };

			take(w.to, s, key, next, type, w.ends[-1]);
			to = w.to + 1;
		}
		ends = w.ends;
		if (!follows(next, ",\"")) {
			p = next;
			break;
		}
	}
	s->first = s->first && p < s->p;
	s->p = p + s->first;
	s->ends = ends;
	return (int)(to - m);
}
