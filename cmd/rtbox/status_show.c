/*
 * What rt-status shows of one run, made for 80 columns as `systemctl status`
 * is: here who it is and where it stands, in status_tables.c what it did.
 */
#include "status_view.h"
#include "clock.h"

#include <stdlib.h>
#include <string.h>

#define BAR_COLUMNS 20

static void label(struct out *o, const char *text)
{
	fprintf(o->f, "%s%10s:%s ", out_on(o, STYLE_DIM), text, out_off(o));
}

void status_line(struct out *o, const char *title, struct rt_str text)
{
	if (text.n == 0)
		return;
	label(o, title);
	out_text(o, text);
	fputc('\n', o->f);
}

static void span(struct rt_buf *b, int64_t ns)
{
	char text[32];

	rt_duration_format(text, ns);
	rt_buf_adds(b, text);
}

static void count(struct rt_buf *b, int64_t n, const char *one, const char *many)
{
	char number[32];

	out_number(number, n);
	rt_buf_addf(b, "%s %s", number, n == 1 ? one : many);
}

/* What else there is to say of the state. */
static void explain_state(struct rt_buf *b, const struct status_view *v)
{
	const struct rt_status *st = &v->st;

	if (v->state == RT_LOST)
		rt_buf_addf(b, ", process %lld is gone; \"rt-run reap\" ends it as failed",
			    (long long)st->owner.pid);
	if (v->state == RT_STALE && st->updated_ns) {
		rt_buf_adds(b, ", nothing heard for ");
		span(b, rt_clock_span(st->updated_ns, v->now_ns));
	}
	if (st->signal)
		rt_buf_addf(b, ", killed by signal %d (%s)", st->signal, strsignal(st->signal));
	else if (st->exit_code > 0)
		rt_buf_addf(b, ", exit code %d", st->exit_code);
}

static void print_state(const struct status_view *v, struct out *o)
{
	struct rt_buf b;

	rt_buf_init(&b);
	explain_state(&b, v);
	label(o, "State");
	fprintf(o->f, "%s%s%s%s\n", out_on(o, out_state_style(v->state)), rt_state_name(v->state),
		out_off(o), b.s);
	rt_buf_release(&b);
}

static void print_times(const struct status_view *v, struct out *o)
{
	const struct rt_status *st = &v->st;
	int64_t began = st->started_ns ? st->started_ns : st->created_ns;
	int64_t until = st->finished_ns ? st->finished_ns : v->now_ns;
	struct rt_buf b;

	rt_buf_init(&b);
	if (began) {
		out_time(o, &b, began);
		if (v->now_ns > began) {
			rt_buf_adds(&b, ", ");
			span(&b, rt_clock_span(began, v->now_ns));
			rt_buf_adds(&b, " ago");
		}
		status_line(o, st->started_ns ? "Started" : "Created", rt_buf_view(&b));
	}
	rt_buf_clear(&b);
	/* of one that nobody ended, the time up to what was heard of it last is known */
	if (!st->finished_ns && v->state != RT_RUNNING && v->state != RT_PAUSED)
		until = st->updated_ns;
	if (began && until >= began && v->state != RT_PENDING)
		span(&b, rt_clock_span(began, until));
	status_line(o, rt_state_over(v->state) ? "Duration" : "Elapsed", rt_buf_view(&b));
	rt_buf_release(&b);
}

/* The stage and how far it is; older programs say both in their last events only. */
static void find_progress(const struct rt_status *st, struct rt_buf *stage, struct rt_buf *percent)
{
	struct rt_str entry;
	size_t at = 0;

	rt_buf_addv(stage, rt_buf_view(&st->stage));
	rt_buf_addv(percent, rt_buf_view(&st->percent));
	if (stage->len || percent->len)
		return;
	while (rt_table_next(&st->events, &at, &entry)) {
		struct rt_event ev;

		if (rt_event_parse(&ev, entry) < 0)
			continue;
		if (rt_event_has(&ev, RT_F_STAGE)) {
			rt_buf_clear(stage);
			rt_event_text(&ev, RT_F_STAGE, stage);
		}
		if (rt_event_has(&ev, RT_F_PERCENT)) {
			rt_buf_clear(percent);
			rt_event_text(&ev, RT_F_PERCENT, percent);
		}
	}
}

static void print_progress(const struct status_view *v, struct out *o)
{
	struct rt_buf stage, percent, b;

	rt_buf_init(&stage);
	rt_buf_init(&percent);
	rt_buf_init(&b);
	find_progress(&v->st, &stage, &percent);
	rt_buf_addv(&b, rt_buf_view(&stage));
	if (percent.len && rt_state_over(v->state)) {
		/* A bar would look as if it went on. */
		if (!rt_str_is(rt_buf_view(&percent), "100"))
			rt_buf_addf(&b, "%sended at %s%%", stage.len ? "  " : "", percent.s);
	} else if (percent.len) {
		double part = strtod(percent.s, NULL) / 100;
		int full = part <= 0 ? 0 : part >= 1 ? BAR_COLUMNS : (int)(part * BAR_COLUMNS);

		rt_buf_addf(&b, "%s[%.*s%.*s] %s%%", stage.len ? "  " : "", full,
			    "####################", BAR_COLUMNS - full, "....................",
			    percent.s);
	}
	status_line(o, stage.len ? "Stage" : "Progress", rt_buf_view(&b));
	rt_buf_release(&stage);
	rt_buf_release(&percent);
	rt_buf_release(&b);
}

static void print_counts(const struct status_view *v, struct out *o)
{
	const struct rt_usage *usage = rt_ledger_total(v->st.ledger);
	char number[32];
	struct rt_buf b;

	rt_buf_init(&b);
	count(&b, v->st.n_events, "event", "events");
	rt_buf_adds(&b, ", ");
	count(&b, v->st.n_warnings, "warning", "warnings");
	rt_buf_adds(&b, ", ");
	count(&b, v->st.n_errors, "error", "errors");
	/* a status.json of an older program does not count: nothing is better than 0 */
	if (v->st.n_events)
		status_line(o, "Events", rt_buf_view(&b));
	rt_buf_clear(&b);
	if (usage->total) {
		out_number(number, usage->prompt);
		rt_buf_addf(&b, "%s prompt + ", number);
		out_number(number, usage->completion);
		rt_buf_addf(&b, "%s completion = ", number);
		out_number(number, usage->total);
		rt_buf_adds(&b, number);
	}
	status_line(o, "Tokens", rt_buf_view(&b));
	rt_buf_clear(&b);
	if (usage->cost_usd > 0)
		rt_buf_addf(&b, "$%.4f", usage->cost_usd);
	status_line(o, "Cost", rt_buf_view(&b));
	rt_buf_release(&b);
}

static void print_resources(const struct status_view *v, struct out *o)
{
	char text[RT_RESOURCES_TEXT];

	rt_resources_text(&v->st.resources, text);
	status_line(o, "Resources", rt_str(text));
}

static void print_head(const struct status_view *v, struct out *o)
{
	const struct rt_status *st = &v->st;
	struct rt_buf b;

	rt_buf_init(&b);
	fputs(out_on(o, STYLE_BOLD), o->f);
	out_text(o, rt_str(st->run_id));
	fputs(out_off(o), o->f);
	fputc('\n', o->f);
	status_line(o, "Name", rt_buf_view(&st->name));
	status_line(o, "Group", rt_buf_view(&st->group));
	status_print_metadata(v, o);
	print_state(v, o);
	print_times(v, o);
	print_resources(v, o);
	print_progress(v, o);
	status_line(o, "Error", rt_buf_view(&st->error));
	print_counts(v, o);
	status_print_context(v, o);
	if (!rt_state_over(v->state) && st->owner.pid)
		rt_buf_addf(&b, "%s, process %lld", st->host.s, (long long)st->owner.pid);
	else
		rt_buf_addv(&b, rt_buf_view(&st->host));
	status_line(o, "Host", rt_buf_view(&b));
	status_line(o, "Parent", rt_buf_view(&st->parent_run_id));
	status_line(o, "Path", rt_str(v->path));
	rt_buf_release(&b);
}

void status_view_print(const struct status_view *v, struct out *o, int64_t n_events)
{
	print_head(v, o);
	status_tables_print(v, o, n_events);
}
