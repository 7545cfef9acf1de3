/*
 * Waiting, and what is waited for: keys, signals, changes, answers. It sleeps until something happens, and
 * wakes up by itself only while something on the screen changes with time; what changes
 * all the time is drawn 25 times a second at most.
 */
#include "clock.h"
#include "die.h"
#include "keep.h"
#include "monitor.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#define CALM_NS (40 * RT_NS_PER_MS)

void monitor_say(struct monitor *m, enum out_style style, const char *fmt, ...)
{
	char text[1024];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	rt_buf_clear(&m->message);
	rt_inert_add(&m->message, rt_str(text));
	m->message_style = style;
	m->stale = true;
}

static void take_signal(struct monitor *m)
{
	struct signalfd_siginfo info;

	if (read(m->signals, &info, sizeof(info)) != sizeof(info))
		return;
	if (info.ssi_signo == KEEP_GONE) {
		screen_close();
		exit(EXIT_FAIL);
	}
	if (info.ssi_signo == SIGTSTP)
		screen_suspend(&m->screen);
	else
		screen_resize(&m->screen);
	m->stale = true;
}

static void take_answer(struct monitor *m)
{
	bool done;

	if (!ask_read(&m->ask, &done))
		return;
	monitor_say(m, done ? STYLE_GOOD : STYLE_BAD, "%s", m->ask.said.s);
	m->look_status = m->look_events = true;
}

static void take_keys(struct monitor *m)
{
	enum screen_key how;
	uint32_t key;

	while (!m->quit && (how = screen_read(&key)) != SCREEN_NONE)
		monitor_key(m, how, key);
}

static void take_input(struct monitor *m)
{
	struct epoll_event e[4];
	int n = epoll_wait(m->inputs, e, 4, 0);

	for (int i = 0; i < n; i++) {
		if (e[i].data.fd == m->signals)
			take_signal(m);
		else if (e[i].data.fd == STDIN_FILENO && (e[i].events & (EPOLLHUP | EPOLLERR)))
			m->quit = true;
		else if (e[i].data.fd == STDIN_FILENO)
			take_keys(m);
		else
			take_answer(m);
	}
	m->stale = true;
}

/* How long until what is shown changes by itself; -1: it does not. */
static int tick_ms(const struct monitor *m)
{
	const struct live *l = &m->live;
	int64_t ms;

	if (!l->open)
		return m->runs.active ? 1000 : -1;
	if (l->state != RT_RUNNING && l->state != RT_PAUSED)
		return -1;
	ms = live_elapsed_ns(l, rt_clock_now_ns()) / RT_NS_PER_MS;
	return ms < 0 ? 1000 : (int)(1000 - ms % 1000);
}

/* Sleep until something has happened, or it is time to draw. Whether a key was pressed. */
static bool wait_for_something(struct monitor *m)
{
	struct pollfd input = { .fd = m->inputs, .events = POLLIN };
	int ms = tick_ms(m), why;
	void *tag;

	if (m->stale || (m->live.open && m->live.reading)) {
		ms = m->live.open && m->live.reading ? 0 : rt_clock_ms_until(m->drawn_ns + CALM_NS);
		if (poll(&input, 1, ms) <= 0)
			return false;
		take_input(m);
		return true;
	}
	why = rt_watch_wait(m->watch, ms);
	if (why < 0)
		die(EXIT_FAIL, "cannot wait for changes: %s", strerror(errno));
	if (why & RT_WATCH_INPUT)
		take_input(m);
	if (why & RT_WATCH_CHANGE)
		monitor_take_changes(m);
	while ((why & RT_WATCH_EXIT) && rt_watch_ended(m->watch, &tag))
		;
	if (why & RT_WATCH_EXIT || (why == 0 && m->live.open))
		m->look_status = true; /* its owner may be gone, and nobody may say so */
	m->look_runs |= why == 0;
	m->stale |= why == 0 || (why & RT_WATCH_EXIT);
	return why & RT_WATCH_INPUT;
}

static bool key_waits(void *arg)
{
	struct pollfd fd = { .fd = STDIN_FILENO, .events = POLLIN };

	(void)arg;
	return poll(&fd, 1, 0) > 0;
}

static bool show_output(void *arg, struct rt_str raw, struct pager_line *line)
{
	return line_of_output(arg, raw, line);
}

static bool show_event(void *arg, struct rt_str raw, struct pager_line *line)
{
	return line_of_event(arg, raw, line);
}

static bool show_text(void *arg, struct rt_str raw, struct pager_line *line)
{
	(void)arg;
	line->style = STYLE_PLAIN;
	rt_inert_add(&line->text, raw);
	return true;
}

static void add_input(struct monitor *m, int fd)
{
	struct epoll_event e = { .events = EPOLLIN, .data.fd = fd };

	if (epoll_ctl(m->inputs, EPOLL_CTL_ADD, fd, &e) < 0)
		die(EXIT_FAIL, "cannot wait for keys: %s", strerror(errno));
}

static void begin(struct monitor *m)
{
	sigset_t signals;

	unpack_init(&m->unpack);
	sigemptyset(&signals);
	sigaddset(&signals, SIGWINCH);
	sigaddset(&signals, SIGTSTP);
	sigaddset(&signals, KEEP_GONE);
	sigprocmask(SIG_BLOCK, &signals, &m->mask);
	m->signals = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
	m->inputs = epoll_create1(EPOLL_CLOEXEC);
	if (m->signals < 0 || m->inputs < 0)
		die(EXIT_FAIL, "cannot wait for keys: %s", strerror(errno));
	add_input(m, m->signals);
	add_input(m, STDIN_FILENO);
	line_style_init(&m->lines, &m->out);
	pager_init(&m->log, show_output, key_waits, &m->lines);
	pager_init(&m->events, show_event, key_waits, &m->lines);
	pager_init(&m->sheet, show_text, key_waits, NULL);
	prompt_init(&m->prompt);
	rt_buf_init(&m->message);
	rt_buf_init(&m->ask.said);
	m->filter = xstrdup("");
	screen_open(&m->screen, m->out.color);
}

static void end(struct monitor *m)
{
	live_close(&m->live);
	runs_release(&m->runs);
	pager_release(&m->log);
	pager_release(&m->events);
	pager_release(&m->sheet);
	line_style_release(&m->lines);
	prompt_release(&m->prompt);
	rt_buf_release(&m->message);
	rt_buf_release(&m->ask.said);
	free(m->filter);
	free(m->log_folder);
	free(m->log_name);
	free(m->sheet_title);
	if (m->has_search)
		pattern_release(&m->search);
	screen_release(&m->screen);
	rt_watch_free(m->watch);
	unpack_release(&m->unpack);
}

void monitor_run(struct monitor *m, const char *path)
{
	begin(m);
	if (!path)
		monitor_list(m);
	else if (!monitor_open(m, path))
		die(EXIT_FAIL, "%s", m->message.s);
	m->stale = true;
	while (!m->quit) {
		bool now = wait_for_something(m);

		if (m->live.open && m->live.reading)
			monitor_read(m);
		if (!m->stale || (!now && rt_clock_monotonic_ns() - m->drawn_ns < CALM_NS))
			continue;
		monitor_look(m);
		monitor_draw(m);
		m->stale = false;
		m->drawn_ns = rt_clock_monotonic_ns();
	}
	end(m);
}
