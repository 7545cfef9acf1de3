/* Text for a person's eyes: inert on a terminal, and as wide as it is. */
#ifndef RT_DISPLAY_H
#define RT_DISPLAY_H

#include "buf.h"

#include <stdint.h>

/*
 * A character past C0 that steers a terminal, reorders or hides what stands
 * around it.
 */
bool rt_char_hidden(uint32_t cp);

/*
 * Append text with everything of that kind made visible: ^[, \x9b, \u202e, a
 * line end as \n, invalid UTF-8 as \xNN. A tab stays.
 */
void rt_inert_add(struct rt_buf *b, struct rt_str text);

/* Append a JSON string in which characters of that kind are escapes. */
void rt_inert_json(struct rt_buf *b, struct rt_str text);

/* Columns on a terminal: of a character (0 to 2), of UTF-8 text. */
int rt_char_columns(uint32_t cp);
size_t rt_text_columns(struct rt_str text);

/* The bytes of the longest beginning that takes at most so many columns. */
size_t rt_text_cut(struct rt_str text, size_t columns);

/*
 * Append text in at most so many columns (8 or more): of a longer one "..." stands
 * for the middle, as the end is what tells one command line from another.
 */
void rt_text_fit(struct rt_buf *b, struct rt_str text, size_t columns);

#endif
