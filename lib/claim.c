/* A run that is over, claimed. See claim.h. */
#include "claim.h"
#include "clock.h"
#include "fdio.h"
#include "status.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

/* The directory may have been moved away while its lock was waited for. */
static int check_place(const struct rt_rundir *d, struct rt_err *err)
{
	if (rt_file_named(d->fd, AT_FDCWD, d->path))
		return 0;
	return rt_err_set(err, RT_ERR_NOTFOUND, "run \"%s\" was removed", d->id);
}

static int lock_dir(const struct rt_rundir *d, int timeout_ms, struct rt_err *err)
{
	if (rt_lock(d->fd, timeout_ms) < 0 && errno == EWOULDBLOCK)
		return rt_err_set(err, RT_ERR_LOCKED,
				  "run \"%s\" is being archived or removed by another process",
				  d->id);
	/* Other errors: this file system locks no directories, and the log has to do. */
	return check_place(d, err);
}

static int lock_log(struct rt_claim *c, int timeout_ms, struct rt_err *err)
{
	if (faccessat(c->dir.fd, RT_EVENTS_FILE, F_OK, AT_SYMLINK_NOFOLLOW) < 0 && errno == ENOENT)
		return 0;
	return rt_evlog_lock(&c->log, &c->dir, timeout_ms, err);
}

static int check_over(const struct rt_rundir *d, struct rt_err *err)
{
	struct rt_status st;
	enum rt_state state;
	int ret;

	if (rt_status_init(&st) < 0)
		return rt_err_set(err, RT_ERR_FAILURE, "out of memory");
	ret = rt_status_load(&st, d, err);
	state = rt_status_derive(&st, d->fd, rt_clock_now_ns());
	rt_status_release(&st);
	if (ret < 0 || (rt_state_over(state) && state != RT_LOST))
		return ret;
	return rt_err_set(err, RT_ERR_REFUSED, "run \"%s\" is %s: %s", d->id, rt_state_name(state),
			  state == RT_LOST  ? "rt-run reap ends it" :
			  state == RT_STALE ? "rt-run reap --force ends it" :
					      "it has to be over");
}

int rt_claim_take(struct rt_claim *c, const char *path, const struct rt_unpacker *unpacker,
		  int timeout_ms, struct rt_err *err)
{
	c->log = (struct rt_evlog){ .fd = -1 };
	c->dir = (struct rt_rundir){ .fd = -1 };
	if (rt_rundir_open(&c->dir, path, err) < 0)
		return -1;
	/* What archive there is, is looked for under the lock. */
	if (lock_dir(&c->dir, timeout_ms, err) == 0 &&
	    rt_rundir_adopt(&c->dir, unpacker, err) == 0 && lock_log(c, timeout_ms, err) == 0 &&
	    check_over(&c->dir, err) == 0)
		return 0;
	rt_claim_release(c);
	return -1;
}

void rt_claim_release(struct rt_claim *c)
{
	rt_evlog_close(&c->log);
	rt_rundir_release(&c->dir);
}
