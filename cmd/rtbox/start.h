/* What every program does before and after its work: rtbox and its helpers. */
#ifndef RT_START_H
#define RT_START_H

#include "opt.h"

/* To be called first of all: no file that is opened later becomes a standard one. */
void start_guard_fds(void);

/* Run an applet, or complete its command line. Returns the exit code. */
int start_applet(const struct rt_applet *a, int argc, char **argv);

/* Whether the program that executed this one said so. */
bool start_is_passed(void);

/* To be called before a helper is executed: what was configured, it has from the environment. */
void start_pass_config(void);

/*
 * An environment that says the same, for a helper beside this program, whose own may be
 * read by other threads. Free the array alone.
 */
char **start_passed_environ(void);

/* All that the main function of a helper program does; see helper.h. */
int start_helper(const struct rt_applet *a, int argc, char **argv);

#endif
