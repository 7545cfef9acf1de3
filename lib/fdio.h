/* Files: reading and writing whole, replacing in one step, locks. */
#ifndef RT_FDIO_H
#define RT_FDIO_H

#include "buf.h"
#include "err.h"

#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>

/* Read up to `limit` bytes from where fd stands, to its end. -1 and errno: EFBIG past the limit. */
int rt_fd_read(int fd, struct rt_buf *b, size_t limit);

/* Write all of it, going on after EINTR and short writes. -1 and errno. */
int rt_fd_write(int fd, const void *data, size_t n);

/*
 * Open a regular file below the directory `dirfd`, with O_CLOEXEC and without
 * following a link in any part of `path` (which has no ".."): -1 and errno,
 * ELOOP for a link, ENXIO for something that is no regular file. It never
 * blocks, on a FIFO neither. With O_CREAT a new file belongs to the folder's
 * owner and group (rt_give_to_owner_of).
 */
int rt_file_open(int dirfd, const char *path, int flags, mode_t mode);

/*
 * Open the directory in which the last part of `path` lies, following no link;
 * *name is that last part. The descriptor is dirfd itself for a plain name. -1 and
 * errno: ELOOP or ENOTDIR where a part is no directory.
 */
int rt_file_parent(int dirfd, const char *path, const char **name);

/*
 * Whether some process has the file open to write to it, as far as the system tells: fd is
 * open for reading only. SIGIO has to be ignored, since a lease is taken to find out.
 */
bool rt_file_written(int fd);

/* Whether both descriptors are of the same file, pipe or terminal. */
bool rt_file_same(int a, int b);

/* Whether `path` still names the file that is open as fd, and not a link or another one. */
bool rt_file_named(int fd, int dirfd, const char *path);

/* When a file was written last, in nanoseconds since the epoch. */
int64_t rt_mtime_ns(const struct stat *st);

/* Such a file's contents, at most `limit` bytes. -1 and errno. */
int rt_file_read(int dirfd, const char *path, struct rt_buf *b, size_t limit);

/* How a file is put in place of the old one. */
enum rt_replace {
	RT_REPLACE_FAST,    /* exchanged; atomic for readers, after a power cut it may be empty */
	RT_REPLACE_RENAME,  /* renamed over */
	RT_REPLACE_DURABLE, /* synced, renamed, directory synced */
};

/*
 * Put a file in place of another in two steps, so that running out of space is
 * known before anything else is done. Owner, group and mode of a replaced file
 * stay; a new one gets 0666 less the umask. `name` lies in dirfd itself.
 *
 * Callers keep others out (the run's lock): the temporary file has a fixed
 * name, ".NAME.tmp", and one that a crash left is removed.
 */
struct rt_replacement {
	int dirfd;
	char name[64], tmp[80];
	bool exists; /* there was a regular file before */
};

int rt_replace_prepare(struct rt_replacement *r, int dirfd, const char *name, struct rt_str data,
		       enum rt_replace how, struct rt_err *err);
int rt_replace_commit(struct rt_replacement *r, enum rt_replace how, struct rt_err *err);
void rt_replace_abort(struct rt_replacement *r);

/* Both steps. */
int rt_file_replace(int dirfd, const char *name, struct rt_str data, enum rt_replace how,
		    struct rt_err *err);

/*
 * Move a file or a folder where nothing of that name is: -1 and errno, EEXIST or
 * ENOTEMPTY where there is. (A system that cannot tell in one step is asked first.)
 */
int rt_file_move(int from_dir, const char *from, int to_dir, const char *to);

/*
 * Take the exclusive flock(2) of fd, waiting at most timeout_ms. -1 and errno:
 * EWOULDBLOCK when time ran out. Who waits looks every RT_LOCK_NAP_NS: whoever
 * has the lock for most of the time lets go of it for longer now and then.
 */
#define RT_LOCK_NAP_NS 1000000
int rt_lock(int fd, int timeout_ms);
void rt_unlock(int fd);

/* Make a folder in dirfd, or take the one that is there (no link), and open it: -1 and err. */
int rt_dir_make(int dirfd, const char *name, struct rt_err *err);

/*
 * Give a new file owner, group and mode of the one it is to replace; a stricter
 * mode where it may not have the group. -1 and errno.
 */
int rt_copy_ownership(int fd, const struct stat *old);

/* A new file or folder as root belongs to the owner of the folder it is in. Best effort. */
void rt_give_to_owner_of(int dirfd, int fd);

#endif
