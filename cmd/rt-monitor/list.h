/* A list of which one entry is selected, seen through a window. */
#ifndef RT_LIST_H
#define RT_LIST_H

#include <stddef.h>

struct list {
	size_t n;        /* entries */
	size_t selected; /* below n, or 0 */
	size_t top;      /* the first one in the window */
	size_t rows;     /* of the window */
};

/* It has so many entries now. */
static inline void list_set(struct list *l, size_t n)
{
	l->n = n;
	if (l->selected >= n)
		l->selected = n ? n - 1 : 0;
}

/* The window has so many rows: bring the selected entry into it. */
static inline void list_fit(struct list *l, size_t rows)
{
	l->rows = rows;
	if (l->top + rows > l->n)
		l->top = l->n > rows ? l->n - rows : 0;
	if (l->selected < l->top)
		l->top = l->selected;
	if (rows && l->selected >= l->top + rows)
		l->top = l->selected - rows + 1;
}

/* Select another one, so many further down (or up); no further than the ends. */
static inline void list_move(struct list *l, long by)
{
	long to = (long)l->selected + by;

	l->selected = to < 0 || !l->n ? 0 : to >= (long)l->n ? l->n - 1 : (size_t)to;
}

#endif
