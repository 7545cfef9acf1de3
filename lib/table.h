/* The tables of status.json: stages and steps, one line an entry. For status*.c only. */
#ifndef RT_TABLE_H
#define RT_TABLE_H

#include "status.h"

/* An entry of `stages` (known by its name) or `steps` (known by its id). */
struct rt_entry {
	size_t at, len;   /* where it stands in the table; len 0: nowhere yet */
	struct rt_buf id; /* steps only */
	struct rt_buf name;
	struct rt_buf status;
	int64_t started_ns, finished_ns; /* 0: not there */
	int64_t took_ms;                 /* as who ended it said; -1: by these times */
	int64_t retries;
};

/*
 * Find an entry by the value of its first member, "name" or `id_key`. Always
 * fills in e, which must be released; returns whether there was one.
 */
bool rt_entry_load(struct rt_entry *e, const struct rt_table *t, const char *id_key,
		   struct rt_str value);
void rt_entry_release(struct rt_entry *e);

bool rt_entry_running(const struct rt_entry *e);
void rt_entry_begin(struct rt_entry *e, int64_t ns); /* or begin again */
void rt_entry_end(struct rt_entry *e, int64_t ns, int64_t took_ms, const char *status);

/* Put it where it was, or at the end; the oldest goes when there are too many. */
void rt_entry_store(const struct rt_entry *e, struct rt_table *t);

/* Add an entry that is JSON text of an object, in any layout. */
void rt_table_add(struct rt_table *t, struct rt_str object);
void rt_table_clear(struct rt_table *t);
void rt_table_drop(struct rt_table *t); /* the oldest entry */

/* End every entry that still runs. */
void rt_table_end_running(struct rt_table *t, int64_t ns, const char *status);

/* Copy at most max bytes of text, cut between characters. */
void rt_status_set_text(struct rt_buf *to, struct rt_str text, size_t max);

#endif
