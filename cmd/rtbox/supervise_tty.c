/*
 * The command's own terminal, and ours. On a terminal of its own a command shows
 * its colours and progress bars, asks for passwords and is edited in, while we
 * read along: ours is raw meanwhile, so that every key reaches the other one and
 * means there what it means to the command. What a key does to all that runs on
 * a terminal (Ctrl-C, Ctrl-Z) we do to those who share ours.
 */
#include "die.h"
#include "supervise_loop.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define LOOK_NS (200 * RT_NS_PER_MS) /* no signal says that a job is in the foreground again */

/* A terminal that is not the one of our session has no foreground for us to be out of. */
static bool in_foreground(void)
{
	pid_t group = tcgetpgrp(STDIN_FILENO);

	return group < 0 || group == getpgrp();
}

/* Some program has made it raw before us: what is typed is for that one. */
static bool is_raw(const struct termios *modes)
{
	return !(modes->c_lflag & ICANON) || !(modes->c_oflag & OPOST);
}

static bool is_wanted(const struct loop *l, bool input, bool output)
{
	struct termios modes;

	if (l->s->limits.pty != PTY_AUTO)
		return l->s->limits.pty == PTY_ALWAYS;
	return input && output && tcgetpgrp(STDIN_FILENO) == getpgrp() &&
	       tcgetattr(STDIN_FILENO, &modes) == 0 && !is_raw(&modes);
}

void loop_tty_resize(struct loop *l)
{
	struct winsize size;

	if (!l->tty.on || l->in[OUT] < 0)
		return;
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
		if (ioctl(fd, TIOCGWINSZ, &size) == 0) {
			ioctl(l->in[OUT], TIOCSWINSZ, &size);
			return;
		}
	}
}

/*
 * As ours is. Where it is no more than the way of the output, what goes there
 * is what the command wrote: no echo, and lines that end as they do in a file.
 */
static void set_up(struct loop *l, bool input)
{
	const struct winsize usual = { .ws_row = 24, .ws_col = 80 };
	struct loop_tty *t = &l->tty;
	struct termios modes;

	if (tcgetattr(input ? STDIN_FILENO : t->pty.master, &modes) == 0) {
		t->modes = modes;
		if (!t->ours) {
			modes.c_oflag &= ~(tcflag_t)ONLCR;
			modes.c_lflag &= ~(tcflag_t)ECHO;
		}
		tcsetattr(t->pty.master, TCSANOW, &modes);
	}
	ioctl(t->pty.master, TIOCSWINSZ, &usual);
	loop_tty_resize(l);
}

int loop_tty_begin(struct loop *l)
{
	bool input = isatty(STDIN_FILENO), output = isatty(STDOUT_FILENO) && l->pass[OUT].terminal;
	struct loop_tty *t = &l->tty;
	struct rt_err err = RT_ERR_INIT;

	t->pty.told = -1;
	if (!is_wanted(l, input, output))
		return -1;
	if (rt_pty_open(&t->pty, &err) < 0) {
		if (l->s->limits.pty == PTY_ALWAYS)
			warn("%s; the command gets none", err.msg);
		return -1;
	}
	t->on = l->own_group = true;
	t->ours = input && output;
	l->in[OUT] = t->pty.master;
	l->ends[OUT] = t->pty.slave;
	if (isatty(STDERR_FILENO))
		l->ends[ERR] = fcntl(t->pty.slave, F_DUPFD_CLOEXEC, 3);
	passon_init(&t->input, t->pty.master);
	set_up(l, input);
	return 0;
}

static void set_modes(const struct termios *modes)
{
	sigset_t ttou, was;

	/* Who comes into the background at this very moment is not to be stopped by it. */
	sigemptyset(&ttou);
	sigaddset(&ttou, SIGTTOU);
	sigprocmask(SIG_BLOCK, &ttou, &was);
	tcsetattr(STDIN_FILENO, TCSANOW, modes);
	sigprocmask(SIG_SETMASK, &was, NULL);
}

void loop_tty_leave(struct loop *l)
{
	struct loop_tty *t = &l->tty;

	if (t->raw && in_foreground())
		set_modes(&t->modes);
	t->raw = false;
	l->at_ns[TIMER_TTY] = 0;
}

/* At the beginning of a line once is the end of input, elsewhere it ends a piece first. */
static void type_end(struct loop *l)
{
	struct loop_tty *t = &l->tty;
	struct termios modes;
	char end[2];
	size_t n;

	if (l->in[OUT] < 0 || tcgetattr(l->in[OUT], &modes) < 0 || !(modes.c_lflag & ICANON))
		return;
	memset(end, modes.c_cc[VEOF], sizeof(end));
	n = t->last && t->last != '\n' ? 2 : 1;
	t->last = '\n';
	if (passon_take(&t->input, (struct rt_str){ end, n }) < 0)
		t->input_over = true;
}

/*
 * Lines that were typed before ours is raw, and an end of input, which would be
 * nothing but a NUL then.
 */
static void take_lines(struct loop *l)
{
	struct pollfd input = { STDIN_FILENO, POLLIN, 0 };
	struct loop_tty *t = &l->tty;
	char line[4096];
	ssize_t n;

	while (!passon_pending(&t->input) && poll(&input, 1, 0) == 1) {
		n = read(STDIN_FILENO, line, sizeof(line));
		if (n == 0)
			type_end(l);
		if (n <= 0)
			break;
		t->last = line[n - 1];
		if (passon_take(&t->input, (struct rt_str){ line, (size_t)n }) < 0)
			t->input_over = true;
	}
}

void loop_tty_take(struct loop *l)
{
	struct loop_tty *t = &l->tty;
	struct termios modes;

	if (!t->ours || t->raw)
		return;
	if (!in_foreground()) {
		loop_set(l, TIMER_TTY, LOOK_NS);
		return;
	}
	if (tcgetattr(STDIN_FILENO, &modes) < 0)
		return;
	/* Stopped where we could not put it back, we find it as we made it. */
	if (!is_raw(&modes)) {
		t->modes = modes;
		take_lines(l);
	}
	cfmakeraw(&modes);
	set_modes(&modes);
	t->raw = true;
	loop_tty_resize(l);
}

void loop_tty_continued(struct loop *l)
{
	/* Whoever had it meanwhile has set it as he likes. */
	l->tty.raw = false;
	loop_tty_take(l);
}

pid_t loop_tty_start(struct loop *l, const struct rt_spawn *how, int *code, struct rt_err *err)
{
	struct loop_tty *t = &l->tty;

	rt_pty_dismiss(&t->pty); /* of the try before */
	loop_tty_take(l);
	if (t->input_over && !t->ours)
		type_end(l);
	return rt_pty_start(&t->pty, how, code, err);
}

/* Everybody in our group but ourselves, as the terminal would have told them. */
static void tell_group(struct loop *l, int sig)
{
	loop_note_signal(l, sig);
	kill(0, sig);
}

/*
 * Keys that interrupt all that runs in the foreground: the command's terminal
 * tells the command, we tell those around us. Where the command reads keys as
 * characters it may have a terminal below it of its own, on which that one
 * means an interrupt: it shows by how the command ends.
 */
static void see_keys(struct loop *l, struct rt_str keys)
{
	static const struct {
		int key, sig;
	} interrupts[] = { { VINTR, SIGINT }, { VQUIT, SIGQUIT } };
	struct termios modes;

	if (!l->tty.raw || tcgetattr(l->in[OUT], &modes) < 0)
		return;
	for (int i = 0; i < 2; i++) {
		/* Where keys mean no signals now, the key is the one of our own terminal. */
		const struct termios *m = modes.c_lflag & ISIG ? &modes : &l->tty.modes;
		cc_t key = m->c_cc[interrupts[i].key];

		if (key == _POSIX_VDISABLE || !memchr(keys.p, key, keys.n))
			continue;
		if (!(modes.c_lflag & ISIG))
			l->tty.typed = interrupts[i].sig;
		else if (tcgetpgrp(l->in[OUT]) == l->pid)
			tell_group(l, interrupts[i].sig);
	}
}

static void read_input(struct loop *l)
{
	struct loop_tty *t = &l->tty;
	char piece[1024];
	ssize_t n = read(STDIN_FILENO, piece, sizeof(piece));

	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	if (n <= 0) {
		t->input_over = true;
		if (!t->raw)
			type_end(l);
		return;
	}
	t->last = piece[n - 1];
	see_keys(l, (struct rt_str){ piece, (size_t)n });
	if (passon_take(&t->input, (struct rt_str){ piece, (size_t)n }) < 0)
		t->input_over = true;
}

static void hear_keeper(struct loop *l)
{
	struct loop_tty *t = &l->tty;
	struct rusage usage;
	int status;

	if (!rt_pty_hear(&t->pty, &status, &usage)) {
		close(t->pty.told);
		t->pty.told = -1;
	} else if (WIFSTOPPED(status)) {
		/* It may have been paused, and gone on before we hear of it. */
		if (!l->paused_ns && rt_proctree_is_stopped(l->pid))
			loop_stopped(l, WSTOPSIG(status));
	} else {
		loop_add_usage(l, &usage);
		l->s->end.status = status;
		l->pid = 0;
		if (t->typed && WIFSIGNALED(status) && WTERMSIG(status) == t->typed)
			tell_group(l, t->typed);
		t->typed = 0;
	}
}

static bool may_read(const struct loop_tty *t)
{
	return t->ours ? t->raw : !isatty(STDIN_FILENO) || in_foreground();
}

void loop_tty_choose(struct loop *l)
{
	struct loop_tty *t = &l->tty;
	bool pending = passon_pending(&t->input);

	l->fds[INPUT].fd = -1;
	l->fds[TYPED] = (struct pollfd){ -1, POLLOUT, 0 };
	l->fds[KEEPER].fd = t->on ? t->pty.told : -1;
	if (!t->on || l->in[OUT] < 0)
		return;
	if (pending)
		l->fds[TYPED].fd = l->in[OUT];
	else if (!t->input_over && may_read(t))
		l->fds[INPUT].fd = STDIN_FILENO;
}

void loop_tty_turn(struct loop *l)
{
	if (l->fds[TYPED].revents && passon_write(&l->tty.input) < 0)
		l->tty.input_over = true;
	if (l->fds[INPUT].revents)
		read_input(l);
	if (l->fds[KEEPER].revents)
		hear_keeper(l);
}

/*
 * As a terminal stops a job: where nobody could let it go on (its group is
 * orphaned) the kernel drops the signal. True when we were stopped.
 */
static bool stop_us(int sig, bool all)
{
	const struct sigaction usual = { .sa_handler = SIG_DFL };
	struct sigaction own;
	sigset_t set, was;

	sigaction(sig, &usual, &own);
	kill(all ? 0 : getpid(), sig);
	sigemptyset(&set);
	sigaddset(&set, sig);
	sigprocmask(SIG_UNBLOCK, &set, &was);
	/* Here we stand still. */
	sigprocmask(SIG_SETMASK, &was, NULL);
	sigaction(sig, &own, NULL);
	sigpending(&set);
	return sigismember(&set, SIGCONT) == 1;
}

void loop_stopped(struct loop *l, int sig)
{
	/* Without a terminal there is no shell that waits for it. */
	if (l->own_group && !l->tty.ours)
		return;
	loop_make_due(l);
	loop_drain(l);
	loop_tty_leave(l);
	if (stop_us(sig == SIGSTOP ? SIGTSTP : sig, l->tty.ours) || !l->tty.ours)
		return;
	if (sig != SIGSTOP)
		kill(-l->pid, SIGCONT);
	loop_tty_take(l);
}

/*
 * What was typed ahead is for who reads the terminal next. The kernel may forbid
 * to put it back (dev.tty.legacy_tiocsti); then it is lost.
 */
static void give_back(struct loop *l)
{
	struct loop_tty *t = &l->tty;
	struct termios modes;
	char key;

	if (!t->raw || tcgetattr(l->ends[OUT], &modes) < 0)
		return;
	modes.c_lflag &= ~(tcflag_t)ICANON;
	modes.c_cc[VMIN] = modes.c_cc[VTIME] = 0;
	tcsetattr(l->ends[OUT], TCSANOW, &modes);
	while (read(l->ends[OUT], &key, 1) == 1) {
		if (key && ioctl(STDIN_FILENO, TIOCSTI, &key) < 0)
			return;
	}
	for (size_t i = t->input.at; i < t->input.n; i++) {
		if (ioctl(STDIN_FILENO, TIOCSTI, t->input.piece + i) < 0)
			return;
	}
	t->input.at = t->input.n;
}

void loop_tty_finish(struct loop *l)
{
	struct loop_tty *t = &l->tty;
	struct termios modes;

	t->input_over = true;
	/* How a command sets its terminal stays, unless it was its end that left it so. */
	if (t->raw && l->in[OUT] >= 0 && WIFEXITED(l->s->end.status) && !l->s->end.why &&
	    tcgetattr(l->in[OUT], &modes) == 0)
		t->modes = modes;
	give_back(l);
}
