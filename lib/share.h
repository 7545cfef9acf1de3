/*
 * Many small pieces of work, done by as many threads as there are processors.
 * See share.c.
 */
#ifndef RT_SHARE_H
#define RT_SHARE_H

#include <stddef.h>

#define RT_SHARE_MAX 16 /* threads */

/* Do the pieces [from, to). Several threads are in it, each with another `worker` from 0 on. */
typedef void rt_share_fn(void *arg, size_t worker, size_t from, size_t to);

/* Processors that this process may use: more threads would only wait for each other. */
size_t rt_share_processors(void);

/* How many threads n pieces are worth when one thread should have `least`; at least 1. */
size_t rt_share_threads(size_t n, size_t least);

/*
 * Have all pieces [0, n) done, by at most `threads` threads: this one, and
 * others that take no signals and are gone when it returns. Where none can be
 * started this one does it all. A thread is handed `portion` pieces at a time.
 */
void rt_share_run(size_t n, size_t portion, size_t threads, rt_share_fn *work, void *arg);

#endif
