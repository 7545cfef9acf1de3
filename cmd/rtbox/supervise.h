/*
 * Running a command: its output is passed on and captured, signals reach it, it
 * is ended when it takes too long, and whoever called gets to know how it
 * ended. For rt-run and rt-run step.
 */
#ifndef RT_SUPERVISE_H
#define RT_SUPERVISE_H

#include "annotate.h"
#include "capture.h"
#include "holdback.h"
#include "outcome.h"
#include "record.h"
#include "spawn.h"

/* Something else to wait for while the command runs: `ready` reads it, 0 at its end. */
struct side_job {
	int fd; /* -1: none */
	int (*ready)(struct side_job *job);
	pid_t pid;  /* its process; 0: none, or it has ended with `status` */
	int status; /* as wait(2) has it */
};

struct supervised {
	char *const *argv;
	char *const *envp;
	const struct rt_rundir *dir; /* the run, NULL: nothing is recorded */
	struct rt_record *record;    /* closed in a process that stays behind; NULL without dir */
	struct rt_capture *capture;
	struct limits limits;
	struct annotate_step step;     /* what is around it; all NULL: none */
	struct annotate *annotate;     /* what of the output is to be events; may be NULL */
	struct hold *hold;             /* where it is held back; NULL: it is not */
	bool silent;                   /* nothing is passed on */
	int64_t still_ns;              /* say that it runs when nothing was passed on, 0: never */
	int own[2];                    /* where output is passed on to */
	int listen_fd;                 /* for steps inside the run, -1: none */
	bool heartbeat;                /* touch .alive, which is left there */
	const struct rt_inherited *in; /* what the command has of signals */
	struct side_job *job;          /* may be NULL */
	int detached_fd; /* for detach_done when the command runs; 0: there is nobody to be told */
	/* It has failed and is to be started again: say so. `text` is how. May be NULL. */
	void (*retrying)(struct supervised *s, const char *text, int retry, int64_t delay_ns);
	struct outcome end; /* set */
};

/*
 * Run the command to its end, and set s->end. Where descriptors or processes
 * run out before it has begun that says `alone`: the caller becomes the command.
 */
void supervise(struct supervised *s);

/*
 * Take over signals: from here on they wait, to be passed on to the command.
 * Kept apart from supervise, so that none is lost while a run is being made.
 * *in gets what was, which the command is to have.
 */
void supervise_signals(struct rt_inherited *in);

#endif
