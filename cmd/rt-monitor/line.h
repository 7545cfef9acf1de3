/* What the panes show of a line of a file: an event, or captured output. */
#ifndef RT_LINE_H
#define RT_LINE_H

#include "filter.h"
#include "pager.h"

/* How lines are shown, and which. */
struct line_style {
	const struct out *out;    /* for times */
	struct rt_filter *filter; /* of events; NULL: all */
	bool times;               /* output with the time of each line, too */
	struct rt_buf scratch;
};

void line_style_init(struct line_style *s, const struct out *o);
void line_style_release(struct line_style *s);

/* For a pager: an event that meets the filter, and any line of output. */
bool line_of_event(struct line_style *s, struct rt_str raw, struct pager_line *line);
bool line_of_output(struct line_style *s, struct rt_str raw, struct pager_line *line);

/*
 * The filter that text means: "level=warning stage=build what it says". A word with an
 * operator is a condition, as --match takes it, but for level=, which is that level or a
 * worse one, and step=, which takes a step's number, id or name; the others together
 * are a regular expression that the message has to match. NULL and no error: all events.
 */
struct rt_filter *line_filter(const char *text, struct rt_err *err);

#endif
