/*
 * The last lines of what failed printed, for its summary: most often they say
 * why. They come from the logs of the steps that went wrong, and from the run's
 * own where it failed and its last step did not, or it printed something later.
 */
#include "summary_model.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define LINE_MAX_KEPT 200 /* bytes of a line */

/*
 * Take the last lines of a log, if it has any. `step`: -1 for the run's own.
 * after_ns: only if they were written later.
 */
static void read_tail(struct rt_summary *s, const struct rt_rundir *d, int64_t step,
		      int64_t after_ns)
{
	struct rt_last_lines l;
	struct sum_tail *t;
	struct rt_str line;
	char step_id[32];
	size_t at = 0;
	bool there;

	snprintf(step_id, sizeof(step_id), "step_%03" PRId64, step);
	there = rt_last_lines_read(&l, d, step < 0 ? NULL : step_id) == 0 &&
		(!after_ns || l.last_ns > after_ns) && rt_last_lines_next(&l, &at, &line);
	if (there && s->n_tails == SUM_TAILS) {
		s->more_tails++;
	} else if (there) {
		t = &s->tails[s->n_tails++];
		t->step = step;
		do
			t->lines[t->n++] = rt_sum_keep(s, line, LINE_MAX_KEPT);
		while (rt_last_lines_next(&l, &at, &line));
	}
	rt_last_lines_release(&l);
}

/* Whether its output may say what went wrong. */
static bool went_wrong(const struct rt_summary *s, const struct sum_step *st)
{
	return st->state == SUM_FAILED || st->state == SUM_TIMEOUT ||
	       (st->state == SUM_INCOMPLETE && rt_state_over(s->state));
}

void rt_sum_read_output(struct rt_summary *s, const struct rt_rundir *d)
{
	int64_t last_ns = 0;

	for (size_t i = 0; i < s->n_steps; i++) {
		const struct sum_step *st = &s->steps[i];
		bool wrong = went_wrong(s, st);

		last_ns = wrong ? st->finished_ns : 0;
		if (wrong && st->number > 0)
			read_tail(s, d, st->number, 0);
	}
	if (s->state == RT_FAILED)
		read_tail(s, d, -1, last_ns);
}

char *rt_sum_tail_command(const struct rt_summary *s, const struct sum_tail *t)
{
	char *command;
	struct rt_buf b;

	rt_buf_init(&b);
	if (t->step >= 0)
		rt_buf_addf(&b, "--step step_%03" PRId64 " ", t->step);
	rt_buf_adds(&b, "--logs -n all");
	command = b.failed ? NULL : rt_sum_command(s, "rt-tail", b.s);
	rt_buf_release(&b);
	return command;
}

void rt_sum_tail_label(const struct sum_tail *t, char label[32])
{
	if (t->step < 0)
		snprintf(label, 32, "the run");
	else
		snprintf(label, 32, "step %03" PRId64, t->step);
}
