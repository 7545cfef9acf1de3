/* A date and time as it was written; for clock.c and clock_typed.c. */
#ifndef RT_CLOCK_STAMP_H
#define RT_CLOCK_STAMP_H

#include "clock.h"

#define RT_NS_PER_DAY (86400 * RT_NS_PER_S)

struct rt_stamp {
	int64_t year;
	int month, day, hour, minute, second, ns;
	int offset; /* seconds east of UTC */
	bool zoned; /* it named its offset */
};

/* RFC 3339 as rt_clock_parse takes it, and a date alone. */
bool rt_stamp_parse(struct rt_str text, struct rt_stamp *st);
bool rt_stamp_parse_date(struct rt_str text, struct rt_stamp *st);

/* Seconds and nanoseconds since the epoch as one number, unless it is out of range. */
static inline bool rt_clock_join(int64_t seconds, int64_t ns, int64_t *out)
{
	int64_t v;

	if (__builtin_mul_overflow(seconds, RT_NS_PER_S, &v) || __builtin_add_overflow(v, ns, &v))
		return false;
	*out = v;
	return true;
}

static inline bool rt_is_digit(char c)
{
	return c >= '0' && c <= '9';
}

#endif
