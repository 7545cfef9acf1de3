/*
 * The steps of a run as a Gantt chart, in the language of mermaid that GitHub
 * and GitLab draw. It has no way to quote: of a name only characters stay that
 * mean nothing in it, and a number or word of ours comes first.
 * Source: mermaid.js.org/syntax/gantt.html.
 */
#include "summary_model.h"

#include <inttypes.h>

#define STEPS_MAX 20 /* a chart of more is no help */
#define NAME_MAX_SHOWN 30

static void add_name(struct rt_buf *out, const struct sum_step *st)
{
	const char *name = st->name ? st->name : st->number < 0 ? st->key : "";

	if (st->number >= 0)
		rt_buf_addf(out, "    %03" PRId64 " ", st->number);
	else
		rt_buf_adds(out, "    step ");
	for (size_t i = 0; name[i] && i < NAME_MAX_SHOWN; i++) {
		char c = name[i];
		bool plain = ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') || (c >= '0' && c <= '9') ||
			     strchr(" ._-", c);

		rt_buf_addc(out, plain ? c : '_');
	}
}

static const char *tag_of(const struct sum_step *st)
{
	if (st->state == SUM_FAILED || st->state == SUM_TIMEOUT)
		return "crit, ";
	return st->state == SUM_SUCCESS ? "done, " : "";
}

void rt_sum_md_gantt(const struct rt_summary *s, struct rt_buf *out)
{
	size_t start = out->len, n = 0;

	if (s->n_steps > STEPS_MAX)
		return;
	rt_buf_adds(out, "\n```mermaid\ngantt\n    dateFormat x\n    axisFormat %H:%M:%S\n");
	for (size_t i = 0; i < s->n_steps; i++) {
		const struct sum_step *st = &s->steps[i];
		int64_t ms = rt_sum_step_ms(st), from_ms = st->started_ns / RT_NS_PER_MS;

		if (!st->started_ns || ms < 0)
			continue;
		add_name(out, st);
		rt_buf_addf(out, " : %s%" PRId64 ", %" PRId64 "\n", tag_of(st), from_ms,
			    from_ms + (ms ? ms : 1));
		n++;
	}
	rt_buf_adds(out, "```\n");
	if (n < 2)
		rt_buf_splice(out, start, out->len - start, NULL, 0);
}
