/*
 * The last lines of a log of a run, as a terminal would show them: without what
 * colours them, lines that came in pieces whole, and none that are blank.
 */
#ifndef RT_LASTLINES_H
#define RT_LASTLINES_H

#include "rundir.h"

#define RT_LAST_LINES 8

struct rt_last_lines {
	struct rt_buf line[RT_LAST_LINES]; /* a ring */
	size_t n;        /* lines so far; the next one goes to n % RT_LAST_LINES */
	size_t open[2];  /* of each stream: its line that goes on and 1; 0: none */
	int64_t last_ns; /* when the last one was written; 0: unknown */
};

/*
 * Read those of a step, or with NULL of what the run's command printed itself, in
 * the directory or the archive. -1 and errno: there is no such log, or it cannot be
 * read. Release it in any case.
 */
int rt_last_lines_read(struct rt_last_lines *l, const struct rt_rundir *d, const char *step_id);

/* The next of them, from *at = 0 on; false when there is none. */
bool rt_last_lines_next(const struct rt_last_lines *l, size_t *at, struct rt_str *line);

void rt_last_lines_release(struct rt_last_lines *l);

/*
 * What a line of a log says: of an event its message, of captured output or plain
 * text all, without blanks at its end. *at_ns: when, or 0. It may be in scratch.
 */
struct rt_str rt_log_line(struct rt_str line, int64_t *at_ns, struct rt_buf *scratch);

#endif
