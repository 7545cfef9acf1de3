/*
 * Leaving the terminal as it was, whatever ends the program: what draws is a process of
 * its own, and this one waits for it.
 */
#ifndef RT_KEEP_H
#define RT_KEEP_H

#include <signal.h>

/* What the process that draws gets when the other one was killed: it has to tidy up itself. */
#define KEEP_GONE SIGUSR1

/* Die where standard input and output are no terminal, or one that cannot be drawn on. */
void keep_check(void);

/*
 * Run `draw` in a new process and return the exit code that it returned, or die as
 * that process did, the terminal being as it was before. What is written to standard
 * error meanwhile is shown at the end.
 */
int keep_terminal(int (*draw)(void *arg), void *arg);

#endif
