/* What the parts of rt-query share: searching with threads, and how an event is printed. */
#ifndef RT_QUERY_H
#define RT_QUERY_H

#include "aggregate.h"
#include "common.h"
#include "out.h"
#include "pretty.h"
#include "project.h"
#include "source.h"

#define QUERY_ALL (-1) /* -n all */

struct query_opts {
	struct common_opts common;
	struct output_opts output;
	struct select_opts select;
	struct event_opts event;
	int64_t n, jobs, bucket_ns;
	const char *agg, *by, *sort, *sql;
	bool count, normalize, check, schema;
};

/* What is looked for with several threads, and who takes it: one call at a time, in order. */
struct search {
	const struct rt_filter *filter;
	const struct rt_wanted *wanted;     /* what filter and question look at */
	const struct rt_question *question; /* NULL: the events themselves are wanted */
	struct rt_aggregate *answer; /* of the question; every thread adds to it at its end */
	bool lines;                  /* matching lines are wanted, else only how many there are */
	bool one;                    /* without lines: whether there is any */
	/* Returns false when it wants no more. */
	bool (*found)(void *arg, struct source *s, struct rt_str lines, size_t matches);
	void *arg;
};

/*
 * Search the sources from `first` on. *code is set when one cannot be read.
 * False when threads would not help, or a source can only be read in order:
 * then nothing was done.
 */
bool search_with_threads(const struct search *search, struct sources *sources, size_t first,
			 size_t threads, int *code);

/* Prints events in the form that the options ask for. */
struct printer {
	struct out *out;
	enum out_mode mode;
	bool normalize, across;
	char *columns;            /* owned */
	struct projection fields; /* what table, csv and --format show */
	struct records records;
	struct pretty pretty;
	struct rt_buf line, scratch;
};

void printer_init(struct printer *p, struct out *o, const struct output_opts *opts,
		  enum out_mode mode, bool normalize, bool across);
void printer_event(struct printer *p, struct rt_event *ev, const char *run_id);

/* Whether a line goes out as it stands in the file, which printer_lines does. */
bool printer_is_verbatim(const struct printer *p);
void printer_lines(struct printer *p, struct rt_str lines);
void printer_end(struct printer *p); /* prints what is still held, and releases */

/* --agg, --by: print the groups in order, at most so many. */
void print_groups(struct rt_aggregate *a, struct out *o, const struct output_opts *opts,
		  enum out_mode mode, size_t most_groups);

/* --check: print what is wrong with the source's lines; how many are. */
size_t query_check(struct source *s, struct out *o, bool quiet);

/* The command line as it is: to parse it is to put it in another order. Free it. */
char **query_copy_words(int argc, char **argv);

/* --sql, --schema: become rt-sql with these words; dies of an option that means nothing there. */
_Noreturn void query_sql(const struct query_opts *o, bool no_filter, char **words);

#endif
