/* Annotations in a command's output (lib/annotation.h) as events of its run. */
#ifndef RT_ANNOTATE_H
#define RT_ANNOTATE_H

#include "annotation.h"
#include "writer.h"

/* What is around a command in a step: an event has it that says nothing else. NULL: nothing. */
struct annotate_step {
	const char *id, *name, *component;
	const char *span_id;
};

struct annotate {
	struct rt_annotation lines;
	struct rt_record *record; /* NULL: it did not work, or is not to be any more */
	struct annotate_step step;
	struct levels levels;
	struct rt_buf component;
};

/* Say in an event what is around it, where it says nothing else itself. */
void annotate_set_step(struct rt_event *ev, const struct annotate_step *step);

/* Release it. */
void annotate_init(struct annotate *a, struct rt_record *record, const struct annotate_step *step);
void annotate_release(struct annotate *a);

/* A piece of the output of stream 0 or 1, and the end of both. Trouble is said once. */
void annotate_add(struct annotate *a, int stream, struct rt_str piece);
void annotate_end(struct annotate *a);

#endif
