/*
 * The steps on the page of a summary, or the stages of a run without any: when
 * and for how long, and the tokens that each took. The charts are SVG, a row's
 * own each: bars stretch with the page, words beside them do not.
 */
#include "summary_html.h"

#include <inttypes.h>
#include <stdlib.h>

#define STEPS_MAX 1000 /* rows, the urgent ones when there are more */
#define SPAN 1000      /* units that a bar's row is wide */

static const char *class_of_step(const struct sum_step *st)
{
	if (st->state == SUM_SUCCESS)
		return st->tally.errors ? "odd" : "ok";
	return st->state == SUM_FAILED || st->state == SUM_TIMEOUT ? "bad" : "odd";
}

/* The part of `whole` that n is, in units of a bar; what is there at all is seen. */
static int64_t part(int64_t n, int64_t whole)
{
	int64_t units;

	if (n <= 0 || whole <= 0)
		return 0;
	units = (int64_t)((double)n / (double)whole * SPAN + 0.5);
	return units < 3 ? 3 : units > SPAN ? SPAN : units;
}

static void bar(struct rt_buf *out, const char *class, int64_t from, int64_t width)
{
	if (from > SPAN - width)
		from = SPAN - width;
	rt_buf_addf(out,
		    "<rect class=\"%s\" x=\"%" PRId64 "\" width=\"%" PRId64 "\" height=\"10\"/>",
		    class, from, width);
}

#define SVG "<svg viewBox=\"0 0 1000 10\" preserveAspectRatio=\"none\" aria-hidden=\"true\">"

/* Where the step stands in the time of the run. */
static void timeline(const struct rt_summary *s, int64_t from_ns, int64_t ms, const char *class,
		     struct rt_buf *out)
{
	int64_t all_ms = rt_sum_run_ms(s);
	int64_t before_ms = from_ns / RT_NS_PER_MS - s->started_ns / RT_NS_PER_MS;

	if (!from_ns || ms < 0 || all_ms <= 0 || before_ms < 0)
		return;
	rt_buf_adds(out, SVG);
	bar(out, class, part(before_ms, all_ms), part(ms ? ms : 1, all_ms));
	rt_buf_adds(out, "</svg>");
}

/* Prompt and completion, of the most that a step has. */
static void token_chart(const struct rt_usage *u, int64_t most, struct rt_buf *out)
{
	int64_t prompt = part(u->prompt, most), completion = part(u->completion, most);

	if (!u->prompt && !u->completion)
		completion = part(u->total, most);
	if (!prompt && !completion)
		return;
	rt_buf_adds(out, SVG);
	if (prompt)
		bar(out, "one", 0, prompt);
	if (completion)
		bar(out, "two", prompt, completion);
	rt_buf_adds(out, "</svg>");
}

static void count_cell(struct rt_buf *out, int64_t n)
{
	if (n)
		rt_buf_addf(out, "<td class=\"n\">%" PRId64 "</td>", n);
	else
		rt_buf_adds(out, "<td></td>");
}

static void duration_cell(struct rt_buf *out, int64_t ms)
{
	char text[32];

	rt_duration_format_ms(text, ms);
	rt_buf_addf(out, "<td class=\"n\">%s</td>", text);
}

static void share_cell(struct rt_buf *out, int percent)
{
	if (percent >= 0)
		rt_buf_addf(out, "<td class=\"n\">%d %%</td>", percent);
	else
		rt_buf_adds(out, "<td></td>");
}

static void step_row(const struct rt_summary *s, const struct sum_step *st, int64_t most_tokens,
		     struct rt_buf *out)
{
	int64_t ms = rt_sum_step_ms(st);
	struct rt_buf label;

	rt_buf_init(&label);
	rt_sum_step_label(st, &label);
	rt_buf_adds(out, "<tr><td class=\"w\">");
	rt_sum_xml(out, label.s);
	rt_buf_adds(out, "</td><td class=\"name\">");
	rt_sum_xml(out, st->name ? st->name : "");
	if (st->error) {
		rt_buf_adds(out, st->name ? "<br>" : "");
		rt_buf_adds(out, "<span class=\"dim\">");
		rt_sum_xml(out, st->error);
		rt_buf_adds(out, "</span>");
	}
	rt_buf_addf(out, "</td><td class=\"w\"><b class=\"%s\">%s</b></td><td class=\"chart\">",
		    class_of_step(st), rt_sum_state_name(st->state));
	timeline(s, st->started_ns, ms, class_of_step(st), out);
	rt_buf_adds(out, "</td>");
	duration_cell(out, ms);
	share_cell(out, rt_sum_share(s, st));
	count_cell(out, st->retries);
	count_cell(out, st->tally.errors);
	count_cell(out, st->tally.warnings);
	if (most_tokens) {
		count_cell(out, st->tally.usage.total);
		rt_buf_adds(out, "<td class=\"chart\">");
		token_chart(&st->tally.usage, most_tokens, out);
		rt_buf_adds(out, "</td>");
	}
	rt_buf_adds(out, "</tr>\n");
	out->failed |= label.failed;
	rt_buf_release(&label);
}

static void step_rows(const struct rt_summary *s, int64_t most_tokens, struct rt_buf *out)
{
	size_t *order = rt_sum_steps_order(s), n = s->n_steps < STEPS_MAX ? s->n_steps : STEPS_MAX;

	if (!order) {
		out->failed = true;
		return;
	}
	rt_sum_steps_sort(order, n);
	for (size_t i = 0; i < n; i++)
		step_row(s, &s->steps[order[i]], most_tokens, out);
	free(order);
}

static void stage_row(const struct rt_summary *s, const struct sum_stage *g, struct rt_buf *out)
{
	int64_t ms = rt_sum_stage_ms(s, g);

	rt_buf_adds(out, "<tr><td></td><td class=\"name\">");
	rt_sum_xml(out, g->name);
	rt_buf_adds(out, "</td><td></td><td class=\"chart\">");
	timeline(s, g->started_ns, ms, "one", out);
	rt_buf_adds(out, "</td>");
	duration_cell(out, ms);
	rt_buf_adds(out, "<td></td><td></td>");
	count_cell(out, g->tally.errors);
	count_cell(out, g->tally.warnings);
	rt_buf_adds(out, "</tr>\n");
}

void rt_sum_html_steps(const struct rt_summary *s, struct rt_buf *out)
{
	int64_t most_tokens = 0;

	if (!s->n_steps && !s->n_stages)
		return;
	for (size_t i = 0; i < s->n_steps; i++) {
		const struct rt_usage *u = &s->steps[i].tally.usage;

		most_tokens = u->total > most_tokens ? u->total : most_tokens;
	}
	rt_sum_html_heading(out, s->n_steps ? "Steps" : "Stages");
	rt_buf_adds(
		out,
		"<div class=\"scroll\"><table class=\"steps\">\n<tr><th></th><th>Name</th>"
		"<th>State</th><th>Time</th><th class=\"n\">Duration</th><th class=\"n\">Share</th>"
		"<th class=\"n\">Retries</th><th class=\"n\">Errors</th>"
		"<th class=\"n\">Warnings</th>");
	if (most_tokens)
		rt_buf_adds(out, "<th class=\"n\">Tokens</th><th>Prompt, completion</th>");
	rt_buf_adds(out, "</tr>\n");
	if (s->n_steps)
		step_rows(s, most_tokens, out);
	for (size_t i = 0; i < s->n_stages && !s->n_steps; i++)
		stage_row(s, &s->stages[i], out);
	rt_buf_adds(out, "</table></div>\n");
	if (s->n_steps > STEPS_MAX)
		rt_sum_html_more(s, s->n_steps - STEPS_MAX, SUM_SHOW_STEPS, out);
}
