/* What a search looks for: an extended regular expression, quicker where it is a plain text. */
#ifndef RT_PATTERN_H
#define RT_PATTERN_H

#include "ere.h"

#include <stdbool.h>
#include <stddef.h>

struct pattern {
	struct rt_ere ere;
	char *plain;   /* the text, where no character of it means something else; or NULL */
	bool any_case; /* there is no capital in it */
};

/* False: it is no such expression, and `why` says what is wrong with it. */
bool pattern_init(struct pattern *p, const char *text, char *why, size_t n);
void pattern_release(struct pattern *p);

bool pattern_matches(const struct pattern *p, const char *text);

#endif
