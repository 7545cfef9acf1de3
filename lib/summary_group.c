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

	if (!rt_event_get(ev, RT_F_ERROR, &v) && !rt_sum_metadata(ev, "error", &v))
		return (struct rt_str){ NULL, 0 };
	return rt_json_plain(&v, scratch);
}

/* A name as it is kept: cut, and a NUL said in words. */
static void add_name(struct rt_buf *out, struct rt_str name)
{
	size_t n = rt_utf8_cut(name, SUM_KEY);

	for (size_t i = 0; i < n; i++)
		rt_buf_add(out, name.p[i] ? &name.p[i] : "\\0", name.p[i] ? 1 : 2);
}

/* Where it happened: the component, and the step or stage. */
static void add_where(struct rt_buf *out, const struct rt_event *ev, int64_t in_step,
		      struct rt_buf *scratch)
{
	struct rt_str text = rt_sum_field(ev, RT_F_COMPONENT, scratch);
	const char *comma = text.n ? ", " : "";
	struct rt_json step;

	add_name(out, text);
	text = rt_sum_field(ev, RT_F_STEP_ID, scratch);
	if (!text.n)
		text = rt_sum_field(ev, RT_F_STAGE, scratch);
	if (text.n || rt_event_get(ev, RT_F_STEP, &step)) {
		rt_buf_adds(out, comma);
		rt_buf_adds(out, text.n ? "" : "step ");
		add_name(out, text.n ? text : step.text);
	} else if (in_step >= 0) {
		rt_buf_addf(out, "%sstep %" PRId64, comma, in_step);
	}
}

void rt_sum_texts_init(struct sum_texts *t)
{
	rt_buf_init(&t->all);
	rt_buf_init(&t->message);
	rt_buf_init(&t->detail);
}

void rt_sum_texts_release(struct sum_texts *t)
{
	rt_buf_release(&t->all);
	rt_buf_release(&t->message);
	rt_buf_release(&t->detail);
}

bool rt_sum_texts_failed(const struct sum_texts *t)
{
	return t->all.failed || t->message.failed || t->detail.failed;
}

/* As much of a text as rt_sum_keep looks at. */
static size_t add_text(struct rt_buf *out, struct rt_str text)
{
	size_t start = out->len;

	rt_buf_add(out, text.p, text.n < SUM_TEXT + 4 ? text.n : SUM_TEXT + 4);
	return out->len - start;
}

void rt_sum_alike(struct sum_alike *a, const struct rt_event *ev, int64_t at_ns, int64_t in_step,
		  struct sum_texts *texts)
{
	struct rt_str message = rt_event_plain(ev, RT_F_MESSAGE, &texts->message);
	struct rt_str detail = detail_of(ev, &texts->detail);
	struct rt_buf *all = &texts->all;
	const size_t start = all->len, most = start + SUM_FOLD;

	a->level = ev->level;
	a->at_ns = at_ns;
	a->text = start;
	rt_buf_addc(all, (char)('0' + ev->level));
	rt_sum_fold(all, message, most);
	rt_buf_addc(all, '\n');
	rt_sum_fold(all, detail, most);
	a->key_n = all->len - start;
	a->message_n = add_text(all, message);
	if (detail.n && memmem(message.p, message.n, detail.p, detail.n))
		detail.n = 0;
	a->detail_n = add_text(all, detail);
	a->where_n = all->len;
	add_where(all, ev, in_step, &texts->message);
	a->where_n = all->len - a->where_n;
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

/* NULL: it is not told. */
static char *keep(struct rt_summary *s, struct rt_str text)
{
	return text.n ? rt_sum_keep(s, text, SUM_TEXT) : NULL;
}

static void add_group(struct rt_summary *s, const struct sum_alike *a, struct rt_str key,
		      struct rt_str where)
{
	const char *message = key.p + key.n;
	size_t at = find_place(s, a->level);
	struct sum_group *g;
	void *v = s->groups;

	if (at == SUM_GROUPS) {
		count_left_out(s, a->level, 1);
		return;
	}
	if (!rt_sum_grow(&v, &s->cap_groups, at, sizeof(*g))) {
		s->failed = true;
		return;
	}
	s->groups = v;
	g = &s->groups[at];
	*g = (struct sum_group){ .level = a->level, .n = 1 };
	g->first_ns = g->last_ns = a->at_ns;
	g->late = s->next_group > 0;
	g->key = malloc(key.n);
	g->key_n = g->key ? key.n : 0;
	if (g->key)
		memcpy(g->key, key.p, key.n);
	g->message = rt_sum_keep(s, (struct rt_str){ message, a->message_n }, SUM_TEXT);
	g->detail = keep(s, (struct rt_str){ message + a->message_n, a->detail_n });
	g->where = keep(s, where);
	s->failed |= !g->key || !rt_sum_put(&s->group_index, key, at);
	s->n_groups += at == s->n_groups;
}

/* Another one of its kind. */
static void add_to_group(struct sum_group *g, struct rt_str where, int64_t at_ns)
{
	g->n++;
	if (at_ns && (!g->first_ns || at_ns < g->first_ns))
		g->first_ns = at_ns;
	if (at_ns > g->last_ns)
		g->last_ns = at_ns;
	g->elsewhere |= !rt_str_is(where, g->where);
}

void rt_sum_group(struct rt_summary *s, const struct sum_alike *a, const struct sum_texts *texts)
{
	struct rt_str key = { texts->all.s + a->text, a->key_n };
	struct rt_str where = { key.p + key.n + a->message_n + a->detail_n, a->where_n };
	size_t at;

	if (rt_sum_texts_failed(texts))
		s->failed = true;
	else if (rt_sum_find(&s->group_index, key, &at))
		add_to_group(&s->groups[at], where, a->at_ns);
	else
		add_group(s, a, key, where);
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
