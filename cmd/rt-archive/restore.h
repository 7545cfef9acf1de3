/* Bringing back what is in the archive of a run. */
#ifndef RT_RESTORE_H
#define RT_RESTORE_H

#include "members.h"
#include "rundir.h"

#include <time.h>

#define RESTORE_RATIO 100                 /* an archive may hold so many times its own size, */
#define RESTORE_FREE ((int64_t)256 << 20) /* and this much in any case */
#define RESTORE_DRAFT ".restore.tmp"      /* the folder in the run that is unpacked to */

/*
 * Put every file of the archive that is open as `fd` into the run's directory, with mode
 * and time. What is there stays as it is, told of where it differs. An archive that holds
 * anything but files and folders of a run, or too much, is refused as a whole; nothing is
 * left behind.
 */
int restore_files(const struct rt_rundir *d, int fd, const char *path, struct rt_err *err);

/* Remove what an attempt that did not end has left. */
void restore_remove_drafts(const struct rt_rundir *d);

/* For restore*.c. */

/* A file or folder of the archive. */
struct restore_item {
	char *path;
	mode_t mode;
	time_t mtime;
	bool folder;
	bool wanted; /* it is not in the directory */
	bool made;   /* a folder that was */
};

struct restore {
	const struct rt_rundir *dir;
	int fd;           /* of the archive */
	const char *path; /* its */
	struct restore_item *v;
	size_t n, cap, names; /* names: bytes of paths */
	int64_t bytes, most;  /* what the files hold, and may */
	int draft;            /* the folder with the new files */
	struct rt_err *err;
};

/* Read the archive from its beginning. */
int restore_open(struct restore *r, struct members *m);

/* Unpack all that is wanted into the folder of drafts, then put it where it belongs. */
int restore_unpack(struct restore *r);
int restore_put(struct restore *r);

#endif
