/* What the parts of the supervisor share: the loop, its descriptors and its timers. */
#ifndef RT_SUPERVISE_LOOP_H
#define RT_SUPERVISE_LOOP_H

#include "clock.h"
#include "passon.h"
#include "proctree.h"
#include "pty.h"
#include "supervise.h"

#include <poll.h>
#include <termios.h>

/* Everything that is polled. A stream's output has the number of its input and OUTPUTS. */
#define PEER_MAX 32
enum {
	OUT,
	ERR,
	OUTPUTS,
	ERR_OUTPUT,
	SIGNALS,
	ASKED,
	JOB,
	INPUT,
	TYPED,
	KEEPER,
	PEERS,
	POLLED = PEERS + PEER_MAX
};

/* What is due at some time. */
enum timer {
	TIMER_PARTIAL,                /* a line without its end is written after that much quiet */
	TIMER_BEAT,                   /* .alive is touched */
	TIMER_SETTLE,                 /* a new run is brought to the disk */
	TIMER_STILL,                  /* nothing was passed on for long: say that it runs */
	TIMER_PEERS,                  /* who has connected and says nothing is dropped */
	TIMER_TTY,                    /* we look whether our terminal is ours again */
	TIMER_LIMITS,                 /* these do not count while the run is paused */
	TIMER_TIMEOUT = TIMER_LIMITS, /* it has taken too long */
	TIMER_IDLE,                   /* it has been quiet for too long */
	TIMER_KILL,                   /* it has not ended when it was told to */
	TIMER_RETRY,                  /* it is started again */
	TIMERS
};

/* The command's own terminal; loop->in[OUT] is its other side. See supervise_tty.c. */
struct loop_tty {
	struct rt_pty pty;
	bool on;   /* the command has one */
	bool ours; /* in place of ours, which is raw meanwhile; else only its output's way */
	bool raw;
	bool input_over;
	bool carriage;        /* the last of the output was a carriage return */
	char last;            /* of the input */
	int typed;            /* the signal of a key that the command has read as a character */
	struct termios modes; /* of ours, as it is to be left */
	struct passon input;
	char text[PASSON_MAX];
};

/* Somebody who has connected to the run's socket. */
struct peer {
	int fd;                                            /* -1: nobody */
	enum { PEER_SILENT, PEER_STEP, PEER_CANCEL } what; /* the last two wait for an answer */
	int shown[2];                                      /* of a step: its output */
	int64_t since_ns;
};

struct loop {
	struct pollfd fds[POLLED];
	int64_t at_ns[TIMERS]; /* on the monotonic clock; 0: not set */
	struct supervised *s;
	pid_t pid;                 /* of the command, 0: it does not run */
	bool own_group;            /* it leads a process group, not ours */
	struct rt_proctree others; /* ran below us before it did */
	int in[2];                 /* the command's pipes, -1: closed */
	int ends[2]; /* their other ends, as long as it may be started again; -1: closed */
	struct passon pass[2];
	bool muted[2];     /* our output cannot be written: the stream is only captured */
	int64_t due[2];    /* bytes of the pipe that have to go before something else may */
	bool drains;       /* it has ended, and we only pass on what it left */
	bool stopping;     /* all that runs is being ended */
	int kills;         /* rounds of SIGKILL */
	int interrupts;    /* SIGINTs that were sent to us */
	int stop_signal;   /* what loop_stop sends; 0: SIGTERM */
	int64_t paused_ns; /* since when; 0: it is not */
	int64_t start_ns, output_ns; /* when it began, and last put out something */
	struct loop_tty tty;
	struct peer peers[PEER_MAX];
	char piece[PASSON_MAX];
};

static inline void loop_set(struct loop *l, enum timer t, int64_t from_now_ns)
{
	l->at_ns[t] = rt_clock_later(rt_clock_monotonic_ns(), from_now_ns);
}

/* From TIMER_LIMITS on none is set any more. */
static inline void loop_clear_limits(struct loop *l)
{
	for (int t = TIMER_LIMITS; t < TIMERS; t++)
		l->at_ns[t] = 0;
}

/* Wait for something to do, and do it, once. */
void loop_turn(struct loop *l);

/* supervise_start.c: the command's start. */

/* -1: it cannot be started, which was said; s->end says how that is. */
int loop_start(struct loop *l);
/* There is nothing to supervise it with: say why. */
void loop_leave_alone(struct supervised *s, const char *why);
/* Whether it has failed in a way that is worth another try, which is then to come. */
bool loop_retry(struct loop *l);
/* The other ends of its pipes are the command's alone, so that we see when it closes them. */
void loop_close_ends(struct loop *l);

/* supervise_left.c: what the command leaves behind. */

/* Record who goes on, or with `end` that they are going to be ended. */
void loop_note_left(struct loop *l, bool end);
/* The last of the annotations: the drainer records none, so what it has to pass on is looked at. */
void loop_annotate_end(struct loop *l);
/*
 * They go on writing: their output is passed on and captured by a process of its
 * own, until they close it, while we return with the command, as the caller would
 * have without us. True when there is one: a line that has no end yet is then its
 * to write.
 */
bool loop_leave_drainer(struct loop *l);

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
/* Warn when a call of capture.h failed (ret is -1, and errno), or the log is not rotated. */
void loop_captured(struct loop *l, int ret);

/* supervise_signal.c: signals, and ending what runs. */

void loop_take_signal(struct loop *l);
/* All that runs and that the command has started; as rt_proctree_list. */
int loop_tree(const struct loop *l, struct rt_proctree *t);
/* Whether nothing runs any more of what we have to wait for. */
bool loop_ended(struct loop *l);
/* Tell all that runs to end, for this reason if there was none; TIMER_KILL follows. */
void loop_stop(struct loop *l, enum stop why);
/* Kill all that runs. */
void loop_kill(struct loop *l);
/* The same in so long, if that was not to be sooner. */
void loop_kill_within(struct loop *l, int64_t ns);
/* A supervisor of its own: it is to note how its command ends. */
bool loop_is_supervisor(const struct rt_process *p);
void loop_add_usage(struct loop *l, const struct rusage *usage);
/* A signal that is meant to end the command is remembered, so that its end is understood. */
void loop_note_signal(struct loop *l, int sig);

/* supervise_tty.c: the command's own terminal. What it has none for does nothing. */

/* Make it, if it is to have one; -1: it has none. */
int loop_tty_begin(struct loop *l);
/* Start the command on it; as rt_child_start. */
pid_t loop_tty_start(struct loop *l, const struct rt_spawn *how, int *code, struct rt_err *err);
/* Set what is polled, and do what is to be done after. */
void loop_tty_choose(struct loop *l);
void loop_tty_turn(struct loop *l);
/* Make our terminal raw if it is ours to be, or look again in a while; and put it back. */
void loop_tty_take(struct loop *l);
void loop_tty_leave(struct loop *l);
/* Another size, another foreground. */
void loop_tty_resize(struct loop *l);
void loop_tty_continued(struct loop *l);
/* The command is stopped: so are we, and whoever shares our terminal. */
void loop_stopped(struct loop *l, int sig);
/* The command has ended, and is not started again: what is typed is not for it. */
void loop_tty_finish(struct loop *l);

/* supervise_lines.c: how lines end. */

/*
 * What of a piece of the command's output goes to our output, and what into the
 * log: there, a line ends as it was written, not as a terminal shows it. Valid
 * until the next call.
 */
struct rt_str loop_logged(struct loop *l, int stream, struct rt_str piece);
struct rt_str loop_rest(struct loop *l, int stream); /* at its end */
struct rt_str loop_shown(struct loop *l, int stream, struct rt_str piece, struct rt_str logged);

/* supervise_control.c: who speaks to us over the run's socket. */

void loop_accept(struct loop *l);
void loop_hear(struct loop *l, struct peer *p);
/* Steps get their answer when all that was written before has been passed on. */
void loop_answer_steps(struct loop *l);
void loop_choose_peers(struct loop *l);
void loop_drop_silent(struct loop *l);
void loop_release_peers(struct loop *l);

/* supervise_pause.c: stopping all that runs, and letting it go on. */

/* Both are recorded, with who asked for it (empty: nobody). -1: not so; it goes on then. */
int loop_pause(struct loop *l, struct rt_str by, struct rt_err *err);
int loop_resume(struct loop *l, struct rt_str by, struct rt_err *err);
/* Let it go on if it is paused, which is not recorded. */
void loop_thaw(struct loop *l);
/* A supervisor around us pauses its run, and has resumed it. */
void loop_told_to_stop(struct loop *l);
void loop_told_to_go_on(struct loop *l);

#endif
