/*
 * Time: clocks, and the times of events as text. See clock.h; what a person
 * types is in clock_typed.c.
 *
 * Every event is stamped and every event that is read has its time parsed, so
 * dates are computed here, without the C library's broken-down time.
 */
#include "clock_stamp.h"
#include "text.h"

#include <limits.h>
#include <time.h>

static int64_t read_clock(clockid_t id)
{
	struct timespec ts;

	clock_gettime(id, &ts);
	return (int64_t)ts.tv_sec * RT_NS_PER_S + ts.tv_nsec;
}

int64_t rt_clock_now_ns(void)
{
	return read_clock(CLOCK_REALTIME);
}

int64_t rt_clock_monotonic_ns(void)
{
	return read_clock(CLOCK_MONOTONIC);
}

int64_t rt_clock_later(int64_t at_ns, int64_t span_ns)
{
	return __builtin_add_overflow(at_ns, span_ns, &at_ns) ? INT64_MAX : at_ns;
}

int64_t rt_clock_span(int64_t from_ns, int64_t to_ns)
{
	int64_t span;

	if (!__builtin_sub_overflow(to_ns, from_ns, &span))
		return span;
	return to_ns > from_ns ? INT64_MAX : INT64_MIN;
}

int rt_clock_ms_until(int64_t until_ns)
{
	int64_t left = until_ns - rt_clock_monotonic_ns();

	if (left <= 0)
		return 0;
	/* a millisecond early would mean to look twice */
	left = (left - 1) / RT_NS_PER_MS + 1;
	return left > INT_MAX ? INT_MAX : (int)left;
}

int64_t rt_clock_of_seconds(int64_t s)
{
	int64_t ns;

	if (__builtin_mul_overflow(s, RT_NS_PER_S, &ns))
		return s < 0 ? INT64_MIN : INT64_MAX;
	return ns;
}

int64_t rt_days_from_civil(int year, int month, int day)
{
	/* From March on, and 400 years on, so that nothing is below 0. */
	unsigned y = (unsigned)(year + 400 - (month <= 2));
	unsigned m = (unsigned)(month + (month <= 2 ? 9 : -3));

	return (int64_t)(y * 365 + y / 4 - y / 100 + y / 400 + (153 * m + 2) / 5) + day - 865566;
}

void rt_civil_from_days(int64_t days, int64_t *year, int *month, int *day)
{
	int64_t z = days + 719468;
	int64_t era = (z >= 0 ? z : z - 146096) / 146097;
	int64_t doe = z - era * 146097;
	int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
	int64_t mp = (5 * doy + 2) / 153;

	*day = (int)(doy - (153 * mp + 2) / 5 + 1);
	*month = (int)(mp < 10 ? mp + 3 : mp - 9);
	*year = yoe + era * 400 + (*month <= 2);
}

/* Write v in `width` digits; returns what is behind them. */
static char *put_digits(char *p, int64_t v, int width)
{
	int i;

	for (i = width - 1; i >= 0; i--) {
		p[i] = (char)('0' + v % 10);
		v /= 10;
	}
	return p + width;
}

/* "2026-07-01T12:00:00." and `digits` digits of the fraction; returns what is behind. */
static char *put_time(char *p, int64_t ns, int digits)
{
	int64_t days = ns / RT_NS_PER_DAY, rest = ns % RT_NS_PER_DAY, year;
	int month, day;

	if (rest < 0) {
		rest += RT_NS_PER_DAY;
		days--;
	}
	rt_civil_from_days(days, &year, &month, &day);
	p = put_digits(p, year, 4);
	*p++ = '-';
	p = put_digits(p, month, 2);
	*p++ = '-';
	p = put_digits(p, day, 2);
	*p++ = 'T';
	p = put_digits(p, rest / (3600 * RT_NS_PER_S), 2);
	*p++ = ':';
	p = put_digits(p, rest / (60 * RT_NS_PER_S) % 60, 2);
	*p++ = ':';
	p = put_digits(p, rest / RT_NS_PER_S % 60, 2);
	*p++ = '.';
	rest %= RT_NS_PER_S;
	return put_digits(p, digits == 3 ? rest / RT_NS_PER_MS : rest, digits);
}

void rt_clock_format(char out[RT_TS_LEN + 1], int64_t ns)
{
	memcpy(put_time(out, ns, 3), "+00:00", 7);
}

void rt_clock_format_nano(char out[RT_TS_NANO_LEN + 1], int64_t ns)
{
	memcpy(put_time(out, ns, 9), "Z", 2);
}

/* Two digits at *p, which moves behind them; -1 when they are not there. */
static int two_digits(const char **p, const char *end)
{
	const char *s = *p;

	if (end - s < 2 || !rt_is_digit(s[0]) || !rt_is_digit(s[1]))
		return -1;
	*p += 2;
	return (s[0] - '0') * 10 + (s[1] - '0');
}

static bool skip_char(const char **p, const char *end, char c)
{
	if (*p == end || **p != c)
		return false;
	++*p;
	return true;
}

static int month_length(int64_t year, int month)
{
	static const signed char days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

	return days[month - 1] + (month == 2 && leap);
}

static bool parse_date(const char **p, const char *end, struct rt_stamp *st)
{
	int century = two_digits(p, end), year = two_digits(p, end);

	if (century < 0 || year < 0 || !skip_char(p, end, '-'))
		return false;
	st->year = century * 100 + year;
	st->month = two_digits(p, end);
	if (st->month < 1 || st->month > 12 || !skip_char(p, end, '-'))
		return false;
	st->day = two_digits(p, end);
	return st->day >= 1 && st->day <= month_length(st->year, st->month);
}

/* The fraction of a second behind its point, in nanoseconds; -1 without a digit. */
static int parse_fraction(const char **p, const char *end)
{
	int ns = 0, left = 9;

	if (*p == end || !rt_is_digit(**p))
		return -1;
	for (; *p < end && rt_is_digit(**p); ++*p) {
		if (left > 0) {
			ns = ns * 10 + (**p - '0');
			left--;
		}
	}
	while (left-- > 0)
		ns *= 10;
	return ns;
}

static bool parse_time(const char **p, const char *end, struct rt_stamp *st)
{
	st->hour = two_digits(p, end);
	if (st->hour < 0 || st->hour > 23 || !skip_char(p, end, ':'))
		return false;
	st->minute = two_digits(p, end);
	if (st->minute < 0 || st->minute > 59)
		return false;
	if (!skip_char(p, end, ':'))
		return true;
	st->second = two_digits(p, end);
	if (st->second < 0 || st->second > 60) /* 60: a leap second */
		return false;
	if (skip_char(p, end, '.') || skip_char(p, end, ','))
		st->ns = parse_fraction(p, end);
	return st->ns >= 0;
}

/* What stands behind the time: nothing, Z, or an offset, of zero also with a Z behind it. */
static bool parse_zone(const char **p, const char *end, struct rt_stamp *st)
{
	int hours, minutes = 0, sign;

	if (*p == end)
		return true;
	st->zoned = true;
	if (skip_char(p, end, 'Z') || skip_char(p, end, 'z'))
		return true;
	if (skip_char(p, end, '+'))
		sign = 1;
	else if (skip_char(p, end, '-'))
		sign = -1;
	else
		return false;
	hours = two_digits(p, end);
	if (hours < 0 || hours > 23)
		return false;
	if (skip_char(p, end, ':') || (*p < end && rt_is_digit(**p)))
		minutes = two_digits(p, end);
	if (minutes < 0 || minutes > 59)
		return false;
	st->offset = sign * (hours * 3600 + minutes * 60);
	if (st->offset == 0)
		skip_char(p, end, 'Z');
	return true;
}

bool rt_stamp_parse(struct rt_str text, struct rt_stamp *st)
{
	const char *p = text.p, *end = text.p + text.n;

	memset(st, 0, sizeof(*st));
	if (!parse_date(&p, end, st))
		return false;
	if (!skip_char(&p, end, 'T') && !skip_char(&p, end, 't') && !skip_char(&p, end, ' '))
		return false;
	return parse_time(&p, end, st) && parse_zone(&p, end, st) && p == end;
}

/*
 * How far each byte may be above the one of a shape, as what it takes to reach
 * bit 7: 9 for a digit, 0 for what has to be the same.
 */
#define SPAN(n, most) ((uint64_t)(0x7f - (most)) << (8 * (n)))
#define SPANS(a, b, c, d, e, f, g, h)                                                  \
	(SPAN(0, a) | SPAN(1, b) | SPAN(2, c) | SPAN(3, d) | SPAN(4, e) | SPAN(5, f) | \
	 SPAN(6, g) | SPAN(7, h))

/*
 * Eight bytes at p, of a shape with 0 for each digit: byte N of the result is the
 * number that the digits N and N+1 make. *bad becomes true when p has another shape.
 */
static inline uint64_t pairs_at(const char *p, const char *shape, uint64_t spans, bool *bad)
{
	uint64_t w = rt_load64(p) ^ rt_load64(shape);

	*bad |= ((w | (w + spans)) & UINT64_C(0x8080808080808080)) != 0;
	return w * 10 + (w >> 8);
}

static inline int pair(uint64_t pairs, int n)
{
	return (int)(pairs >> (8 * n) & 0xff);
}

/* The form that rt writes, read without looking for any other: events are mostly that. */
static bool parse_canonical(const char *p, int64_t *ns)
{
	bool bad = memcmp(p + 24, "00:00", 5) != 0;
	uint64_t date = pairs_at(p, "0000-00-", SPANS(9, 9, 9, 9, 0, 9, 9, 0), &bad);
	uint64_t time = pairs_at(p + 8, "00T00:00", SPANS(9, 9, 0, 9, 9, 0, 9, 9), &bad);
	uint64_t rest = pairs_at(p + 16, ":00.000+", SPANS(0, 9, 9, 0, 9, 9, 9, 0), &bad);
	int year = pair(date, 0) * 100 + pair(date, 2), month = pair(date, 5), day = pair(time, 0);
	int hour = pair(time, 3), minute = pair(time, 6), second = pair(rest, 1);
	int ms = pair(rest, 4) * 10 + pair(rest, 6) / 10;

	/* Dates that need a closer look are left to rt_stamp_parse. */
	if (bad || year < 1970 || year > 2200 || month < 1 || month > 12 || day < 1 || day > 28 ||
	    hour > 23 || minute > 59 || second > 59)
		return false;
	*ns = (rt_days_from_civil(year, month, day) * 86400 + hour * 3600 + minute * 60 + second) *
		      RT_NS_PER_S +
	      ms * RT_NS_PER_MS;
	return true;
}

bool rt_stamp_parse_date(struct rt_str text, struct rt_stamp *st)
{
	const char *p = text.p, *end = text.p + text.n;

	memset(st, 0, sizeof(*st));
	return parse_date(&p, end, st) && p == end;
}

bool rt_clock_parse(struct rt_str text, int64_t *ns)
{
	struct rt_stamp st;
	int64_t seconds;

	if (text.n == RT_TS_LEN && parse_canonical(text.p, ns))
		return true;
	/* nanoseconds since the epoch in a string, as OpenTelemetry writes them, and their like */
	if (text.n < 5 || text.p[4] != '-')
		return rt_clock_parse_number(text, ns);
	if (!rt_stamp_parse(text, &st))
		return rt_clock_parse_number(text, ns);
	seconds = rt_days_from_civil((int)st.year, st.month, st.day) * 86400 + st.hour * 3600 +
		  st.minute * 60 + st.second - st.offset;
	return rt_clock_join(seconds, st.ns, ns);
}

/* A number's text as 0.DIGITS times 10 to the exponent, without leading zeros. */
struct decimal {
	char digits[40]; /* more are cut: far below a nanosecond */
	int n, exponent;
	bool negative;
};

static int parse_exponent(const char *p, const char *end)
{
	bool negative = *p == '-';
	int e = 0;

	for (p += *p == '-' || *p == '+'; p < end && e < 10000; p++)
		e = e * 10 + (*p - '0');
	return negative ? -e : e;
}

/* text is a valid JSON number. */
static void decimal_parse(struct decimal *d, struct rt_str text)
{
	const char *p = text.p, *end = text.p + text.n;
	bool fraction = false;

	memset(d, 0, sizeof(*d));
	d->negative = skip_char(&p, end, '-');
	for (; p < end && *p != 'e' && *p != 'E'; p++) {
		if (*p == '.') {
			fraction = true;
			continue;
		}
		if (d->n == 0 && *p == '0') {
			d->exponent -= fraction;
			continue;
		}
		d->exponent += !fraction;
		if (d->n < (int)sizeof(d->digits))
			d->digits[d->n++] = *p;
	}
	if (p < end)
		d->exponent += parse_exponent(p + 1, end);
}

bool rt_clock_parse_number(struct rt_str text, int64_t *ns)
{
	struct decimal d;
	int64_t v = 0;
	int places, i;

	if (!rt_json_is_number(text))
		return false;
	decimal_parse(&d, text);
	/* the exponent is the number of digits before the point, and tells the unit */
	if (d.exponent <= 11)
		places = d.exponent + 9;
	else if (d.exponent <= 14)
		places = d.exponent + 6;
	else if (d.exponent <= 17)
		places = d.exponent + 3;
	else
		places = d.exponent;
	if (d.n == 0)
		places = 0;
	for (i = 0; i < places; i++) {
		int digit_value = i < d.n ? d.digits[i] - '0' : 0;

		if (__builtin_mul_overflow(v, 10, &v) || __builtin_add_overflow(v, digit_value, &v))
			return false;
	}
	*ns = d.negative ? -v : v;
	return true;
}
