/* lib/clock: times and spans as text. */
#include "clock.h"
#include "tap.h"

#include <stdlib.h>
#include <time.h>

#define NONE INT64_MIN           /* "is refused" */
#define NOON INT64_C(1782907200) /* 2026-07-01T12:00:00Z, seconds */
#define NOON_NS (NOON * RT_NS_PER_S)

static void test_days(struct tap *t)
{
	int64_t day, year, wrong = 0, expected_year = 1600;
	int month, mday, expected_month = 1, expected_mday = 1;

	static const int lengths[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };

	/* count through eight hundred years, day by day */
	for (day = rt_days_from_civil(1600, 1, 1); expected_year < 2400; day++) {
		bool leap = (expected_year % 4 == 0 && expected_year % 100 != 0) ||
			    expected_year % 400 == 0;

		rt_civil_from_days(day, &year, &month, &mday);
		wrong += year != expected_year || month != expected_month || mday != expected_mday;
		wrong += rt_days_from_civil((int)year, month, mday) != day;
		if (++expected_mday > lengths[expected_month - 1] + (leap && expected_month == 2)) {
			expected_mday = 1;
			expected_month = expected_month % 12 + 1;
			expected_year += expected_month == 1;
		}
	}
	ok(t, wrong == 0, "days and dates agree from 1600 to 2400");
	ok(t, rt_days_from_civil(1970, 1, 1) == 0, "the epoch is day 0");
}

static void test_format(struct tap *t)
{
	char s[RT_TS_LEN + 1], nano[RT_TS_NANO_LEN + 1], want[64];
	int64_t ns, back, wrong = 0;
	time_t sec;
	struct tm tm;

	rt_clock_format(s, NOON_NS + 123999999);
	is_text(t, s, "2026-07-01T12:00:00.123+00:00", "milliseconds are cut, not rounded");
	rt_clock_format_nano(nano, NOON_NS + 5);
	is_text(t, nano, "2026-07-01T12:00:00.000000005Z", "nanoseconds");
	rt_clock_format(s, -1);
	is_text(t, s, "1969-12-31T23:59:59.999+00:00", "before the epoch");
	rt_clock_format_nano(nano, INT64_MAX);
	is_text(t, nano, "2262-04-11T23:47:16.854775807Z", "the last instant");
	rt_clock_format_nano(nano, INT64_MIN);
	is_text(t, nano, "1677-09-21T00:12:43.145224192Z", "the first instant");
	for (ns = -9000000000000000000; ns < 9000000000000000000; ns += 7777777777777777) {
		sec = (time_t)(ns / RT_NS_PER_S - (ns % RT_NS_PER_S < 0));
		gmtime_r(&sec, &tm);
		strftime(want, sizeof(want), "%Y-%m-%dT%H:%M:%S.", &tm);
		rt_clock_format_nano(nano, ns);
		wrong += strncmp(nano, want, 20) != 0;
		wrong += !rt_clock_parse(rt_str(nano), &back) || back != ns;
	}
	ok(t, wrong == 0, "the C library agrees, and times come back");
}

static const struct {
	const char *text;
	int64_t ns; /* less noon of that day, or NONE */
} times[] = {
	{ "2026-07-01T12:00:00Z", 0 },
	{ "2026-07-01T12:00:00z", 0 },
	{ "2026-07-01t12:00:00+00:00", 0 },
	{ "2026-07-01 12:00:00-00:00", 0 },
	{ "2026-07-01T12:00:00+00:00Z", 0 },
	{ "2026-07-01T12:00:00", 0 },
	{ "2026-07-01T12:00", 0 },
	{ "2026-07-01T12:00Z", 0 },
	{ "2026-07-01T14:00:00+02:00", 0 },
	{ "2026-07-01T14:00:00+0200", 0 },
	{ "2026-07-01T14:00:00+02", 0 },
	{ "2026-07-01T02:15:00-09:45", 0 },
	{ "2026-07-02T02:00:00+14:00", 0 },
	{ "2026-07-01T11:59:60Z", 0 },
	{ "2026-07-01T12:00:00.1Z", 100000000 },
	{ "2026-07-01T12:00:00.123456+00:00", 123456000 },
	{ "2026-07-01T12:00:00.123456789", 123456789 },
	{ "2026-07-01T12:00:00.1234567899999Z", 123456789 },
	{ "2026-07-01 12:00:00,250", 250000000 },
	{ "", NONE },
	{ "now", NONE },
	{ "2026-07-01", NONE },
	{ "2026-7-01T12:00:00Z", NONE },
	{ "2026-13-01T12:00:00Z", NONE },
	{ "2026-00-01T12:00:00Z", NONE },
	{ "2026-02-29T12:00:00Z", NONE },
	{ "2100-02-29T12:00:00Z", NONE },
	{ "2026-07-32T12:00:00Z", NONE },
	{ "2026-07-01T24:00:00Z", NONE },
	{ "2026-07-01T12:60:00Z", NONE },
	{ "2026-07-01T12:00:61Z", NONE },
	{ "2026-07-01T12:00:00.Z", NONE },
	{ "2026-07-01T12:00:00+02:00Z", NONE },
	{ "2026-07-01T12:00:00+2", NONE },
	{ "2026-07-01T12:00:00+24:00", NONE },
	{ "2026-07-01T12:00:00 Z", NONE },
	{ "2026-07-01T12:00:00Zx", NONE },
	{ "2026-07-01T12:00:", NONE },
	{ " 2026-07-01T12:00:00Z", NONE },
	{ "9999-12-31T23:59:59Z", NONE },
	{ "0001-01-01T00:00:00Z", NONE },
};

static void test_parse(struct tap *t)
{
	int64_t ns, want;
	size_t i;

	for (i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
		bool good = rt_clock_parse(rt_str(times[i].text), &ns);

		want = times[i].ns == NONE ? NONE : NOON_NS + times[i].ns;
		ok(t, want == NONE ? !good : good && ns == want, "parse \"%s\"", times[i].text);
	}
	ok(t, rt_clock_parse(rt_str("2024-02-29T00:00:00Z"), &ns) && ns == 1709164800 * RT_NS_PER_S,
	   "a leap day");
}

static const struct {
	const char *text;
	int64_t ns;
} numbers[] = {
	{ "0", 0 },
	{ "-0", 0 },
	{ "0.000", 0 },
	{ "0e99", 0 },
	{ "-1", -RT_NS_PER_S },
	{ "1782907200", NOON_NS },
	{ "1773719448.9674098", 1773719448967409800 },
	{ "1.7829072e9", NOON_NS },
	{ "17829072E2", NOON_NS },
	{ "178290720000e-2", NOON_NS },
	{ "0.0000000019", 1 },
	{ "1e-9", 1 },
	{ "5e-999", 0 },
	{ "1782907200123", NOON_NS + 123000000 },
	{ "1782907200123.5", NOON_NS + 123500000 },
	{ "100000000000", 100000000 * RT_NS_PER_S }, /* 1e11: milliseconds */
	{ "9223372036.854775807", INT64_MAX },
	{ "9223372036.854775808", NONE },
	{ "99999999999", NONE },    /* seconds, past the year 2262 */
	{ "99999999999999", NONE }, /* milliseconds, past 2262, not microseconds of 1973 */
	{ "100000000000000", 100000000 * RT_NS_PER_S }, /* 1e14: microseconds */
	{ "99999999999999999", NONE },
	{ "100000000000000000", 100000000 * RT_NS_PER_S }, /* 1e17: nanoseconds */
	{ "1782907200123456", NOON_NS + 123456000 },
	{ "1782907200123456789", NOON_NS + 123456789 },
	{ "1e400", NONE },
	{ "1e99999999999", NONE },
	{ "0.00001e14", 1000000000 * RT_NS_PER_S },
	{ "0.00000000000000000000000000000000000000000000000012e59", NONE },
	{ "", NONE },
	{ "abc", NONE },
	{ "01", NONE },
	{ "12 ", NONE },
};

static void test_numbers(struct tap *t)
{
	int64_t ns;
	size_t i;

	for (i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		bool good = rt_clock_parse_number(rt_str(numbers[i].text), &ns);

		ok(t, numbers[i].ns == NONE ? !good : good && ns == numbers[i].ns, "number \"%s\"",
		   numbers[i].text);
	}
	ok(t, rt_clock_parse(rt_str("1782907200123456789"), &ns) && ns == NOON_NS + 123456789,
	   "nanoseconds as a string");
}

/* The time zone is two hours east here. */
static const struct {
	const char *text;
	int64_t seconds; /* since the epoch, or NONE */
} typed[] = {
	{ "now", NOON },
	{ "today", NOON - 14 * 3600 },
	{ "yesterday", NOON - 38 * 3600 },
	{ "2h", NOON - 7200 },
	{ "-2h", NOON - 7200 },
	{ "90", NOON - 90 },
	{ "1d", NOON - 86400 },
	{ "2026-07-01T12:00:00Z", NOON },
	{ "2026-07-01T12:00:00", NOON - 7200 },
	{ "2026-07-01 12:00", NOON - 7200 },
	{ "2026-07-01 12:00 ", NONE },
	{ "2026-07-01", NOON - 14 * 3600 },
	{ "2026-07-01T12:00+02:00", NOON - 7200 },
	{ "@1782907200", NOON },
	{ "@", NONE },
	{ "1782907200", NONE },
	{ "20260701", NONE },
	{ "tomorrowish", NONE },
	{ "", NONE },
	{ "-", NONE },
	{ "2026-02-30", NONE },
	{ "2x", NONE },
};

static void test_typed(struct tap *t)
{
	int64_t ns = 0, now = NOON_NS;
	struct rt_err err = RT_ERR_INIT;
	size_t i;

	setenv("TZ", "XYZ-2", 1);
	tzset();
	for (i = 0; i < sizeof(typed) / sizeof(typed[0]); i++) {
		int rc = rt_clock_parse_user(typed[i].text, now, &ns, &err);

		ok(t,
		   typed[i].seconds == NONE ? rc == -1 && err.kind == RT_ERR_USAGE :
					      rc == 0 && ns == typed[i].seconds * RT_NS_PER_S,
		   "typed \"%s\"", typed[i].text);
	}
	ok(t, strncmp(err.msg, "bad time \"2x\": use ", 19) == 0, "the message names the text");
	setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3", 1);
	tzset();
	ok(t,
	   rt_clock_parse_user("2026-07-01 12:00", now, &ns, NULL) == 0 &&
		   ns == (NOON - 7200) * RT_NS_PER_S,
	   "summer time");
	ok(t,
	   rt_clock_parse_user("2026-01-01 12:00", now, &ns, NULL) == 0 &&
		   ns == (INT64_C(1767268800) - 3600) * RT_NS_PER_S,
	   "winter time");
}

static const struct {
	const char *text;
	int64_t ms;
} spans[] = {
	{ "90", 90000 },         { "0", 0 },
	{ "1.5", 1500 },         { "90s", 90000 },
	{ "15m", 900000 },       { "2h", 7200000 },
	{ "7d", 604800000 },     { "1w", 604800000 },
	{ "250ms", 250 },        { "1h30m", 5400000 },
	{ "1h 30m", 5400000 },   { "1.5h", 5400000 },
	{ "0.001s", 1 },         { "", NONE },
	{ "s", NONE },           { "-5s", NONE },
	{ "5x", NONE },          { "5s5", NONE },
	{ "1h 30", NONE },       { "5.", NONE },
	{ ".5s", NONE },         { "5 s", NONE },
	{ "5s ", NONE },         { "99999999999999999999", NONE },
	{ "9999999999d", NONE }, { "1e3", NONE },
};

static void test_spans(struct tap *t)
{
	struct rt_err err = RT_ERR_INIT;
	int64_t ns = 0;
	size_t i;

	for (i = 0; i < sizeof(spans) / sizeof(spans[0]); i++) {
		int rc = rt_duration_parse(spans[i].text, &ns, &err);

		ok(t, spans[i].ms == NONE ? rc == -1 : rc == 0 && ns == spans[i].ms * RT_NS_PER_MS,
		   "duration \"%s\"", spans[i].text);
	}
	ok(t,
	   rt_duration_parse("soon", &ns, &err) == -1 && err.kind == RT_ERR_USAGE &&
		   strncmp(err.msg, "bad duration \"soon\": use ", 25) == 0,
	   "the message names the text");
}

static void span(struct tap *t, int64_t ms, const char *want)
{
	char s[32];

	rt_duration_format(s, ms * RT_NS_PER_MS);
	is_text(t, s, want, want);
	rt_duration_format_ms(s, ms);
	is_text(t, s, ms < 0 ? "" : want, "of milliseconds");
}

int main(void)
{
	struct tap t = { 0 };
	char s[32];

	test_days(&t);
	test_format(&t);
	test_parse(&t);
	test_numbers(&t);
	test_typed(&t);
	test_spans(&t);
	span(&t, 0, "0ms");
	span(&t, 449, "449ms");
	span(&t, 9999, "9.9s");
	span(&t, 10000, "10s");
	span(&t, 59999, "59s");
	span(&t, 410000, "6m 50s");
	span(&t, 3720000, "1h 2m");
	span(&t, 273600000, "3d 4h");
	span(&t, -1500, "-1.5s");
	rt_duration_format(s, INT64_MIN);
	is_text(&t, s, "-106751d 23h", "the longest span");
	rt_duration_format_ms(s, INT64_MAX);
	is_text(&t, s, "106751d 23h", "and one that is longer");
	ok(&t, rt_clock_span(2, -1) == -3 && rt_clock_span(-1, 2) == 3, "from one time to another");
	ok(&t,
	   rt_clock_span(INT64_MIN, INT64_MAX) == INT64_MAX &&
		   rt_clock_span(INT64_MAX, INT64_MIN) == INT64_MIN,
	   "it is as long as can be told");
	ok(&t, rt_clock_monotonic_ns() <= rt_clock_monotonic_ns(), "the monotonic clock goes on");
	ok(&t, rt_clock_now_ns() > NOON / 2 * RT_NS_PER_S, "the wall clock is set");
	return tap_done(&t);
}
