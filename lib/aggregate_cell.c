/* What is known of one column in one group: values added up, and two of them made one. */
#include "aggregate_table.h"

#include <math.h>
#include <stdlib.h>

static int no_memory(struct rt_err *err)
{
	return rt_err_set(err, RT_ERR_FAILURE, "out of memory");
}

/* Put a value into the set; -1 when there is no room. */
static int see(struct rt_aggregate *a, struct rt_hash_set *set, uint64_t hash, struct rt_err *err)
{
	size_t i;

	if ((set->n + 1) * 2 > set->cap) {
		struct rt_hash_set larger = { .cap = set->cap ? set->cap * 2 : 16 };

		if (rt_aggregate_grow(a, (larger.cap - set->cap) * sizeof(*set->slot), err) < 0)
			return -1;
		larger.slot = calloc(larger.cap, sizeof(*larger.slot));
		if (!larger.slot)
			return no_memory(err);
		for (i = 0; i < set->cap; i++)
			if (set->slot[i])
				see(a, &larger, set->slot[i], err);
		free(set->slot);
		*set = larger;
	}
	i = rt_hash_slot(hash, set->cap);
	while (set->slot[i] && set->slot[i] != hash)
		i = (i + 1) & (set->cap - 1);
	set->n += set->slot[i] == 0;
	set->slot[i] = hash;
	return 0;
}

/* Neumaier's sum: what rounding loses is kept beside it. */
static void add_real(struct rt_sum *s, double value)
{
	double before = s->real, sum = before + value;

	s->is_real = true;
	s->real = sum;
	if (isfinite(sum))
		s->lost += fabs(before) >= fabs(value) ? before - sum + value :
							 value - sum + before;
}

/* The integers are added in 128 bits, so that the order does not matter. */
static void add_wide(struct rt_sum *s, uint64_t low, int64_t high)
{
	s->low += low;
	s->high += high + (s->low < low);
}

static void add_whole(struct rt_sum *s, int64_t value)
{
	add_wide(s, (uint64_t)value, value < 0 ? -1 : 0);
}

static void take_extreme(struct rt_cell *cell, enum rt_fold fold, const struct rt_number *number)
{
	struct rt_number *most = &cell->u.extreme;
	int order = cell->n ? rt_number_compare(number, most) : 0;

	if (cell->n == 0 || (fold == RT_FOLD_MIN ? order < 0 : order > 0))
		*most = *number;
}

static int add_quantile(struct rt_aggregate *a, struct rt_sketch *sketch, double number,
			struct rt_err *err)
{
	size_t before = rt_sketch_bytes(sketch);

	if (!rt_sketch_add(sketch, number))
		return no_memory(err);
	return rt_aggregate_grow(a, rt_sketch_bytes(sketch) - before, err);
}

int rt_cell_add(struct rt_aggregate *a, const struct rt_column *c, struct rt_cell *cell,
		const struct rt_json *v, struct rt_err *err)
{
	struct rt_number number;

	if (c->fold == RT_FOLD_COUNT) {
		cell->n++;
		return 0;
	}
	if (c->fold == RT_FOLD_DISTINCT) {
		struct rt_str text = rt_json_plain(v, &a->scratch);

		cell->n++;
		return see(a, &cell->u.seen, rt_hash_nonzero(text, RT_HASH_SEED), err);
	}
	if (!rt_json_exact(v, &number))
		return 0;
	switch (c->fold) {
	case RT_FOLD_MIN:
	case RT_FOLD_MAX:
		take_extreme(cell, c->fold, &number);
		break;
	case RT_FOLD_QUANTILE:
		if (add_quantile(a, &cell->u.sketch, number.real, err) < 0)
			return -1;
		break;
	default:
		if (number.is_whole)
			add_whole(&cell->u.sum, number.whole);
		else
			add_real(&cell->u.sum, number.real);
	}
	cell->n++;
	return 0;
}

int rt_cell_merge(struct rt_aggregate *a, const struct rt_column *c, struct rt_cell *into,
		  const struct rt_cell *from, struct rt_err *err)
{
	size_t before;

	switch (c->fold) {
	case RT_FOLD_COUNT:
		break;
	case RT_FOLD_SUM:
	case RT_FOLD_AVG:
		add_wide(&into->u.sum, from->u.sum.low, from->u.sum.high);
		if (from->u.sum.is_real) {
			add_real(&into->u.sum, from->u.sum.real);
			into->u.sum.lost += from->u.sum.lost;
		}
		break;
	case RT_FOLD_MIN:
	case RT_FOLD_MAX:
		if (from->n)
			take_extreme(into, c->fold, &from->u.extreme);
		break;
	case RT_FOLD_QUANTILE:
		before = rt_sketch_bytes(&into->u.sketch);
		if (!rt_sketch_merge(&into->u.sketch, &from->u.sketch))
			return no_memory(err);
		if (rt_aggregate_grow(a, rt_sketch_bytes(&into->u.sketch) - before, err) < 0)
			return -1;
		break;
	case RT_FOLD_DISTINCT:
		for (size_t i = 0; i < from->u.seen.cap; i++)
			if (from->u.seen.slot[i] &&
			    see(a, &into->u.seen, from->u.seen.slot[i], err) < 0)
				return -1;
	}
	into->n += from->n;
	return 0;
}

void rt_cell_release(const struct rt_column *c, struct rt_cell *cell)
{
	if (c->fold == RT_FOLD_QUANTILE)
		rt_sketch_release(&cell->u.sketch);
	else if (c->fold == RT_FOLD_DISTINCT)
		free(cell->u.seen.slot);
}
