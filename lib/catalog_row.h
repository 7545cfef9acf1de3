/* The rows of a catalog: made of a run, or of what was cached of it. For catalog.c only. */
#ifndef RT_CATALOG_ROW_H
#define RT_CATALOG_ROW_H

#include "catalog.h"
#include "catalog_scan.h"

/*
 * Fill a zeroed row; what is worth remembering of it is added to the news.
 * 1: done, 0: there is nothing that can be read, -1: no memory. Threads may call
 * it at the same time, each with news of its own. Without an unpacker (NULL) an
 * archived run that is not cached is nothing that can be read.
 */
int rt_row_load(struct rt_row *row, const char *runs_dir, const struct rt_place *e,
		const struct rt_cache *cache, struct rt_cache_news *news,
		const struct rt_unpacker *unpacker);
void rt_row_release(struct rt_row *row);

#endif
