/* The files in an archive of a run, read in order, in memory that does not grow with it. */
#ifndef RT_MEMBERS_H
#define RT_MEMBERS_H

#include "buf.h"
#include "id.h"

#include <archive.h>
#include <archive_entry.h>
#include <stdbool.h>
#include <sys/types.h>

struct members {
	struct archive *a;
	const char *path; /* for messages */
	int fd;
	bool mute; /* what breaks off is not said */
	bool begun;
	struct rt_buf root; /* the folder that all of it is in, with a "/"; empty: none */
	size_t others;      /* entries that were passed over: no regular files */

	/* the file at hand */
	struct archive_entry *entry;
	struct rt_str name; /* as it is called in the run; empty: what no run has */
	int64_t size;
};

/* Open an archive. Dies of what is none. */
void members_open(struct members *m, const char *path, bool mute);
void members_close(struct members *m);

/* Stand at the next regular file. 1, 0 at the end, -1: it breaks off, which was said. */
int members_next(struct members *m);

/* The contents of the file at hand go to fd; -1 when they break off, which was said. */
int members_write(struct members *m, int fd);

/* The same to a buffer, `size` bytes of them. */
int members_read(struct members *m, struct rt_buf *b);

/* The name as it stands in the archive. */
struct rt_str members_stored_name(const struct members *m);

#endif
