/*
 * Events in groups, and what is worked out of each group: counts, sums, means,
 * least and largest values, quantiles, how many different ones there are. Memory
 * is bounded: past RT_AGGREGATE_BYTES adding fails.
 */
#ifndef RT_AGGREGATE_H
#define RT_AGGREGATE_H

#include "event.h"

#define RT_AGGREGATE_BYTES (40u << 20)

struct rt_aggregate; /* opaque */

/* The question: strings may be NULL. */
struct rt_question {
	const char *list;  /* "count, sum(metadata.cost_usd), p95(duration_ms)"; NULL: count */
	const char *by;    /* "stage,model": the values of these paths make a group */
	int64_t bucket_ns; /* and the stretch of time of this length; 0: none */
	const char *sort;  /* a column, with "-" before it the largest first; NULL: see below */
};

/* An empty table. Free it. RT_ERR_USAGE says what is wrong with the question. */
int rt_aggregate_new(struct rt_aggregate **out, const struct rt_question *q, struct rt_err *err);
void rt_aggregate_free(struct rt_aggregate *a); /* NULL is fine */

/* Add what it looks at. */
void rt_aggregate_want(const struct rt_aggregate *a, struct rt_wanted *w);

/*
 * Count an event; run_id is that of the run it was read from, or NULL. -1: no
 * memory, or more groups and values than there is room for.
 */
int rt_aggregate_add(struct rt_aggregate *a, const struct rt_event *ev, const char *run_id,
		     struct rt_err *err);

/* What groups and values take by now. */
size_t rt_aggregate_bytes(const struct rt_aggregate *a);

/* Add what another thread counted for the same question. */
int rt_aggregate_merge(struct rt_aggregate *into, const struct rt_aggregate *from,
		       struct rt_err *err);

/*
 * Make it ready to be read: its groups are put in the order of the column that
 * the question names; else of time, where there are buckets; else of the first
 * number that was worked out, the largest first. Those that are alike there
 * follow in the order of their keys.
 */
int rt_aggregate_finish(struct rt_aggregate *a, struct rt_err *err);

size_t rt_aggregate_groups(const struct rt_aggregate *a);

/* The names of the columns, with commas. */
void rt_aggregate_columns(const struct rt_aggregate *a, struct rt_buf *out);

/* Append the Nth group as a JSON object; what it has no value for is null. */
void rt_aggregate_write(const struct rt_aggregate *a, size_t n, struct rt_buf *out);

/* The first of what was worked out of the Nth group, 0 for none. */
double rt_aggregate_first(const struct rt_aggregate *a, size_t n);

#endif
