/*
 * Quantiles of a stream of numbers in bounded memory, each within 1 % of the
 * true one: DDSketch (Masson, Rim, Lee, "DDSketch: A Fast and Fully-Mergeable
 * Quantile Sketch with Relative-Error Guarantees", VLDB 12, 2019), with the
 * linearly interpolated bins of its implementations: 64 for each power of two.
 * Of more than 4,096 bins the lowest are put together, so that low quantiles get
 * worse only where numbers span more than 19 powers of ten.
 */
#ifndef RT_SKETCH_H
#define RT_SKETCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Counts of the numbers of one sign. */
struct rt_bins {
	uint64_t *count;
	int first; /* the index of count[0] */
	int n;
};

/* Zeroed is empty. */
struct rt_sketch {
	struct rt_bins above, below; /* 0; by how far they are from it */
	uint64_t zeros, total;
	double least, most; /* of all, when there are any */
};

/* False when memory runs out; nothing was counted then. */
bool rt_sketch_add(struct rt_sketch *s, double value);
bool rt_sketch_merge(struct rt_sketch *into, const struct rt_sketch *from);

/*
 * The least value that the share q (0 to 1) of all is not above (the nearest
 * rank: of eight the 0.95 quantile is the largest); 0 when there is none. 0 and 1
 * give the least and the largest exactly.
 */
double rt_sketch_quantile(const struct rt_sketch *s, double q);

size_t rt_sketch_bytes(const struct rt_sketch *s); /* of memory, itself aside */
void rt_sketch_release(struct rt_sketch *s);

#endif
