/*
 * Waiting until something happens in some folders: by inotify(7), or by looking
 * again five times a second where that is silent (NFS, FUSE, 9p, ...) or not to
 * be had (no more watches, another system). A watch says that something may
 * have changed, never that it has: the caller looks.
 *
 * To miss nothing, watch first and read then: what is written in between is
 * still to be reported.
 */
#ifndef RT_WATCH_H
#define RT_WATCH_H

#include <stdbool.h>
#include <stdint.h>

struct rt_watch; /* opaque */

/* Why a wait ended; several at once. */
enum {
	RT_WATCH_CHANGE = 1, /* in a folder: rt_watch_next says where */
	RT_WATCH_EXIT = 2,   /* of a process: rt_watch_ended says of which */
	RT_WATCH_HANGUP = 4, /* nobody reads the pipe any more */
	RT_WATCH_INPUT = 8,  /* there is something to read */
};

/* What may have changed. */
struct rt_watch_change {
	void *tag;        /* of the folder */
	const char *name; /* a file in it, until the next call; NULL: any of them, or itself */
};

/* A watch on nothing, or NULL when memory runs out. Free it. */
struct rt_watch *rt_watch_new(void);
void rt_watch_free(struct rt_watch *w); /* NULL is fine */

/*
 * Watch the folder open as dirfd, which may be closed then: files in it that
 * are made, written to, replaced or removed. Doing it again changes the tag.
 * -1 and errno: ENOMEM, EBADF.
 */
int rt_watch_add(struct rt_watch *w, int dirfd, void *tag);

/* Watch the folders no more that have this tag. */
void rt_watch_drop(struct rt_watch *w, const void *tag);

/*
 * Watch for the end of a process, in place of the one of the same tag before (0:
 * of none). -1 and errno: ESRCH when there is none, ENOSYS where the system cannot,
 * EMFILE.
 */
int rt_watch_process(struct rt_watch *w, int64_t pid, void *tag);

/* After RT_WATCH_EXIT: the next process that has ended, which is watched no more; false: none. */
bool rt_watch_ended(struct rt_watch *w, void **tag);

/* Watch for the end of whoever reads the pipe `fd`, which stays the caller's. */
void rt_watch_hangup(struct rt_watch *w, int fd);

/* Watch for something to read from `fd`, which stays the caller's. -1 and errno. */
int rt_watch_input(struct rt_watch *w, int fd);

/*
 * Sleep until something happens, or for timeout_ms (-1: forever). Returns why,
 * 0 when time ran out, or -1 and errno; a signal does not end it.
 */
int rt_watch_wait(struct rt_watch *w, int timeout_ms);

/* After RT_WATCH_CHANGE: the next change of those that are known; false when there is none. */
bool rt_watch_next(struct rt_watch *w, struct rt_watch_change *c);

/* Whether some folder has to be looked at again and again. */
bool rt_watch_polls(const struct rt_watch *w);

#endif
