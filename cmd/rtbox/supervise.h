/*
 * Running a command: its output is passed on and captured, signals reach it,
 * and whoever called gets to know how it ended. For rt-run and rt-run step.
 */
#ifndef RT_SUPERVISE_H
#define RT_SUPERVISE_H

#include "capture.h"
#include "record.h"
#include "spawn.h"

/* Something else to wait for while the command runs: `ready` reads it, 0 at its end. */
struct side_job {
	int fd; /* -1: none */
	int (*ready)(struct side_job *job);
};

struct supervised {
	char *const *argv;
	char *const *envp;
	const struct rt_rundir *dir; /* the run */
	struct rt_record *record;    /* closed in a process that stays behind */
	struct rt_capture *capture;
	int own[2];                    /* where output is passed on to */
	int listen_fd;                 /* for steps inside the run, -1: none */
	bool heartbeat;                /* touch .alive */
	const struct rt_inherited *in; /* what the command has of signals */
	struct side_job *job;          /* may be NULL */
	int signalled;                 /* set: a signal that was to end it, 0: none */
};

/*
 * Run the command to its end. Returns what wait(2) said of it, or -1 when it
 * could not be started: that was said, and *exit_code is 126 or 127.
 */
int supervise(struct supervised *s, int *exit_code);

/*
 * Take over signals: from here on they wait, to be passed on to the command.
 * Kept apart from supervise, so that none is lost while a run is being made.
 * *in gets what was, which the command is to have.
 */
void supervise_signals(struct rt_inherited *in);

/* Become the command, where nothing can be recorded. in may be NULL. */
_Noreturn void run_unrecorded(char *const *argv, const struct rt_inherited *in);

#endif
