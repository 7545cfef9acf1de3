/* Texts that cover the screen: help, and what there is to say of a step or of the run. */
#include "clock.h"
#include "die.h"
#include "fdio.h"
#include "monitor.h"

#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

static const char keys[] =
	"\n"
	"Keys\n"
	"\n"
	"  Tab, 1 2 3          the next pane: the plan, the log, the events\n"
	"  arrows, h j k l     move in it; Space, b and Page keys by pages\n"
	"  g, Home             its beginning\n"
	"  G, End              its end, and stay there\n"
	"  /TEXT, \\TEXT        search down, up (a regular expression)\n"
	"  n, N                the next match, the one before\n"
	"  :                   a command; Tab completes it, arrows bring back old ones\n"
	"  Esc                 leave what was begun\n"
	"  Ctrl-L              draw all of it again\n"
	"  Ctrl-Z              stop rt-monitor as a job; the run goes on\n";

/* Show a text, which is taken. */
static void show(struct monitor *m, const char *title, struct rt_buf *text)
{
	int fd = memfd_create("sheet", MFD_CLOEXEC);

	if (fd >= 0 && rt_fd_write(fd, text->s, text->len) < 0)
		monitor_say(m, STYLE_BAD, "the text cannot be kept");
	rt_buf_release(text);
	free(m->sheet_title);
	m->sheet_title = xstrdup(title);
	if (m->view != VIEW_SHEET)
		m->behind = m->view;
	m->view = VIEW_SHEET;
	m->sheet.wrap = true;
	m->sheet.over = true;
	pager_open(&m->sheet, fd);
	pager_home(&m->sheet);
}

void sheet_close(struct monitor *m)
{
	pager_open(&m->sheet, -1);
	m->view = m->behind;
}

void sheet_help(struct monitor *m)
{
	struct rt_buf b;

	rt_buf_init(&b);
	rt_buf_adds(&b, "Commands, after \":\", and the keys that do the same\n\n");
	for (const struct command *c = commands; c->name; c++) {
		char *call = xasprintf("%s %s", c->name, c->argument ? c->argument : "");

		rt_buf_addf(&b, "  %-15s %-9s %s\n", call, c->key, c->help);
		free(call);
	}
	rt_buf_adds(&b, keys);
	show(m, "Help", &b);
}

static void add_line(struct rt_buf *b, const char *name, const char *text)
{
	if (text && *text)
		rt_buf_addf(b, "%10s: %s\n", name, text);
}

static void add_time(const struct monitor *m, struct rt_buf *b, const char *name, int64_t ns)
{
	if (!ns)
		return;
	rt_buf_addf(b, "%10s: ", name);
	out_time(&m->out, b, ns);
	rt_buf_addc(b, '\n');
}

static void add_span(struct rt_buf *b, int64_t from, int64_t to)
{
	char text[32];

	if (!from || to < from)
		return;
	rt_duration_format(text, rt_clock_span(from, to));
	add_line(b, "Duration", text);
}

static void add_step(const struct monitor *m, struct rt_buf *b, const struct plan_step *s)
{
	add_line(b, "Step", s->id);
	add_line(b, "Name", s->name);
	add_line(b, "Component", s->component);
	add_line(b, "State", plan_state_name(s->state));
	add_line(b, "Error", s->error);
	if (s->exit_code >= 0)
		rt_buf_addf(b, "%10s: %d\n", "Exit code", s->exit_code);
	if (s->retries)
		rt_buf_addf(b, "%10s: %d\n", "Retries", s->retries);
	add_time(m, b, "Started", s->started_ns);
	add_time(m, b, "Ended", s->finished_ns);
	add_span(b, s->started_ns, s->finished_ns);
}

static void add_run(const struct monitor *m, struct rt_buf *b)
{
	const struct rt_status *st = &m->live.status;

	add_line(b, "Run", m->live.dir.id);
	add_line(b, "Name", st->name.s);
	add_line(b, "Group", st->group.s);
	add_line(b, "Parent", st->parent_run_id.s);
	add_line(b, "Host", st->host.s);
	add_line(b, "State", rt_state_name(m->live.state));
	add_line(b, "Error", st->error.s);
	if (st->exit_code >= 0)
		rt_buf_addf(b, "%10s: %d\n", "Exit code", st->exit_code);
	add_time(m, b, "Started", st->started_ns);
	add_time(m, b, "Ended", st->finished_ns);
	add_span(b, st->started_ns, st->finished_ns);
}

void sheet_details(struct monitor *m, const struct plan_step *step)
{
	struct rt_buf b;

	rt_buf_init(&b);
	if (step)
		add_step(m, &b, step);
	else
		add_run(m, &b);
	add_line(&b, "Output", m->log_name);
	show(m, step ? "Step" : "Run", &b);
}
