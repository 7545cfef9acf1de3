/*
 * Reading the files of a run, whether they are in its directory or in its
 * archive. What is in the directory comes first; so a run that was archived and
 * is kept, or begun again, is the one in the directory.
 */
#ifndef RT_RUNFILE_H
#define RT_RUNFILE_H

#include "packed.h"
#include "rundir.h"

struct rt_runfile {
	int fd;                             /* a file, or a stream: that is read in order only */
	int64_t size;                       /* -1: not known */
	const struct rt_unpacker *unpacker; /* NULL: it is a file */
	void *job;
};

/*
 * Open the file of that name below the run ("logs/run.log"), as rt_file_open
 * does: -1 and errno; ENOENT where it is nowhere, EIO where the archive cannot
 * tell (rt_runfile_failed says why). Close it.
 */
int rt_runfile_open(struct rt_runfile *f, const struct rt_rundir *d, const char *name);

/*
 * The same for what is read once from its beginning: out of an archive it comes
 * without a look at what else is in that, is of no known size, and empty where
 * it is not there.
 */
int rt_runfile_stream(struct rt_runfile *f, const struct rt_rundir *d, const char *name);

/* -1: the archive broke off before the end of what was asked for. */
int rt_runfile_close(struct rt_runfile *f);

/* A small file's contents, at most `limit` bytes. -1 and errno. */
int rt_runfile_read(const struct rt_rundir *d, const char *name, struct rt_buf *b, size_t limit);

/* After errno: what to say of it. Returns -1. */
int rt_runfile_failed(const struct rt_rundir *d, const char *name, struct rt_err *err);

#endif
