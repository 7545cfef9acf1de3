/*
 * What the parts of rt-tail share. Runs are shown (tail_set.c), one or more, and
 * new ones join them (tail_join.c). Each (tail_run.c) is read from several sources:
 * its events, and the output that was captured of it and of each of its steps
 * (tail_source.c, over the files in tail_file.c). A pass prints what is new in them, merged by time (tail_merge.c);
 * before the first one it is settled where that begins (tail_last.c), and after it
 * passes go on as things happen (tail_follow.c), until the runs are over or what was
 * waited for has come (tail_until.c). A cursor (tail_cursor.c) says where the next
 * one begins. Of a run in an archive the sources are streams (tail_packed.c), and
 * nothing follows.
 */
#ifndef RT_TAIL_H
#define RT_TAIL_H

#include "catalog.h"
#include "common.h"
#include "filter.h"
#include "out.h"
#include "pretty.h"
#include "project.h"
#include "status.h"
#include "tail_source.h"
#include "unpack.h"
#include "watch.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/types.h>

#define TAIL_OPEN_MAX 64  /* files of a run that are open at a time */
#define TAIL_KEPT_MAX 256 /* of an archive: those of which something that was read is kept */

/* How lines are shown. */
struct tail_printer {
	struct out *out;
	enum out_mode mode;
	bool across; /* lines say which run they are of */
	const struct rt_filter *filter;
	int64_t skip;   /* so many lines are not shown yet */
	size_t n_lines; /* that were shown */
	struct pretty pretty;
	struct records records;
	struct projection fields; /* of --format */
	struct rt_event output;   /* a line of output as the filter sees it */
	struct rt_buf line, scratch, step;
};

void tail_printer_init(struct tail_printer *p, struct out *o, enum out_mode mode,
		       const char *format, const struct rt_filter *filter);
void tail_printer_end(struct tail_printer *p); /* what ends the output; and releases */

/* Whether the line that a source stands at is to be shown. */
bool tail_wants(struct tail_printer *p, const struct tail_source *s);

/* Show it; a piece of a line of output is kept until its end comes. */
void tail_print(struct tail_printer *p, struct tail_source *s);

/* Show the pieces that are kept of lines that go on, where these come as they are. */
void tail_print_begun(struct tail_printer *p, struct tail_source *s);

/* Show the pieces that are kept: their end will not come. */
void tail_print_rest(struct tail_printer *p, struct tail_source *s);

/* A run, or a file of events. */
struct tail_run {
	struct tail *t;       /* that shows it */
	size_t number;        /* of its colour */
	bool named;           /* on the command line, not selected */
	bool packed;          /* it is in an archive */
	struct rt_rundir dir; /* of the run; of a file: the folder that it is in */
	char *file;           /* its name there; NULL: a run */
	struct rt_status st;  /* of a run */
	enum rt_state state;
	int64_t start_ns; /* from which --time elapsed counts; 0: not known yet */
	bool removed;     /* it is there no more */

	struct tail_source **v; /* that of the events is the first */
	size_t n;
	struct tail_source *run_log; /* one of them, if output is shown */

	/* what a follower waits for, and knows */
	struct tail_place top, logs;
	int64_t owner_pid;   /* whose end is waited for */
	bool owner_timed;    /* or asked for every now and then */
	bool status_changed; /* status.json is another than when it was read */
	bool look_now;       /* something says that the run may be over */
	bool news;           /* the pass that is on shows events */
	int64_t looked_ns;   /* at its state, last; 0: never */
};

#define TAIL_UNTIL 2

struct tail_left {          /* a run that was shown to its end */
	struct rt_buf text; /* its part of a cursor */
	int64_t ns;
	bool named;
};

struct tail_cursor {
	bool wanted; /* one is printed or kept */
	bool show;
	char *file; /* that it is kept in, or NULL */
	int dirfd;  /* where that is */
	bool given; /* begin after one: */
	struct rt_buf text;
	int64_t ns; /* when that was made */
	struct tail_left *left;
	size_t n_left;
};

#define TAIL_RATE_S 5

/* The live line. */
struct tail_line {
	bool on;
	struct rt_buf shown, next;
	int64_t second; /* of the last look at how many lines there were: */
	size_t last;
	size_t counts[TAIL_RATE_S]; /* and so many seconds before */
};

/* They are waited for in a thread. */
struct tail_signals {
	bool on;
	bool line; /* there is a live line to be erased */
	int fd;    /* there is something to read when one has come */
	sigset_t set;
	atomic_int got; /* one that ends the follow, or 0 */
	pthread_t thread;
};

struct tail {
	struct tail_printer printer;
	bool events, output; /* what is shown */
	bool follow;
	bool wait;       /* for a run that is not there yet */
	bool all_wanted; /* of events all fields are looked at, else: */
	struct rt_wanted wanted;
	bool exit_status; /* how the runs ended is asked for */
	struct unpack unpack;

	struct tail_run **runs;
	size_t n_runs;
	size_t n_joined; /* so many were there, all in all */
	bool packed;     /* some run is in an archive */
	int code;        /* what those that have left make of the exit code */

	struct tail_source **open; /* that may be open, the latest used one last */
	size_t n_open, open_max;

	struct tail_cursor cursor;
	struct tail_signals signals;
	struct tail_line line;

	struct rt_watch *watch; /* NULL: it does not follow */
	bool polls;             /* changes are not reported */

	/* when it ends before they are over */
	struct rt_filter *until[TAIL_UNTIL]; /* at an event that meets one of them; NULL: none */
	bool looks;                          /* for that event */
	bool met;                            /* it has come */
	bool heard;     /* of changes within the last pass, which it may not have dealt with */
	int64_t end_ns; /* by the monotonic clock; -1: never */
	bool timed_out;

	/* of a selection that is followed: new runs join */
	char *runs_dir; /* NULL: there is none */
	struct rt_selection selection;
	struct tail_place **places;
	size_t n_places;
	struct tail_seen { /* runs that joined, whatever they are called by now */
		dev_t dev;
		ino_t ino;
		int64_t born_ns;
	} * seen;
	size_t n_seen;
	int64_t began_ns;
};

/* tail_set.c */

/* What is to be shown: the runs and files that are named, or those that are selected. Dies. */
void tail_open(struct tail *t, const struct common_opts *c, const struct select_opts *select,
	       int argc, char **argv);

/* Whether it is here for the first time; then it is remembered. */
bool tail_is_new(struct tail *t, const char *path);

/*
 * One of the selection. What cannot be opened is said; what was over before we
 * came (a directory that was renamed, say) does not join any more.
 */
void tail_open_selected(struct tail *t, const char *path, bool joins);

/* The run is shown to its end. */
void tail_leave(struct tail *t, struct tail_run *run);

/* All runs leave: nothing more is to be shown. */
void tail_close(struct tail *t);

/* tail_join.c */

/* Something changed in the runs folder or in a group: name, or anything (NULL). */
void tail_join(struct tail *t, struct tail_place *place, const char *name);

/* Look into all of them again. */
void tail_join_all(struct tail *t);

/* Watch the runs folder and the groups that are there; false: there is no such folder. */
bool tail_watch_folders(struct tail *t);

/* Nobody joins any more. */
void tail_forget_folders(struct tail *t);

/* tail_wait.c: the run that is meant, once it is there; false when time was up first. */
bool tail_wait_for(struct tail *t, const struct common_opts *c, const char *arg,
		   struct rt_found *found);

/* tail_until.c */

/* Whether it is what was waited for. */
bool tail_until_meets(struct tail *t, const struct rt_event *ev);

/* Look for it among the events that were there before. */
void tail_until_look_back(struct tail *t);

/* How long it may go on; -1: for ever. */
int tail_time_left_ms(const struct tail *t);

/* Say that time is up, or that the event did not come, in the exit code as well. */
void tail_until_tell(struct tail *t);

/* tail_cursor.c */

/* After which cursor it begins (its text, or that in a file), and where one goes. Dies. */
void tail_cursor_begin(struct tail *t, const char *after, const char *path, bool show);

/* Whether a run that is over may have more to show than was shown up to the cursor. */
bool tail_cursor_covers(const struct tail *t, const struct rt_row *row);

/* Let the first pass over a run begin where the cursor says; what that does not know is new. */
void tail_cursor_seek(struct tail *t, struct tail_run *run);

/* The run leaves: its places stay part of the cursor. */
void tail_cursor_leave(struct tail *t, const struct tail_run *run);

/* Keep the cursor in its file, where there is one; all that stands before it is printed. */
void tail_cursor_save(struct tail *t, bool last);

/* After all runs have left: print and keep it. */
void tail_cursor_end(struct tail *t);

/* tail_line.c: a line about where the run stands, on a terminal. */
void tail_line_begin(struct tail *t);
void tail_line_end(struct tail *t);

/* Something is to be printed. */
void tail_line_hide(struct out *o);

/* Draw it, if it is another than the one that stands there; it is flushed with the rest. */
void tail_line_draw(struct tail *t);

/* How long it may stay as it is; -1: until something happens. */
int tail_line_ms(const struct tail *t);

/* From a thread, when the other one cannot. */
void tail_line_erase_now(void);

/* tail_signal.c */

/* From now on a signal that ends us lets the follow end first; line: others have it drawn anew. */
void tail_signals_begin(struct tail *t, bool line);

/* What the watch had to say of them was heard. */
void tail_signals_take(struct tail *t);

/* Whether one has come that ends the follow. */
static inline bool tail_is_stopped(const struct tail *t)
{
	return atomic_load_explicit(&t->signals.got, memory_order_relaxed) != 0;
}

/* All is done: end by the signal that came, if one did. */
void tail_signals_end(struct tail *t);

/* tail_run.c */

/* Open a run or file, find its sources, and watch them if it follows. NULL and err. */
struct tail_run *tail_run_open(struct tail *t, const struct rt_found *found, struct rt_err *err);
void tail_run_free(struct tail_run *run);

/* Where many runs are shown and none is followed, only those that are being read stay open. */
void tail_run_park(struct tail_run *run);
void tail_run_wake(struct tail_run *run);

/* Find the logs that are there now, or the one in the logs folder called `name`. */
void tail_discover(struct tail_run *run);
void tail_discover_one(struct tail_run *run, const char *name);

/* The source of a step's output, unless it is there. Returns it, or NULL. */
struct tail_source *tail_add_step(struct tail_run *run, const char *step_id);

/* What a step is called, unless that is known. */
void tail_name_step(struct tail_run *run, struct rt_str id, const struct rt_json *name);

/* Watch a folder, if it is followed. */
void tail_watch(struct tail *t, int fd, const char *path, struct tail_place *place);

/* Learn where the run stands; -1 and err when it cannot be read. */
int tail_look(struct tail_run *run, struct rt_err *err);

/* Whether nothing more is to come: then a last line without its newline counts. */
bool tail_is_over(const struct tail_run *run);

/* All its sources are to be looked at. */
void tail_run_dirty(struct tail_run *run);

/* tail_packed.c */

/* Find the logs that are in the archive. */
void tail_packed_discover(struct tail_run *run);

/* tail_seek where some run is in an archive. */
void tail_packed_seek(struct tail *t, int64_t n);

/* All sources of all runs, and how many they are. Free it. */
struct tail_source **tail_sources(const struct tail *t, size_t *n);

/* The source will be used: another one may have to be closed for it. */
void tail_use(struct tail *t, struct tail_source *s);

/* It is used no more. */
void tail_forget(struct tail *t, struct tail_source *s);

/* Let the first pass begin n lines before the end; -1: at the beginning. */
void tail_seek(struct tail *t, int64_t n);

/* Print what is new in the sources that are dirty; false: nothing was. */
bool tail_pass(struct tail *t);

/* Learn what has changed by now, without waiting for it. */
void tail_hear(struct tail *t);

/* Print what is new until all runs are over, or nobody reads any more. */
void tail_follow(struct tail *t);

#endif
