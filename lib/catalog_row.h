/* The rows of a catalog: made of a run, or of what was cached of it. For catalog.c only. */
#ifndef RT_CATALOG_ROW_H
#define RT_CATALOG_ROW_H

#include "catalog.h"
#include "catalog_scan.h"

/* Fill a zeroed row; cache may be NULL. 1: done, 0: there is nothing that can be read, -1: no memory. */
int rt_row_load(struct rt_row *row, const char *runs_dir, const struct rt_place *e,
		struct rt_cache *cache);
void rt_row_release(struct rt_row *row);

#endif
