/*
 * The last line on a terminal: where the run stands while it goes on. It is drawn
 * with the cursor left at its beginning, so that erasing what is below the cursor
 * erases it, on a terminal too that wraps it when it gets narrower.
 */
#include "tail.h"
#include "clock.h"
#include "die.h"

#include <stdlib.h>
#include <unistd.h>

#define ERASE "\r\033[J"
#define BAR_COLUMNS 20
#define RATE_MIN 1 /* lines a second that are worth saying */

/* A terminal that draws, and a person who did not ask for less. */
static bool is_wanted(const struct tail *t)
{
	const struct out *o = t->printer.out;
	const char *term = getenv("TERM"), *no_color = getenv("NO_COLOR");

	return t->follow && o->tty && o->color && t->printer.mode == OUT_PRETTY && term && *term &&
	       strcmp(term, "dumb") != 0 && !(no_color && *no_color);
}

void tail_line_begin(struct tail *t)
{
	struct tail_line *l = &t->line;

	l->on = is_wanted(t);
	rt_buf_init(&l->shown);
	rt_buf_init(&l->next);
}

void tail_line_hide(struct out *o)
{
	if (!prog_line())
		return;
	fputs(ERASE, o->f);
	prog_set_line(false);
}

void tail_line_end(struct tail *t)
{
	tail_line_hide(t->printer.out);
	rt_buf_release(&t->line.shown);
	rt_buf_release(&t->line.next);
}

void tail_line_erase_now(void)
{
	if (write(STDOUT_FILENO, ERASE, sizeof(ERASE) - 1) < 0)
		return;
}

/* Lines a second, over the last few seconds. */
static int64_t rate(struct tail *t, int64_t now_ns)
{
	struct tail_line *l = &t->line;
	int64_t second = now_ns / RT_NS_PER_S, passed = second - l->second;
	size_t n = t->printer.n_lines;

	if (l->second == 0 || passed > TAIL_RATE_S)
		passed = TAIL_RATE_S;
	for (; passed > 0; passed--) {
		memmove(l->counts + 1, l->counts, (TAIL_RATE_S - 1) * sizeof(*l->counts));
		l->counts[0] = l->second ? l->last : n;
	}
	l->second = second;
	l->last = n;
	return (int64_t)(n - l->counts[TAIL_RATE_S - 1]) / TAIL_RATE_S;
}

/* A part, if it still fits; all of it is ASCII. */
static void add_part(struct rt_buf *b, size_t room, const char *what, const char *text)
{
	if (b->len + (b->len ? 2 : 0) + strlen(what) + strlen(text) <= room)
		rt_buf_addf(b, "%s%s%s", b->len ? "  " : "", what, text);
}

static void add_span(struct rt_buf *b, size_t room, const char *what, int64_t ns)
{
	char text[32];
	int64_t s = ns / RT_NS_PER_S;

	if (s < 10)
		snprintf(text, sizeof(text), "%ds", (int)s);
	else
		rt_duration_format(text, s * RT_NS_PER_S);
	add_part(b, room, what, text);
}

static void add_bar(struct rt_buf *b, size_t room, double percent)
{
	int full = percent >= 100 ? BAR_COLUMNS : (int)(percent / 100 * BAR_COLUMNS);

	if (room >= BAR_COLUMNS + 10)
		rt_buf_addf(b, "[%.*s%.*s] ", full, "####################", BAR_COLUMNS - full,
			    "....................");
	rt_buf_addf(b, "%.3g%%", percent);
}

/* What stands behind the stage: how far it is, since when, and for how long still. */
static void add_progress(struct rt_buf *b, size_t room, const struct tail_run *run, int64_t now_ns)
{
	const struct rt_status *st = &run->st;
	int64_t began = st->started_ns ? st->started_ns : st->created_ns;
	int64_t elapsed = began && now_ns > began ? rt_clock_span(began, now_ns) : 0;
	double percent = st->percent.len ? strtod(st->percent.s, NULL) : -1;
	bool known = percent >= 0 && percent <= 100;

	if (known)
		add_bar(b, room, percent);
	if (!known || run->state != RT_RUNNING)
		add_part(b, room, rt_state_name(run->state), "");
	if (run->state != RT_RUNNING || !elapsed)
		return;
	add_span(b, room, "elapsed ", elapsed);
	if (percent > 0 && percent < 100)
		add_span(b, room, "ETA ", (int64_t)((double)elapsed * (100 - percent) / percent));
}

/* The stage, cut to what the rest leaves of the width. */
static void add_stage(struct tail *t, const struct tail_run *run, size_t columns)
{
	struct tail_line *l = &t->line;
	struct rt_buf stage;

	rt_buf_init(&stage);
	rt_inert_add(&stage, rt_buf_view(&run->st.stage));
	if (stage.len && columns > 3) {
		stage.len = rt_text_cut(rt_buf_view(&stage), columns - 2);
		rt_buf_adds(&l->next, out_on(t->printer.out, STYLE_NAME));
		rt_buf_addv(&l->next, rt_buf_view(&stage));
		rt_buf_adds(&l->next, out_off(t->printer.out));
		rt_buf_adds(&l->next, "  ");
	}
	rt_buf_release(&stage);
}

static void compose(struct tail *t, int64_t now_ns, size_t room)
{
	struct tail_line *l = &t->line;
	bool one = t->n_runs == 1 && !t->printer.across;
	int64_t per_second = rate(t, now_ns);
	char number[32];
	struct rt_buf rest;

	rt_buf_init(&rest);
	rt_buf_clear(&l->next);
	snprintf(number, sizeof(number), "%zu", t->n_runs);
	if (one)
		add_progress(&rest, room, t->runs[0], now_ns);
	else
		add_part(&rest, room, number, t->n_runs == 1 ? " run" : " runs");
	snprintf(number, sizeof(number), "%lld", (long long)per_second);
	if (per_second >= RATE_MIN)
		add_part(&rest, room, number, "/s");
	if (one)
		add_stage(t, t->runs[0], room > rest.len ? room - rest.len : 0);
	rt_buf_addv(&l->next, rt_buf_view(&rest));
	rt_buf_release(&rest);
}

static bool has_nothing(const struct tail *t)
{
	return (t->n_runs == 0 && !t->runs_dir) || (t->n_runs == 1 && t->runs[0]->file);
}

void tail_line_draw(struct tail *t)
{
	struct tail_line *l = &t->line;
	struct out *o = t->printer.out;

	if (!l->on || has_nothing(t))
		return;
	compose(t, rt_clock_now_ns(), (size_t)out_width(o) - 1);
	if (prog_line() && rt_str_eq(rt_buf_view(&l->shown), rt_buf_view(&l->next)))
		return;
	rt_buf_clear(&l->shown);
	rt_buf_addv(&l->shown, rt_buf_view(&l->next));
	if (l->next.failed || l->shown.failed)
		die(EXIT_FAIL, "out of memory");
	fprintf(o->f, "\r%s\033[J\r", l->shown.s);
	prog_set_line(true);
}

int tail_line_ms(const struct tail *t)
{
	const struct tail_line *l = &t->line;
	bool ticks = l->last != l->counts[TAIL_RATE_S - 1];

	for (size_t i = 0; i < t->n_runs && !ticks && !t->printer.across; i++)
		ticks = t->runs[i]->state == RT_RUNNING;
	if (!l->on || has_nothing(t) || !ticks)
		return -1;
	return 1000 - (int)(rt_clock_now_ns() / RT_NS_PER_MS % 1000);
}
