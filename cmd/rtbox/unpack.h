/*
 * Reading archives of runs with rt-archive(1), for every program that reads runs
 * (packed.h, runfile.h).
 */
#ifndef RT_UNPACK_H
#define RT_UNPACK_H

#include "packed.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>

/* Several threads may use one. */
struct unpack {
	struct rt_unpacker unpacker; /* for lib */
	atomic_bool broken;          /* an archive was not what it should be: rt-archive said so */
	atomic_bool missing;         /* rt-archive could not be started */
	struct rt_err why;           /* of the first time */
	sigset_t mask;               /* what rt-archive has blocked */
	pthread_mutex_t lock;        /* of what follows */
	uint64_t *told;              /* hashes of the paths of those that are broken */
	size_t n_told;
};

/* In the thread that began: what signals it has blocked, rt-archive has, whoever starts it. */
void unpack_init(struct unpack *u);
void unpack_release(struct unpack *u);

/*
 * Where several runs are read: say, once for all of them, that rt-archive could not be
 * started. For one run the error that lib gives is enough.
 */
void unpack_tell(const struct unpack *u);

/* What to exit with when there was an archive that could not be read; else `code`. */
int unpack_exit_code(const struct unpack *u, int code);

#endif
