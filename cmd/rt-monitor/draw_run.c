/* The header of a run, and its plan. */
#include "clock.h"
#include "monitor.h"

#include <stdlib.h>

#define BAR 20        /* columns of the bar of percent */
#define SPAN_LEAST 10 /* columns that the bars of steps want */

static const struct {
	const char *sign;
	enum out_style style;
} signs[PLAN_STATES] = {
	[PLAN_RUNNING] = { "●", STYLE_LIVE },    [PLAN_SUCCESS] = { "✓", STYLE_GOOD },
	[PLAN_FAILED] = { "✗", STYLE_BAD },      [PLAN_TIMEOUT] = { "✗", STYLE_BAD },
	[PLAN_SKIPPED] = { "-", STYLE_DIM },     [PLAN_CANCELLED] = { "✗", STYLE_WARN },
	[PLAN_INCOMPLETE] = { "✗", STYLE_WARN },
};

static struct spot line(const struct monitor *m, int row)
{
	return (struct spot){ &m->screen, row, 0, m->screen.columns, false };
}

static void draw_percent(struct spot *s, double percent)
{
	int full = (int)(percent * BAR / 100);

	if (percent < 0 || s->column + BAR + 6 > s->end)
		return;
	spot_fill(s, s->end - BAR - 6);
	for (int i = 0; i < BAR; i++)
		spot_str(s, i < full ? "█" : "░", i < full ? STYLE_GOOD : STYLE_DIM);
	spot_format(s, STYLE_PLAIN, "%5.4g%%", percent);
}

/* Name, id, state, what is being done. */
static void draw_who(const struct monitor *m)
{
	const struct live *l = &m->live;
	const struct rt_status *st = &l->status;
	double percent = live_percent(l);
	struct spot s = line(m, 0);

	if (percent >= 0 && s.end > 60)
		s.end -= BAR + 8;
	if (st->name.len) {
		spot_raw(&s, rt_buf_view(&st->name), STYLE_BOLD);
		spot_str(&s, "  ", STYLE_PLAIN);
	}
	spot_raw(&s, rt_str(l->dir.id), st->name.len ? STYLE_DIM : STYLE_BOLD);
	spot_str(&s, "  ", STYLE_PLAIN);
	spot_str(&s, rt_state_name(l->state), out_state_style(l->state));
	if (st->error.len) {
		spot_str(&s, ": ", STYLE_PLAIN);
		spot_raw(&s, rt_buf_view(&st->error), STYLE_PLAIN);
	} else if (st->stage.len && !live_over(l)) {
		spot_str(&s, "  ", STYLE_PLAIN);
		spot_raw(&s, rt_buf_view(&st->stage), STYLE_NAME);
	}
	s.end = m->screen.columns;
	draw_percent(&s, percent);
}

static void draw_fact(struct spot *s, const char *name, const char *value)
{
	spot_str(s, name, STYLE_DIM);
	spot_format(s, STYLE_PLAIN, " %s  ", value);
}

static void draw_count(struct spot *s, const char *name, int64_t n)
{
	char text[32];

	if (!n)
		return;
	out_number(text, n);
	draw_fact(s, name, text);
}

/* Times and totals. */
static void draw_totals(const struct monitor *m, int64_t now_ns)
{
	const struct live *l = &m->live;
	const struct rt_usage *usage = rt_ledger_total(l->status.ledger);
	int64_t elapsed = live_elapsed_ns(l, now_ns), left = live_left_ns(l, now_ns);
	struct spot s = line(m, 1);
	char text[32];

	if (elapsed >= 0) {
		/* what goes on is counted in seconds, as it is drawn */
		if (!live_over(l))
			elapsed -= elapsed % RT_NS_PER_S;
		rt_duration_format(text, elapsed);
		draw_fact(&s, "elapsed", text);
	}
	if (left >= 0) {
		rt_duration_format(text, left - left % RT_NS_PER_S);
		draw_fact(&s, "ETA", text);
	}
	draw_count(&s, "tokens", usage->total);
	if (usage->cost_usd > 0) {
		snprintf(text, sizeof(text), "$%.2f", usage->cost_usd);
		draw_fact(&s, "cost", text);
	}
	draw_count(&s, "events", l->status.n_events);
	draw_count(&s, "warnings", l->status.n_warnings);
	draw_count(&s, "errors", l->status.n_errors);
}

void draw_header(const struct monitor *m, int64_t now_ns)
{
	draw_who(m);
	draw_totals(m, now_ns);
}

/* Times that do not fit together end at the edge. */
static int columns_of(int64_t span_ns, double scale, int most)
{
	double n = (double)span_ns * scale;

	return n < 0 ? 0 : n < most ? (int)n : most;
}

/* The time that the run has taken, as the columns that are left, and the step's part of it. */
static void draw_part(struct spot *s, const struct live *l, const struct plan_step *step,
		      int64_t now_ns)
{
	int64_t begin = l->status.started_ns ? l->status.started_ns : l->status.created_ns;
	int64_t total = live_elapsed_ns(l, now_ns);
	int64_t to = step->finished_ns ? step->finished_ns : now_ns;
	int columns = s->end - s->column, from;
	double scale = total > 0 ? columns / (double)total : 0;

	if (columns < SPAN_LEAST || !step->started_ns || step->started_ns < begin || scale <= 0)
		return;
	from = columns_of(rt_clock_span(begin, step->started_ns), scale, columns - 1);
	columns = columns_of(rt_clock_span(step->started_ns, to), scale, columns - from);
	spot_fill(s, s->column + from);
	do
		spot_str(s, "━", signs[step->state].style);
	while (--columns > 0);
}

static void draw_step(const struct monitor *m, struct spot *s, const struct plan_step *step,
		      int64_t now_ns, int name_columns)
{
	int64_t span = -1;
	int end = s->end;

	if (step->started_ns)
		span = rt_clock_span(step->started_ns,
				     step->finished_ns ? step->finished_ns : now_ns);
	if (step->state == PLAN_RUNNING)
		span -= span % RT_NS_PER_S;
	spot_format(s, signs[step->state].style, " %s ", signs[step->state].sign);
	s->end = s->column + name_columns;
	spot_raw(s, rt_str(step->id), STYLE_DIM);
	spot_str(s, " ", STYLE_PLAIN);
	if (step->name)
		spot_raw(s, rt_str(step->name), STYLE_PLAIN);
	spot_fill(s, s->end);
	s->end = end;
	spot_format(s, signs[step->state].style, " %-10s", plan_state_name(step->state));
	draw_span(s, span, 8, STYLE_PLAIN);
	if (step->retries)
		spot_format(s, STYLE_WARN, "  %d %s", step->retries,
			    step->retries == 1 ? "retry" : "retries");
	spot_fill(s, s->column < 36 + name_columns ? 36 + name_columns : s->column + 1);
	draw_part(s, &m->live, step, now_ns);
	spot_fill(s, end);
}

void draw_plan(struct monitor *m, const struct box *box, int64_t now_ns)
{
	int columns = box->columns - 36 - 14;
	size_t rows = (size_t)box->rows;

	columns = columns < 16 ? 16 : columns > 40 ? 40 : columns;
	list_fit(&m->steps, rows);
	for (size_t i = 0; i < rows && m->steps.top + i < m->steps.n; i++) {
		size_t at = m->steps.top + i;
		struct spot s = { &m->screen, box->row + (int)i, box->column,
				  box->column + box->columns, at == m->steps.selected };

		if (at == 0) {
			spot_str(&s, "   outside of steps", STYLE_PLAIN);
			spot_fill(&s, s.end);
		} else {
			draw_step(m, &s, &m->live.plan.v[at - 1], now_ns, columns);
		}
	}
}
