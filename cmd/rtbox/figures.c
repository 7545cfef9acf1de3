/* Figures of runs, for those who compare them. See figures.h. */
#include "figures.h"
#include "clock.h"
#include "die.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static int compare_names(const void *a, const void *b, void *arg)
{
	const struct rt_figures *steps = arg;
	size_t x = *(const size_t *)a, y = *(const size_t *)b;
	int order = strcmp(steps[x].name, steps[y].name);

	return order ? order : (x > y) - (x < y);
}

int figures_read(struct run_figures *r, const struct rt_found *found, struct unpack *unpack,
		 struct rt_err *err)
{
	struct rt_summary *s;

	if (rt_summary_new(&s, found->path, found->file, &unpack->unpacker, err) < 0)
		return -1;
	r->id = xstrdup(rt_summary_id(s));
	rt_summary_figures(s, &r->run);
	r->n = rt_summary_steps(s);
	r->steps = xcalloc(r->n + 1, sizeof(*r->steps));
	r->by_name = xcalloc(r->n + 1, sizeof(*r->by_name));
	for (size_t i = 0; i < r->n; i++) {
		rt_summary_step_figures(s, i, &r->steps[i]);
		r->by_name[i] = i;
	}
	qsort_r(r->by_name, r->n, sizeof(*r->by_name), compare_names, r->steps);
	rt_summary_free(s);
	return 0;
}

void figures_release(struct run_figures *r)
{
	free(r->id);
	free(r->steps);
	free(r->by_name);
}

/* The first place in by_name whose step is called so, or where it would be. */
static size_t first_of(const struct run_figures *r, const char *name)
{
	size_t low = 0, high = r->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (strcmp(r->steps[r->by_name[middle]].name, name) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

const struct rt_figures *figures_match(const struct run_figures *a, size_t i,
				       const struct run_figures *b)
{
	const char *name = a->steps[i].name;
	size_t first = first_of(a, name), nth = 0, at;

	while (a->by_name[first + nth] != i)
		nth++;
	at = first_of(b, name) + nth;
	if (at >= b->n || strcmp(b->steps[b->by_name[at]].name, name) != 0)
		return NULL;
	return &b->steps[b->by_name[at]];
}

/* " (+25 %)" */
static void add_share(struct rt_buf *out, double from, double to)
{
	double percent = from > 0 ? (to - from) * 100 / from : 0;

	if (from > 0 && percent < 100000)
		rt_buf_addf(out, " (%+.0f %%)", percent);
}

void figures_change_ms(struct rt_buf *out, int64_t from, int64_t to)
{
	char text[32];

	if (from == to || from < 0 || to < 0)
		return;
	rt_duration_format_ms(text, to > from ? to - from : from - to);
	rt_buf_addf(out, "%c%s", to > from ? '+' : '-', text);
	add_share(out, (double)from, (double)to);
}

void figures_change(struct rt_buf *out, double from, double to)
{
	if (from == to)
		return;
	rt_buf_addf(out, "%+.10g", to - from);
	add_share(out, from, to);
}

void figures_duration(struct rt_buf *out, int64_t ms)
{
	char text[32];

	rt_duration_format_ms(text, ms);
	rt_buf_adds(out, *text ? text : "?");
}
