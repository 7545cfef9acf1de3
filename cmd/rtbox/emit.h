/* rt-emit's options and its two ways: one event, or a stream of them. */
#ifndef RT_EMIT_H
#define RT_EMIT_H

#include "common.h"
#include "writer.h"

struct emit_opts {
	const char *field[RT_FIELD_COUNT];
	struct opt_list set, set_json;
	const char *tokens, *cost;
	bool strict, tee;
	struct common_opts common;
};

/* The event that the options make; dies of a bad value. metadata must outlive it. */
void emit_event_init(struct rt_event *ev, const struct emit_opts *o, struct rt_buf *metadata);

/* Set what our environment tells of the step around the event; it must outlive that. */
void emit_set_surroundings(struct rt_event *ev);

/* `rt-emit -`: the exit code. */
int emit_stream(const struct emit_opts *o);

#endif
