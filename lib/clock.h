/*
 * Time: instants are nanoseconds since 1970-01-01T00:00:00Z (years 1678 to
 * 2262) in an int64_t, spans are nanoseconds too unless a name says _ms.
 */
#ifndef RT_CLOCK_H
#define RT_CLOCK_H

#include "buf.h"
#include "err.h"

#include <stdint.h>

#define RT_NS_PER_MS INT64_C(1000000)
#define RT_NS_PER_S INT64_C(1000000000)

/* "2026-07-01T12:00:00.123+00:00" and the same with nanoseconds and Z. */
#define RT_TS_LEN 29
#define RT_TS_NANO_LEN 30

int64_t rt_clock_now_ns(void);       /* wall clock */
int64_t rt_clock_monotonic_ns(void); /* for waiting and for durations */

/* So much later, where people may give any span: at most INT64_MAX, which never comes. */
int64_t rt_clock_later(int64_t at_ns, int64_t span_ns);

/* How long it is from one time to the other, or the most that can be told. */
int64_t rt_clock_span(int64_t from_ns, int64_t to_ns);

/* Milliseconds from now until then on the monotonic clock, rounded up, as poll(2) takes them. */
int rt_clock_ms_until(int64_t until_ns);

/* The time that is so many seconds from the epoch, or the first or last one that there is. */
int64_t rt_clock_of_seconds(int64_t s);

void rt_clock_format(char out[RT_TS_LEN + 1], int64_t ns);
void rt_clock_format_nano(char out[RT_TS_NANO_LEN + 1], int64_t ns);

/*
 * An event's time as text: RFC 3339 with `T`, `t` or a space, seconds optional,
 * 0 to 9 fraction digits (more are cut) behind a point or comma, Z, an offset
 * (+02:00, +0200, +02), "+00:00Z", or none (UTC). A number in a string is read
 * as rt_clock_parse_number does. False when it is nothing of that.
 */
bool rt_clock_parse(struct rt_str text, int64_t *ns);

/*
 * An event's time as a JSON number's text: seconds, from 1e11 on milliseconds,
 * from 1e14 microseconds, from 1e17 nanoseconds; fractions are kept exactly.
 */
bool rt_clock_parse_number(struct rt_str text, int64_t *ns);

/*
 * A time that a person typed: RFC 3339, "2026-07-01 12:00" and "2026-07-01"
 * (local), today, yesterday, now, "2h" or "-2h" (ago; a bare number of less than
 * eight digits is seconds ago), "@EPOCH".
 */
int rt_clock_parse_user(const char *text, int64_t now_ns, int64_t *ns, struct rt_err *err);

/* "90s" "15m" "2h" "7d" "1w" "250ms" "1h30m" "1.5h"; a bare number is seconds. */
int rt_duration_parse(const char *text, int64_t *ns, struct rt_err *err);

/* "45s", "6m 50s", "1h 2m", "3d 4h"; below 10 s "1.4s", below 1 s "92ms". */
void rt_duration_format(char out[32], int64_t ns);

/* The same of milliseconds, any number of them; "" where they are negative: not known. */
void rt_duration_format_ms(char out[32], int64_t ms);

/* Days since 1970-01-01 of a date in the proleptic Gregorian calendar, of a year from 0 to
 * 9999, and back.
 * Source: Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms". */
int64_t rt_days_from_civil(int year, int month, int day);
void rt_civil_from_days(int64_t days, int64_t *year, int *month, int *day);

#endif
