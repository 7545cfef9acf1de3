/*
 * The cache of runs that are over, .rt/catalog.jsonl in the runs folder, for
 * catalog*.c and resolve.c only. It is never needed: what is missing, damaged or doubtful in it
 * is read from the runs again, and where it cannot be written it is left out.
 *
 * A run is the one that was cached as long as its directory has the same inode
 * and mtime: rt, and whoever else replaces its files, changes that.
 */
#ifndef RT_CATALOG_CACHE_H
#define RT_CATALOG_CACHE_H

#include "buf.h"
#include "status.h"

#include <pthread.h>
#include <sys/stat.h>

/* What tells that a directory is the same, and that nothing in it was replaced. */
struct rt_dir_mark {
	uint64_t inode;
	int64_t mtime_ns;
};

struct rt_dir_mark rt_dir_mark(const struct stat *st);

struct rt_cached {
	struct rt_str name; /* "GROUP/ID" or "ID" */
	struct rt_dir_mark mark;
	int64_t created_ns, started_ns;
	struct rt_str
		row; /* the rest of it, as JSON: looked at no further when the cache is read */
	enum rt_state state;
	bool used; /* it was found to be as it is */
};

struct rt_cache_slot {
	uint32_t hash;  /* of the name, a part of it */
	uint32_t place; /* in v, from 1; 0: empty */
};

struct rt_cache {
	bool there;         /* there is a place for one */
	bool too_large;     /* it was not read, and is to be written anew */
	struct rt_buf text; /* the file; what views point into */
	struct rt_cached *v;
	size_t n, cap, lines;
	pthread_mutex_t lock;        /* of what follows, which is made when it is needed */
	struct rt_cache_slot *index; /* of names; open addressing, a power of two */
	size_t index_cap;
	int64_t now_ns;
};

/* Runs that are to be remembered. Each thread has its own. */
struct rt_cache_news {
	struct rt_buf lines;
	size_t n;
	bool damaged; /* a row of the cache proved to be none */
};

/* An empty cache; `there` says whether runs_dir has a place for one. */
void rt_cache_init(struct rt_cache *c, const char *runs_dir);

/* How many bytes rt_cache_load will read. */
size_t rt_cache_size(const char *runs_dir);

/* Read it; nothing that is wrong with it matters. */
void rt_cache_load(struct rt_cache *c, const char *runs_dir);

/*
 * The run as it was cached, or NULL: it is not there, or was changed since.
 * Threads may call it at the same time, never two for the same name. *hint,
 * at first 0, is where the next name is likely to stand.
 */
struct rt_cached *rt_cache_find(struct rt_cache *c, struct rt_str name, struct rt_dir_mark mark,
				size_t *hint);

/* The row of a run that was found is none. */
void rt_cache_drop(struct rt_cache_news *news, struct rt_cached *run);

/* Remember a run that is over, with its mark as it was before the run was read. */
void rt_cache_add(const struct rt_cache *c, struct rt_cache_news *news,
		  const struct rt_cached *run);

/* Write what was added, all of it anew when most is of no use any more. */
void rt_cache_save(struct rt_cache *c, const char *runs_dir, const struct rt_cache_news *news);
void rt_cache_release(struct rt_cache *c);

#endif
