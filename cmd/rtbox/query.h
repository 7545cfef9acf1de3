/* What the parts of rt-query share: sources of lines, and how an event is printed. */
#ifndef RT_QUERY_H
#define RT_QUERY_H

#include "aggregate.h"
#include "common.h"
#include "evlog.h"
#include "out.h"
#include "pretty.h"
#include "project.h"

/* Where events come from: a run, a file, or a stream. */
struct source {
	char *name;          /* for messages: the file as it was named, or that of the run */
	char *dir;           /* the run directory, or NULL */
	char *run_id;        /* of the run, or NULL */
	bool standard;       /* standard input */
	int fd;              /* -1: not open */
	bool stream;         /* cannot be sought */
	off_t from;          /* where the lines begin that are looked at */
	off_t to;            /* where they end; -1: at the end of the file */
	struct rt_buf *kept; /* of a stream with -n: its last matching lines, as a ring */
	size_t n_kept, oldest;
	size_t lines;   /* that were parsed so far, those that are skipped included */
	size_t skipped; /* lines that are no events */
};

struct sources {
	struct source *v;
	size_t n;
	int code;    /* exit code of the arguments that could not be resolved, or 0 */
	bool across; /* several runs or files: events say which run they are of */
};

/*
 * Find what the operands mean, else -r, $RT_RUN, or the selected runs, oldest
 * first (all of them without a selection). What is not there is said, and the
 * others are answered. Release it.
 */
void sources_find(struct sources *s, const struct common_opts *c, const struct select_opts *select,
		  int argc, char **argv);
void sources_release(struct sources *s);

/* Open a source; says what is wrong and returns false. */
bool source_open(struct source *s);
void source_close(struct source *s);

/*
 * Whether a last line without its newline may still grow: somebody is writing
 * this run. Otherwise it is an event when it is whole.
 */
bool source_is_written(const struct source *s);

/* Leave out what the filter's time cannot be met by, where the order of the events is known. */
void source_narrow(struct source *s, const struct rt_filter *f);

/*
 * Parse a line and put the question; of the event nothing is known but these
 * fields. Lines that are no events are counted.
 */
bool source_match(struct source *s, const struct rt_filter *f, uint32_t fields, struct rt_str line,
		  bool torn, struct rt_event *ev, struct rt_buf *scratch);

/* What is looked for with several threads, and who takes it: one call at a time, in order. */
struct search {
	const struct rt_filter *filter;
	uint32_t fields;                    /* that filter and question look at */
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
		  size_t most_groups);

/* --check: print what is wrong with the source's lines; how many are. */
size_t query_check(struct source *s, struct out *o, bool quiet);

#endif
