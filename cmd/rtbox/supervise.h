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
#include "record.h"
#include "spawn.h"

#include <sys/resource.h>

/* Something else to wait for while the command runs: `ready` reads it, 0 at its end. */
struct side_job {
	int fd; /* -1: none */
	int (*ready)(struct side_job *job);
	pid_t pid;  /* its process; 0: none, or it has ended with `status` */
	int status; /* as wait(2) has it */
};

/* Whether the command gets a terminal of its own. */
enum use_pty {
	PTY_AUTO, /* when standard input and output are a terminal, and we are in its foreground */
	PTY_ALWAYS,
	PTY_NEVER,
};

/* How it is run: how long it may take, and what then (all 0: no limit), and where. */
struct limits {
	int64_t timeout_ns, idle_ns; /* in all, and without output */
	int64_t kill_after_ns;       /* from the signal that it may end by to SIGKILL */
	int64_t retries;             /* times that it is started again when it has failed */
	int64_t retry_ns;            /* wait so long before */
	double backoff;              /* and so many times longer before the next, ... */
	bool kill_orphans;           /* end what it leaves behind */
	enum use_pty pty;
};

/* Why it was ended, or was not left to go on. */
enum stop {
	STOP_NONE,
	STOP_SIGNAL, /* a signal that we were sent to end by */
	STOP_TIMEOUT,
	STOP_IDLE,
	STOP_CANCEL, /* rt-run cancel */
};

/* How it ended. */
struct outcome {
	int status;          /* of wait(2); when it could not be started, its code of SPEC */
	bool started;        /* false: it could not be executed, which was said */
	bool alone;          /* there is nothing to supervise it with: it is still to be run */
	enum stop why;       /* may be set, and the command have ended well all the same */
	int signal;          /* of STOP_SIGNAL */
	bool told;           /* that signal went to all around us, by a supervisor of ours */
	char by[64];         /* of STOP_CANCEL: who */
	int retries;         /* that were made */
	struct rusage usage; /* of all that was waited for */
};

struct supervised {
	char *const *argv;
	char *const *envp;
	const struct rt_rundir *dir; /* the run */
	struct rt_record *record;    /* closed in a process that stays behind */
	struct rt_capture *capture;
	struct limits limits;
	struct annotate *annotate;     /* what of the output is to be events; may be NULL */
	struct hold *hold;             /* where it is held back; NULL: it is not */
	bool silent;                   /* nothing is passed on */
	int64_t still_ns;              /* say that it runs when nothing was passed on, 0: never */
	int own[2];                    /* where output is passed on to */
	int listen_fd;                 /* for steps inside the run, -1: none */
	bool heartbeat;                /* touch .alive */
	const struct rt_inherited *in; /* what the command has of signals */
	struct side_job *job;          /* may be NULL */
	int waiting; /* of detach: who is to be told that the command runs; 0: nobody */
	/* It has failed and is to be started again: say so. `text` is how. May be NULL. */
	void (*retrying)(struct supervised *s, const char *text, int retry, int64_t delay_ns);
	struct outcome end; /* set */
};

/*
 * Run the command to its end, and set s->end. Where descriptors or processes
 * run out before it has begun that says `alone`: the caller becomes the command.
 */
void supervise(struct supervised *s);

/* Whether it was ended by what `end` says, and did not just end meanwhile. */
bool outcome_stopped(const struct outcome *end);
bool outcome_cancelled(const struct outcome *end);

/* "exit code 2", "timed out after 5s"; "" when all went well. */
void outcome_text(const struct outcome *end, const struct limits *limits, char text[64]);

/* End as the command did: by its signal, with its code, or 124 where it took too long. */
_Noreturn void outcome_end_like(const struct outcome *end);

/*
 * Take over signals: from here on they wait, to be passed on to the command.
 * Kept apart from supervise, so that none is lost while a run is being made.
 * *in gets what was, which the command is to have.
 */
void supervise_signals(struct rt_inherited *in);

/* Become the command, where nothing can be recorded. in may be NULL. */
_Noreturn void run_unrecorded(char *const *argv, const struct rt_inherited *in);

#endif
