/* One run of a name at a time. See overlap.h. */
#include "overlap.h"
#include "die.h"
#include "fdio.h"
#include "rundir.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The name may be any text, that of a file not. */
static void name_file(struct overlap *o, const char *group, const char *name)
{
	char hex[RT_SHA256_HEX + 1];
	struct rt_sha256 h;

	rt_sha256_init(&h);
	if (group)
		rt_sha256_add(&h, group, strlen(group));
	rt_sha256_add(&h, "/", 1); /* no group has one */
	rt_sha256_add(&h, name, strlen(name));
	rt_sha256_end(&h, hex);
	snprintf(o->file, sizeof(o->file), "overlap.%s", hex);
}

/* Whoever has the lock removes its file in the end, and anybody may clean .rt. */
static bool is_current(const struct overlap *o)
{
	return rt_file_named(o->fd, o->dirfd, o->file);
}

static int lock(int fd, bool wait)
{
	struct flock all = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	int ret;

	do
		ret = fcntl(fd, wait ? F_SETLKW : F_SETLK, &all);
	while (ret < 0 && errno == EINTR);
	return ret;
}

/* Somebody else has it: what is said, unless waiting is what is wanted. */
static void yield_to_other(const struct overlap *o, const char *how, const char *name)
{
	char id[RT_ID_MAX + 1];
	ssize_t n = pread(o->fd, id, sizeof(id) - 1, 0);

	id[n > 0 ? n : 0] = '\0';
	id[strcspn(id, "\n")] = '\0';
	if (!*id)
		snprintf(id, sizeof(id), "it is just beginning");
	if (strcmp(how, "fail") == 0)
		die(EXIT_OVERLAP, "another run \"%s\" goes on: %s", name, id);
	note("another run \"%s\" goes on: %s", name, id);
	if (strcmp(how, "skip") == 0)
		exit(0);
}

static int take_file(struct overlap *o, const char *how, const char *name)
{
	for (;;) {
		o->fd = rt_file_open(o->dirfd, o->file, O_RDWR | O_CREAT, 0666);
		if (o->fd < 0)
			return -1;
		if (lock(o->fd, false) < 0) {
			if (errno != EAGAIN && errno != EACCES)
				return -1;
			yield_to_other(o, how, name);
			if (lock(o->fd, true) < 0)
				return -1;
		}
		if (is_current(o))
			return 0;
		close(o->fd);
	}
}

int overlap_take(struct overlap *o, const char *how, const char *runs_dir, const char *group,
		 const char *name, struct rt_err *err)
{
	o->fd = -1;
	name_file(o, group, name);
	if (rt_runs_create(runs_dir, err) < 0)
		return -1;
	o->dirfd = rt_rundir_open_private(runs_dir);
	if (o->dirfd >= 0 && take_file(o, how, name) == 0) {
		/* what stands in it is of a run that was killed */
		(void)!ftruncate(o->fd, 0);
		return 0;
	}
	rt_err_sys(err, "cannot lock \"%s/%s/%s\"", runs_dir, RT_PRIVATE_DIR, o->file);
	if (o->fd >= 0)
		close(o->fd);
	if (o->dirfd >= 0)
		close(o->dirfd);
	o->fd = -1;
	return -1;
}

void overlap_tell(const struct overlap *o, const char *run_id)
{
	if (o->fd >= 0)
		dprintf(o->fd, "%s\n", run_id);
}

void overlap_hand_over(const struct overlap *o)
{
	if (o->fd >= 0)
		fcntl(o->fd, F_SETFD, 0);
}

void overlap_release(struct overlap *o)
{
	if (o->fd < 0)
		return;
	if (is_current(o))
		unlinkat(o->dirfd, o->file, 0);
	close(o->fd);
	close(o->dirfd);
	o->fd = -1;
}
