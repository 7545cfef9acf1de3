/* rt-query --agg and --by: the groups that were counted, printed. */
#include "query.h"
#include "die.h"

#include <stdlib.h>

#define BAR_WIDTH 20

static double largest(const struct rt_aggregate *a, size_t n)
{
	double most = 0, value;

	for (size_t i = 0; i < n; i++) {
		value = rt_aggregate_first(a, i);
		most = value > most ? value : most;
	}
	return most;
}

/* One more member, a bar as long as the first number is large. */
static void add_bar(struct rt_buf *row, double value, double most)
{
	int n = most > 0 && value > 0 ? (int)(value / most * BAR_WIDTH + 0.5) : 0;

	row->len--; /* the brace */
	rt_buf_adds(row, ",\"bar\":\"");
	while (n-- > 0)
		rt_buf_adds(row, "\xe2\x96\x88");
	rt_buf_adds(row, "\"}");
}

void print_groups(struct rt_aggregate *a, struct out *o, const struct output_opts *opts,
		  enum out_mode mode, size_t most_groups)
{
	bool bars = mode == OUT_TABLE && o->tty && !opts->columns;
	struct rt_err err = RT_ERR_INIT;
	struct records records;
	size_t n;
	struct rt_buf columns, row;
	double most;

	rt_buf_init(&columns);
	rt_buf_init(&row);
	if (rt_aggregate_finish(a, &err) < 0)
		die_err(&err);
	n = rt_aggregate_groups(a);
	if (n > most_groups)
		n = most_groups;
	if (opts->columns)
		rt_buf_adds(&columns, opts->columns);
	else
		rt_aggregate_columns(a, &columns);
	if (bars)
		rt_buf_adds(&columns, ",bar= ");
	most = bars ? largest(a, n) : 0;
	records_begin(&records, o, mode, opts->format, columns.s);
	for (size_t i = 0; i < n && !ferror(o->f); i++) {
		rt_buf_clear(&row);
		rt_aggregate_write(a, i, &row);
		if (bars)
			add_bar(&row, rt_aggregate_first(a, i), most);
		if (row.failed || columns.failed)
			die(EXIT_FAIL, "out of memory");
		records_add(&records, rt_buf_view(&row));
	}
	records_end(&records);
	rt_buf_release(&columns);
	rt_buf_release(&row);
}
