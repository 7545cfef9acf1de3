/*
 * What events add to a summary: to the counts of the run, of its stages and
 * steps, to the story of how the run began and ended, and to the lists of what
 * went wrong, what people did and what was made. Most are counted by a digest;
 * the others are parsed as a whole in their turn.
 */
#include "summary_digest.h"

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

bool rt_sum_metadata(const struct rt_event *ev, const char *key, struct rt_json *value)
{
	return rt_event_in_metadata(ev, rt_str(key), value);
}

void rt_sum_tally(struct sum_tally *to, enum rt_level level, int64_t at_ns)
{
	to->events++;
	to->errors += level >= RT_ERROR;
	to->warnings += level == RT_WARNING;
	if (!at_ns)
		return;
	if (!to->first_ns || at_ns < to->first_ns)
		to->first_ns = at_ns;
	if (at_ns > to->last_ns)
		to->last_ns = at_ns;
}

static void add_tally(struct sum_tally *to, const struct sum_tally *t)
{
	to->events += t->events;
	to->errors += t->errors;
	to->warnings += t->warnings;
	if (t->first_ns && (!to->first_ns || t->first_ns < to->first_ns))
		to->first_ns = t->first_ns;
	if (t->last_ns > to->last_ns)
		to->last_ns = t->last_ns;
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

static void add_times(struct rt_summary *s, const struct sum_times *t)
{
	struct sum_story *story = &s->story;

	story->back += t->back + (t->first_ns < story->last_ns);
	if (!story->first_ns)
		story->first_ns = t->first_ns;
	story->last_ns = t->last_ns;
}

static void tell_story(struct rt_summary *s, int64_t at_ns, const struct rt_event *ev)
{
	struct sum_story *story = &s->story;
	enum rt_state state;

	if (!state_of(s, ev->type, &state))
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

/* Lines should have no run's id, or this run's. */
static void check_id(struct rt_summary *s, struct rt_str id, int64_t lines)
{
	if (!id.n)
		return;
	if (!s->own_id) {
		s->own_id = rt_sum_keep(s, id, SUM_TEXT);
		lines--;
	}
	if (!lines || rt_str_is(id, s->own_id) || rt_str_is(id, s->id))
		return;
	if (!s->strangers)
		s->stranger = rt_sum_keep(s, id, SUM_KEY);
	s->strangers += (size_t)lines;
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

static struct sum_stage *stage_in(struct rt_summary *s, const struct sum_places *in)
{
	return in->stage ? &s->stages[in->stage - 1] : NULL;
}

static struct sum_step *step_in(struct rt_summary *s, const struct sum_places *in)
{
	return in->step ? &s->steps[in->step - 1] : NULL;
}

/* Count events of one kind; ev is given where it is a step_* event. */
static void count(struct rt_summary *s, const struct sum_kind *kind, const struct sum_tally *t,
		  const struct rt_event *ev, struct sum_places *in)
{
	struct sum_stage *stage = rt_sum_stage(s, kind->stage, t->events);
	struct sum_step *step = rt_sum_step(s, kind, ev);

	check_id(s, kind->run_id, t->events);
	add_tally(&s->all, t);
	if (stage)
		add_tally(&stage->tally, t);
	if (step)
		add_tally(&step->tally, t);
	in->stage = stage ? (size_t)(stage - s->stages) + 1 : 0;
	in->step = step ? (size_t)(step - s->steps) + 1 : 0;
	in->model = rt_sum_spender(s, &s->models, kind->model);
	in->role = NULL;
}

/* Of one of these events, or of several at once. */
static void count_usage(struct rt_summary *s, const struct sum_kind *kind, struct sum_places *in,
			const struct rt_said *said)
{
	struct sum_stage *stage = stage_in(s, in);
	struct sum_step *step = step_in(s, in);
	struct rt_usage delta;

	if (!rt_ledger_count(s->ledger, said, &delta))
		return;
	if (!in->role)
		in->role = rt_sum_spender(s, &s->roles, kind->role);
	if (stage)
		rt_sum_usage(&stage->tally.usage, &delta);
	if (step)
		rt_sum_usage(&step->tally.usage, &delta);
	else
		s->unplaced_calls += delta.calls;
	if (in->model)
		rt_sum_usage(&in->model->usage, &delta);
	if (in->role)
		rt_sum_usage(&in->role->usage, &delta);
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

static void add_error(struct rt_summary *s, const struct rt_event *ev, int64_t at_ns)
{
	struct sum_alike alike;

	rt_buf_clear(&s->texts.all);
	rt_sum_alike(&alike, ev, at_ns, s->in_step, &s->texts);
	rt_sum_group(s, &alike, &s->texts);
}

/* What is in lists. */
static void add_more(struct rt_summary *s, const struct rt_event *ev, int64_t at_ns)
{
	if (ev->level >= RT_WARNING)
		add_error(s, ev, at_ns);
	add_total_steps(s, ev);
	add_person(s, ev, at_ns);
	if (ev->type >= RT_T_ARTIFACT_CREATED && ev->type <= RT_T_ARTIFACT_DELETED)
		rt_sum_artifact(s, ev);
	add_reconciliation(s, ev, at_ns);
	rt_sum_attempts(&s->others, ev);
	rt_sum_gate(&s->gates, ev->type);
	rt_sum_refusal(s, ev);
}

/* An event that changes more than counts. */
static void add_event(struct rt_summary *s, const struct sum_gist *g, const struct rt_event *ev)
{
	bool of_step = rt_sum_is_step_event(ev);
	struct sum_tally tally = { 0 };
	struct sum_places in;

	if (s->follows)
		rt_status_follow(s->follows, g->at_ns, ev);
	if (g->at_ns)
		add_times(s, &(struct sum_times){ g->at_ns, g->at_ns, g->at_ns, 0 });
	tell_story(s, g->at_ns, ev);
	rt_sum_tally(&tally, g->level, g->at_ns);
	count(s, &g->kind, &tally, of_step ? ev : NULL, &in);
	if (g->used)
		count_usage(s, &g->kind, &in, &g->said);
	if (in.stage) {
		rt_sum_begin_stage(s, stage_in(s, &in), s->story.last_ns);
		rt_sum_stage_event(s, stage_in(s, &in), ev, s->story.last_ns);
	}
	if (in.step && of_step)
		rt_sum_step_event(s, step_in(s, &in), ev, g->at_ns);
	add_more(s, ev, g->at_ns);
}

static void add_line(struct rt_summary *s, struct rt_str line, enum rt_simd simd)
{
	struct sum_gist gist;
	struct rt_event ev;

	if (rt_event_parse_with(&ev, line, simd, NULL) < 0)
		return;
	rt_sum_gist(&gist, &ev, &s->unescaped);
	add_event(s, &gist, &ev);
}

/* A run of another system goes on from its first event, whatever that says. */
static void begin_run(struct rt_summary *s, struct rt_str line)
{
	struct rt_event ev;

	if (rt_event_parse(&ev, line) == 0)
		rt_status_follow(s->follows, rt_event_keep_time(&ev) ? ev.ts_ns : 0, &ev);
}

static void add_counted(struct rt_summary *s, struct sum_counted *c)
{
	struct rt_said said = { .usage = c->tally.usage };

	if (s->follows && s->follows->state == RT_PENDING)
		begin_run(s, c->line);
	count(s, &c->kind, &c->tally, NULL, &c->in);
	if (c->used)
		count_usage(s, &c->kind, &c->in, &said);
}

static void add_item(struct rt_summary *s, struct sum_digest *d, struct sum_item *item)
{
	struct sum_counted *of = &d->items[item->of].counted;

	switch (item->type) {
	case SUM_KIND:
		add_counted(s, &item->counted);
		break;
	case SUM_TIMES:
		if (s->follows) {
			rt_status_follow(s->follows, item->times.first_ns, NULL);
			rt_status_follow(s->follows, item->times.latest_ns, NULL);
		}
		add_times(s, &item->times);
		break;
	case SUM_STAGE:
		if (of->in.stage)
			rt_sum_begin_stage(s, stage_in(s, &of->in),
					   item->at_ns ? item->at_ns : s->story.last_ns);
		break;
	case SUM_USE:
		count_usage(s, &of->kind, &of->in, &item->said);
		break;
	case SUM_ALIKE:
		rt_sum_group(s, &item->alike, &d->texts);
		break;
	case SUM_WHOLE:
		add_line(s, item->line, d->more->simd);
		break;
	}
}

void rt_sum_add(struct rt_summary *s, struct sum_digest *d)
{
	for (size_t i = 0; i < d->n; i++)
		add_item(s, d, &d->items[i]);
	s->others.retries += d->attempts.retries;
	s->others.timeouts += d->attempts.timeouts;
	s->gates.checked += d->gates.checked;
	s->gates.blocked += d->gates.blocked;
	s->gates.warned += d->gates.warned;
	s->gates.passed += d->gates.passed;
	s->gates.failed += d->gates.failed;
}
