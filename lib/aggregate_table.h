/* The table of groups behind aggregate.h, for the aggregate*.c files only. */
#ifndef RT_AGGREGATE_TABLE_H
#define RT_AGGREGATE_TABLE_H

#include "aggregate.h"
#include "hash.h"
#include "sketch.h"

#define RT_COLUMNS_MAX 32
#define RT_SORT_BUCKET (-1)
#define RT_NO_TIME INT64_MIN /* the bucket of events without one */

enum rt_fold {
	RT_FOLD_COUNT,
	RT_FOLD_SUM,
	RT_FOLD_AVG,
	RT_FOLD_MIN,
	RT_FOLD_MAX,
	RT_FOLD_DISTINCT,
	RT_FOLD_QUANTILE,
};

struct rt_column {
	enum rt_fold fold;
	double quantile;     /* 0 to 1 */
	struct rt_path path; /* empty: the event itself is counted */
	struct rt_str title;
};

/* Hashes of the values that there were: open addressing, 0 is empty. */
struct rt_hash_set {
	uint64_t *slot;
	size_t cap, n;
};

/* A sum: the integers exactly, the other numbers beside them. */
struct rt_sum {
	uint64_t low;      /* of the integers' sum, */
	int64_t high;      /* times 2^64 */
	double real, lost; /* the sum of the others, and what rounding took from it */
	bool is_real;
};

/* What is known of one column in one group. */
struct rt_cell {
	uint64_t n; /* values */
	union {
		struct rt_sum sum;
		struct rt_number extreme;
		struct rt_sketch sketch;
		struct rt_hash_set seen;
	} u;
};

struct rt_group {
	uint64_t hash;
	int64_t bucket_ns;
	char *key; /* for each path: how it was written, its length, its text; behind the cells */
	size_t key_len;
	struct rt_cell *cells;
};

struct rt_aggregate {
	char *list, *by; /* what the views point into */
	struct rt_column columns[RT_COLUMNS_MAX];
	struct rt_path keys[RT_COLUMNS_MAX];
	size_t n_columns, n_keys;
	int64_t bucket_ns;
	bool sort_given, sort_down;
	int sort_column; /* the keys first, then the columns; or RT_SORT_BUCKET */
	struct rt_group *groups;
	size_t n, cap;
	size_t last;     /* the group that was met last */
	uint32_t *index; /* into groups, from 1; 0: empty */
	size_t index_cap;
	size_t bytes; /* of memory that grows with what is counted */
	struct rt_buf key, scratch;
	struct rt_json value; /* that was worked out */
};

/* How a key's text is to be written again. */
enum rt_key_kind { RT_KEY_NONE, RT_KEY_TEXT, RT_KEY_BARE };

/* The hash of a text; never 0, which is no value's. */
static inline uint64_t rt_hash_nonzero(struct rt_str s, uint64_t seed)
{
	uint64_t h = rt_hash(s, seed);

	return h ? h : 1;
}

/* Where it stands in a table of `cap`, a power of 2, or is to stand if others do not. */
static inline size_t rt_hash_slot(uint64_t hash, size_t cap)
{
	return (size_t)(hash ^ hash >> 32) & (cap - 1);
}

/* Take account of memory; -1 when it is too much. */
int rt_aggregate_grow(struct rt_aggregate *a, size_t n, struct rt_err *err);

/* A value, which is a number unless different ones are counted, and what another cell knows. */
int rt_cell_add(struct rt_aggregate *a, const struct rt_column *c, struct rt_cell *cell,
		const struct rt_json *v, struct rt_err *err);
int rt_cell_merge(struct rt_aggregate *a, const struct rt_column *c, struct rt_cell *into,
		  const struct rt_cell *from, struct rt_err *err);
void rt_cell_release(const struct rt_column *c, struct rt_cell *cell);

/* Where there are no keys the group of all events is there also when there are none. */
int rt_aggregate_add_empty(struct rt_aggregate *a, struct rt_err *err);

/* The next part of a group's key. */
enum rt_key_kind rt_key_next(const char **p, struct rt_str *text);

#endif
