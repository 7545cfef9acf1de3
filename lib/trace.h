/*
 * Where a run or a step stands in a distributed trace. What goes in and out of
 * processes is the environment variable TRACEPARENT; what stays is in
 * metadata.json and in events.
 * Source: W3C Trace Context, version 00, section 3.2 (traceparent).
 */
#ifndef RT_TRACE_H
#define RT_TRACE_H

#include "rundir.h"

#define RT_TRACEPARENT_LEN 55

struct rt_trace {
	char trace_id[33];
	char span_id[17];   /* this run's or step's own */
	char parent_id[17]; /* of the span around it, "" where there is none */
	char flags[3];
};

/*
 * The span that a traceparent names, as span_id. False when it is none: another
 * length, a digit that is not lower-case hexadecimal, an id of zeros; *t is then
 * untouched. Of a version that is not known what version 00 has is taken.
 */
bool rt_trace_parse(struct rt_trace *t, struct rt_str traceparent);

/* A new span below `parent`; NULL: the first one of a new trace. */
void rt_trace_begin(struct rt_trace *t, const struct rt_trace *parent);

/* The value of TRACEPARENT for what is below this span. */
void rt_trace_format(char out[RT_TRACEPARENT_LEN + 1], const struct rt_trace *t);

/* Append it as members of metadata.json, each with a comma before it. */
void rt_trace_write(const struct rt_trace *t, struct rt_buf *out);

/* The run's own, from its metadata.json: the text, or the directory's. False when it has none. */
bool rt_trace_find(struct rt_trace *t, struct rt_str metadata);
bool rt_trace_load(struct rt_trace *t, const struct rt_rundir *d);

#endif
