/*
 * Whether an event meets a filter. See filter.h. Nothing is allocated here but
 * what the caller's scratch needs to grow.
 */
#include "filter_cond.h"

static bool one_of(const struct rt_cond *c, struct rt_str text)
{
	size_t i;

	for (i = 0; i < c->n; i++)
		if (rt_str_eq(c->values[i].text, text))
			return true;
	return false;
}

static bool type_holds(const struct rt_cond *c, const struct rt_event *ev, struct rt_buf *scratch)
{
	size_t i;

	if (ev->type == RT_T_OTHER) {
		rt_event_text(ev, RT_F_TYPE, scratch);
		return one_of(c, rt_buf_view(scratch));
	}
	for (i = 0; i < c->n; i++)
		if (c->values[i].type == ev->type)
			return true;
	return false;
}

static bool text_holds(const struct rt_cond *c, const struct rt_event *ev, struct rt_buf *scratch)
{
	struct rt_json v;

	if (c->field == RT_F_TS || c->field == RT_F_MESSAGE || c->field == RT_F_DURATION_MS)
		return rt_event_text(ev, c->field, scratch) && one_of(c, rt_buf_view(scratch));
	return rt_event_get(ev, c->field, &v) && one_of(c, rt_json_plain(&v, scratch));
}

static bool step_number_holds(const struct rt_cond *c, int64_t number)
{
	size_t i;

	for (i = 0; i < c->n; i++)
		if (number >= 0 && c->values[i].step == number)
			return true;
	return false;
}

/* The name of a step: in metadata, or what others write as "step". */
static bool step_name(const struct rt_event *ev, struct rt_json *v)
{
	bool own = ev->type >= RT_T_STEP_STARTED && ev->type <= RT_T_STEP_SKIPPED;
	struct rt_json metadata;

	if (rt_event_get(ev, RT_F_METADATA, &metadata) &&
	    (rt_scan_find(metadata.text, rt_str("step_name"), v) ||
	     (own && rt_scan_find(metadata.text, rt_str("name"), v))))
		return true;
	/* rt-run keeps it as the stage of the step's own events. */
	if (own && rt_event_get(ev, RT_F_STAGE, v))
		return true;
	return ev->line.n && rt_scan_find(ev->line, rt_str("step"), v);
}

static bool step_holds(const struct rt_cond *c, const struct rt_event *ev, struct rt_buf *scratch)
{
	struct rt_json v;
	struct rt_str text;
	int64_t number;

	if (rt_event_get(ev, RT_F_STEP, &v) && rt_json_int(&v, &number) &&
	    step_number_holds(c, number))
		return true;
	if (rt_event_get(ev, RT_F_STEP_ID, &v)) {
		text = rt_json_plain(&v, scratch);
		if (one_of(c, text) || step_number_holds(c, rt_step_number(text)))
			return true;
	}
	return step_name(ev, &v) && one_of(c, rt_json_plain(&v, scratch));
}

static bool regex_holds(const struct rt_cond *c, struct rt_str text, struct rt_buf *scratch)
{
	locale_t before;
	bool holds;

	if (c->literals.n && !rt_literals_in(&c->literals, text))
		return false;
	if (c->literals.exact && RT_ERE_SEES_NUL)
		return true;
	before = rt_use_locale(c->utf8);
	holds = rt_ere_in(c->ere, text, scratch);
	rt_use_locale(before);
	return holds;
}

static bool grep_holds(const struct rt_cond *c, const struct rt_event *ev, struct rt_buf *scratch)
{
	struct rt_str text;
	struct rt_json v;

	if (rt_event_get(ev, RT_F_MESSAGE, &v)) {
		text = rt_json_plain(&v, scratch);
	} else {
		rt_event_text(ev, RT_F_MESSAGE, scratch);
		text = rt_buf_view(scratch);
	}
	if (c->kind == RT_COND_REGEX)
		return regex_holds(c, text, scratch);
	return memmem(text.p, text.n, c->key.p, c->key.n) != NULL;
}

static bool time_holds(const struct rt_cond *c, const struct rt_event *ev)
{
	int64_t ns;

	return rt_event_time(ev, &ns) && ns >= c->since_ns && ns < c->until_ns;
}

static int compare_value(const struct rt_cond *c, const struct rt_json *v, struct rt_buf *scratch)
{
	const struct rt_cond_value *wanted = &c->values[0];
	struct rt_number number;

	if (!c->quoted && wanted->is_number && rt_json_exact(v, &number))
		return rt_number_compare(&number, &wanted->number);
	return rt_str_compare(rt_json_plain(v, scratch), wanted->text);
}

static bool op_holds(enum rt_cond_op op, int order)
{
	switch (op) {
	case RT_OP_EQ:
		return order == 0;
	case RT_OP_NE:
		return order != 0;
	case RT_OP_LT:
		return order < 0;
	case RT_OP_LE:
		return order <= 0;
	case RT_OP_GT:
		return order > 0;
	case RT_OP_GE:
		return order >= 0;
	case RT_OP_REGEX:
		break;
	}
	return false;
}

static bool compare_holds(const struct rt_cond *c, const struct rt_event *ev,
			  struct rt_buf *scratch)
{
	struct rt_json v;
	int64_t ns;

	if (c->has_time)
		return rt_event_time(ev, &ns) ?
			       op_holds(c->op, (ns > c->since_ns) - (ns < c->since_ns)) :
			       c->op == RT_OP_NE;
	if (c->has_level)
		return op_holds(c->op, (int)ev->level - (int)c->level);
	if (!rt_event_at(ev, &c->path, scratch, &v))
		return c->op == RT_OP_NE;
	if (c->op == RT_OP_REGEX)
		return regex_holds(c, rt_json_plain(&v, scratch), scratch);
	return op_holds(c->op, compare_value(c, &v, scratch));
}

static bool cond_holds(const struct rt_cond *c, const struct rt_event *ev, struct rt_buf *scratch)
{
	rt_buf_clear(scratch);
	switch (c->kind) {
	case RT_COND_TYPE:
		return type_holds(c, ev, scratch);
	case RT_COND_LEVEL:
		return ev->level >= c->level;
	case RT_COND_TEXT:
		return text_holds(c, ev, scratch);
	case RT_COND_STEP:
		return step_holds(c, ev, scratch);
	case RT_COND_CONTAINS:
	case RT_COND_REGEX:
		return grep_holds(c, ev, scratch);
	case RT_COND_TIME:
		return time_holds(c, ev);
	case RT_COND_COMPARE:
		return compare_holds(c, ev, scratch);
	}
	return false;
}

bool rt_filter_match(const struct rt_filter *f, const struct rt_event *ev, struct rt_buf *scratch)
{
	size_t i;

	for (i = 0; i < f->n; i++)
		if (!cond_holds(&f->conds[i], ev, scratch))
			return false;
	return true;
}
