/*
 * The archive of a run: what is in it, and streams of that. Reading one takes
 * another program, and lib starts none: who reads runs hands in an unpacker,
 * rtbox one that starts rt-archive(1).
 */
#ifndef RT_PACKED_H
#define RT_PACKED_H

#include "buf.h"
#include "err.h"

#include <sys/types.h>

/* The archive in a run's directory; where there are both, the first. */
#define RT_PACKED_GZ "run.tar.gz"
#define RT_PACKED_ZST "run.tar.zst"

/* An index that is larger, or of more files, is not read on: no run makes so many. */
#define RT_PACKED_INDEX_MAX (32u << 20)
#define RT_PACKED_FILES_MAX (1u << 18)

/* Reads archives. */
struct rt_unpacker {
	/*
	 * Start to read the archive `path` (absolute): the file `name` in it, or with
	 * NULL its index. Returns a stream, of which *job is for `end`; -1 and err.
	 */
	int (*start)(void *arg, const char *path, const char *name, void **job, struct rt_err *err);
	/* Close the stream, read to its end or not. -1: it was not all that it should be. */
	int (*end)(void *arg, int fd, void *job);
	void *arg;
};

/* A regular file in an archive. */
struct rt_packed_file {
	struct rt_str name; /* as it is called in the run: "logs/run.log" */
	int64_t size;
	struct rt_str text; /* what stands in it; p is NULL where the index does not tell */
};

struct rt_packed {
	const struct rt_unpacker *unpacker; /* not owned */
	char *path;
	bool loaded;
	struct rt_err err; /* why the index, or the rest of it, could not be read */
	struct rt_buf index;
	struct rt_packed_file *v; /* views into it, in the archive's order */
	size_t n;
};

/* The archive `path`, of which nothing is read yet; takes the string. NULL: no memory. */
struct rt_packed *rt_packed_new(const struct rt_unpacker *unpacker, char *path);
void rt_packed_free(struct rt_packed *a);

/*
 * Read the index, unless that was done. -1 and a->err when nothing can be had of
 * it. Of an archive that breaks off it has what stands before that.
 *
 * An index is, for each file, the line "SIZE NAME_BYTES TEXT_BYTES" (-1: without
 * the text), the name and a line end, the text and a line end.
 */
int rt_packed_load(struct rt_packed *a);

/* The file of that name (the first one), or NULL. */
const struct rt_packed_file *rt_packed_find(struct rt_packed *a, const char *name);

/* Whether these first bytes of a file, at least 262 where it has so many, are of an archive. */
bool rt_packed_is(struct rt_str head);

/* What the run in the archive `path` is called, by that path. */
void rt_packed_id(const char *path, char id[256]);

#endif
