/*
 * Annotations: lines in a command's output by which it says something of its
 * run. Those of rt, with the fields of rt-event(5),
 *
 *   ::rt stage=spec percent=10::message
 *
 * and those of GitHub's runner that mean something here: ::error, ::warning,
 * ::notice and ::debug (file=...,line=...::message), ::group::name, ::endgroup::
 * and ::stop-commands::token, after which nothing counts before ::token::. Any
 * other command is passed over. %25, %0D, %0A, %3A and %2C are escapes, in rt's
 * own fields %20 as well.
 * Source: docs.github.com, "Workflow commands for GitHub Actions".
 */
#ifndef RT_ANNOTATION_H
#define RT_ANNOTATION_H

#include "buf.h"
#include "needle.h"

#define RT_ANNOTATION_MAX 65536 /* bytes of a line; a longer one is none */

struct rt_annotation {
	struct rt_needle mark;
	struct rt_buf begun[2]; /* of each stream: a line that may be one, without its end yet */
	bool inside[2];         /* of each stream: in the middle of a line that is none */
	bool grouped;
	struct rt_buf group; /* the group that is open, where `grouped` */
	struct rt_buf token; /* what ends stop-commands; empty: nothing is stopped */
	struct rt_buf text, json, metadata;
};

void rt_annotation_init(struct rt_annotation *a);
void rt_annotation_release(struct rt_annotation *a);

/* An event that an annotation is, as a line of JSON that lives until the next one. */
typedef void rt_annotation_event(void *arg, struct rt_str json);

/* A piece of the output of stream 0 or 1. Whole lines in it that are annotations are handed on. */
void rt_annotation_add(struct rt_annotation *a, int stream, struct rt_str piece,
		       rt_annotation_event *event, void *arg);

/* The end of both streams: a last line without an end is one, too. */
void rt_annotation_end(struct rt_annotation *a, rt_annotation_event *event, void *arg);

#endif
