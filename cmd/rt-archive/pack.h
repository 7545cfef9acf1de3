/*
 * An archive being made: beside the one that may be there, and in its place only
 * when it was read back, compared with the files and is on the disk.
 */
#ifndef RT_PACK_H
#define RT_PACK_H

#include "files.h"

struct pack {
	const struct rt_rundir *dir;
	const char *name; /* run.tar.gz or run.tar.zst */
	char draft[32];   /* what it is called until it is whole */
	int fd;
	struct facts facts;
};

/* Write it and compare it; all the files are marked as being the same. Release it. */
int pack_make(struct pack *p, const struct rt_rundir *d, const char *name, struct files *f,
	      struct rt_err *err);

/* Put it, and archive.json, where they belong. */
int pack_commit(struct pack *p, struct rt_err *err);

/* A draft that did not get there is removed. */
void pack_release(struct pack *p);

/* Remove drafts that were never finished. */
void pack_remove_drafts(const struct rt_rundir *d);

#endif
