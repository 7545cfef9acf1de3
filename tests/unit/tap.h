/* What a unit test needs to print TAP. */
#ifndef RT_TAP_H
#define RT_TAP_H

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

struct tap {
	int run, failed;
};

static inline bool ok(struct tap *t, bool good, const char *fmt, ...)
	__attribute__((format(printf, 3, 4), unused));
static inline bool is_text(struct tap *t, const char *got, const char *want, const char *name)
	__attribute__((unused));

static inline bool ok(struct tap *t, bool good, const char *fmt, ...)
{
	va_list ap;

	t->run++;
	t->failed += !good;
	printf("%sok %d - ", good ? "" : "not ", t->run);
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	putchar('\n');
	return good;
}

static inline bool is_text(struct tap *t, const char *got, const char *want, const char *name)
{
	bool good = got && strcmp(got, want) == 0;

	ok(t, good, "%s", name);
	if (!good)
		printf("#      got: %s\n# expected: %s\n", got ? got : "(nothing)", want);
	return good;
}

/* The plan, and what main returns. */
static inline int tap_done(const struct tap *t)
{
	printf("1..%d\n", t->run);
	return t->failed != 0;
}

#endif
