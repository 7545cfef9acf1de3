/*
 * Data on standard output: colours, times, text made inert for a terminal, and
 * records (an event, a run) in every form that -o and --format know.
 */
#ifndef RT_OUT_H
#define RT_OUT_H

#include "buf.h"
#include "display.h"
#include "status.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

enum out_style {
	STYLE_PLAIN,
	STYLE_DIM,
	STYLE_BOLD,
	STYLE_GOOD,
	STYLE_WARN,
	STYLE_BAD,
	STYLE_NAME, /* stages, steps, run names */
	STYLE_LIVE, /* something that goes on */
	STYLE_RUN,  /* the first of some that tell runs apart */
};

#define STYLE_RUNS 6

struct out {
	FILE *f;
	bool tty; /* f is a terminal: text must be made inert, width is known */
	bool color;
	bool utc;
	int width; /* columns; 80 where it is not known */
};

/* color: auto, always, never or NULL (RT_COLOR, NO_COLOR, TERM=dumb decide). */
void out_init(struct out *o, FILE *f, const char *color, bool utc);

/* How wide the terminal is now. */
int out_width(const struct out *o);

/*
 * Write out what standard output still holds. Returns `code`, or says why it
 * cannot be written and returns EXIT_FAIL; a reader that went away (| head) is
 * no error. The dispatcher does it at the end; long loops look at ferror(o->f).
 */
int out_finish(int code);

/* Escape sequences around what is printed between them; "" without colour. */
const char *out_on(const struct out *o, enum out_style style);
const char *out_off(const struct out *o);

/*
 * Text of events and logs, inert (display.h) whatever standard output is: a
 * pipe ends at a terminal, too.
 */
void out_text(struct out *o, struct rt_str text);

/* A JSON text as it stands; to a terminal controls go as \u009b, so that it stays JSON. */
void out_json(struct out *o, struct rt_str json);

/* How a state and a level are shown. */
enum out_style out_state_style(enum rt_state state);
enum out_style out_level_style(enum rt_level level);

/* A time as local with offset (2026-07-01 12:00:00 +02:00), or UTC; to buf. */
void out_time(const struct out *o, struct rt_buf *b, int64_t ns);

/* 12345678 as "12,345,678"; 1536 bytes as "1.5 KB". Static size is enough: 32. */
void out_number(char s[32], int64_t n);
void out_bytes(char s[32], int64_t n);

enum out_mode {
	OUT_PRETTY, /* the applet's own form; records_add is not called */
	OUT_JSONL,
	OUT_JSON,
	OUT_TABLE,
	OUT_CSV,
	OUT_FORMAT,
	OUT_RAW,
	OUT_CAT,
	OUT_PROMETHEUS,
};

/*
 * A series of records, each given as one JSON object. OUT_JSON prints one
 * array ("[]" when empty), OUT_JSONL a line each; OUT_TABLE and OUT_CSV show
 * the columns, OUT_FORMAT fills in a template: {name} or {name.nested}, {{ and
 * }} for braces, \t \n \\; a field that is not there is empty. A table is for
 * people: it shows ts, bucket and *_at as out_time does, duration_ms as 6m 50s.
 */
struct record_column {
	struct rt_str path, title; /* title: empty where none is given */
};

struct records {
	struct out *out;
	enum out_mode mode;
	const char *format;
	struct record_column *columns;
	size_t n_columns;
	size_t n;
	struct rt_buf rows; /* table cells, kept until the widths are known */
	struct rt_buf line;
};

/* columns: comma-separated paths; for a table also "path=TITLE". NULL: none. */
void records_begin(struct records *r, struct out *o, enum out_mode mode, const char *format,
		   const char *columns);

/* The same with columns that are called anything at all, each a member of the record. */
void records_begin_names(struct records *r, struct out *o, enum out_mode mode, const char *format,
			 char *const *names, size_t n);
void records_add(struct records *r, struct rt_str json);
void records_end(struct records *r);

#endif
