/*
 * The summary as JSON, metrics.json and -o json. Names are those of status.json;
 * what is not there is left out. One line for the run, then a line for each
 * entry of a table, so that a diff shows what changed.
 */
#include "summary_model.h"

#include "display.h"

#include <inttypes.h>

static void quote(struct rt_buf *out, const char *value)
{
	rt_inert_json(out, rt_str(value));
}

static void text(struct rt_buf *out, const char *key, const char *value)
{
	if (!value || !*value)
		return;
	rt_buf_addf(out, ",\"%s\":", key);
	quote(out, value);
}

static void number(struct rt_buf *out, const char *key, int64_t n)
{
	rt_buf_addf(out, ",\"%s\":%" PRId64, key, n);
}

static void when(struct rt_buf *out, const char *key, int64_t ns)
{
	char ts[RT_TS_LEN + 1];

	if (!ns)
		return;
	rt_clock_format(ts, ns);
	rt_buf_addf(out, ",\"%s\":\"%s\"", key, ts);
}

static void counts(struct rt_buf *out, const struct sum_tally *t)
{
	rt_buf_addf(out,
		    ",\"counts\":{\"events\":%" PRId64 ",\"warnings\":%" PRId64
		    ",\"errors\":%" PRId64 "}",
		    t->events, t->warnings, t->errors);
}

static void usage(struct rt_buf *out, const struct rt_usage *u, bool always)
{
	if (always || u->prompt || u->completion || u->total)
		rt_buf_addf(out,
			    ",\"tokens\":{\"prompt\":%" PRId64 ",\"completion\":%" PRId64
			    ",\"total\":%" PRId64 "}",
			    u->prompt, u->completion, u->total);
	if (u->cost_usd > 0) {
		rt_buf_adds(out, ",\"cost_usd\":");
		rt_sum_cost(out, u->cost_usd);
	}
	if (always || u->calls)
		number(out, "llm_calls", u->calls);
}

static void gates(const struct sum_gates *g, struct rt_buf *out)
{
	if (g->checked || g->blocked || g->warned)
		rt_buf_addf(out,
			    ",\"gates\":{\"checked\":%" PRId64 ",\"blocked\":%" PRId64
			    ",\"warned\":%" PRId64 "}",
			    g->checked, g->blocked, g->warned);
	if (g->passed || g->failed)
		rt_buf_addf(out,
			    ",\"verifications\":{\"passed\":%" PRId64 ",\"failed\":%" PRId64 "}",
			    g->passed, g->failed);
}

static void head(const struct rt_summary *s, struct rt_buf *out)
{
	rt_buf_adds(out, "\"run_id\":");
	quote(out, s->id);
	if (s->state_known)
		text(out, "status", rt_state_name(s->state));
	text(out, "name", s->name);
	text(out, "group", s->group);
	text(out, "parent_run_id", s->parent);
	when(out, "started_at", s->started_ns);
	when(out, "finished_at", s->finished_ns);
	when(out, "last_event_at", s->story.last_ns);
	if (s->finished_ns && rt_sum_run_ms(s) >= 0)
		number(out, "duration_ms", rt_sum_run_ms(s));
	if (s->exit_code >= 0)
		number(out, "exit_code", s->exit_code);
	if (s->signal)
		number(out, "signal", s->signal);
	if (s->resources.known) {
		rt_buf_adds(out, ",\"resources\":");
		rt_resources_write(&s->resources, out);
	}
	text(out, "error", s->error);
	counts(out, &s->all);
	number(out, "skipped_lines", (int64_t)s->skipped);
	if (rt_sum_retries(s))
		number(out, "retries", rt_sum_retries(s));
	if (rt_sum_timeouts(s))
		number(out, "timeouts", rt_sum_timeouts(s));
	usage(out, &s->all.usage, true);
	gates(&s->gates, out);
	number(out, "steps_completed", (int64_t)rt_sum_steps_done(s));
	number(out, "steps_total", (int64_t)rt_sum_steps_all(s));
}

/* A JSON array of lines: "[]" or each entry on its own. */
static void array(const struct rt_summary *s, const char *name, size_t n,
		  void (*entry)(const struct rt_summary *, size_t, struct rt_buf *),
		  struct rt_buf *out)
{
	rt_buf_addf(out, ",\n\"%s\":[", name);
	for (size_t i = 0; i < n; i++) {
		rt_buf_adds(out, i ? ",\n" : "\n");
		entry(s, i, out);
	}
	rt_buf_adds(out, n ? "\n]" : "]");
}

static void model(const struct rt_summary *s, size_t i, struct rt_buf *out)
{
	quote(out, s->models.v[i].name);
}

static void spender(const struct sum_spender *v, struct rt_buf *out)
{
	rt_buf_adds(out, "{\"name\":");
	quote(out, v->name);
	usage(out, &v->usage, true);
	rt_buf_addc(out, '}');
}

static void by_model(const struct rt_summary *s, size_t i, struct rt_buf *out)
{
	spender(&s->models.v[i], out);
}

static void by_role(const struct rt_summary *s, size_t i, struct rt_buf *out)
{
	spender(&s->roles.v[i], out);
}

static void note(const struct rt_summary *s, size_t i, struct rt_buf *out)
{
	quote(out, s->notes.v[i].value);
}

/* {"step_id":"step_001", or of a step that has none {"name":"build" */
static void step_names(const struct sum_step *st, struct rt_buf *out)
{
	const char *name = st->name;

	rt_buf_addc(out, '{');
	if (st->number >= 0 || st->id) {
		rt_buf_adds(out, "\"step_id\":");
		if (st->id)
			quote(out, st->key);
		else
			rt_buf_addf(out, "\"step_%03" PRId64 "\"", st->number);
	} else {
		name = name ? name : st->key;
	}
	if (!name)
		return;
	rt_buf_adds(out, out->s[out->len - 1] == '{' ? "\"name\":" : ",\"name\":");
	quote(out, name);
}

static void step(const struct rt_summary *s, size_t i, struct rt_buf *out)
{
	const struct sum_step *st = &s->steps[i];
	int64_t ms = rt_sum_step_ms(st);

	step_names(st, out);
	if (st->number >= 0)
		number(out, "step", st->number);
	if (st->part)
		number(out, "sprint", st->part);
	text(out, "status", rt_sum_state_word(s, st));
	when(out, "started_at", st->started_ns);
	when(out, "finished_at", st->finished_ns);
	if (ms >= 0)
		number(out, "duration_ms", ms);
	number(out, "retries", st->retries);
	if (st->timeouts)
		number(out, "timeouts", st->timeouts);
	text(out, "error", st->error);
	counts(out, &st->tally);
	usage(out, &st->tally.usage, false);
	rt_buf_addc(out, '}');
}

static void stage(const struct rt_summary *s, size_t i, struct rt_buf *out)
{
	const struct sum_stage *g = &s->stages[i];
	int64_t ms = rt_sum_stage_ms(s, g);

	rt_buf_adds(out, "{\"name\":");
	quote(out, g->name);
	text(out, "status", rt_state_name(g->state));
	when(out, "started_at", g->started_ns);
	when(out, "finished_at", g->finished_ns);
	if (ms >= 0)
		number(out, "duration_ms", ms);
	counts(out, &g->tally);
	usage(out, &g->tally.usage, false);
	rt_buf_addc(out, '}');
}

static void group(const struct rt_summary *s, size_t i, struct rt_buf *out)
{
	const struct sum_group *g = &s->groups[i];

	rt_buf_addf(out, "{\"level\":\"%s\",\"message\":", rt_level_name(g->level));
	quote(out, g->message);
	text(out, "error", g->detail);
	number(out, "count", g->n);
	when(out, "first_at", g->first_ns);
	when(out, "last_at", g->last_ns);
	rt_buf_addc(out, '}');
}

static void tail(const struct rt_summary *s, size_t i, struct rt_buf *out)
{
	const struct sum_tail *t = &s->tails[i];

	rt_buf_addc(out, '{');
	if (t->step >= 0)
		rt_buf_addf(out, "\"step_id\":\"step_%03" PRId64 "\",", t->step);
	rt_buf_adds(out, "\"lines\":[");
	for (size_t k = 0; k < t->n; k++) {
		rt_buf_adds(out, k ? "," : "");
		quote(out, t->lines[k]);
	}
	rt_buf_adds(out, "]}");
}

void rt_summary_metrics(const struct rt_summary *s, struct rt_buf *out)
{
	rt_buf_addc(out, '{');
	head(s, out);
	array(s, "models", s->models.n, model, out);
	array(s, "by_model", s->models.n, by_model, out);
	array(s, "by_role", s->roles.n, by_role, out);
	array(s, "steps", s->n_steps, step, out);
	array(s, "stages", s->n_stages, stage, out);
	array(s, "problems", s->n_groups, group, out);
	if (s->more_errors + s->more_warnings)
		number(out, "problems_left_out", s->more_errors + s->more_warnings);
	array(s, "last_output", s->n_tails, tail, out);
	array(s, "notes", s->notes.n, note, out);
	rt_buf_adds(out, "}\n");
}
