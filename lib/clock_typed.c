/*
 * Times and spans as people type and read them. See clock.h. Only here local
 * time counts, and the C library is asked for the time zone.
 */
#include "clock_stamp.h"

#include <stdio.h>
#include <time.h>

static bool local_time(const struct rt_stamp *st, int64_t *ns)
{
	struct tm tm = {
		.tm_year = (int)st->year - 1900,
		.tm_mon = st->month - 1,
		.tm_mday = st->day,
		.tm_hour = st->hour,
		.tm_min = st->minute,
		.tm_sec = st->second,
		.tm_isdst = -1,
	};

	return rt_clock_join(mktime(&tm), st->ns, ns);
}

/* Midnight, local, of the day `back` days before now. */
static bool local_midnight(int64_t now_ns, int back, int64_t *ns)
{
	time_t now = (time_t)(now_ns / RT_NS_PER_S);
	struct tm tm;

	if (!localtime_r(&now, &tm))
		return false;
	tm.tm_mday -= back;
	tm.tm_hour = tm.tm_min = tm.tm_sec = 0;
	tm.tm_isdst = -1;
	return rt_clock_join(mktime(&tm), 0, ns);
}

static bool parse_calendar(struct rt_str text, int64_t *ns)
{
	struct rt_stamp st;

	if (rt_stamp_parse(text, &st) && st.zoned)
		return rt_clock_parse(text, ns);
	return (rt_stamp_parse(text, &st) || rt_stamp_parse_date(text, &st)) && local_time(&st, ns);
}

/*
 * "2h" or "-2h". A bare number of eight digits or more is no number of seconds
 * ago but an epoch or a date without its dashes, and the user is asked.
 */
static bool parse_ago(const char *text, int64_t now_ns, int64_t *ns)
{
	const char *p = text + (*text == '-');
	int64_t ago;

	if (strspn(p, "0123456789") >= 8)
		return false;
	return rt_duration_parse(p, &ago, NULL) == 0 && !__builtin_sub_overflow(now_ns, ago, ns);
}

int rt_clock_parse_user(const char *text, int64_t now_ns, int64_t *ns, struct rt_err *err)
{
	int64_t v = now_ns;
	bool good;

	if (strcmp(text, "now") == 0)
		good = true;
	else if (strcmp(text, "today") == 0)
		good = local_midnight(now_ns, 0, &v);
	else if (strcmp(text, "yesterday") == 0)
		good = local_midnight(now_ns, 1, &v);
	else if (*text == '@')
		good = rt_clock_parse_number(rt_str(text + 1), &v);
	else
		good = parse_calendar(rt_str(text), &v) || parse_ago(text, now_ns, &v);
	if (!good)
		return rt_err_set(err, RT_ERR_USAGE,
				  "bad time \"%s\": use 2026-07-01T12:00:00Z, \"2026-07-01 12:00\" "
				  "(local), today, yesterday, now, 2h (ago) or @EPOCH",
				  text);
	*ns = v;
	return 0;
}

/* The unit whose name starts at *p, which moves behind it; 0 when there is none of that name. */
static int64_t parse_unit(const char **p)
{
	static const struct {
		const char *name;
		int64_t ns;
	} units[] = {
		{ "ms", RT_NS_PER_MS },      { "s", RT_NS_PER_S },   { "m", 60 * RT_NS_PER_S },
		{ "h", 3600 * RT_NS_PER_S }, { "d", RT_NS_PER_DAY }, { "w", 7 * RT_NS_PER_DAY },
	};
	size_t i;

	for (i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		size_t n = strlen(units[i].name);

		if (strncmp(*p, units[i].name, n) == 0) {
			*p += n;
			return units[i].ns;
		}
	}
	return 0;
}

/* Add "1.5h" at *p, which moves behind it, to *ns. A unit may be left out only by `bare`. */
static bool add_span(const char **p, bool bare, int64_t *ns)
{
	const char *number = *p, *fraction;
	int64_t unit, whole = 0;

	for (; rt_is_digit(**p); ++*p)
		if (__builtin_mul_overflow(whole, 10, &whole) ||
		    __builtin_add_overflow(whole, **p - '0', &whole))
			return false;
	fraction = *p;
	if (*p == number)
		return false;
	if (**p == '.') {
		fraction = ++*p;
		while (rt_is_digit(**p))
			++*p;
		if (*p == fraction)
			return false;
	}
	unit = bare && **p == '\0' ? RT_NS_PER_S : parse_unit(p);
	if (!unit || __builtin_mul_overflow(whole, unit, &whole) ||
	    __builtin_add_overflow(*ns, whole, ns))
		return false;
	for (; rt_is_digit(*fraction); fraction++) {
		unit /= 10;
		if (__builtin_add_overflow(*ns, unit * (*fraction - '0'), ns))
			return false;
	}
	return true;
}

int rt_duration_parse(const char *text, int64_t *ns, struct rt_err *err)
{
	const char *p = text;
	int64_t v = 0;
	bool good = add_span(&p, true, &v);

	while (good && *p) {
		p += *p == ' ';
		good = add_span(&p, false, &v);
	}
	if (!good)
		return rt_err_set(err, RT_ERR_USAGE,
				  "bad duration \"%s\": use 90s, 15m, 2h, 7d, 250ms or 1h30m",
				  text);
	*ns = v;
	return 0;
}

/* A number and its unit; returns what is behind them. */
static char *put_number(char *p, uint64_t n, const char *unit)
{
	char digits[20];
	int i = 0;

	do
		digits[i++] = (char)('0' + n % 10);
	while (n /= 10);
	while (i)
		*p++ = digits[--i];
	while (*unit)
		*p++ = *unit++;
	*p = '\0';
	return p;
}

void rt_duration_format(char out[32], int64_t ns)
{
	uint64_t span = ns < 0 ? -(uint64_t)ns : (uint64_t)ns;
	uint64_t tenths = span / (RT_NS_PER_S / 10), s = tenths / 10;

	if (ns < 0)
		*out++ = '-';
	if (s == 0)
		put_number(out, span / RT_NS_PER_MS, "ms");
	else if (s < 10)
		put_number(put_number(out, s, "."), tenths % 10, "s");
	else if (s < 60)
		put_number(out, s, "s");
	else if (s < 3600)
		put_number(put_number(out, s / 60, "m "), s % 60, "s");
	else if (s < 86400)
		put_number(put_number(out, s / 3600, "h "), s / 60 % 60, "m");
	else
		put_number(put_number(out, s / 86400, "d "), s / 3600 % 24, "h");
}

void rt_duration_format_ms(char out[32], int64_t ms)
{
	out[0] = '\0';
	if (ms >= 0)
		rt_duration_format(out,
				   ms < INT64_MAX / RT_NS_PER_MS ? ms * RT_NS_PER_MS : INT64_MAX);
}
