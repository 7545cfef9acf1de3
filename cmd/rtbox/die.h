/*
 * Talk on standard error and exit codes, for every applet. What is said starts
 * with the program's name as the user called it: "rt-emit: ...".
 */
#ifndef RT_DIE_H
#define RT_DIE_H

#include "err.h"

#include <stdbool.h>
#include <stddef.h>

enum {
	EXIT_NO = 1, /* a "no" that was asked for: -q, --exit-status */
	EXIT_USAGE = 2,
	EXIT_FAIL = 3,
	EXIT_NOT_OVER = 4,  /* --exit-status of a run that goes on */
	EXIT_OVERLAP = 75,  /* as sysexits.h has it: try again later */
	EXIT_TIMEOUT = 124, /* this one and the next three as timeout(1) has them */
	EXIT_NOT_RUN = 125, /* the command was not run, for a reason of ours */
	EXIT_CANNOT_RUN = 126,
	EXIT_NO_COMMAND = 127,
	EXIT_CANCELLED = 143, /* as what SIGTERM ended, which is how a supervisor cancels */
};

/* The name that messages start with ("rt-emit"), set once by main. */
void prog_set_name(const char *name);
const char *prog_name(void);

/* How much is said: -1 with -q (errors only), 0, 1 with -v. */
void prog_set_verbosity(int level);
int prog_verbosity(void);

/* What a wrong command line exits with; EXIT_USAGE unless set. */
void prog_set_usage_exit(int code);

/*
 * Whether a line stands on the terminal that is drawn again and again, with the
 * cursor at its beginning: what is said erases it.
 */
void prog_set_line(bool line);
bool prog_line(void);

/* One line on stderr, control characters in it made visible. warn is silent under -q. */
void error(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void warn(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void note(const char *fmt, ...) __attribute__((format(printf, 1, 2))); /* only with -v */

/* error(), then exit. die_usage adds where to read how the program is called. */
_Noreturn void die(int code, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
_Noreturn void die_usage(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* Warn of what a library has found amiss; of nothing when it has not. */
void warn_err(const struct rt_err *warning);

/* The exit code for a library error, and dying of it. */
int err_exit_code(const struct rt_err *err);
_Noreturn void die_err(const struct rt_err *err);

/* Memory that is there or the program ends with 3. The caller frees it. */
void *xmalloc(size_t n);
void *xrealloc(void *p, size_t n);
void *xcalloc(size_t n, size_t size);
char *xstrdup(const char *s);
char *xstrndup(const char *s, size_t n);
char *xasprintf(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

#endif
