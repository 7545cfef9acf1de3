/* Waiting while a run is paused. See checkpoint.h. */
#include "checkpoint.h"
#include "clock.h"
#include "die.h"
#include "status.h"
#include "watch.h"

#include <fcntl.h>
#include <unistd.h>

/* The state of the run and who owns it. */
static int look(const struct rt_rundir *d, enum rt_state *state, int64_t *owner, struct rt_err *err)
{
	struct rt_status st;
	int ret;

	if (rt_status_init(&st) < 0)
		return rt_err_set(err, RT_ERR_FAILURE, "out of memory");
	ret = rt_status_load(&st, d, err);
	if (ret == 0) {
		*state = rt_status_derive(&st, d->fd, rt_clock_now_ns());
		/* That nothing is heard of it says nothing of one that waits. */
		if (*state == RT_STALE)
			*state = st.state;
		*owner = st.owner.pid;
	}
	rt_status_release(&st);
	return ret;
}

/*
 * Sleep until the folder of the run changes, its owner ends or, where there is a
 * deadline (not -1), time runs out: then 0.
 */
static int sleep_until(struct rt_watch *w, int64_t deadline, struct rt_err *err)
{
	struct rt_watch_change c;
	int why = rt_watch_wait(w, deadline < 0 ? -1 : rt_clock_ms_until(deadline));

	if (why < 0)
		return rt_err_sys(err, "cannot wait for changes");
	while ((why & RT_WATCH_CHANGE) && rt_watch_next(w, &c))
		;
	return why;
}

/* The run is paused. Watched first and looked at then, so that nothing is missed. */
static int wait_paused(const struct rt_rundir *d, int64_t owner, int64_t deadline,
		       enum rt_state *state, struct rt_err *err)
{
	struct rt_watch *w = rt_watch_new();
	int ret = w && rt_watch_add(w, d->fd, NULL) == 0 ? 1 : -1;

	if (ret < 0)
		rt_err_sys(err, "cannot wait for changes");
	/* Nobody resumes a run whose owner is gone. */
	else if (owner)
		rt_watch_process(w, owner, NULL);
	while (ret > 0) {
		ret = look(d, state, &owner, err);
		if (ret < 0 || *state != RT_PAUSED)
			break;
		ret = sleep_until(w, deadline, err);
	}
	rt_watch_free(w);
	return ret < 0 ? -1 : 0;
}

int checkpoint_wait(const struct rt_rundir *d, int64_t timeout_ns, struct rt_err *err)
{
	int64_t deadline = timeout_ns < 0 ? -1 :
					    rt_clock_later(rt_clock_monotonic_ns(), timeout_ns),
		owner;
	enum rt_state state;

	if (look(d, &state, &owner, err) < 0)
		return -1;
	if (state == RT_PAUSED) {
		warn("run \"%s\" is paused: waiting until it is resumed", d->id);
		if (wait_paused(d, owner, deadline, &state, err) < 0)
			return -1;
	}
	if (state == RT_PAUSED)
		return CHECKPOINT_TIMEOUT;
	return state == RT_CANCELLED ? CHECKPOINT_CANCELLED : CHECKPOINT_GO;
}

bool checkpoint_is_supervised(const struct rt_rundir *d)
{
	/* The socket is there before the command; there are places where none can be made. */
	return faccessat(d->fd, RT_SOCKET_FILE, F_OK, AT_SYMLINK_NOFOLLOW) == 0 ||
	       faccessat(d->fd, RT_ALIVE_FILE, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

void checkpoint_step(const struct rt_rundir *d, const char *what)
{
	struct rt_err err = RT_ERR_INIT;

	if (checkpoint_is_supervised(d) || checkpoint_wait(d, -1, &err) != CHECKPOINT_CANCELLED)
		return;
	die(EXIT_CANCELLED, "run \"%s\" is cancelled, so not run: %s", d->id, what);
}
