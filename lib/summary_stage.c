/*
 * Stages of a summary. As in status.json, a stage lasts until another one
 * begins, it is said to be completed, or the run ends; what events of it add up
 * to is counted whatever stands between them.
 */
#include "summary_model.h"

#include "text.h"

#include <stdlib.h>

static struct sum_stage *make(struct rt_summary *s, struct rt_str name, int64_t events)
{
	struct sum_stage *g;
	void *v = s->stages;

	if (s->n_stages == SUM_STAGES) {
		s->more_stages += (size_t)events;
		return NULL;
	}
	if (!rt_sum_grow(&v, &s->cap_stages, s->n_stages, sizeof(*g))) {
		s->failed = true;
		return NULL;
	}
	s->stages = v;
	g = &s->stages[s->n_stages];
	*g = (struct sum_stage){ .name = rt_sum_keep(s, name, SUM_KEY), .given_ms = -1 };
	if (!g->name || !rt_sum_put(&s->stage_index, name, s->n_stages)) {
		free(g->name);
		s->failed = true;
		return NULL;
	}
	s->n_stages++;
	return g;
}

void rt_sum_end_stage(struct rt_summary *s, int64_t at_ns, enum rt_state state)
{
	struct sum_stage *g;

	if (!s->in_stage)
		return;
	g = &s->stages[s->in_stage - 1];
	if (g->state != RT_RUNNING)
		return;
	g->state = state;
	g->finished_ns = at_ns;
}

void rt_sum_begin_stage(struct rt_summary *s, struct sum_stage *g, int64_t at_ns)
{
	size_t at = (size_t)(g - s->stages) + 1;

	if (at == s->in_stage)
		return;
	rt_sum_end_stage(s, at_ns, RT_COMPLETED);
	s->in_stage = at;
	if (!g->started_ns)
		g->started_ns = at_ns;
	g->finished_ns = 0;
	g->state = RT_RUNNING;
}

/* phase_completed and its twins; "stage_end" is how others call it. */
static bool ends_stage(const struct rt_event *ev)
{
	struct rt_json v;
	struct rt_buf b;
	bool ends;

	if (ev->type != RT_T_OTHER || !rt_event_get(ev, RT_F_TYPE, &v) || v.text.n <= 6 ||
	    memcmp(v.text.p, "stage_", 6) != 0)
		return ev->type == RT_T_PHASE_COMPLETED;
	rt_buf_init(&b);
	rt_buf_adds(&b, "phase_");
	rt_buf_add(&b, v.text.p + 6, v.text.n - 6);
	ends = rt_type_find(rt_buf_view(&b)) == RT_T_PHASE_COMPLETED;
	rt_buf_release(&b);
	return ends;
}

/* It may also say how long the stage took. */
void rt_sum_stage_event(struct rt_summary *s, struct sum_stage *g, const struct rt_event *ev,
			int64_t at_ns)
{
	double ms;

	if (!ends_stage(ev))
		return;
	rt_sum_end_stage(s, at_ns, RT_COMPLETED);
	if (rt_event_number(ev, RT_F_DURATION_MS, &ms) && ms >= 0 && ms < 1e15)
		g->given_ms = (int64_t)(ms + 0.5);
}

struct sum_stage *rt_sum_stage(struct rt_summary *s, struct rt_str name, int64_t events)
{
	size_t at;

	name.n = rt_utf8_cut(name, SUM_KEY);
	if (!name.n)
		return NULL;
	return rt_sum_find(&s->stage_index, name, &at) ? &s->stages[at] : make(s, name, events);
}

int64_t rt_sum_stage_ms(const struct rt_summary *s, const struct sum_stage *g)
{
	if (g->given_ms >= 0)
		return g->given_ms;
	/* where times go back, when it ended cannot be told from when others began */
	if (s->story.back || !g->started_ns || g->finished_ns < g->started_ns)
		return -1;
	return g->finished_ns / RT_NS_PER_MS - g->started_ns / RT_NS_PER_MS;
}
