/* The signals of a supervised command: passing them on, hearing of its end, ending it. */
#include "die.h"
#include "supervise_loop.h"

#include <errno.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#define KILL_AGAIN_NS (100 * RT_NS_PER_MS)
#define KILL_ROUNDS 100 /* what is alive then hangs in the kernel */

static const int forwarded[] = { SIGHUP,  SIGINT,  SIGQUIT,  SIGTERM, SIGUSR1,
				 SIGUSR2, SIGTSTP, SIGWINCH, SIGCONT };

void supervise_signals(struct rt_inherited *in)
{
	sigset_t set;

	rt_inherited_get(in);
	/* Ignored children are never told of. */
	signal(SIGCHLD, SIG_DFL);
	sigemptyset(&set);
	for (size_t i = 0; i < sizeof(forwarded) / sizeof(*forwarded); i++)
		sigaddset(&set, forwarded[i]);
	sigaddset(&set, SIGCHLD);
	/* A reader that goes away shows as EPIPE, a limit on the size of files as EFBIG. */
	sigaddset(&set, SIGPIPE);
	sigaddset(&set, SIGXFSZ);
	sigprocmask(SIG_BLOCK, &set, NULL);
}

static bool is_other(const struct loop *l, pid_t pid)
{
	if ((l->s->job && pid == l->s->job->pid) || pid == l->tty.pty.keeper)
		return true;
	for (size_t i = 0; i < l->others.n; i++) {
		if (l->others.v[i].pid == pid)
			return true;
	}
	return false;
}

int loop_tree(const struct loop *l, struct rt_proctree *t)
{
	size_t n = 0;

	if (rt_proctree_list(t, getpid()) < 0)
		return -1;
	for (size_t i = 0; i < t->n; i++) {
		if (!is_other(l, t->v[i].pid))
			t->v[n++] = t->v[i];
	}
	t->n = n;
	return 0;
}

bool loop_is_supervisor(const struct rt_process *p)
{
	return strcmp(p->name, "rt-run") == 0 || strcmp(p->name, "rtbox") == 0;
}

static void signal_tree(struct loop *l, int sig, bool supervisors)
{
	struct rt_proctree tree;

	if ((loop_tree(l, &tree) < 0 || tree.n == 0) && l->pid)
		kill(l->own_group ? -l->pid : l->pid, sig);
	for (size_t i = 0; i < tree.n; i++) {
		if (supervisors || !loop_is_supervisor(&tree.v[i]))
			rt_proctree_tell(tree.v[i].pid, sig);
	}
	rt_proctree_release(&tree);
}

void loop_stop(struct loop *l, enum stop why)
{
	if (l->s->end.why == STOP_NONE)
		l->s->end.why = why;
	if (l->stopping)
		return;
	l->stopping = true;
	l->at_ns[TIMER_RETRY] = l->at_ns[TIMER_TIMEOUT] = l->at_ns[TIMER_IDLE] = 0;
	signal_tree(l, l->stop_signal ? l->stop_signal : SIGTERM, true);
	l->paused_ns = 0;
	/* What is stopped ends only when it goes on. */
	signal_tree(l, SIGCONT, true);
	loop_set(l, TIMER_KILL, l->s->limits.kill_after_ns);
}

void loop_kill(struct loop *l)
{
	l->stopping = true;
	/* Who forks faster than we look is caught in a later round. */
	signal_tree(l, SIGKILL, l->kills > 0);
	l->at_ns[TIMER_KILL] = 0;
	if (l->kills++ < KILL_ROUNDS)
		loop_set(l, TIMER_KILL, KILL_AGAIN_NS);
}

void loop_kill_within(struct loop *l, int64_t ns)
{
	int64_t at = rt_clock_later(rt_clock_monotonic_ns(), ns);

	if (!l->at_ns[TIMER_KILL] || at < l->at_ns[TIMER_KILL])
		l->at_ns[TIMER_KILL] = at;
}

static void add_time(struct timeval *a, const struct timeval *b)
{
	a->tv_sec += b->tv_sec;
	a->tv_usec += b->tv_usec;
	if (a->tv_usec >= 1000000) {
		a->tv_sec++;
		a->tv_usec -= 1000000;
	}
}

void loop_add_usage(struct loop *l, const struct rusage *one)
{
	struct rusage *all = &l->s->end.usage;

	add_time(&all->ru_utime, &one->ru_utime);
	add_time(&all->ru_stime, &one->ru_stime);
	if (one->ru_maxrss > all->ru_maxrss)
		all->ru_maxrss = one->ru_maxrss;
	all->ru_inblock += one->ru_inblock;
	all->ru_oublock += one->ru_oublock;
}

/* Take what wait(2) has to tell. */
static void reap(struct loop *l)
{
	struct side_job *job = l->s->job;
	struct rusage usage;
	int status;
	pid_t pid;

	while ((pid = wait4(-1, &status, WNOHANG | WUNTRACED, &usage)) > 0) {
		if (WIFSTOPPED(status)) {
			/* It is to tell how the command ends, whoever has stopped it. */
			if (pid == l->tty.pty.keeper)
				kill(pid, SIGCONT);
			else if (pid == l->pid && !l->paused_ns)
				loop_stopped(l, WSTOPSIG(status));
		} else if (pid == l->tty.pty.keeper) {
			l->tty.pty.keeper = 0;
		} else if (job && pid == job->pid) {
			job->status = status;
			job->pid = 0;
		} else {
			loop_add_usage(l, &usage);
			if (pid == l->pid) {
				l->s->end.status = status;
				l->pid = 0;
			}
		}
	}
}

/* When the command is made to end, all that it has started has to be gone as well. */
bool loop_ended(struct loop *l)
{
	siginfo_t info = { .si_pid = 0 };

	if (l->pid || l->at_ns[TIMER_RETRY])
		return false;
	if (!l->stopping || l->kills > KILL_ROUNDS)
		return true;
	/* With other children of ours wait(2) cannot tell: look at what there is to kill. */
	if (l->others.n || l->tty.pty.keeper || (l->s->job && l->s->job->pid)) {
		struct rt_proctree tree;
		bool none = loop_tree(l, &tree) == 0 && tree.n == 0;

		rt_proctree_release(&tree);
		return none;
	}
	return waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) < 0 && errno == ECHILD;
}

static bool is_ignored(int sig)
{
	struct sigaction now;

	return sigaction(sig, NULL, &now) == 0 && now.sa_handler == SIG_IGN;
}

static bool is_end(int sig)
{
	return sig == SIGHUP || sig == SIGINT || sig == SIGQUIT || sig == SIGTERM;
}

void loop_note_signal(struct loop *l, int sig)
{
	if (!is_end(sig) || is_ignored(sig))
		return;
	l->at_ns[TIMER_RETRY] = 0;
	if (l->s->end.why == STOP_NONE || l->s->end.why == STOP_SIGNAL) {
		l->s->end.why = STOP_SIGNAL;
		l->s->end.signal = sig;
	}
}

/*
 * Who has a process group of its own gets what is sent to us as a group: those
 * who end a job by ending its group mean all of it. What the terminal sends, a
 * command in our group has already.
 */
static void forward(struct loop *l, int sig, int code)
{
	pid_t group = l->pid ? getpgid(l->pid) : -1;

	if (group < 0)
		return;
	if (l->own_group || (sig == SIGCONT && group != getpgrp()))
		kill(-group, sig);
	else if (code != SI_KERNEL)
		kill(l->pid, sig);
}

/* What a supervisor around us has sent to us and to all below. */
static void take_told(struct loop *l, int sig)
{
	if (sig == SIGTSTP) {
		loop_told_to_stop(l);
	} else if (sig == SIGCONT) {
		loop_told_to_go_on(l);
		/* Soon after a pause another one may have looked like a stop of the command's own. */
		loop_tty_continued(l);
	} else {
		l->s->end.told = true;
	}
}

/* What is paused ends only when it goes on. */
static void wake_to_end(struct loop *l, int sig)
{
	struct rt_err err = RT_ERR_INIT;

	if (l->paused_ns && is_end(sig) && loop_resume(l, (struct rt_str){ "", 0 }, &err) < 0)
		warn("not recorded: %s", err.msg);
}

void loop_take_signal(struct loop *l)
{
	struct signalfd_siginfo info;
	int sig;

	if (read(l->fds[SIGNALS].fd, &info, sizeof(info)) != (ssize_t)sizeof(info))
		return;
	sig = (int)info.ssi_signo;
	if (sig == SIGCHLD) {
		reap(l);
		return;
	}
	if (sig == SIGPIPE || sig == SIGXFSZ)
		return;
	/* What our own group gets from us, the command has from its terminal. */
	if (info.ssi_code == SI_USER && info.ssi_pid == (uint32_t)getpid())
		return;
	loop_note_signal(l, sig);
	if (rt_proctree_told(info.ssi_code, info.ssi_int)) {
		take_told(l, sig);
		wake_to_end(l, sig);
		return;
	}
	/* Without us they would live on, and the terminal is no longer ours. */
	if (l->drains)
		return;
	if (sig == SIGCONT)
		loop_tty_continued(l);
	if (sig == SIGWINCH)
		loop_tty_resize(l);
	if (sig == SIGWINCH && l->tty.ours && info.ssi_code == SI_KERNEL)
		return;
	if (sig != SIGCONT || !l->paused_ns)
		forward(l, sig, info.ssi_code);
	wake_to_end(l, sig);
	/* Once is a request; whoever repeats it wants an end. A terminal's goes to all anyway. */
	if (sig == SIGINT && info.ssi_code != SI_KERNEL && ++l->interrupts == 2)
		loop_kill(l);
}
