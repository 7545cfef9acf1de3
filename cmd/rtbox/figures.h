/* The figures of several runs side by side, and which step of one is which of another. */
#ifndef RT_FIGURES_H
#define RT_FIGURES_H

#include "catalog.h"
#include "summary.h"
#include "unpack.h"

struct run_figures {
	char *id;
	struct rt_figures run;
	struct rt_figures *steps; /* in the order of the run */
	size_t n;
	size_t *by_name; /* their places, in the order of names */
};

/* Read a run. -1: it cannot be read. Release it. */
int figures_read(struct run_figures *r, const struct rt_found *found, struct unpack *unpack,
		 struct rt_err *err);
void figures_release(struct run_figures *r);

/* The step of b that is a's i-th: of the same name, the first for the first, and so on. Or NULL. */
const struct rt_figures *figures_match(const struct run_figures *a, size_t i,
				       const struct run_figures *b);

/* "+1m 2s (+25 %)", "" for no change; of durations in milliseconds, and of other numbers. */
void figures_change_ms(struct rt_buf *out, int64_t from, int64_t to);
void figures_change(struct rt_buf *out, double from, double to);

/* "2m 34s", "?" where it is not known. */
void figures_duration(struct rt_buf *out, int64_t ms);

#endif
