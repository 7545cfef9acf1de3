/*
 * Where the time of a run went: what share of it a step had, and the chain of
 * steps that it could not have ended before (its critical path).
 */
#include "summary_model.h"

#include <inttypes.h>
#include <stdlib.h>

/* When a step ran, as far as that is known. */
static bool span_of(const struct sum_step *st, int64_t *from_ns, int64_t *to_ns)
{
	*from_ns = st->started_ns;
	*to_ns = st->ended ? st->finished_ns : st->tally.last_ns;
	return st->started_ns && *to_ns >= *from_ns;
}

int rt_sum_share(const struct rt_summary *s, const struct sum_step *st)
{
	int64_t ms = rt_sum_step_ms(st), all_ms = rt_sum_run_ms(s);

	if (ms < 0 || all_ms <= 0 || ms > all_ms)
		return -1;
	return (int)((ms * 100 + all_ms / 2) / all_ms);
}

/* A step by its end, then by its place in the table. */
struct stop {
	int64_t from_ns, to_ns;
	size_t at;
};

static int compare(const void *a, const void *b)
{
	const struct stop *x = a, *y = b;

	if (x->to_ns != y->to_ns)
		return x->to_ns < y->to_ns ? -1 : 1;
	return x->at < y->at ? -1 : 1;
}

/* The steps that ran, by their ends; NULL: no memory. Free it. */
static struct stop *by_end(const struct rt_summary *s, size_t *n)
{
	struct stop *v = malloc((s->n_steps + 1) * sizeof(*v));

	*n = 0;
	for (size_t i = 0; v && i < s->n_steps; i++) {
		v[*n].at = i;
		*n += span_of(&s->steps[i], &v[*n].from_ns, &v[*n].to_ns);
	}
	if (v)
		qsort(v, *n, sizeof(*v), compare);
	return v;
}

/* Back from the step that ended last, each time to the last one that ended before. */
static size_t follow(struct stop *v, size_t n)
{
	size_t kept = n - 1;

	for (size_t i = n - 1; i-- > 0;) {
		if (v[i].to_ns <= v[kept].from_ns)
			v[--kept] = v[i];
	}
	return kept;
}

static void add_label(struct rt_buf *out, const struct sum_step *st)
{
	if (st->name)
		rt_sum_short(out, st->name);
	else
		rt_sum_step_label(st, out);
}

/* Where steps ran one after another, every one is on the path: then the longest is told. */
static void add_longest(const struct rt_summary *s, struct sum_facts *f)
{
	const struct sum_step *longest = NULL;
	struct rt_buf label;
	char text[32];

	for (size_t i = 0; i < s->n_steps; i++) {
		const struct sum_step *st = &s->steps[i];

		if (rt_sum_share(s, st) >= 0 &&
		    (!longest || rt_sum_step_ms(st) > rt_sum_step_ms(longest)))
			longest = st;
	}
	if (!longest || s->n_steps < 2)
		return;
	rt_buf_init(&label);
	add_label(&label, longest);
	rt_duration_format_ms(text, rt_sum_step_ms(longest));
	rt_sum_factf(f, "Longest Step", "%s (%s, %d %% of the time)", label.s, text,
		     rt_sum_share(s, longest));
	f->failed |= label.failed;
	rt_buf_release(&label);
}

static void add_path(const struct rt_summary *s, const struct stop *v, size_t n,
		     struct sum_facts *f)
{
	int64_t sum_ms = 0;
	struct rt_buf path;
	char text[32];

	rt_buf_init(&path);
	for (size_t i = 0; i < n; i++) {
		sum_ms += v[i].to_ns / RT_NS_PER_MS - v[i].from_ns / RT_NS_PER_MS;
		if (i == SUM_PATH)
			rt_buf_addf(&path, ", and %zu more", n - i);
		if (i >= SUM_PATH)
			continue;
		rt_buf_adds(&path, i ? ", " : "");
		add_label(&path, &s->steps[v[i].at]);
	}
	rt_duration_format_ms(text, sum_ms);
	rt_sum_factf(f, "Critical Path", "%s (%s)", path.s, text);
	f->failed |= path.failed;
	rt_buf_release(&path);
}

void rt_sum_path(const struct rt_summary *s, struct sum_facts *f)
{
	struct stop *v;
	size_t n, first;

	/* where times go back, what came before what cannot be told */
	if (s->story.back)
		return;
	v = by_end(s, &n);
	if (!v) {
		f->failed = true;
		return;
	}
	first = n ? follow(v, n) : 0;
	if (first)
		add_path(s, v + first, n - first, f);
	else
		add_longest(s, f);
	free(v);
}
