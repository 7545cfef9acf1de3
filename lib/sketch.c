/* Quantiles in bounded memory. See sketch.h. */
#include "sketch.h"

#include <stdlib.h>
#include <string.h>

#define BINS_MAX 4096
#define BINS_STEP 64

/*
 * The exponent and the first six bits of the fraction of an IEEE 754 double, as
 * one number, are the bin: it grows with the value, and all values in it are
 * within 1/128 of its middle.
 */
#define FRACTION_BITS 46

static int index_of(double value)
{
	uint64_t bits;

	memcpy(&bits, &value, sizeof(bits));
	return (int)(bits >> FRACTION_BITS);
}

static double value_of(int index)
{
	uint64_t bits = ((uint64_t)index << FRACTION_BITS) | UINT64_C(1) << (FRACTION_BITS - 1);
	double value;

	memcpy(&value, &bits, sizeof(value));
	return value;
}

/* Have room for the bins from `first` to `last`; of too many the lowest become one. */
static bool make_room(struct rt_bins *b, int first, int last)
{
	int low, high, n;
	uint64_t *count;

	if (b->n && last < b->first + b->n && (first >= b->first || b->n == BINS_MAX))
		return true;
	low = b->n && b->first < first ? b->first : first;
	high = b->n && b->first + b->n - 1 > last ? b->first + b->n - 1 : last;
	/* Some more than is needed, on the side where it was. */
	if (b->n && last >= b->first + b->n)
		high += BINS_STEP;
	else
		low -= BINS_STEP;
	if (high - low >= BINS_MAX)
		low = high - BINS_MAX + 1;
	n = high - low + 1;
	count = calloc((size_t)n, sizeof(*count));
	if (!count)
		return false;
	for (int i = 0; i < b->n; i++) {
		int at = b->first + i < low ? 0 : b->first + i - low;

		count[at] += b->count[i];
	}
	free(b->count);
	*b = (struct rt_bins){ count, low, n };
	return true;
}

static void count(struct rt_bins *b, int index, uint64_t times)
{
	b->count[index < b->first ? 0 : index - b->first] += times;
}

static void see_extremes(struct rt_sketch *s, double least, double most)
{
	if (s->total == 0 || least < s->least)
		s->least = least;
	if (s->total == 0 || most > s->most)
		s->most = most;
}

bool rt_sketch_add(struct rt_sketch *s, double value)
{
	struct rt_bins *b = value > 0 ? &s->above : &s->below;
	int index;

	if (value == 0) {
		s->zeros++;
	} else {
		index = index_of(value > 0 ? value : -value);
		if (!make_room(b, index, index))
			return false;
		count(b, index, 1);
	}
	see_extremes(s, value, value);
	s->total++;
	return true;
}

static bool merge_bins(struct rt_bins *into, const struct rt_bins *from)
{
	if (from->n == 0)
		return true;
	if (!make_room(into, from->first, from->first + from->n - 1))
		return false;
	for (int i = 0; i < from->n; i++)
		count(into, from->first + i, from->count[i]);
	return true;
}

bool rt_sketch_merge(struct rt_sketch *into, const struct rt_sketch *from)
{
	if (!merge_bins(&into->above, &from->above) || !merge_bins(&into->below, &from->below))
		return false;
	if (from->total)
		see_extremes(into, from->least, from->most);
	into->zeros += from->zeros;
	into->total += from->total;
	return true;
}

/* The middle of the bin that the value with so many before it is in. */
static double value_at(const struct rt_sketch *s, uint64_t rank)
{
	uint64_t seen = 0;
	int i;

	for (i = s->below.n - 1; i >= 0; i--) {
		seen += s->below.count[i];
		if (seen > rank)
			return -value_of(s->below.first + i);
	}
	seen += s->zeros;
	if (seen > rank)
		return 0;
	for (i = 0; i < s->above.n - 1; i++) {
		seen += s->above.count[i];
		if (seen > rank)
			break;
	}
	return value_of(s->above.first + i);
}

double rt_sketch_quantile(const struct rt_sketch *s, double q)
{
	double share = q * (double)s->total, value;
	uint64_t rank = (uint64_t)share;

	if (s->total == 0)
		return 0;
	/* Rounded up, but not for what the product is off by. */
	rank += (double)rank < share - 1e-9 * share;
	value = value_at(s, rank ? rank - 1 : 0);
	if (rank <= 1 || value < s->least)
		return s->least;
	return rank == s->total || value > s->most ? s->most : value;
}

size_t rt_sketch_bytes(const struct rt_sketch *s)
{
	return (size_t)(s->above.n + s->below.n) * sizeof(uint64_t);
}

void rt_sketch_release(struct rt_sketch *s)
{
	free(s->above.count);
	free(s->below.count);
	memset(s, 0, sizeof(*s));
}
