/*
 * Errors and warnings of a summary, grouped by likeness (summary_fold.c says
 * what that is). A group keeps the text of its first.
 */
#include "summary_model.h"

#include "text.h"

#include <inttypes.h>
#include <stdlib.h>

/* What went wrong in detail: the error field, else the metadata's. Empty when there is none. */
static struct rt_str detail_of(const struct rt_event *ev, struct rt_buf *scratch)
{
	struct rt_json v;

	rt_buf_clear(scratch);
	if (!rt_event_get(ev, RT_F_ERROR, &v) && !rt_sum_metadata(ev, "error", &v))
		return (struct rt_str){ NULL, 0 };
	rt_json_text(&v, scratch);
	return rt_buf_view(scratch);
}

/* Where it happened: the component, and the step or stage. */
static char *where(struct rt_summary *s, const struct rt_event *ev)
{
	struct rt_buf b, scratch;
	struct rt_str text;
	struct rt_json step;
	char *kept = NULL;

	rt_buf_init(&b);
	rt_buf_init(&scratch);
	text = rt_sum_field(ev, RT_F_COMPONENT, &scratch);
	rt_buf_add(&b, text.p, rt_utf8_cut(text, SUM_KEY));
	text = rt_sum_field(ev, RT_F_STEP_ID, &scratch);
	if (!text.n)
		text = rt_sum_field(ev, RT_F_STAGE, &scratch);
	if (text.n || rt_event_get(ev, RT_F_STEP, &step)) {
		rt_buf_adds(&b, b.len ? ", " : "");
		rt_buf_adds(&b, text.n ? "" : "step ");
		text = text.n ? text : step.text;
		rt_buf_add(&b, text.p, rt_utf8_cut(text, SUM_KEY));
	} else if (s->in_step >= 0) {
		rt_buf_addf(&b, "%sstep %" PRId64, b.len ? ", " : "", s->in_step);
	}
	if (b.len)
		kept = rt_sum_keep(s, rt_buf_view(&b), SUM_TEXT);
	rt_buf_release(&b);
	rt_buf_release(&scratch);
	return kept;
}

static void count_left_out(struct rt_summary *s, enum rt_level level, int64_t n)
{
	if (level >= RT_ERROR)
		s->more_errors += n;
	else
		s->more_warnings += n;
}

static void release(struct sum_group *g)
{
	free(g->key);
	free(g->message);
	free(g->detail);
	free(g->where);
}

/* Whether a new group of that level may take this one's place. */
static bool may_go(const struct rt_summary *s, size_t at, enum rt_level level)
{
	const struct sum_group *g = &s->groups[at];

	return g->level < level || (g->level == level && g->n == 1 && at >= SUM_GROUPS / 2);
}

/*
 * A place for a new group; SUM_GROUPS when there is none. In a full table one
 * that is less severe gives way, or in its second half one that happened once:
 * the first that went wrong stay, and so does what goes wrong all the time from
 * some moment on. Looking goes round, a few places at a time.
 */
static size_t find_place(struct rt_summary *s, enum rt_level level)
{
	if (s->n_groups < SUM_GROUPS)
		return s->n_groups;
	for (int tries = 0; tries < 64; tries++) {
		size_t at = s->next_group++ % SUM_GROUPS;
		struct sum_group *g = &s->groups[at];

		if (!may_go(s, at, level))
			continue;
		count_left_out(s, g->level, g->n);
		rt_sum_drop(&s->group_index, (struct rt_str){ g->key, g->key_n });
		release(g);
		return at;
	}
	return SUM_GROUPS;
}

static void add_group(struct rt_summary *s, const struct rt_event *ev, struct rt_str key,
		      struct rt_str message, struct rt_str detail, int64_t at_ns)
{
	size_t at = find_place(s, ev->level);
	struct sum_group *g;
	void *v = s->groups;

	if (at == SUM_GROUPS) {
		count_left_out(s, ev->level, 1);
		return;
	}
	if (!rt_sum_grow(&v, &s->cap_groups, at, sizeof(*g))) {
		s->failed = true;
		return;
	}
	s->groups = v;
	g = &s->groups[at];
	*g = (struct sum_group){ .level = ev->level, .n = 1, .first_ns = at_ns, .last_ns = at_ns };
	g->late = s->next_group > 0;
	g->key = malloc(key.n);
	g->key_n = g->key ? key.n : 0;
	if (g->key)
		memcpy(g->key, key.p, key.n);
	g->message = rt_sum_keep(s, message, SUM_TEXT);
	if (detail.n && !memmem(message.p, message.n, detail.p, detail.n))
		g->detail = rt_sum_keep(s, detail, SUM_TEXT);
	g->where = where(s, ev);
	s->failed |= !g->key || !rt_sum_put(&s->group_index, key, at);
	s->n_groups += at == s->n_groups;
}

/* Another one of its kind. */
static void add_to_group(struct rt_summary *s, struct sum_group *g, const struct rt_event *ev,
			 int64_t at_ns)
{
	char *here = where(s, ev);

	g->n++;
	if (at_ns && (!g->first_ns || at_ns < g->first_ns))
		g->first_ns = at_ns;
	if (at_ns > g->last_ns)
		g->last_ns = at_ns;
	g->elsewhere |= !here != !g->where || (here && strcmp(here, g->where) != 0);
	free(here);
}

void rt_sum_group(struct rt_summary *s, const struct rt_event *ev, int64_t at_ns)
{
	struct rt_buf message, detail, key;
	size_t at;

	rt_buf_init(&message);
	rt_buf_init(&detail);
	rt_buf_init(&key);
	rt_event_text(ev, RT_F_MESSAGE, &message);
	detail_of(ev, &detail);
	rt_buf_addc(&key, (char)('0' + ev->level));
	rt_sum_fold(&key, rt_buf_view(&message));
	rt_buf_addc(&key, '\n');
	rt_sum_fold(&key, rt_buf_view(&detail));
	if (rt_sum_find(&s->group_index, rt_buf_view(&key), &at))
		add_to_group(s, &s->groups[at], ev, at_ns);
	else
		add_group(s, ev, rt_buf_view(&key), rt_buf_view(&message), rt_buf_view(&detail),
			  at_ns);
	s->failed |= message.failed || detail.failed || key.failed;
	rt_buf_release(&message);
	rt_buf_release(&detail);
	rt_buf_release(&key);
}

void rt_sum_groups_release(struct rt_summary *s)
{
	for (size_t i = 0; i < s->n_groups; i++)
		release(&s->groups[i]);
	free(s->groups);
	rt_sum_index_release(&s->group_index);
}

/* The worst first, then the most frequent, the earliest, and by their words. */
static int compare(const void *a, const void *b)
{
	const struct sum_group *x = a, *y = b;

	if (x->level != y->level)
		return x->level > y->level ? -1 : 1;
	if (x->n != y->n)
		return x->n > y->n ? -1 : 1;
	if (x->first_ns != y->first_ns)
		return x->first_ns < y->first_ns ? -1 : 1;
	if (strcmp(x->message, y->message) != 0)
		return strcmp(x->message, y->message);
	return strcmp(x->detail ? x->detail : "", y->detail ? y->detail : "");
}

void rt_sum_groups_sort(struct rt_summary *s)
{
	if (s->n_groups)
		qsort(s->groups, s->n_groups, sizeof(*s->groups), compare);
}
