/*
 * Which events are meant: conditions on fields, all of which must hold. Each
 * takes several values, of which one must.
 */
#ifndef RT_FILTER_H
#define RT_FILTER_H

#include "event.h"
#include "needle.h"

struct rt_filter; /* opaque */

struct rt_filter *rt_filter_new(void); /* NULL when memory runs out */
void rt_filter_free(struct rt_filter *f);

/*
 * The field's text is one of `values` ("a,b"; types match their twins, too).
 * For RT_F_LEVEL: this level or a worse one.
 */
int rt_filter_field(struct rt_filter *f, enum rt_field field, const char *values,
		    struct rt_err *err);

/*
 * The step: a number matches RT_F_STEP or step_id "step_00N", other text step_id
 * or a step's name (metadata's step_name; of step_* events its name; "step").
 */
int rt_filter_step(struct rt_filter *f, const char *values, struct rt_err *err);

/*
 * The decoded message contains `pattern` (fixed) or matches it as an extended
 * regular expression, in which a character is one of UTF-8. Without a message
 * the type is one.
 */
int rt_filter_grep(struct rt_filter *f, const char *pattern, bool fixed, struct rt_err *err);

/* Happened in [since, until); events without a time are left out. */
int rt_filter_time(struct rt_filter *f, int64_t since_ns, int64_t until_ns);

/* The span in which all events happened that meet the filter; false: any. */
bool rt_filter_span(const struct rt_filter *f, int64_t *since_ns, int64_t *until_ns);

/*
 * "KEY OP VALUE" with OP one of = == != < <= > >= ~ (a regular expression), with
 * or without spaces. Numbers compare as numbers when both sides are; `ts` as
 * times (VALUE as a person types it), `level` by how bad it is, `type` with its
 * twins; other text bytewise. A VALUE in double quotes is never a number. An
 * absent key matches only "!=".
 */
int rt_filter_match_expr(struct rt_filter *f, const char *expr, struct rt_err *err);

/* Whether there is no condition at all. */
bool rt_filter_empty(const struct rt_filter *f);

/* Add what it looks at. */
void rt_filter_want(const struct rt_filter *f, struct rt_wanted *w);

/* Whether the event meets all of it. `scratch` is emptied and used. */
bool rt_filter_match(const struct rt_filter *f, const struct rt_event *ev, struct rt_buf *scratch);

/*
 * Texts of which a line holds at least one if its event can meet the filter.
 * n == 0: there is nothing that all such lines would share.
 */
#define RT_PROBE_MAX 8
struct rt_probe {
	struct rt_needle v[RT_PROBE_MAX];
	size_t n;
};

void rt_filter_probe(const struct rt_filter *f, struct rt_probe *probe);

#endif
