/*
 * The gist of an event: the little that most of them add to a summary, as far as
 * the line itself says it.
 */
#include "summary_digest.h"

#include <strings.h>

void rt_sum_want(struct rt_wanted *w)
{
	rt_wanted_init(w);
	rt_wanted_add(w, RT_FIELDS_OF_LEVEL | RT_FIELD(RT_F_TS) | RT_FIELD(RT_F_RUN_ID) |
				 RT_FIELD(RT_F_STEP) | RT_FIELD(RT_F_STEP_ID) |
				 RT_FIELD(RT_F_COMPONENT) | RT_FIELD(RT_F_MODEL) |
				 RT_FIELD(RT_F_AGENT_ROLE));
	rt_usage_want(w);
}

void rt_sum_want_more(struct rt_wanted *w)
{
	rt_wanted_init(w);
	rt_wanted_add(w, RT_FIELDS_OF_LEVEL | RT_FIELD(RT_F_STEP) | RT_FIELD(RT_F_STEP_ID) |
				 RT_FIELD(RT_F_COMPONENT));
	rt_sum_want_end(w);
}

/* "step_timeout", "stage_end": they may end a step or a stage. */
static bool may_end(const struct rt_event *ev)
{
	static const char *const words[] = { "step_", "stage_" };
	const struct rt_json *v = rt_event_peek(ev, RT_F_TYPE);

	if (!v)
		return false;
	for (size_t i = 0; i < 2; i++) {
		size_t n = strlen(words[i]);

		if (v->text.n > n && strncasecmp(v->text.p, words[i], n) == 0)
			return true;
	}
	return false;
}

/*
 * Whether the event adds more than its gist, in its turn: what it changes in
 * steps, stages or the run holds for those behind it, or it is rare.
 */
static bool is_whole(const struct rt_event *ev)
{
	const struct rt_json *component = rt_event_peek(ev, RT_F_COMPONENT);

	if (component && (component->escaped || rt_str_is(component->text, SUM_RECON_COMPONENT)))
		return true;
	switch (ev->type) {
	case RT_T_OTHER:
		return may_end(ev);
	case RT_T_PHASE_COMPLETED:
	case RT_T_GATE_BLOCKED:
	case RT_T_VERIFICATION_FAILED:
		return true;
	default:
		return (ev->type >= RT_T_RUN_STARTED && ev->type <= RT_T_SESSION_ABORTED) ||
		       (ev->type >= RT_T_STEP_STARTED && ev->type <= RT_T_STEP_SKIPPED) ||
		       (ev->type >= RT_T_ARTIFACT_CREATED && ev->type <= RT_T_ARTIFACT_DELETED) ||
		       (ev->type >= RT_T_CLARIFICATION_REQUESTED && ev->type <= RT_T_CONTEXT_ADDED);
	}
}

static struct rt_str text_of(struct sum_gist *g, const struct rt_json *v, struct rt_buf *unescaped)
{
	if (!v)
		return (struct rt_str){ NULL, 0 };
	if (!v->escaped)
		return v->text;
	g->whole = true;
	return unescaped ? rt_json_plain(v, unescaped) : (struct rt_str){ NULL, 0 };
}

/* A model or a role: it may stand in the metadata. */
static struct rt_str spender_of(struct sum_gist *g, const struct rt_event *ev, enum rt_field f,
				struct rt_buf *unescaped)
{
	const struct rt_json *v = rt_event_peek(ev, f);
	struct rt_json found;

	if (!v && rt_event_has(ev, RT_F_METADATA) && rt_event_get(ev, f, &found))
		v = &found;
	return text_of(g, v, unescaped);
}

void rt_sum_gist(struct sum_gist *g, const struct rt_event *ev, struct sum_unescaped *u)
{
	const struct rt_json *step = rt_event_peek(ev, RT_F_STEP);

	g->whole = is_whole(ev);
	if (g->whole && !u)
		return;
	g->type = ev->type;
	g->level = ev->level;
	if (!rt_event_time(ev, &g->at_ns))
		g->at_ns = 0;
	if (!step || !rt_json_int(step, &g->kind.step) || g->kind.step < 0)
		g->kind.step = -1;
	g->used = rt_usage_read(ev, &g->said);
	g->kind.role = (struct rt_str){ NULL, 0 };
	g->kind.run_id = text_of(g, rt_event_peek(ev, RT_F_RUN_ID), u ? &u->run_id : NULL);
	g->kind.stage = text_of(g, rt_event_peek(ev, RT_F_STAGE), u ? &u->stage : NULL);
	g->kind.step_id = text_of(g, rt_event_peek(ev, RT_F_STEP_ID), u ? &u->step_id : NULL);
	g->kind.model = spender_of(g, ev, RT_F_MODEL, u ? &u->model : NULL);
	if (g->used)
		g->kind.role = spender_of(g, ev, RT_F_AGENT_ROLE, u ? &u->role : NULL);
}
