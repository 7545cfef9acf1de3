/*
 * Helper programs: what needs a heavy library is a program of its own, so that
 * rtbox starts fast and stays static. A helper is in libexec/rtbox/ (source:
 * cmd/rt-NAME/), takes options by the same tables, and may not be installed.
 */
#ifndef RT_HELPER_H
#define RT_HELPER_H

#include "err.h"

#include <signal.h>
#include <stdbool.h>
#include <sys/types.h>

struct helper {
	const char *name;    /* "sql": rt-sql, rtbox sql */
	const char *summary; /* as its applet has it */
	const char *package; /* that it is installed with, */
	const char *library; /* and the one to build it with */
};

/* All that there are, installed or not; one without a name ends the list. */
extern const struct helper helpers[];

/* The helper called "sql" or "rt-sql", or NULL. */
const struct helper *helper_of(const char *name);

/*
 * Where a helper is: in $RT_LIBEXEC_DIR and nowhere else where that is set; else
 * in ../libexec/rtbox/ as seen from this program's folder, in that folder, or in
 * one of PATH. NULL when it is not installed. Free it.
 */
char *helper_find(const struct helper *h);

/* The same for one that there is no way without: dies naming the package. */
char *helper_need(const struct helper *h);

/*
 * Become the helper. argv[0] is replaced by this program's name, so that
 * messages start with what the user called. Dies naming the package.
 */
_Noreturn void helper_exec(const struct helper *h, char **argv);

/* A helper that runs. */
struct helper_process {
	pid_t pid;
	bool killed; /* it died of a signal */
	int fd;      /* read end of its standard output */
	const struct helper *helper;
};

/*
 * Start it with its standard output on a pipe, and with the signals of `mask` blocked:
 * a thread that takes none would pass that on to what nobody could end then.
 * RT_ERR_FAILURE names the package to install. Threads may start some at the same time.
 */
int helper_start(struct helper_process *p, const struct helper *h, char **argv,
		 const sigset_t *mask, struct rt_err *err);

/*
 * Close the pipe and wait for its end. -1 when it failed; it has said why itself, unless it was killed. That
 * it had more to say than was read is no failure.
 */
int helper_end(struct helper_process *p, struct rt_err *err);

#endif
