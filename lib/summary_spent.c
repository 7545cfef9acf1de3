/*
 * Which models and roles of a run's language-model calls took how much, and
 * what its gates and verifications said.
 */
#include "summary_model.h"

#include "text.h"

#include <inttypes.h>
#include <stdlib.h>

#define SHOWN 4 /* models, roles */

struct sum_spender *rt_sum_spender(struct rt_summary *s, struct sum_spenders *list,
				   struct rt_str name)
{
	struct sum_spender *v;

	name.n = rt_utf8_cut(name, SUM_KEY);
	if (!name.n)
		return NULL;
	for (size_t i = 0; i < list->n; i++) {
		if (rt_str_eq(name, (struct rt_str){ list->v[i].name, list->v[i].n }))
			return &list->v[i];
	}
	if (list->n == SUM_MODELS) {
		list->more = true;
		return NULL;
	}
	v = &list->v[list->n];
	*v = (struct sum_spender){ .name = rt_sum_keep(s, name, SUM_KEY) };
	if (!v->name)
		return NULL;
	v->n = strlen(v->name);
	list->n++;
	return v;
}

void rt_sum_spenders_release(struct sum_spenders *list)
{
	for (size_t i = 0; i < list->n; i++)
		free(list->v[i].name);
}

static bool has_spent(const struct sum_spender *v)
{
	return v->usage.calls || v->usage.total || v->usage.cost_usd > 0;
}

static int compare(const void *a, const void *b)
{
	const struct sum_spender *x = *(const struct sum_spender *const *)a;
	const struct sum_spender *y = *(const struct sum_spender *const *)b;

	if (x->usage.total != y->usage.total)
		return x->usage.total > y->usage.total ? -1 : 1;
	return strcmp(x->name, y->name);
}

/* Those that took most, a line each: "gpt-4o, 3 calls, 1800 tokens, 0.5 USD". */
static void add_list(const struct sum_spenders *list, const char *label, struct sum_facts *f)
{
	const struct sum_spender *v[SUM_MODELS];
	size_t n = 0;
	struct rt_buf b;

	for (size_t i = 0; i < list->n; i++) {
		if (has_spent(&list->v[i]))
			v[n++] = &list->v[i];
	}
	if (n)
		qsort(v, n, sizeof(*v), compare);
	rt_buf_init(&b);
	for (size_t i = 0; i < n && i < SHOWN; i++) {
		rt_buf_clear(&b);
		rt_sum_short(&b, v[i]->name);
		rt_buf_addf(&b, ", %" PRId64 " call%s, %" PRId64 " tokens", v[i]->usage.calls,
			    v[i]->usage.calls == 1 ? "" : "s", v[i]->usage.total);
		if (v[i]->usage.cost_usd > 0) {
			rt_buf_adds(&b, ", ");
			rt_sum_cost(&b, v[i]->usage.cost_usd);
			rt_buf_adds(&b, " USD");
		}
		rt_sum_fact(f, label, b.s);
	}
	if (n > SHOWN || list->more)
		rt_sum_factf(f, label, "and %s%zu more", list->more ? "at least " : "",
			     n > SHOWN ? n - SHOWN : 1);
	f->failed |= b.failed;
	rt_buf_release(&b);
}

void rt_sum_spent_facts(const struct rt_summary *s, struct sum_facts *f)
{
	/* of a single one the totals say it already */
	if (s->models.n > 1)
		add_list(&s->models, "By Model", f);
	add_list(&s->roles, "By Role", f);
}

void rt_sum_gate(struct sum_gates *g, enum rt_type type)
{
	g->checked += type == RT_T_GATE_CHECKED || type == RT_T_GATE_EVALUATED;
	g->blocked += type == RT_T_GATE_BLOCKED;
	g->warned += type == RT_T_GATE_WARNED;
	g->passed += type == RT_T_VERIFICATION_PASSED;
	g->failed += type == RT_T_VERIFICATION_FAILED;
}

void rt_sum_refusal(struct rt_summary *s, const struct rt_event *ev)
{
	struct sum_gates *g = &s->gates;

	if (ev->type != RT_T_GATE_BLOCKED && ev->type != RT_T_VERIFICATION_FAILED)
		return;
	rt_buf_clear(&s->scratch);
	rt_event_text(ev, RT_F_MESSAGE, &s->scratch);
	free(g->refusal);
	g->refusal = rt_sum_keep(s, rt_buf_view(&s->scratch), SUM_KEY);
}

void rt_sum_gate_facts(const struct rt_summary *s, struct sum_facts *f)
{
	const struct sum_gates *g = &s->gates;

	if (g->checked || g->blocked || g->warned)
		rt_sum_factf(f, "Gates",
			     "%" PRId64 " checked, %" PRId64 " blocked, %" PRId64 " warned",
			     g->checked, g->blocked, g->warned);
	if (g->passed || g->failed)
		rt_sum_factf(f, "Verifications", "%" PRId64 " passed, %" PRId64 " failed",
			     g->passed, g->failed);
	rt_sum_fact(f, "Last Refusal", g->refusal);
}
