/*
 * Time: clocks, and times and spans as text. See clock.h.
 *
 * Every event is stamped and every event that is read has its time parsed, so
 * dates are computed here, without the C library's broken-down time. Only what
 * a person types is local time and asks the time zone.
 */
#include "clock.h"
#include "text.h"

#include <stdio.h>
#include <time.h>

#define NS_PER_DAY (86400 * RT_NS_PER_S)

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

int64_t rt_days_from_civil(int64_t year, int month, int day)
{
	int64_t era, yoe, doy;

	year -= month <= 2;
	era = (year >= 0 ? year : year - 399) / 400;
	yoe = year - era * 400;
	doy = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
	return era * 146097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719468;
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
	int64_t days = ns / NS_PER_DAY, rest = ns % NS_PER_DAY, year;
	int month, day;

	if (rest < 0) {
		rest += NS_PER_DAY;
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

/* A date and time as it was written. */
struct stamp {
	int64_t year;
	int month, day, hour, minute, second, ns;
	int offset; /* seconds east of UTC */
	bool zoned; /* it named its offset */
};

static bool digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Two digits at *p, which moves behind them; -1 when they are not there. */
static int two_digits(const char **p, const char *end)
{
	const char *s = *p;

	if (end - s < 2 || !digit(s[0]) || !digit(s[1]))
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

static bool parse_date(const char **p, const char *end, struct stamp *st)
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

	if (*p == end || !digit(**p))
		return -1;
	for (; *p < end && digit(**p); ++*p) {
		if (left > 0) {
			ns = ns * 10 + (**p - '0');
			left--;
		}
	}
	while (left-- > 0)
		ns *= 10;
	return ns;
}

static bool parse_time(const char **p, const char *end, struct stamp *st)
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
static bool parse_zone(const char **p, const char *end, struct stamp *st)
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
	if (skip_char(p, end, ':') || (*p < end && digit(**p)))
		minutes = two_digits(p, end);
	if (minutes < 0 || minutes > 59)
		return false;
	st->offset = sign * (hours * 3600 + minutes * 60);
	if (st->offset == 0)
		skip_char(p, end, 'Z');
	return true;
}

static bool parse_stamp(struct rt_str text, struct stamp *st)
{
	const char *p = text.p, *end = text.p + text.n;

	memset(st, 0, sizeof(*st));
	if (!parse_date(&p, end, st))
		return false;
	if (!skip_char(&p, end, 'T') && !skip_char(&p, end, 't') && !skip_char(&p, end, ' '))
		return false;
	return parse_time(&p, end, st) && parse_zone(&p, end, st) && p == end;
}

/* Seconds and nanoseconds since the epoch as one number, unless it is out of range. */
static bool join(int64_t seconds, int64_t ns, int64_t *out)
{
	int64_t v;

	if (__builtin_mul_overflow(seconds, RT_NS_PER_S, &v) || __builtin_add_overflow(v, ns, &v))
		return false;
	*out = v;
	return true;
}

/* n digits at p; what is no digit makes *bad true. */
static int digits_at(const char *p, int n, bool *bad)
{
	int v = 0;

	for (int i = 0; i < n; i++) {
		unsigned d = (unsigned char)p[i] - (unsigned)'0';

		*bad |= d > 9;
		v = v * 10 + (int)d;
	}
	return v;
}

/* The form that rt writes, read without looking for any other: events are mostly that. */
static bool parse_canonical(const char *p, int64_t *ns)
{
	bool bad = p[4] != '-' || p[7] != '-' || p[10] != 'T' || p[13] != ':' || p[16] != ':' ||
		   p[19] != '.' || memcmp(p + 23, "+00:00", 6) != 0;
	int year = digits_at(p, 4, &bad), month = digits_at(p + 5, 2, &bad);
	int day = digits_at(p + 8, 2, &bad), hour = digits_at(p + 11, 2, &bad);
	int minute = digits_at(p + 14, 2, &bad), second = digits_at(p + 17, 2, &bad);
	int ms = digits_at(p + 20, 3, &bad);

	/* Dates that need a closer look are left to parse_stamp. */
	if (bad || year < 1970 || year > 2200 || month < 1 || month > 12 || day < 1 || day > 28 ||
	    hour > 23 || minute > 59 || second > 59)
		return false;
	*ns = (rt_days_from_civil(year, month, day) * 86400 + hour * 3600 + minute * 60 + second) *
		      RT_NS_PER_S +
	      ms * RT_NS_PER_MS;
	return true;
}

bool rt_clock_parse(struct rt_str text, int64_t *ns)
{
	struct stamp st;
	int64_t seconds;

	if (text.n == RT_TS_LEN && parse_canonical(text.p, ns))
		return true;
	/* nanoseconds since the epoch in a string, as OpenTelemetry writes them, and their like */
	if (text.n < 5 || text.p[4] != '-')
		return rt_clock_parse_number(text, ns);
	if (!parse_stamp(text, &st))
		return false;
	seconds = rt_days_from_civil(st.year, st.month, st.day) * 86400 + st.hour * 3600 +
		  st.minute * 60 + st.second - st.offset;
	return join(seconds, st.ns, ns);
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

static bool local_time(const struct stamp *st, int64_t *ns)
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

	return join(mktime(&tm), st->ns, ns);
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
	return join(mktime(&tm), 0, ns);
}

static bool parse_calendar(struct rt_str text, int64_t *ns)
{
	const char *p = text.p, *end = text.p + text.n;
	struct stamp st = { 0 };

	if (parse_stamp(text, &st))
		return st.zoned ? rt_clock_parse(text, ns) : local_time(&st, ns);
	memset(&st, 0, sizeof(st));
	return parse_date(&p, end, &st) && p == end && local_time(&st, ns);
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
		{ "ms", RT_NS_PER_MS },      { "s", RT_NS_PER_S }, { "m", 60 * RT_NS_PER_S },
		{ "h", 3600 * RT_NS_PER_S }, { "d", NS_PER_DAY },  { "w", 7 * NS_PER_DAY },
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

	for (; digit(**p); ++*p)
		if (__builtin_mul_overflow(whole, 10, &whole) ||
		    __builtin_add_overflow(whole, **p - '0', &whole))
			return false;
	fraction = *p;
	if (*p == number)
		return false;
	if (**p == '.') {
		fraction = ++*p;
		while (digit(**p))
			++*p;
		if (*p == fraction)
			return false;
	}
	unit = bare && **p == '\0' ? RT_NS_PER_S : parse_unit(p);
	if (!unit || __builtin_mul_overflow(whole, unit, &whole) ||
	    __builtin_add_overflow(*ns, whole, ns))
		return false;
	for (; digit(*fraction); fraction++) {
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

void rt_duration_format(char out[32], int64_t ns)
{
	uint64_t span = ns < 0 ? -(uint64_t)ns : (uint64_t)ns;
	unsigned long long tenths = span / (RT_NS_PER_S / 10), s = tenths / 10;
	const char *sign = ns < 0 ? "-" : "";

	if (s == 0)
		snprintf(out, 32, "%s%llums", sign, (unsigned long long)(span / RT_NS_PER_MS));
	else if (s < 10)
		snprintf(out, 32, "%s%llu.%llus", sign, s, tenths % 10);
	else if (s < 60)
		snprintf(out, 32, "%s%llus", sign, s);
	else if (s < 3600)
		snprintf(out, 32, "%s%llum %llus", sign, s / 60, s % 60);
	else if (s < 86400)
		snprintf(out, 32, "%s%lluh %llum", sign, s / 3600, s / 60 % 60);
	else
		snprintf(out, 32, "%s%llud %lluh", sign, s / 86400, s / 3600 % 24);
}
