/* The conditions behind filter.h; for filter.c, which makes them, and filter_match.c. */
#ifndef RT_FILTER_COND_H
#define RT_FILTER_COND_H

#include "ere.h"
#include "filter.h"
#include "filter_literals.h"

#include <locale.h>

enum rt_cond_kind {
	RT_COND_TYPE,
	RT_COND_LEVEL,
	RT_COND_TEXT, /* a field is one of the values */
	RT_COND_STEP,
	RT_COND_CONTAINS,
	RT_COND_REGEX,
	RT_COND_TIME,
	RT_COND_COMPARE,
};

enum rt_cond_op { RT_OP_EQ, RT_OP_NE, RT_OP_LT, RT_OP_LE, RT_OP_GT, RT_OP_GE, RT_OP_REGEX };

/* One of the values that a condition allows. */
struct rt_cond_value {
	struct rt_str text;
	struct rt_number number; /* what it means, where it is one */
	bool is_number;
	enum rt_type type;
	int64_t step; /* -1: no number */
};

struct rt_cond {
	enum rt_cond_kind kind;
	enum rt_field field;
	char *text; /* what the views point into */
	struct rt_cond_value *values;
	size_t n;
	enum rt_level level;
	int64_t since_ns, until_ns;
	struct rt_str key;   /* what is looked for in the message, or compared */
	struct rt_path path; /* what is looked at, where it is one value */
	enum rt_cond_op op;
	struct rt_ere *ere;          /* what is looked for, or NULL */
	locale_t utf8;               /* what it is used under, or 0 */
	struct rt_literals literals; /* what matches it holds one of these */
	bool quoted, has_time, has_level;
};

struct rt_filter {
	struct rt_cond *conds;
	size_t n;
};

/* The N of "N" or "step_00N", or -1. */
static inline int64_t rt_step_number(struct rt_str s)
{
	int64_t n = 0;
	size_t i = s.n > 5 && memcmp(s.p, "step_", 5) == 0 ? 5 : 0;

	if (i == s.n || s.n - i > 18)
		return -1;
	for (; i < s.n; i++) {
		if (s.p[i] < '0' || s.p[i] > '9')
			return -1;
		n = n * 10 + (s.p[i] - '0');
	}
	return n;
}

/*
 * Events are UTF-8 and so is a "." in a pattern, whatever locale the program is
 * in. Where there is no such locale a pattern sees bytes.
 */
static inline locale_t rt_use_locale(locale_t locale)
{
	return locale ? uselocale(locale) : (locale_t)0;
}

#endif
