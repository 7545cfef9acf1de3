/* The files in an archive of a run, read in order, in memory that does not grow with it. */
#ifndef RT_MEMBERS_H
#define RT_MEMBERS_H

#include "buf.h"
#include "id.h"

#include <archive.h>
#include <archive_entry.h>
#include <stdbool.h>
#include <sys/types.h>

enum member_kind {
	MEMBER_FILE,
	MEMBER_FOLDER,
	MEMBER_OTHER, /* a link, a device */
};

struct members {
	struct archive *a;
	const char *path; /* for messages */
	int fd;
	bool mute; /* what breaks off is not said */
	bool begun;
	struct rt_buf root; /* the folder that all of it is in, with a "/"; empty: none */
	size_t others;      /* entries that were passed over: no regular files */

	/* the entry at hand */
	struct archive_entry *entry;
	enum member_kind kind;
	bool top;           /* the folder that is the run itself */
	struct rt_str name; /* as it is called in the run; empty: what no run has */
	int64_t size;
};

/* Open an archive. -1 for what is none, which was said. */
int members_open(struct members *m, const char *path, bool mute);

/* The same for a file that is open, which is not closed. */
int members_open_fd(struct members *m, int fd, const char *path, bool mute);
void members_close(struct members *m);

/* Stand at the next entry, whatever it is. 1, 0 at the end, -1: it breaks off, which was said. */
int members_step(struct members *m);

/* The same for the next regular file. */
int members_next(struct members *m);

/*
 * Hand the contents of the file at hand on, `size` bytes in order. 0; -1 when they break
 * off, which was said; 1 as soon as `take` returned false.
 */
int members_feed(struct members *m, bool (*take)(void *arg, const char *data, size_t n), void *arg);

/* Whether the file that is open as fd holds the same: 1, 0; -1 as above. */
int members_compare(struct members *m, int fd);

/* They go to standard output; -1 as above. */
int members_print(struct members *m);

/* The same to a buffer, `size` bytes of them. */
int members_read(struct members *m, struct rt_buf *b);

/* The name as it stands in the archive. */
struct rt_str members_stored_name(const struct members *m);

#endif
