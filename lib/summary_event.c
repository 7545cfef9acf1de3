/*
 * What one event adds to a summary: to the counts of the run, of its stage and
 * of its step, to the story of how the run began and ended, and to the lists of
 * what went wrong, what people did and what was made.
 */
#include "summary_model.h"

#include "text.h"

#include <limits.h>
#include <stdlib.h>

struct rt_str rt_sum_field(const struct rt_event *ev, enum rt_field f, struct rt_buf *scratch)
{
	struct rt_json v;

	if (!rt_event_get(ev, f, &v) || v.type == RT_JSON_ARRAY || v.type == RT_JSON_OBJECT)
		return (struct rt_str){ NULL, 0 };
	if (!v.escaped)
		return v.text;
	rt_buf_clear(scratch);
	rt_json_text(&v, scratch);
	return rt_buf_view(scratch);
}

bool rt_sum_metadata(const struct rt_event *ev, const char *path, struct rt_json *value)
{
	struct rt_json metadata;

	return rt_event_get(ev, RT_F_METADATA, &metadata) &&
	       rt_scan_find(metadata.text, rt_str(path), value);
}

void rt_sum_tally(struct sum_tally *t, const struct sum_gist *g)
{
	t->events++;
	t->errors += g->level >= RT_ERROR;
	t->warnings += g->level == RT_WARNING;
	if (!g->at_ns)
		return;
	if (!t->first_ns || g->at_ns < t->first_ns)
		t->first_ns = g->at_ns;
	if (g->at_ns > t->last_ns)
		t->last_ns = g->at_ns;
}

void rt_sum_usage(struct rt_usage *to, const struct rt_usage *delta)
{
	to->calls += delta->calls;
	to->prompt += delta->prompt;
	to->completion += delta->completion;
	to->total += delta->total;
	to->cost_usd += delta->cost_usd;
}

/* Whether the event starts the run, ends it, ..., and which state it is in then. */
static bool state_of(const struct rt_summary *s, enum rt_type type, enum rt_state *state)
{
	switch (type) {
	case RT_T_RUN_STARTED:
	case RT_T_RUN_RESUMED:
		*state = RT_RUNNING;
		return true;
	case RT_T_RUN_PAUSED:
		*state = RT_PAUSED;
		return true;
	case RT_T_RUN_COMPLETED:
		*state = RT_COMPLETED;
		return true;
	case RT_T_RUN_FAILED:
		*state = RT_FAILED;
		return true;
	case RT_T_RUN_CANCELLED:
		*state = RT_CANCELLED;
		return true;
	default:
		break;
	}
	/* a session inside one of our runs is not the run */
	if (!s->foreign || type < RT_T_SESSION_STARTED || type > RT_T_SESSION_ABORTED)
		return false;
	*state = type == RT_T_SESSION_STARTED   ? RT_RUNNING :
		 type == RT_T_SESSION_COMPLETED ? RT_COMPLETED :
		 type == RT_T_SESSION_FAILED    ? RT_FAILED :
						  RT_CANCELLED;
	return true;
}

static void run_ends(struct rt_summary *s, const struct rt_event *ev, int64_t at_ns)
{
	struct sum_story *story = &s->story;
	struct rt_str error = rt_sum_field(ev, RT_F_ERROR, &s->scratch);
	struct rt_json v;
	int64_t code;

	if (!error.n && s->foreign && story->state != RT_COMPLETED)
		error = rt_sum_field(ev, RT_F_MESSAGE, &s->scratch);

	if (story->ends++) {
		story->ends_too_many++;
		story->end_before = story->last_end;
	}
	story->ended = true;
	story->last_end = ev->type;
	story->ended_ns = at_ns ? at_ns : story->last_ns;
	story->exit_code = -1;
	if (rt_sum_metadata(ev, "exit_code", &v) && rt_json_int(&v, &code) && code >= 0 &&
	    code <= INT_MAX)
		story->exit_code = (int)code;
	story->resources.known = false;
	if (rt_sum_metadata(ev, "resources", &v) && v.type == RT_JSON_OBJECT)
		rt_resources_parse(&story->resources, v.text);
	free(story->error);
	story->error = error.n ? rt_sum_keep(s, error, SUM_TEXT) : NULL;
	rt_sum_end_stage(s, story->ended_ns, story->state);
}

/* ev is given where the event may begin or end the run. */
static void tell_story(struct rt_summary *s, int64_t at_ns, const struct rt_event *ev)
{
	struct sum_story *story = &s->story;
	enum rt_state state;

	if (at_ns) {
		story->back += at_ns < story->last_ns;
		if (!story->first_ns)
			story->first_ns = at_ns;
		story->last_ns = at_ns;
	}
	if (!ev || !state_of(s, ev->type, &state))
		return;
	story->state = state;
	if (rt_state_over(state)) {
		run_ends(s, ev, at_ns);
		return;
	}
	story->ended = false;
	story->ends = 0;
	if (!story->started && state == RT_RUNNING) {
		story->started = true;
		story->started_ns = at_ns;
	}
}

/* A line should have no run's id, or this run's. */
static void check_id(struct rt_summary *s, struct rt_str id)
{
	if (!id.n)
		return;
	if (!s->own_id)
		s->own_id = rt_sum_keep(s, id, SUM_TEXT);
	else if (!rt_str_is(id, s->own_id) && !rt_str_is(id, s->id) && !s->strangers++)
		s->stranger = rt_sum_keep(s, id, SUM_KEY);
}

/* What a person did, or was asked. */
static bool is_of_people(enum rt_type type)
{
	return (type >= RT_T_CLARIFICATION_REQUESTED && type <= RT_T_CONTEXT_ADDED) ||
	       type == RT_T_RUN_PAUSED || type == RT_T_RUN_RESUMED || type == RT_T_RUN_CANCELLED;
}

static void add_person(struct rt_summary *s, const struct rt_event *ev, int64_t at_ns)
{
	struct sum_moment *m = &s->people[s->n_people];

	if (!is_of_people(ev->type))
		return;
	if (s->n_people == SUM_PEOPLE) {
		s->more_people++;
		return;
	}
	rt_buf_clear(&s->scratch);
	rt_event_text(ev, RT_F_MESSAGE, &s->scratch);
	m->at_ns = at_ns;
	m->type = ev->type;
	m->text = rt_sum_keep(s, rt_buf_view(&s->scratch), SUM_TEXT);
	s->n_people += m->text != NULL;
}

/* The counts of the run, its stage and its step; and the step's own story. */
static void count(struct rt_summary *s, const struct sum_gist *g, const struct rt_event *ev)
{
	struct rt_usage delta = { 0, 0, 0, 0, 0 };
	bool used = g->used && rt_ledger_count(s->ledger, &g->said, &delta);
	bool of_step = ev && rt_sum_is_step_event(ev);
	struct sum_stage *stage = rt_sum_stage(s, g, ev);
	struct sum_step *step = rt_sum_step(s, g, of_step ? ev : NULL);

	rt_sum_tally(&s->all, g);
	if (stage)
		rt_sum_tally(&stage->tally, g);
	if (step)
		rt_sum_tally(&step->tally, g);
	if (used && stage)
		rt_sum_usage(&stage->tally.usage, &delta);
	if (used && step)
		rt_sum_usage(&step->tally.usage, &delta);
	if (used && !step)
		s->unplaced_calls += delta.calls;
	rt_sum_spent(s, g, used ? &delta : NULL);
	if (step && of_step)
		rt_sum_step_event(s, step, ev, g->at_ns);
}

static void add_total_steps(struct rt_summary *s, const struct rt_event *ev)
{
	struct rt_json v;
	int64_t n;

	if (rt_sum_is_step_event(ev) && rt_event_get(ev, RT_F_TOTAL_STEPS, &v) &&
	    rt_json_int(&v, &n) && n > s->total_steps)
		s->total_steps = n;
}

static void add_reconciliation(struct rt_summary *s, const struct rt_event *ev, int64_t at_ns)
{
	struct rt_str component = rt_sum_field(ev, RT_F_COMPONENT, &s->scratch);

	if (!rt_str_is(component, SUM_RECON_COMPONENT))
		return;
	rt_buf_clear(&s->scratch2);
	rt_event_text(ev, RT_F_MESSAGE, &s->scratch2);
	rt_sum_recon_line(s, at_ns, rt_buf_view(&s->scratch2));
}

/* What only some events have; the others have no ev. */
static void add_more(struct rt_summary *s, const struct rt_event *ev, int64_t at_ns)
{
	if (ev->level >= RT_WARNING)
		rt_sum_group(s, ev, at_ns);
	add_total_steps(s, ev);
	rt_sum_attempts(s, ev);
	add_person(s, ev, at_ns);
	if (ev->type >= RT_T_ARTIFACT_CREATED && ev->type <= RT_T_ARTIFACT_DELETED)
		rt_sum_artifact(s, ev);
	add_reconciliation(s, ev, at_ns);
}

/* Nearly all events are told by their gist. */
static void add_event(struct rt_summary *s, const struct sum_gist *g, const struct rt_event *ev)
{
	if (s->follows)
		rt_status_follow(s->follows, g->at_ns, ev);
	tell_story(s, g->at_ns, ev);
	check_id(s, g->run_id);
	count(s, g, ev);
	rt_sum_gate(s, g->type, ev);
	if (ev)
		add_more(s, ev, g->at_ns);
}

void rt_sum_event(struct rt_summary *s, const struct sum_gist *g, enum rt_simd simd)
{
	bool begins = s->follows && s->follows->state == RT_PENDING;
	struct sum_gist gist;
	struct rt_event ev;

	if (!g->more && !begins) {
		add_event(s, g, NULL);
	} else if (rt_event_parse_with(&ev, g->line, simd, NULL) == 0) {
		rt_sum_gist(&gist, &ev, &s->unescaped);
		add_event(s, &gist, &ev);
	}
}
