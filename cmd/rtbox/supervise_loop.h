/* What the parts of the supervisor share: the loop, its descriptors and its timers. */
#ifndef RT_SUPERVISE_LOOP_H
#define RT_SUPERVISE_LOOP_H

#include "clock.h"
#include "passon.h"
#include "proctree.h"
#include "supervise.h"

#include <poll.h>

/* Everything that is polled. A stream's output has the number of its input and OUTPUTS. */
enum { OUT, ERR, OUTPUTS, ERR_OUTPUT, SIGNALS, ASKED, JOB, POLLED };

/* What is due at some time. */
enum timer {
	TIMER_PARTIAL, /* a line without its end is written after that much quiet */
	TIMER_BEAT,    /* .alive is touched */
	TIMER_STILL,   /* nothing was passed on for long: say that it runs */
	TIMER_TIMEOUT, /* it has taken too long */
	TIMER_IDLE,    /* it has been quiet for too long */
	TIMER_KILL,    /* it has not ended when it was told to */
	TIMER_RETRY,   /* it is started again */
	TIMERS
};

struct loop {
	struct pollfd fds[POLLED];
	int64_t at_ns[TIMERS]; /* on the monotonic clock; 0: not set */
	struct supervised *s;
	pid_t pid;             /* of the command, 0: it does not run */
	bool own_group;        /* it leads a process group, not ours */
	struct rt_tree others; /* ran below us before it did */
	int in[2];             /* the command's pipes, -1: closed */
	int ends[2]; /* their other ends, as long as it may be started again; -1: closed */
	struct passon pass[2];
	bool muted[2];  /* our output cannot be written: the stream is only captured */
	int64_t due[2]; /* bytes of the pipe that have to go before something else may */
	int asking;     /* the connection of a step that waits for its answer, -1: none */
	int shown[2];   /* what it showed */
	bool stopping;  /* all that runs is being ended */
	int kills;      /* rounds of SIGKILL */
	int interrupts; /* SIGINTs that were sent to us */
	int64_t start_ns, output_ns; /* when it began, and last put out something */
	char piece[PASSON_MAX];
};

static inline void loop_set(struct loop *l, enum timer t, int64_t from_now_ns)
{
	l->at_ns[t] = rt_clock_monotonic_ns() + from_now_ns;
}

/* supervise_output.c: the command's output. */

/* Read a piece of a stream, once; nothing while the one before still has to go. */
void loop_pump(struct loop *l, int stream);
/* Write what is pending; when nobody reads, the command is to see that by its own SIGPIPE. */
void loop_pass(struct loop *l, int stream);
/* What stands in the pipes now is due, and no more: somebody may go on writing for ever. */
void loop_make_due(struct loop *l);
/* Pass on what is due; false as long as a slow reader of our output keeps us from it. */
bool loop_drain(struct loop *l);
/* Say that the command runs, and for how long it has been quiet. */
void loop_say_still(struct loop *l);
/* Say it when something could not be captured (-1). */
void loop_captured(struct loop *l, int ret);

/* supervise_signal.c: signals, and ending what runs. */

void loop_take_signal(struct loop *l);
/* All that runs and that the command has started; as rt_tree_list. */
int loop_tree(const struct loop *l, struct rt_tree *t);
/* Take what wait(2) has to tell. */
void loop_reap(struct loop *l);
/* Whether nothing runs any more of what we have to wait for. */
bool loop_ended(struct loop *l);
/* Tell all that runs to end, for this reason if there was none; TIMER_KILL follows. */
void loop_stop(struct loop *l, enum stop why);
/* Kill all that runs. */
void loop_kill(struct loop *l);

#endif
