/*
 * Signals that end a follower, once it has done what is to be done at the end. A
 * thread of its own waits for them: who is kept in a write by a reader that is
 * slow, or stopped, ends nevertheless, a second later and without that.
 */
#include "tail.h"
#include "die.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define GRACE_S 1

static void tell(const struct tail_signals *s)
{
	const uint64_t one = 1;

	if (write(s->fd, &one, sizeof(one)) < 0) /* it is full: that is known already */
		return;
}

static _Noreturn void die_of(int sig)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, sig);
	signal(sig, SIG_DFL);
	pthread_sigmask(SIG_UNBLOCK, &set, NULL);
	raise(sig);
	_exit(128 + sig);
}

static void *wait_for_signals(void *arg)
{
	struct tail_signals *s = arg;
	int sig;

	while (sigwait(&s->set, &sig) == 0) {
		if (sig != SIGWINCH && sig != SIGCONT)
			break;
		tell(s);
	}
	atomic_store(&s->got, sig);
	tell(s);
	sleep(GRACE_S);
	if (s->line)
		tail_line_erase_now();
	die_of(sig);
}

void tail_signals_begin(struct tail *t, bool line)
{
	struct tail_signals *s = &t->signals;

	s->line = line;
	sigemptyset(&s->set);
	sigaddset(&s->set, SIGINT);
	sigaddset(&s->set, SIGTERM);
	sigaddset(&s->set, SIGHUP);
	if (line) {
		sigaddset(&s->set, SIGWINCH);
		sigaddset(&s->set, SIGCONT);
	}
	s->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (s->fd < 0 || rt_watch_input(t->watch, s->fd) < 0)
		die(EXIT_FAIL, "cannot wait for signals: %s", strerror(errno));
	pthread_sigmask(SIG_BLOCK, &s->set, NULL);
	errno = pthread_create(&s->thread, NULL, wait_for_signals, s);
	if (errno)
		die(EXIT_FAIL, "cannot wait for signals: %s", strerror(errno));
	s->on = true;
}

void tail_signals_take(struct tail *t)
{
	uint64_t n;

	if (read(t->signals.fd, &n, sizeof(n)) < 0)
		return;
}

void tail_signals_end(struct tail *t)
{
	int sig = t->signals.on ? atomic_load(&t->signals.got) : 0;

	if (sig)
		die_of(sig);
}
