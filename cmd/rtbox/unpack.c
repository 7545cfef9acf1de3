/* Archives are read by rt-archive, one process for each stream. See unpack.h. */
#include "unpack.h"
#include "die.h"
#include "helper.h"

#include <stdlib.h>

/* The path is absolute, so that no name can look like an option. */
static int start(void *arg, const char *path, const char *name, void **job, struct rt_err *err)
{
	struct unpack *u = arg;
	struct helper_process *p = xmalloc(sizeof(*p));
	const char *index[] = { "rt-archive", "--index", "--", path, NULL };
	const char *cat[] = { "rt-archive", "--optional", "--cat", name, "--", path, NULL };
	const char **argv = name ? cat : index;

	if (helper_start(p, helper_of("archive"), (char **)argv, &u->mask, err) == 0) {
		*job = p;
		return p->fd;
	}
	free(p);
	if (!atomic_exchange(&u->missing, true))
		u->why = *err;
	return -1;
}

static int end(void *arg, int fd, void *job)
{
	struct unpack *u = arg;
	struct helper_process *p = job;
	int ret;

	(void)fd; /* p has it */
	ret = helper_end(p, NULL);
	free(p);
	if (ret < 0)
		u->broken = true;
	return ret;
}

void unpack_init(struct unpack *u)
{
	*u = (struct unpack){ .unpacker = { start, end, u }, .why = RT_ERR_INIT };
	pthread_sigmask(SIG_BLOCK, NULL, &u->mask);
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
