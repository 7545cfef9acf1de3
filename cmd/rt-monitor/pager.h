/*
 * A window on the lines of a file, by where they stand in it: what is not shown is
 * not read, however large the file is. Only the lines on the screen are kept, ready
 * to be drawn. Lines may be left out (a filter), and be folded (wrap).
 */
#ifndef RT_PAGER_H
#define RT_PAGER_H

#include "evlog.h"
#include "out.h"
#include "pattern.h"

/* A line as it is shown. */
struct pager_line {
	off_t at, next;     /* where it begins, and where what follows it does */
	struct rt_buf text; /* inert */
	size_t dim;         /* so much of its beginning is less important */
	enum out_style style;
	int height; /* rows that it takes */
};

struct pager {
	int fd; /* -1: there is nothing to show */
	/* Make what is shown of a line; false: it is left out. */
	bool (*show)(void *arg, struct rt_str raw, struct pager_line *line);
	/* Whether to give up a search that takes long. */
	bool (*interrupted)(void *arg);
	void *arg;
	bool over;   /* nothing is written any more: a last line counts without its newline */
	bool follow; /* stay at the end */
	bool wrap;
	int rows, columns; /* of the window */
	struct pager_line *v;
	size_t n;
	size_t skip;  /* rows of the first line that are above the window */
	size_t left;  /* columns that are left of it, where lines are not folded */
	off_t end;    /* up to here lines were read, forwards */
	off_t size;   /* of the file when it was looked at last */
	off_t match;  /* the line that a search found last, or -1 */
	bool at_end;  /* there was nothing to show behind `end` */
	bool at_top;  /* nor before the first line, or the look for it was given up */
	bool gave_up; /* a search, or a look for lines to show, was interrupted */
};

void pager_init(struct pager *p, bool (*show)(void *arg, struct rt_str raw, struct pager_line *),
		bool (*interrupted)(void *arg), void *arg);
void pager_release(struct pager *p);

/* Show another file, from its end on; takes the descriptor (-1: none). */
void pager_open(struct pager *p, int fd);

/* What is shown has changed (a filter): read the lines again, from the same place. */
void pager_again(struct pager *p);

/* The file may have grown, or been cut. Returns whether the window changed. */
bool pager_look(struct pager *p);

/* The window has this size. */
void pager_resize(struct pager *p, int rows, int columns);

void pager_scroll(struct pager *p, int rows); /* down; up with a negative number */
void pager_home(struct pager *p);
void pager_end(struct pager *p); /* and follow */
void pager_set_wrap(struct pager *p, bool wrap);

/* Go to the next line that matches, or the one before. False: there is none. */
bool pager_search(struct pager *p, const struct pattern *pattern, bool backward);

/* How far into the file the window reaches, in percent. */
int pager_percent(const struct pager *p);

#endif
