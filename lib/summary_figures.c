/* What of a summary is compared with other runs, as figures. */
#include "summary_model.h"

#include <stdio.h>

void rt_summary_figures(const struct rt_summary *s, struct rt_figures *f)
{
	*f = (struct rt_figures){ .status = "", .duration_ms = -1, .usage = s->all.usage };
	if (s->name)
		snprintf(f->name, sizeof(f->name), "%s", s->name);
	if (s->state_known) {
		f->status = rt_state_name(s->state);
		f->good = s->state == RT_COMPLETED;
		f->bad = s->state == RT_FAILED;
	}
	if (s->finished_ns)
		f->duration_ms = rt_sum_run_ms(s);
	f->retries = rt_sum_retries(s);
	f->errors = s->all.errors;
	f->warnings = s->all.warnings;
}

size_t rt_summary_steps(const struct rt_summary *s)
{
	return s->n_steps;
}

void rt_summary_step_figures(const struct rt_summary *s, size_t i, struct rt_figures *f)
{
	const struct sum_step *st = &s->steps[i];

	*f = (struct rt_figures){ .status = rt_sum_state_name(st->state),
				  .good = st->state == SUM_SUCCESS,
				  .bad = st->state == SUM_FAILED || st->state == SUM_TIMEOUT,
				  .duration_ms = rt_sum_step_ms(st),
				  .retries = st->retries,
				  .errors = st->tally.errors,
				  .warnings = st->tally.warnings,
				  .usage = st->tally.usage };
	if (st->name || st->number < 0)
		snprintf(f->name, sizeof(f->name), "%s", st->name ? st->name : st->key);
	else
		snprintf(f->name, sizeof(f->name), "step %03lld", (long long)st->number);
}

const char *rt_summary_id(const struct rt_summary *s)
{
	return s->id;
}
