/*
 * The summary as JUnit's XML, which every CI system shows: each step is a test
 * case. What no step accounts for, a run that failed outside of them or had
 * none, is a case of its own. Elements, attributes and their order are those
 * that both the schema of Ant's junitreport and that of Jenkins take.
 */
#include "summary_model.h"

#include <inttypes.h>

enum verdict { GOOD, FAILURE, ERROR, SKIPPED };

static enum verdict verdict_of(const struct rt_summary *s, const struct sum_step *st)
{
	switch (st->state) {
	case SUM_SUCCESS:
		return GOOD;
	case SUM_FAILED:
	case SUM_TIMEOUT:
		return FAILURE;
	case SUM_INCOMPLETE:
		return rt_state_over(s->state) ? ERROR : SKIPPED;
	case SUM_CANCELLED:
		return ERROR;
	default:
		return SKIPPED;
	}
}

/* Whether the run as a whole has to be a case. */
static bool has_own_case(const struct rt_summary *s, const size_t *of)
{
	if (!s->n_steps)
		return true;
	return s->state_known && (s->state == RT_FAILED || s->state == RT_CANCELLED) &&
	       !of[FAILURE] && !of[ERROR];
}

static enum verdict own_verdict(const struct rt_summary *s)
{
	if (!s->state_known || !rt_state_over(s->state))
		return SKIPPED;
	return s->state == RT_COMPLETED ? GOOD : s->state == RT_FAILED ? FAILURE : ERROR;
}

static void seconds(struct rt_buf *out, int64_t ms)
{
	ms = ms < 0 ? 0 : ms;
	rt_buf_addf(out, "%" PRId64 ".%03d", ms / 1000, (int)(ms % 1000));
}

static void attribute(struct rt_buf *out, const char *name, const char *value)
{
	rt_buf_addf(out, " %s=\"", name);
	rt_sum_xml(out, value);
	rt_buf_addc(out, '"');
}

static const struct sum_tail *tail_of(const struct rt_summary *s, int64_t step)
{
	for (size_t i = 0; i < s->n_tails; i++) {
		if (s->tails[i].step == step)
			return &s->tails[i];
	}
	return NULL;
}

/* What went wrong, and the last lines that were printed. */
static void outcome(struct rt_buf *out, enum verdict verdict, const char *state, const char *error,
		    const struct sum_tail *tail)
{
	const char *name = verdict == FAILURE ? "failure" : "error";

	if (verdict == GOOD)
		return;
	if (verdict == SKIPPED) {
		rt_buf_adds(out, "<skipped/>");
		return;
	}
	rt_buf_addf(out, "<%s", name);
	attribute(out, "message", error ? error : state);
	attribute(out, "type", state);
	rt_buf_addc(out, '>');
	for (size_t i = 0; tail && i < tail->n; i++) {
		rt_sum_xml(out, tail->lines[i]);
		rt_buf_addc(out, '\n');
	}
	rt_buf_addf(out, "</%s>", name);
}

static void begin_case(const struct rt_summary *s, const char *name, int64_t ms, struct rt_buf *out)
{
	rt_buf_adds(out, "<testcase");
	attribute(out, "name", name);
	attribute(out, "classname", s->name ? s->name : s->id);
	rt_buf_adds(out, " time=\"");
	seconds(out, ms);
	rt_buf_adds(out, "\">");
}

static void step_name(const struct sum_step *st, struct rt_buf *name)
{
	rt_buf_init(name);
	if (st->name)
		rt_buf_adds(name, st->name);
	else
		rt_sum_step_label(st, name);
}

static void step_case(const struct rt_summary *s, const struct sum_step *st, struct rt_buf *out)
{
	const struct sum_tail *tail = st->number > 0 ? tail_of(s, st->number) : NULL;
	struct rt_buf name;

	step_name(st, &name);
	begin_case(s, name.s, rt_sum_step_ms(st), out);
	outcome(out, verdict_of(s, st), rt_sum_state_name(st->state), st->error, tail);
	rt_buf_adds(out, "</testcase>\n");
	out->failed |= name.failed;
	rt_buf_release(&name);
}

static const char *host_of(const struct rt_summary *s)
{
	for (size_t i = 0; i < s->configuration.n; i++) {
		if (strcmp(s->configuration.v[i].label, "Host") == 0)
			return s->configuration.v[i].value;
	}
	return "localhost";
}

static void head(const struct rt_summary *s, const size_t *of, size_t cases, struct rt_buf *out)
{
	char ts[RT_TS_LEN + 1];

	rt_clock_format(ts, s->started_ns);
	rt_buf_adds(out, "<testsuite id=\"0\" package=\"rt\"");
	attribute(out, "name", s->name ? s->name : s->id);
	attribute(out, "hostname", host_of(s));
	rt_buf_addf(out, " timestamp=\"%.19s\" tests=\"%zu\" failures=\"%zu\" errors=\"%zu\"", ts,
		    cases, of[FAILURE], of[ERROR]);
	rt_buf_addf(out, " skipped=\"%zu\" time=\"", of[SKIPPED]);
	seconds(out, rt_sum_run_ms(s));
	rt_buf_adds(out, "\">\n<properties>\n");
	rt_buf_adds(out, "<property name=\"run_id\"");
	attribute(out, "value", s->id);
	rt_buf_adds(out, "/>\n</properties>\n");
}

/* What a case that is no failure cannot say itself: that there were errors all the same. */
static void notes(const struct rt_summary *s, struct rt_buf *out)
{
	size_t start = out->len;

	for (size_t i = 0; i < s->n_steps; i++) {
		const struct sum_step *st = &s->steps[i];
		struct rt_buf name;

		if (verdict_of(s, st) != GOOD || !st->tally.errors)
			continue;
		rt_buf_adds(out, out->len == start ? "<system-out>" : "");
		step_name(st, &name);
		rt_sum_xml(out, name.s);
		rt_buf_addf(out, ": SUCCESS, errors: %" PRId64 "\n", st->tally.errors);
		out->failed |= name.failed;
		rt_buf_release(&name);
	}
	rt_buf_adds(out, out->len == start ? "<system-out/>\n" : "</system-out>\n");
}

void rt_summary_junit(const struct rt_summary *s, struct rt_buf *out)
{
	size_t of[4] = { 0 };
	bool own;

	for (size_t i = 0; i < s->n_steps; i++)
		of[verdict_of(s, &s->steps[i])]++;
	own = has_own_case(s, of);
	if (own)
		of[own_verdict(s)]++;
	rt_buf_adds(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n");
	head(s, of, s->n_steps + own, out);
	for (size_t i = 0; i < s->n_steps; i++)
		step_case(s, &s->steps[i], out);
	if (own) {
		begin_case(s, "(run)", rt_sum_run_ms(s), out);
		outcome(out, own_verdict(s), rt_state_name(s->state), s->error, tail_of(s, -1));
		rt_buf_adds(out, "</testcase>\n");
	}
	notes(s, out);
	rt_buf_adds(out, "<system-err/>\n</testsuite>\n</testsuites>\n");
}
