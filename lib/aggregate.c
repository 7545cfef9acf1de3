/*
 * Events in groups: counting them. See aggregate.h. The question is taken apart
 * in aggregate_question.c, values are added up in aggregate_cell.c, order and
 * output are aggregate_rows.c.
 */
#include "aggregate_table.h"
#include "clock.h"

#include <stdlib.h>

static int no_memory(struct rt_err *err)
{
	return rt_err_set(err, RT_ERR_FAILURE, "out of memory");
}

void rt_aggregate_free(struct rt_aggregate *a)
{
	if (!a)
		return;
	for (size_t i = 0; i < a->n; i++) {
		for (size_t c = 0; c < a->n_columns; c++)
			rt_cell_release(&a->columns[c], &a->groups[i].cells[c]);
		free(a->groups[i].cells);
	}
	free(a->groups);
	free(a->index);
	free(a->list);
	free(a->by);
	rt_buf_release(&a->key);
	rt_buf_release(&a->scratch);
	free(a);
}

size_t rt_aggregate_bytes(const struct rt_aggregate *a)
{
	return a->bytes;
}

int rt_aggregate_grow(struct rt_aggregate *a, size_t n, struct rt_err *err)
{
	a->bytes += n;
	if (a->bytes <= RT_AGGREGATE_BYTES)
		return 0;
	return rt_err_set(
		err, RT_ERR_FAILURE,
		"more groups and values than fit into %u MiB: select fewer events, or group "
		"them less finely",
		RT_AGGREGATE_BYTES >> 20);
}

static bool same_group(const struct rt_group *g, uint64_t hash, int64_t bucket_ns,
		       struct rt_str key)
{
	return g->hash == hash && g->bucket_ns == bucket_ns &&
	       rt_str_eq((struct rt_str){ g->key, g->key_len }, key);
}

/* Where the group's number stands in the index, or is to stand. */
static uint32_t *find_slot(const struct rt_aggregate *a, uint64_t hash, int64_t bucket_ns,
			   struct rt_str key)
{
	size_t i = rt_hash_slot(hash, a->index_cap);

	while (a->index[i] && !same_group(&a->groups[a->index[i] - 1], hash, bucket_ns, key))
		i = (i + 1) & (a->index_cap - 1);
	return &a->index[i];
}

static int grow_index(struct rt_aggregate *a, struct rt_err *err)
{
	size_t cap = a->index_cap ? a->index_cap * 2 : 64;
	uint32_t *index = calloc(cap, sizeof(*index));

	if (!index)
		return no_memory(err);
	free(a->index);
	a->index = index;
	a->index_cap = cap;
	for (size_t i = 0; i < a->n; i++) {
		size_t at = rt_hash_slot(a->groups[i].hash, cap);

		while (index[at])
			at = (at + 1) & (cap - 1);
		index[at] = (uint32_t)i + 1;
	}
	return 0;
}

static struct rt_group *new_group(struct rt_aggregate *a, uint64_t hash, int64_t bucket_ns,
				  struct rt_str key, struct rt_err *err)
{
	size_t cells = a->n_columns * sizeof(struct rt_cell);
	struct rt_group *g;

	if (rt_aggregate_grow(a, sizeof(*g) + 3 * sizeof(*a->index) + cells + key.n, err) < 0)
		return NULL;
	if (a->n == a->cap) {
		size_t cap = a->cap ? a->cap * 2 : 16;

		g = realloc(a->groups, cap * sizeof(*g));
		if (!g) {
			no_memory(err);
			return NULL;
		}
		a->groups = g;
		a->cap = cap;
	}
	g = &a->groups[a->n];
	*g = (struct rt_group){ .hash = hash, .bucket_ns = bucket_ns, .key_len = key.n };
	g->cells = calloc(1, cells + key.n);
	if (!g->cells) {
		no_memory(err);
		return NULL;
	}
	g->key = (char *)(g->cells + a->n_columns);
	memcpy(g->key, key.p, key.n);
	a->n++;
	return g;
}

static struct rt_group *group_of(struct rt_aggregate *a, int64_t bucket_ns, struct rt_str key,
				 struct rt_err *err)
{
	uint64_t hash = rt_hash_nonzero(key, RT_HASH_SEED ^ (uint64_t)bucket_ns);
	uint32_t *slot;

	if ((a->n + 1) * 2 > a->index_cap && grow_index(a, err) < 0)
		return NULL;
	slot = find_slot(a, hash, bucket_ns, key);
	if (!*slot) {
		if (!new_group(a, hash, bucket_ns, key, err))
			return NULL;
		*slot = (uint32_t)a->n;
	}
	a->last = *slot - 1;
	return &a->groups[a->last];
}

/* A number where a text belongs is a text. */
static inline enum rt_key_kind key_kind(const struct rt_path *path, const struct rt_json *v)
{
	if (v->type == RT_JSON_STRING || v->type == RT_JSON_TEXT ||
	    (path->field != RT_FIELD_COUNT && rt_field_is_text(path->field)))
		return RT_KEY_TEXT;
	return RT_KEY_BARE;
}

/* The part of a key that a value makes. */
static void add_key(struct rt_buf *key, const struct rt_path *path, const struct rt_json *v,
		    struct rt_buf *scratch)
{
	struct rt_str text = rt_json_plain(v, scratch);
	uint32_t n = (uint32_t)text.n;
	char *p = rt_buf_extend(key, 1 + sizeof(n) + text.n);

	if (!p)
		return;
	p[0] = (char)key_kind(path, v);
	memcpy(p + 1, &n, sizeof(n));
	memcpy(p + 1 + sizeof(n), text.p, text.n);
}

enum rt_key_kind rt_key_next(const char **p, struct rt_str *text)
{
	enum rt_key_kind kind = (enum rt_key_kind) * (*p)++;
	uint32_t n;

	if (kind == RT_KEY_NONE)
		return kind;
	memcpy(&n, *p, sizeof(n));
	*text = (struct rt_str){ *p + sizeof(n), n };
	*p = text->p + n;
	return kind;
}

static int64_t bucket_of(const struct rt_aggregate *a, const struct rt_event *ev)
{
	int64_t ns, rest;

	if (!a->bucket_ns)
		return 0;
	if (!rt_event_time(ev, &ns))
		return RT_NO_TIME;
	rest = ns % a->bucket_ns;
	rest += rest < 0 ? a->bucket_ns : 0;
	return __builtin_sub_overflow(ns, rest, &ns) ? RT_NO_TIME : ns;
}

/* What has to be worked out; an event that names no run is of that which it was read from. */
static const struct rt_json *work_out(struct rt_aggregate *a, const struct rt_event *ev,
				      const struct rt_path *path, const char *run_id)
{
	rt_buf_clear(&a->scratch);
	if (rt_event_at(ev, path, &a->scratch, &a->value))
		return &a->value;
	if (path->field != RT_F_RUN_ID || !run_id)
		return NULL;
	a->value = rt_json_of(rt_str(run_id), RT_JSON_TEXT);
	return &a->value;
}

/* The value at a path, valid until the next one is asked for; NULL when there is none. */
static inline const struct rt_json *value_at(struct rt_aggregate *a, const struct rt_event *ev,
					     const struct rt_path *path, const char *run_id)
{
	const struct rt_json *v = rt_event_peek_at(ev, path);

	if (v || rt_event_lacks(ev, path))
		return v;
	return work_out(a, ev, path, run_id);
}

int rt_aggregate_add_empty(struct rt_aggregate *a, struct rt_err *err)
{
	bool one = a->n_keys == 0 && !a->bucket_ns;

	return !one || group_of(a, 0, rt_str(""), err) ? 0 : -1;
}

/*
 * The group that was met last, if the event is of that one too, as often it is:
 * its values stand in the line as they do in the group's key.
 */
static struct rt_group *same_as_last(struct rt_aggregate *a, const struct rt_event *ev,
				     int64_t bucket_ns)
{
	struct rt_group *g = &a->groups[a->last];
	const char *p, *end;

	if (a->last >= a->n || g->bucket_ns != bucket_ns)
		return NULL;
	p = g->key;
	end = p + g->key_len;
	for (size_t i = 0; i < a->n_keys; i++) {
		const struct rt_json *v = rt_event_peek_at(ev, &a->keys[i]);
		struct rt_str text = { NULL, 0 };

		if (!v || v->escaped || rt_key_next(&p, &text) != key_kind(&a->keys[i], v) ||
		    !rt_str_eq(text, v->text))
			return NULL;
	}
	return p == end ? g : NULL;
}

/* The group that the event belongs to, a new one perhaps. */
static struct rt_group *find_group(struct rt_aggregate *a, const struct rt_event *ev,
				   const char *run_id, int64_t bucket_ns, struct rt_err *err)
{
	const struct rt_json *v;

	rt_buf_clear(&a->key);
	for (size_t i = 0; i < a->n_keys; i++) {
		v = value_at(a, ev, &a->keys[i], run_id);
		if (v)
			add_key(&a->key, &a->keys[i], v, &a->scratch);
		else
			rt_buf_addc(&a->key, RT_KEY_NONE);
	}
	if (a->key.failed || a->scratch.failed) {
		no_memory(err);
		return NULL;
	}
	return group_of(a, bucket_ns, rt_buf_view(&a->key), err);
}

int rt_aggregate_add(struct rt_aggregate *a, const struct rt_event *ev, const char *run_id,
		     struct rt_err *err)
{
	int64_t bucket_ns = bucket_of(a, ev);
	const struct rt_json *v;
	struct rt_group *g = same_as_last(a, ev, bucket_ns);

	if (!g)
		g = find_group(a, ev, run_id, bucket_ns, err);
	if (!g)
		return -1;
	for (size_t i = 0; i < a->n_columns; i++) {
		const struct rt_column *c = &a->columns[i];

		if (c->path.text.n == 0)
			g->cells[i].n++;
		else if ((v = value_at(a, ev, &c->path, run_id)) &&
			 rt_cell_add(a, c, &g->cells[i], v, err) < 0)
			return -1;
	}
	return a->scratch.failed ? no_memory(err) : 0;
}

int rt_aggregate_merge(struct rt_aggregate *into, const struct rt_aggregate *from,
		       struct rt_err *err)
{
	for (size_t i = 0; i < from->n; i++) {
		const struct rt_group *g = &from->groups[i];
		struct rt_group *same = group_of(into, g->bucket_ns,
						 (struct rt_str){ g->key, g->key_len }, err);

		if (!same)
			return -1;
		for (size_t c = 0; c < into->n_columns; c++)
			if (rt_cell_merge(into, &into->columns[c], &same->cells[c], &g->cells[c],
					  err) < 0)
				return -1;
	}
	return 0;
}
