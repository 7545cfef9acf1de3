/* How a command is to be run, and how it ended. */
#ifndef RT_OUTCOME_H
#define RT_OUTCOME_H

#include "steer.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/resource.h>

/* Whether the command gets a terminal of its own. */
enum use_pty {
	PTY_AUTO, /* when standard input and output are a terminal, and we are in its foreground */
	PTY_ALWAYS,
	PTY_NEVER,
};

/* How it is run. */
struct limits {
	int64_t timeout_ns, idle_ns; /* in all, and without output; 0: no limit */
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
	int status;    /* of wait(2); when it could not be started, its code of SPEC */
	bool started;  /* false: it could not be executed, which was said */
	bool alone;    /* there is nothing to supervise it with: it is still to be run */
	enum stop why; /* what was done to it; it may have ended well all the same */
	int signal;    /* of STOP_SIGNAL */
	bool told;     /* that signal went to all around us, by a supervisor of ours */
	char cancelled[RT_CANCELLED_TEXT]; /* of STOP_CANCEL: by whom */
	int retries;                       /* that were made */
	struct rusage usage;               /* of all that was waited for */
};

/* It took too long: whether it failed then, or ended well when it was told to end. */
bool outcome_stopped(const struct outcome *end);
bool outcome_forgiven(const struct outcome *end);

/* Whether it ended because of a cancel, or of a signal that it was sent by way of us. */
bool outcome_cancelled(const struct outcome *end);

#define OUTCOME_TEXT RT_CANCELLED_TEXT /* bytes of the longest of these texts */

/* Which limit of time it was: "timed out after 5s". */
void outcome_limit_text(const struct outcome *end, const struct limits *limits,
			char text[OUTCOME_TEXT]);

/* How it ended: "exit code 2", "timed out after 5s"; "" when all went well. */
void outcome_text(const struct outcome *end, const struct limits *limits, char text[OUTCOME_TEXT]);

/* End as the command did: by its signal, with its code, or 124 where it took too long. */
_Noreturn void outcome_end_like(const struct outcome *end);

#endif
