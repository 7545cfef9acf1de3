/* The fields of an event that --format or a list of columns names, as one JSON object. */
#ifndef RT_PROJECT_H
#define RT_PROJECT_H

#include "event.h"

struct projection {
	struct rt_path *paths; /* views into what they were taken from */
	size_t n;
	struct rt_buf scratch;
};

void projection_init(struct projection *p);
void projection_release(struct projection *p);

/* Add the paths of a template "{a} {b.c}", or of a list "a,b.c=TITLE". They must outlive p. */
void projection_add_format(struct projection *p, const char *format);
void projection_add_columns(struct projection *p, const char *columns);

/*
 * Append the object: what the event does not have is left out, what a reader
 * derives (type, level, message) is there. run_id (NULL: none) is that of an
 * event which names no run itself.
 */
void projection_write(struct projection *p, const struct rt_event *ev, const char *run_id,
		      struct rt_buf *json);

/*
 * Append the event's line as it is in the file, with the run put first unless it
 * names one itself; scratch is memory to work with.
 */
void project_across(const struct rt_event *ev, const char *run_id, struct rt_buf *scratch,
		    struct rt_buf *json);

#endif
