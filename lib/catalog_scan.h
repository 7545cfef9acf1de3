/* The directories of a runs folder that hold runs: for catalog.c and resolve.c only. */
#ifndef RT_CATALOG_SCAN_H
#define RT_CATALOG_SCAN_H

#include "catalog_cache.h"
#include "err.h"

struct rt_place {
	char *name;                     /* "GROUP/ID" or "ID" */
	const char *id;                 /* in name */
	const struct rt_cached *cached; /* what is known of it, or NULL */
	struct rt_dir_mark mark;        /* where there is a cache */
};

struct rt_places {
	struct rt_place *v;
	size_t n, cap;
	size_t unreadable; /* directories that could not be opened */
};

/*
 * List them, in no order. A folder that does not exist has none. With a cache
 * (which may be NULL) it is said what that knows. Release it.
 */
int rt_places_scan(struct rt_places *e, const char *runs_dir, struct rt_cache *cache,
		   struct rt_err *err);
void rt_places_release(struct rt_places *e);

/* RUNS/NAME, the caller's to free; NULL when memory runs out. */
char *rt_place_path(const char *runs_dir, const char *name);

#endif
