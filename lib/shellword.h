/* Words as a shell takes them, to be read, or to be run as they are. */
#ifndef RT_SHELLWORD_H
#define RT_SHELLWORD_H

#include "scan.h"

/* Append the word, in quotes where it needs them. */
void rt_shellword_add(struct rt_buf *out, struct rt_str word);

/* Append a JSON array of words, as metadata.json's argv is, as a command line. */
void rt_shellword_add_array(struct rt_buf *out, struct rt_str array);

#endif
