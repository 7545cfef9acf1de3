/* Archives are read by rt-archive, one process for each stream. See unpack.h. */
#include "unpack.h"
#include "die.h"
#include "hash.h"
#include "helper.h"

#include <stdlib.h>

/* A stream that goes on. */
struct job {
	struct helper_process process;
	uint64_t archive; /* a hash of its path */
};

/* Whether it was said of this archive that it is broken. */
static bool is_told(struct unpack *u, uint64_t archive)
{
	size_t i = 0;
	bool told;

	pthread_mutex_lock(&u->lock);
	while (i < u->n_told && u->told[i] != archive)
		i++;
	told = i < u->n_told;
	pthread_mutex_unlock(&u->lock);
	return told;
}

static void remember_told(struct unpack *u, uint64_t archive)
{
	if (is_told(u, archive))
		return;
	pthread_mutex_lock(&u->lock);
	u->told = xrealloc(u->told, (u->n_told + 1) * sizeof(*u->told));
	u->told[u->n_told++] = archive;
	pthread_mutex_unlock(&u->lock);
}

/*
 * The path is absolute, so that no name can look like an option. That an archive
 * is broken is said for the first stream out of it.
 */
static int start(void *arg, const char *path, const char *name, void **job, struct rt_err *err)
{
	struct unpack *u = arg;
	struct job *j = xmalloc(sizeof(*j));
	const char *argv[8] = { "rt-archive", name ? "--cat" : "--index" };
	size_t n = 2;

	j->archive = rt_hash(rt_str(path), RT_HASH_SEED);
	if (name) {
		argv[n++] = name;
		argv[n++] = "--optional";
	}
	if (is_told(u, j->archive))
		argv[n++] = "--mute";
	argv[n++] = "--";
	argv[n] = path;
	if (helper_start(&j->process, helper_of("archive"), (char **)argv, &u->mask, err) == 0) {
		*job = j;
		return j->process.fd;
	}
	free(j);
	if (!atomic_exchange(&u->missing, true))
		u->why = *err;
	return -1;
}

static int end(void *arg, int fd, void *job)
{
	struct unpack *u = arg;
	struct rt_err err = RT_ERR_INIT;
	struct job *j = job;
	int ret;

	(void)fd; /* the process has it */
	ret = helper_end(&j->process, &err);
	if (ret < 0) {
		if (j->process.killed) /* else it said why */
			error("%s", err.msg);
		u->broken = true;
		remember_told(u, j->archive);
	}
	free(j);
	return ret;
}

void unpack_init(struct unpack *u)
{
	*u = (struct unpack){ .unpacker = { start, end, u },
			      .why = RT_ERR_INIT,
			      .lock = PTHREAD_MUTEX_INITIALIZER };
	pthread_sigmask(SIG_BLOCK, NULL, &u->mask);
}

void unpack_release(struct unpack *u)
{
	pthread_mutex_destroy(&u->lock);
	free(u->told);
}

void unpack_tell(const struct unpack *u)
{
	if (u->missing)
		warn("%s", u->why.msg);
}

int unpack_exit_code(const struct unpack *u, int code)
{
	return u->broken || u->missing ? EXIT_FAIL : code;
}
