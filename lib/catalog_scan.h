/* The directories of a runs folder that hold runs: for catalog.c and resolve.c only. */
#ifndef RT_CATALOG_SCAN_H
#define RT_CATALOG_SCAN_H

#include "catalog_cache.h"
#include "err.h"

enum rt_place_kind {
	RT_PLACE_NEW, /* not looked at yet */
	RT_PLACE_RUN,
	RT_PLACE_OTHER, /* a group, or nothing of rt's */
};

struct rt_place {
	const char *name;         /* "GROUP/ID" or "ID" */
	struct rt_cached *cached; /* what is known of it, or NULL */
	struct rt_dir_mark mark;  /* where there is a cache */
	uint16_t group;           /* length of "GROUP/" in name */
	uint16_t n;               /* of name */
	enum rt_place_kind kind;
};

struct rt_names; /* where names are kept */

struct rt_places {
	struct rt_place *v;
	size_t n, cap;
	struct rt_names *names;
	size_t unreadable; /* directories that could not be read, or not to their end */
};

/*
 * List them, in no order. A folder that does not exist has none. A cache (which
 * may be NULL) is read as well, and what it knows is said: it has to live as long
 * as they. Release it.
 */
int rt_places_scan(struct rt_places *e, const char *runs_dir, struct rt_cache *cache,
		   struct rt_err *err);
void rt_places_release(struct rt_places *e);

static inline const char *rt_place_id(const struct rt_place *e)
{
	return e->name + e->group;
}

/* RUNS/NAME, the caller's to free; NULL when memory runs out. */
char *rt_place_path(const char *runs_dir, const char *name);

#endif
