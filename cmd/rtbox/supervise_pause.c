/*
 * Pausing a run: all that the command has started is stopped, at a moment when
 * none of it has the run's lock, because we have it, nor any other run's.
 * Supervisors inside the run are asked first and stop themselves, so that they
 * know how long it took: limits of time do not count meanwhile.
 */
#include "die.h"
#include "proclock.h"
#include "supervise_loop.h"

#include <signal.h>
#include <time.h>
#include <unistd.h>

#define ROUND_NS (500 * 1000)
#define ROUNDS 200      /* until then all is stopped, or it cannot be */
#define LOCK_ROUNDS 160 /* so long somebody may have a lock: events are recorded in less */
#define ASK_ROUNDS 40   /* so long it is asked, and what hangs in the kernel waited for */

/* Stop what runs; how many that were. */
static size_t stop_round(const struct rt_proctree *tree, int round)
{
	size_t running = 0;

	/* Parents first: who waits for a child is not to see it stopped. */
	for (size_t i = 0; i < tree->n; i++) {
		const struct rt_process *p = &tree->v[i];

		if (p->state == 'T' || p->state == 't')
			continue;
		/* What has got the signal, and cannot look at it yet, does nothing else either. */
		running += p->state != 'D' || round < ASK_ROUNDS;
		if (loop_is_supervisor(p) && round < ASK_ROUNDS)
			rt_proctree_tell(p->pid, SIGTSTP);
		else
			kill(p->pid, SIGSTOP);
	}
	return running;
}

static void go_on(pid_t pid)
{
	kill(pid, SIGCONT);
}

/*
 * Stop all, also what is started meanwhile. Who has a run's lock first lets go of
 * it; but_lockers: goes on, when all others have stopped.
 */
static int freeze(const struct loop *l, bool but_lockers)
{
	const struct timespec nap = { 0, ROUND_NS };
	struct rt_proctree tree;

	for (int round = 0; round < ROUNDS; round++) {
		bool done;

		if (loop_tree(l, &tree) < 0)
			return -1;
		done = stop_round(&tree, round) == 0;
		if (done && round < LOCK_ROUNDS && rt_proclock_find(&tree, go_on) > 0)
			done = but_lockers;
		rt_proctree_release(&tree);
		if (done)
			return 0;
		nanosleep(&nap, NULL);
	}
	return -1;
}

/* Children first: a supervisor is not to see that its command was stopped. */
static void thaw(const struct loop *l)
{
	struct rt_proctree tree;

	if (loop_tree(l, &tree) < 0)
		return;
	for (size_t i = tree.n; i-- > 0;)
		rt_proctree_tell(tree.v[i].pid, SIGCONT);
	rt_proctree_release(&tree);
}

static int cannot_stop(const struct loop *l, struct rt_err *err)
{
	return rt_err_set(err, RT_ERR_FAILURE, "the processes of run \"%s\" cannot be stopped",
			  l->s->dir->id);
}

/* Under the run's lock. */
static int freeze_all(void *arg, struct rt_err *err)
{
	const struct loop *l = arg;

	return freeze(l, false) == 0 ? 0 : cannot_stop(l, err);
}

/*
 * Who writes all the time leaves the lock to nobody: all but the one who has it
 * stop before we take it, where it can be seen who that is.
 */
static int freeze_most(const struct loop *l, struct rt_err *err)
{
	if (access("/proc/locks", R_OK) < 0 || freeze(l, true) == 0)
		return 0;
	return cannot_stop(l, err);
}

static void shift_limits(struct loop *l, int64_t ns)
{
	for (int t = TIMER_LIMITS; t < TIMERS; t++) {
		if (l->at_ns[t])
			l->at_ns[t] = rt_clock_later(l->at_ns[t], ns);
	}
}

int loop_pause(struct loop *l, struct rt_str by, struct rt_err *err)
{
	struct rt_change change = {
		.to = RT_PAUSED,
		.exit_code = -1,
		.by = by,
		.act = freeze_all,
		.arg = l,
	};
	struct rt_err warning = RT_ERR_INIT;
	int64_t now = rt_clock_monotonic_ns();

	if (freeze_most(l, err) < 0 || rt_record_change(l->s->record, &change, &warning, err) < 0) {
		thaw(l);
		return -1;
	}
	l->paused_ns = now;
	warn_err(&warning);
	return 0;
}

void loop_thaw(struct loop *l)
{
	if (!l->paused_ns)
		return;
	thaw(l);
	shift_limits(l, rt_clock_monotonic_ns() - l->paused_ns);
	l->paused_ns = 0;
}

static int thaw_all(void *arg, struct rt_err *err)
{
	(void)err;
	loop_thaw(arg);
	return 0;
}

int loop_resume(struct loop *l, struct rt_str by, struct rt_err *err)
{
	struct rt_change change = {
		.to = RT_RUNNING,
		.exit_code = -1,
		.by = by,
		.act = thaw_all,
		.arg = l,
	};
	struct rt_err warning = RT_ERR_INIT;
	int ret = rt_record_change(l->s->record, &change, &warning, err);

	warn_err(&warning);
	/* Recorded or not, it goes on. */
	loop_thaw(l);
	return ret;
}

void loop_told_to_stop(struct loop *l)
{
	int64_t now = rt_clock_monotonic_ns();

	kill(getpid(), SIGSTOP);
	shift_limits(l, rt_clock_monotonic_ns() - now);
}

void loop_told_to_go_on(struct loop *l)
{
	/* Of those below us, who are not to. */
	if (l->paused_ns)
		freeze(l, false);
}
