/*
 * A log that rt-tail reads, as lines: tail_source.c, over the files in tail_file.c
 * or the streams in tail_packed.c.
 */
#ifndef RT_TAIL_SOURCE_H
#define RT_TAIL_SOURCE_H

#include "crilog.h"
#include "event.h"
#include "evlog.h"
#include "runfile.h"

struct tail_run;

#define TAIL_HEAD 64 /* bytes by which a file is known again */

/* What a folder that is watched is to us. */
enum tail_place_kind {
	TAIL_RUN,  /* of a run, or the one that a file is in */
	TAIL_LOGS, /* its logs */
	TAIL_STEP, /* those of a step */
	TAIL_RUNS, /* the runs folder, or a group in it: new ones join */
};

/* What a folder holds, sorted. */
struct tail_names {
	char **v;
	size_t n;
};

struct tail_place {
	enum tail_place_kind kind;
	struct tail_run *run;       /* of TAIL_RUN, TAIL_LOGS */
	struct tail_source *source; /* of TAIL_STEP */
	char *group;                /* of TAIL_RUNS: "GROUP/", or "" */
	struct tail_names names;    /* of TAIL_RUNS: what was there at the last look */
};

/* A line of output that comes in pieces. */
struct tail_pieces {
	struct rt_buf text, ts;
	int64_t ns;
	bool open;  /* its end did not come yet */
	bool meets; /* one of its pieces meets the filter */

	/* where the first of them stands */
	size_t file; /* n_files of the source at the time */
	ino_t ino;
	off_t at;
};

/* A place in a log, by which it is found again later. */
struct tail_mark {
	ino_t ino;
	off_t at;
	size_t n_head; /* by the hash of so many bytes the file is known again */
	uint64_t hash;
	bool middle;     /* of a line that is too long */
	bool pieces;     /* each stream goes on at a place of its own: */
	size_t files[2]; /* so many files on, */
	off_t from[2];   /* there */
};

/* One log, with the files that it was rotated to: NAME, NAME.1 (the one before) and so on. */
struct tail_source {
	struct tail_run *run;
	struct tail_place place; /* the folder of its step */
	char *path;              /* below the run's directory */
	char *step_id;           /* of captured output: "step_001", or NULL */
	char *step_name;         /* NULL: not known */
	bool events;             /* JSON lines, else captured output */
	bool timed;              /* it is merged with others by time, or times are shown */
	enum rt_simd simd;
	bool silent;     /* read for what it says of the run, not to be shown */
	bool dirty;      /* something may have been written since the last pass */
	bool complained; /* that it cannot be opened */

	/* in an archive */
	const struct rt_rundir *packed; /* the run that it is of; NULL: it is a file */
	struct rt_runfile file;
	int number; /* of the file that it is in: 0 for the last one */

	/* how far it was dealt with, and in which file */
	bool known; /* it is the one of dev and ino */
	dev_t dev;
	ino_t ino;
	off_t at;
	off_t from[2];    /* output of a stream that stands before this was not asked for */
	size_t files[2];  /* nor was that in so many files, from this one on, */
	off_t further[2]; /* and in the one behind them it begins there */
	size_t n_files;   /* that were read before this one */
	bool skipping;    /* `at` is in the middle of a line that is too long */
	char head[TAIL_HEAD];
	size_t n_head;
	size_t skipped; /* lines that are no events */

	/* the pass that is on */
	int fd;     /* -1: not open */
	off_t end;  /* where it ends */
	bool moved; /* the file is no longer the one of that name: the next one follows */
	bool torn;  /* a last line without its newline counts */
	bool backward, reading;
	bool stay; /* backwards: in this file */
	struct rt_reader reader;

	/* the line that it stands at */
	struct rt_str line;
	off_t next_at; /* where it is dealt with */
	int64_t ns;    /* when; a line that does not say is as old as the one before */
	size_t rank;   /* among sources that are merged: of equal times the lowest goes first */
	bool valid;    /* it is an event, or a record of output */
	struct rt_event *ev;    /* while it is read */
	struct rt_lines *lines; /* that are outlined together; NULL: they are not */
	struct rt_cri cri;

	struct tail_pieces pieces[2]; /* of stdout and stderr */
};

/* Open the file that was read last, whatever it is called by now; else the log as it is. */
bool tail_file_open(struct tail_source *s);

/* See where the file ends, and whether it was renamed. */
void tail_file_look(struct tail_source *s);

/* See whether it was cut or written anew since it was read. */
void tail_file_check(struct tail_source *s);

/* Keep by what it can be known again. */
void tail_file_remember(struct tail_source *s);

/* Go on with the file that follows the renamed one, or at the end of the one before. */
bool tail_file_advance(struct tail_source *s);
bool tail_file_retreat(struct tail_source *s);

/* Let the first pass begin with the oldest file. */
void tail_file_rewind(struct tail_source *s);

/* Let it begin at a place that was kept. False when that is not there any more. */
bool tail_file_find(struct tail_source *s, const struct tail_mark *m);

/* The same for a log in an archive, of which all is written. */
bool tail_packed_open(struct tail_source *s);
void tail_packed_look(struct tail_source *s);
bool tail_packed_advance(struct tail_source *s);
void tail_packed_rewind(struct tail_source *s);
bool tail_packed_find(struct tail_source *s, const struct tail_mark *m);

/* Whether a file begins with what the one did in which the place is. */
bool tail_mark_is_of(const struct tail_mark *m, int fd, char head[TAIL_HEAD]);

struct tail_source *tail_source_new(struct tail_run *run, const char *path, bool events,
				    const char *step_id);
void tail_source_free(struct tail_source *s);

/*
 * Begin a pass over what is there now, forwards from where the last one ended,
 * or backwards from the end. False when there is nothing. What is strange
 * (truncated, replaced) is said.
 */
bool tail_source_begin(struct tail_source *s, bool torn);
bool tail_source_begin_backward(struct tail_source *s, bool torn);

/* Stand at the next line; false at the end. */
bool tail_source_next(struct tail_source *s);

/* The line was dealt with: whatever happens, the next pass begins behind it. */
void tail_source_take(struct tail_source *s);

/* End the pass. The file stays open; after parking it is closed, too. */
void tail_source_end(struct tail_source *s);
void tail_source_park(struct tail_source *s);

/*
 * Of an archive: close the stream, but not what was read of it. It is costly to come
 * back to the place, so that is done when the next line is not there.
 */
void tail_source_doze(struct tail_source *s);

/* After parking within a pass: stand at the same line again. False when it is gone. */
bool tail_source_wake(struct tail_source *s);

#endif
