/* One run as rt-status shows it: loading (status_load.c), printing (status_show.c). */
#ifndef RT_STATUS_VIEW_H
#define RT_STATUS_VIEW_H

#include "catalog.h"
#include "out.h"

struct status_view {
	struct rt_status st;
	enum rt_state state; /* derived */
	const char *path;    /* of the rt_found that it was loaded from */
	bool file;
	struct rt_rundir dir; /* the run, or with `file` nothing */
	int64_t now_ns;
	size_t skipped; /* lines of a file that are no events */
};

/* Load what `found` is about. Release it. */
int status_view_load(struct status_view *v, const struct rt_found *found,
		     const struct rt_unpacker *unpacker, struct rt_err *err);
void status_view_release(struct status_view *v);

/* The view for people, with the last n_events events (-1: all). */
void status_view_print(const struct status_view *v, struct out *o, int64_t n_events);

/* "TITLE: TEXT", nothing where there is no text. */
void status_line(struct out *o, const char *title, struct rt_str text);

/* Of its other files (status_files.c): labels and command; what a person said last. */
void status_print_metadata(const struct status_view *v, struct out *o);
void status_print_context(const struct status_view *v, struct out *o);

/* The last output of one that failed. */
void status_output_print(const struct status_view *v, struct out *o);

/* Its lower part: steps, stages, events. */
void status_tables_print(const struct status_view *v, struct out *o, int64_t n_events);

/* status.json's document with the derived state and "path"; one line where that is asked for. */
void status_view_json(struct status_view *v, bool one_line, struct rt_buf *out);

#endif
