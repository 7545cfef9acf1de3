/*
 * Captured output: what a command wrote, as lines of the CRI container-log
 * format (Kubernetes, "CRI logging format"): RFC3339NANO stdout|stderr F|P TEXT.
 * P says that the line goes on: it was longer than RT_CAPTURE_CHUNK, or had no
 * newline yet when it was written. Secrets are masked, also across pieces.
 */
#ifndef RT_CAPTURE_H
#define RT_CAPTURE_H

#include "buf.h"
#include "clock.h"
#include "needle.h"
#include "redact.h"
#include "rundir.h"

#define RT_CAPTURE_CHUNK 16384 /* bytes of text a line, as container runtimes have it */

enum rt_stream { RT_STDOUT, RT_STDERR };

/* Which log it is that is written, and how much of it is kept. */
struct rt_log_limits {
	const struct rt_rundir *dir;
	int step;         /* 0: the run's own */
	const char *name; /* in the folder that this means */
	uint64_t max;     /* bytes after which a new file is begun; 0: never */
	int backups;      /* how many of the files before that one stay */
};

struct rt_capture {
	int fd; /* the log; -1: nothing is kept any more */
	struct rt_log_limits limits;
	uint64_t size;   /* of the file, with what waits in out */
	bool begun[2];   /* a line of the stream goes on */
	int trouble;     /* errno: what was taken could not be written; 0: no trouble */
	int unrotatable; /* errno: why no new file could be begun; 0: no trouble */
	struct rt_redact *redact;
	struct rt_needle add_mask;
	char ts[RT_TS_NANO_LEN + 1]; /* of what is taken at the moment */
	struct rt_buf masks[2];      /* a line that says what is secret, without its end yet */
	struct rt_buf held[2];       /* may be the beginning of a secret */
	struct rt_buf line[2];       /* what has no newline yet */
	struct rt_buf text, out;
};

/* Begin to write to the log `fd`, which is owned from now on. Masking may be NULL. */
void rt_capture_init(struct rt_capture *c, int fd, struct rt_redact *redact);

/*
 * Begin a new file (rt_rundir_rotate_log) before the log is larger than that. It
 * ends with the end of a line, if it need not become twice as large for that.
 */
void rt_capture_limit(struct rt_capture *c, const struct rt_log_limits *limits);

/*
 * A piece of output. Whole lines are written at once, in one write where no new
 * file is begun. -1 and errno when they cannot be: nothing is kept from then on.
 */
int rt_capture_add(struct rt_capture *c, enum rt_stream stream, struct rt_str piece);

/* Whether a line waits for its end, and writing it as it stands. */
bool rt_capture_pending(const struct rt_capture *c);
int rt_capture_flush(struct rt_capture *c);

/* The end of both streams: what is left is written. Returns as rt_capture_add. */
int rt_capture_end(struct rt_capture *c);
void rt_capture_release(struct rt_capture *c);

#endif
