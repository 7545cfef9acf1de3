/* The screen: curses, the styles of out.h on it, and text that is cut where a pane ends. */
#ifndef RT_SCREEN_H
#define RT_SCREEN_H

#include "out.h"

#define SCREEN_STYLES (STYLE_LIVE + 1)

struct screen {
	unsigned long attributes[SCREEN_STYLES]; /* of curses, by enum out_style */
	int rows, columns;
	void *curses; /* what it has allocated */
};

/* Take the terminal. The process that waits (keep.h) gives it back. */
void screen_open(struct screen *s, bool color);

/* Give it back, where there is no such process any more. */
void screen_close(void);

/* Free what belongs to it. */
void screen_release(struct screen *s);

/* Learn its size anew. */
void screen_resize(struct screen *s);

/* Give it back, and stop as Ctrl-Z does; go on when that is over. */
void screen_suspend(struct screen *s);

/* A place to draw: where the next character goes, and where the line ends. */
struct spot {
	const struct screen *screen;
	int row, column, end;
	bool selected; /* shown reversed */
};

/*
 * Write a text, which has to be inert (display.h), as far as there is room. A tab
 * is a blank.
 */
void spot_text(struct spot *s, struct rt_str text, enum out_style style);
void spot_str(struct spot *s, const char *text, enum out_style style);
void spot_format(struct spot *s, enum out_style style, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* Text that was not made inert yet. */
void spot_raw(struct spot *s, struct rt_str text, enum out_style style);

/* Blanks up to the column `to`, or to the end with a large one. */
void spot_fill(struct spot *s, int to);

/* Whether the next character was typed, or is a key that has a number (KEY_UP). */
enum screen_key { SCREEN_NONE, SCREEN_CHAR, SCREEN_KEY };
enum screen_key screen_read(uint32_t *key);

#endif
