/* The lines that a pager keeps, and reading more of them. For pager*.c only. */
#ifndef RT_PAGER_LINES_H
#define RT_PAGER_LINES_H

#include "pager.h"

#define ASK_EVERY 4096 /* lines between two looks at whether to give up */

/* Keep none; those at the place `end` are read next. */
void lines_forget(struct pager *p);

/* The rows that a line takes. */
int lines_height(const struct pager *p, const struct pager_line *line);

/* Put a line, whose text is taken, before the one at `at`. */
void lines_insert(struct pager *p, size_t at, struct pager_line *line);

void lines_drop_first(struct pager *p);

/* The rows from the top of the window to the end of the last line. */
long lines_rows(const struct pager *p);

/* Lines below the window are read again when they are needed. */
void lines_trim(struct pager *p);

/* Read on until the window is full, to the end of the file if that is followed. */
void lines_fill_below(struct pager *p);

/* Where the lines end before the window does: those before them come down. */
void lines_fill_above(struct pager *p);

/* Have the last line at the bottom of the window. */
void lines_settle(struct pager *p);

/* Fill the window. */
void lines_fill(struct pager *p);

/* A walk over the lines that are shown, from some place. */
struct walk {
	struct pager *p;
	struct rt_reader reader;
	bool open;
	size_t unshown;      /* lines that were left out, one after another */
	struct rt_buf spare; /* of a line that is not kept: the next one uses it again */
};

void walk_init(struct walk *w, struct pager *p, off_t at, bool backward);
void walk_release(struct walk *w);

/*
 * The next line to show. False at the end, and where the search for it was given up;
 * forwards p->end is where that was.
 */
bool walk_next(struct walk *w, struct pager_line *line);

/* The line is not kept. */
void walk_drop(struct walk *w, struct pager_line *line);

#endif
