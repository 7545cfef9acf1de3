/* One event as a line for people; rt-query, rt-tail and rt-status print the same. */
#ifndef RT_PRETTY_H
#define RT_PRETTY_H

#include "event.h"
#include "out.h"

/* What is said of the time of a line. */
enum pretty_time {
	TIME_ABSOLUTE, /* as out_time does */
	TIME_RELATIVE, /* how long ago it was */
	TIME_ELAPSED,  /* since start_ns */
};

/* A printer and the memory that it uses again for each line. */
struct pretty {
	struct out *out;
	struct rt_buf line, text;
	size_t run_width; /* columns of the longest run id so far */
	enum out_style run_style;
	enum pretty_time time;
	int64_t start_ns;
	int64_t minute; /* the one that `stamp` is of; -1: none */
	char stamp[40];
};

void pretty_init(struct pretty *p, struct out *o);
void pretty_release(struct pretty *p);

/* What of events is looked at. */
void pretty_want(struct rt_wanted *w);

/*
 * Print an event:
 *
 *   TIME LEVEL [STAGE] (PERCENT%) MESSAGE  TYPE task=... step=1/3 model=...
 *
 * What is not there is left out. Behind the message stands, dimmed, what else
 * tells events apart. run_id (NULL: none) follows the time; a UUID is shown by
 * its first eight digits.
 */
void pretty_event(struct pretty *p, const struct rt_event *ev, const char *run_id);

/* A time as it stands there, or blanks for none (ns NULL). */
void pretty_add_time(struct pretty *p, struct rt_buf *to, const int64_t *ns);

/* The id of a run as it stands there, in a column as wide as the widest so far, behind a space. */
void pretty_add_run(struct pretty *p, struct rt_buf *to, const char *run_id);

#endif
