/*
 * The screen: where which pane is, the lines of files, the two lines at the bottom.
 * Everything is drawn anew each time; curses sends what differs.
 */
#include "clock.h"
#include "monitor.h"

#include <curses.h>

#define HEADER_ROWS 2
#define BOTTOM_ROWS 2
#define WIDE 140     /* columns from which the plan stands beside the other panes */
#define PANE_LEAST 3 /* rows that a pane has, if all are shown */

static const char *const pane_names[PANES] = { "Plan", "Log", "Events" };

void draw_span(struct spot *s, int64_t ns, int columns, enum out_style style)
{
	char text[32] = "";

	if (ns >= 0)
		rt_duration_format(text, ns);
	spot_format(s, style, "%*s", columns, text);
}

/* Where the panes are, titles not counted. One without rows is not shown. */
static void lay_out(struct monitor *m)
{
	int rows = m->screen.rows - HEADER_ROWS - BOTTOM_ROWS, columns = m->screen.columns;
	int top = HEADER_ROWS + 1, left = columns * 2 / 5, plan, log;
	size_t steps = m->live.plan.n + 1;

	for (int i = 0; i < PANES; i++)
		m->boxes[i] = (struct box){ 0, 0, 0, 0 };
	if (m->zoom || rows < PANES * (PANE_LEAST + 1)) {
		m->boxes[m->focus] = (struct box){ top, 0, rows - 1, columns };
	} else if (columns >= WIDE) {
		log = (rows - 2) * 3 / 5;
		m->boxes[PANE_PLAN] = (struct box){ top, 0, rows - 1, left - 1 };
		m->boxes[PANE_LOG] = (struct box){ top, left, log, columns - left };
		m->boxes[PANE_EVENTS] = (struct box){ top + log + 1, left, rows - 2 - log,
						      columns - left };
	} else {
		rows -= 3;
		plan = rows * 2 / 5;
		if (steps < (size_t)plan)
			plan = steps < PANE_LEAST ? PANE_LEAST : (int)steps;
		log = (rows - plan + 1) / 2;
		m->boxes[PANE_PLAN] = (struct box){ top, 0, plan, columns };
		m->boxes[PANE_LOG] = (struct box){ top + plan + 1, 0, log, columns };
		m->boxes[PANE_EVENTS] = (struct box){ top + plan + log + 2, 0, rows - plan - log,
						      columns };
	}
}

/* "── Plan ── MORE ─────"; the text is at the left of the line, what follows at its right. */
static void draw_title(const struct monitor *m, const struct box *box, const char *name,
		       const char *more, const char *right, bool focused)
{
	struct spot s = { &m->screen, box->row - 1, box->column, box->column + box->columns,
			  false };
	enum out_style line = focused ? STYLE_LIVE : STYLE_DIM;
	int end = s.end;

	spot_str(&s, "── ", line);
	spot_str(&s, name, focused ? STYLE_BOLD : STYLE_PLAIN);
	if (*more) {
		spot_str(&s, " ── ", line);
		s.end = end - 4;
		spot_raw(&s, rt_str(more), STYLE_PLAIN);
	}
	s.end = end - (int)rt_text_columns(rt_str(right)) - (*right ? 2 : 0);
	if (s.column < s.end)
		spot_str(&s, " ", line);
	while (s.column < s.end)
		spot_str(&s, "─", line);
	s.end = end;
	if (*right)
		spot_format(&s, line, " %s ", right);
}

/* A line of a file, from the row `from` of it on. Returns the rows that it took. */
static int draw_line(const struct monitor *m, const struct pager *p, const struct pager_line *line,
		     const struct box *box, int row, size_t from)
{
	struct rt_str text = rt_buf_view(&line->text);
	bool match = line->at == p->match;
	size_t at = 0;
	int drawn = 0;

	/* the columns left of the window, or the rows above it */
	for (size_t i = 0; i < (p->wrap ? from : 1) && at < text.n; i++)
		at += rt_text_cut((struct rt_str){ text.p + at, text.n - at },
				  p->wrap ? (size_t)box->columns : p->left);
	do {
		struct spot s = { &m->screen, box->row + row + drawn, box->column,
				  box->column + box->columns, match };
		struct rt_str rest = { text.p + at, text.n - at };
		size_t next;

		if (p->wrap)
			rest.n = rt_text_cut(rest, (size_t)box->columns);
		next = at + (rest.n ? rest.n : 1);
		if (at < line->dim && !match) {
			struct rt_str dim = { rest.p, line->dim - at };

			dim.n = dim.n < rest.n ? dim.n : rest.n;
			spot_text(&s, dim, STYLE_DIM);
			rest.p += dim.n;
			rest.n -= dim.n;
		}
		spot_text(&s, rest, line->style);
		if (match)
			spot_fill(&s, s.end);
		at = next;
		drawn++;
	} while (p->wrap && at < text.n && row + drawn < box->rows);
	return drawn;
}

static void draw_pager(const struct monitor *m, struct pager *p, const struct box *box)
{
	size_t skip;
	int row = 0;

	pager_resize(p, box->rows, box->columns);
	skip = p->skip;
	for (size_t i = 0; i < p->n && row < box->rows; i++) {
		row += draw_line(m, p, &p->v[i], box, row, skip);
		skip = 0;
	}
	if (row == 0 && box->rows > 0) {
		struct spot s = { &m->screen, box->row, box->column, box->column + box->columns,
				  false };

		spot_str(&s,
			 p->fd < 0  ? "nothing yet" :
			 p->gave_up ? "given up" :
				      "nothing",
			 STYLE_DIM);
	}
}

static const char *where(const struct pager *p, char text[16])
{
	if (p->fd < 0)
		return "";
	if (p->follow)
		return "follows";
	snprintf(text, 16, "%d%%", pager_percent(p));
	return text;
}

static void draw_log(struct monitor *m)
{
	const struct plan_step *step = monitor_step(m);
	const char *file = m->log_folder ? m->log_name + strlen(m->log_folder) + 1 : NULL;
	const struct box *box = &m->boxes[PANE_LOG];
	struct rt_buf name;
	char text[16];

	rt_buf_init(&name);
	rt_buf_adds(&name, step ? step->id : "outside of steps");
	if (step && step->name)
		rt_buf_addf(&name, " %s", step->name);
	if (file && strcmp(file, step ? RT_STEP_LOG : RT_RUN_LOG_NAME) != 0)
		rt_buf_addf(&name, " ── %s", file);
	draw_title(m, box, pane_names[PANE_LOG], name.s, where(&m->log, text),
		   m->focus == PANE_LOG);
	draw_pager(m, &m->log, box);
	rt_buf_release(&name);
}

static void draw_events(struct monitor *m)
{
	const struct box *box = &m->boxes[PANE_EVENTS];
	struct rt_buf filter;
	char text[16];

	rt_buf_init(&filter);
	if (*m->filter)
		rt_buf_addf(&filter, "filter: %s", m->filter);
	draw_title(m, box, pane_names[PANE_EVENTS], filter.s, where(&m->events, text),
		   m->focus == PANE_EVENTS);
	draw_pager(m, &m->events, box);
	rt_buf_release(&filter);
}

static void draw_plan_title(struct monitor *m)
{
	const struct plan *p = &m->live.plan;
	struct rt_buf text;

	rt_buf_init(&text);
	rt_buf_addf(&text, "%zu %s", p->n, p->n == 1 ? "step" : "steps");
	for (enum plan_state i = 0; i < PLAN_STATES; i++)
		if (p->count[i] && i != PLAN_SUCCESS)
			rt_buf_addf(&text, ", %zu %s", p->count[i], plan_state_name(i));
	draw_title(m, &m->boxes[PANE_PLAN], pane_names[PANE_PLAN], text.s,
		   m->live.reading ? "reading" : "", m->focus == PANE_PLAN);
	rt_buf_release(&text);
}

static void draw_run(struct monitor *m)
{
	int64_t now_ns = rt_clock_now_ns();

	lay_out(m);
	draw_header(m, now_ns);
	if (m->boxes[PANE_PLAN].rows > 0) {
		draw_plan_title(m);
		draw_plan(m, &m->boxes[PANE_PLAN], now_ns);
	}
	if (m->boxes[PANE_LOG].rows > 0)
		draw_log(m);
	if (m->boxes[PANE_EVENTS].rows > 0)
		draw_events(m);
}

static void draw_sheet(struct monitor *m)
{
	struct box box = { 1, 0, m->screen.rows - 1 - BOTTOM_ROWS, m->screen.columns };

	draw_title(m, &box, m->sheet_title, "", "Esc closes it", true);
	draw_pager(m, &m->sheet, &box);
}

static void draw_list(struct monitor *m)
{
	struct box box = { 1, 0, m->screen.rows - 1 - BOTTOM_ROWS, m->screen.columns };

	draw_title(m, &box, "Runs", m->runs.dir, "", true);
	draw_runs(m, &box, rt_clock_now_ns());
}

/* What can be done here; while something is typed what it may become. */
static void draw_keys(const struct monitor *m)
{
	struct spot s = { &m->screen, m->screen.rows - 2, 0, m->screen.columns, true };
	const char *keys = m->view == VIEW_RUNS ?
				   "Enter show  / search  ? help  q quit" :
			   m->view == VIEW_SHEET ?
				   "/ search  w wrap  q back" :
				   "Tab pane  : command  / search  f filter  p pause  "
				   "? help  q quit";

	spot_str(&s, " ", STYLE_PLAIN);
	if (m->prompt.kind && m->prompt.offers.len)
		spot_raw(&s, rt_buf_view(&m->prompt.offers), STYLE_PLAIN);
	else
		spot_str(&s, keys, STYLE_PLAIN);
	spot_fill(&s, s.end);
}

static void draw_bottom(const struct monitor *m)
{
	struct spot s = { &m->screen, m->screen.rows - 1, 0, m->screen.columns, false };

	if (m->screen.rows > BOTTOM_ROWS)
		draw_keys(m);
	if (m->prompt.kind) {
		curs_set(1);
		prompt_draw(&m->prompt, &s);
		return;
	}
	curs_set(0);
	if (m->message.len)
		spot_text(&s, rt_buf_view(&m->message), m->message_style);
	else if (m->ask.pid)
		spot_format(&s, STYLE_DIM, "%s ...", m->ask.verb);
}

void monitor_draw(struct monitor *m)
{
	erase();
	if (m->view == VIEW_SHEET)
		draw_sheet(m);
	else if (m->view == VIEW_RUNS)
		draw_list(m);
	else
		draw_run(m);
	draw_bottom(m);
	refresh();
}
