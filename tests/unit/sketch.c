/* lib/sketch: quantiles against those of the sorted numbers, however they came together. */
#include "sketch.h"
#include "tap.h"

#include <stdlib.h>

#define N 20000

static int ascending(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double magnitude(double x)
{
	return x < 0 ? -x : x;
}

/* The largest relative error of all percentiles. */
static double worst(const struct rt_sketch *s, double *v, size_t n)
{
	double most = 0;

	qsort(v, n, sizeof(*v), ascending);
	for (int p = 0; p <= 100; p++) {
		size_t rank = (n * (size_t)p + 99) / 100;
		double want = v[rank ? rank - 1 : 0];
		double got = rt_sketch_quantile(s, (double)p / 100);
		double error = want == got ? 0 : magnitude(got - want) / magnitude(want);

		most = error > most ? error : most;
	}
	return most;
}

static double draw(int kind)
{
	double x = (double)rand() / RAND_MAX, y = 1;

	switch (kind) {
	case 0:
		return x * 1000;
	case 1: /* over sixteen powers of ten */
		for (int i = 0; i < (int)(x * 16); i++)
			y *= 10;
		return y * (1 + x);
	case 2: /* on both sides of 0, which is there too */
		return rand() % 10 ? (x - 0.5) * 1e6 : 0;
	default:
		return 5;
	}
}

static void test_kind(struct tap *t, int kind, const char *name)
{
	struct rt_sketch all = { .total = 0 }, half[2] = { { .total = 0 }, { .total = 0 } };
	double *v = malloc(N * sizeof(*v));

	for (size_t i = 0; i < N; i++) {
		v[i] = draw(kind);
		rt_sketch_add(&all, v[i]);
		rt_sketch_add(&half[i % 2], v[i]);
	}
	ok(t, worst(&all, v, N) <= 0.01, "%s: every percentile within 1 %%", name);
	rt_sketch_merge(&half[0], &half[1]);
	ok(t, half[0].total == N && worst(&half[0], v, N) <= 0.01, "%s: also of two put together",
	   name);
	ok(t, rt_sketch_bytes(&all) <= 2 * 4096 * 8, "%s: in bounded memory", name);
	rt_sketch_release(&all);
	rt_sketch_release(&half[0]);
	rt_sketch_release(&half[1]);
	free(v);
}

/* More bins than there may be: the largest numbers stay exact. */
static void test_span(struct tap *t)
{
	struct rt_sketch s = { .total = 0 };
	double x = 1e-150;

	for (int i = 0; i < 300; i++, x *= 10)
		rt_sketch_add(&s, x);
	ok(t, magnitude(rt_sketch_quantile(&s, 1) / 1e149 - 1) <= 0.01,
	   "the largest of a wide span");
	ok(t, rt_sketch_bytes(&s) <= 4096 * 8, "in no more memory");
	x = 1e-150;
	for (int i = 0; i < 300; i++, x *= 10)
		rt_sketch_add(&s, x);
	ok(t, s.total == 600 && magnitude(rt_sketch_quantile(&s, 1) / 1e149 - 1) <= 0.01,
	   "also when small ones come last");
	rt_sketch_release(&s);
}

int main(void)
{
	struct tap t = { 0, 0 };

	srand(1);
	test_kind(&t, 0, "even");
	test_kind(&t, 1, "wide");
	test_kind(&t, 2, "both signs");
	test_kind(&t, 3, "one value");
	test_span(&t);
	return tap_done(&t);
}
