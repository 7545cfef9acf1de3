/*
 * events.jsonl: locking and appending, and reading lines of any such file
 * forwards and backwards in bounded memory.
 */
#ifndef RT_EVLOG_H
#define RT_EVLOG_H

#include "buf.h"
#include "err.h"
#include "rundir.h"
#include "scan.h"

#include <sys/types.h>

#define RT_READ_LINE_MAX (16u << 20) /* a longer line is skipped and counted */

/* The log of a run, open for writing. */
struct rt_evlog {
	int fd;
	off_t size;    /* under the lock: bytes in the file */
	bool torn;     /* under the lock: the last line has no newline */
	bool reopened; /* set when another file was found in its place */
};

/* Open the log of a run for appending. It must be a regular file. */
int rt_evlog_open(struct rt_evlog *l, const struct rt_rundir *d, struct rt_err *err);
void rt_evlog_close(struct rt_evlog *l);

/*
 * Take the run's lock, and learn size and torn. RT_ERR_LOCKED after timeout_ms.
 * A log that was replaced meanwhile is opened again.
 */
int rt_evlog_lock(struct rt_evlog *l, const struct rt_rundir *d, int timeout_ms,
		  struct rt_err *err);
void rt_evlog_unlock(struct rt_evlog *l);

/*
 * Append whole lines in one write; a torn tail is ended with a newline first.
 * What was written only in part is cut off again. With `sync` it is on the disk.
 */
int rt_evlog_append(struct rt_evlog *l, struct rt_str lines, bool sync, struct rt_err *err);

/* A reader of lines. It owns its buffer, not the descriptor. */
struct rt_reader {
	int fd;
	char *buf;
	size_t cap, start, end; /* buf[start..end) is not handed out yet */
	size_t block;           /* read at a time */
	off_t from, to;         /* the range that is read; to is -1 for "to the end" */
	off_t pos;              /* forwards: offset of buf[end]; backwards: of buf[start] */
	off_t line_at;          /* offset of the line handed out last */
	bool backward, stream;  /* stream: a pipe, read in order */
	bool torn;              /* the line handed out last had no newline */
	bool whole_only;        /* set it to follow: a torn tail stays until it is whole */
	/* Set it to see every piece as it is read, forwards; NULL: nobody wants to. */
	void (*seen)(void *arg, const char *p, size_t n);
	void *seen_arg;
	bool skipping;  /* in the middle of a line that is too long */
	size_t skipped; /* lines over RT_READ_LINE_MAX */
};

/*
 * Read the lines of [from, to), forwards or backwards; to = -1: to the end.
 * from must be at the start of a line; in a stream, what is before it is read
 * and passed over. -1 and errno.
 */
int rt_reader_init(struct rt_reader *r, int fd, off_t from, off_t to, bool backward);
void rt_reader_release(struct rt_reader *r);

/*
 * 1: *line is the next line, without its newline, valid until the next call;
 * 0: no more; -1: reading failed, see errno. A BOM at the start of the file is
 * passed over. Streams that cannot be sought (a pipe) are read forwards too.
 */
int rt_reader_next(struct rt_reader *r, struct rt_str *line);

/* Forwards: a whole line that is in the buffer already, as 1; else 0, without reading. */
int rt_reader_buffered(struct rt_reader *r, struct rt_str *line);

/*
 * The same, of lines that are outlined together, in *lines; 0 also when the next
 * one cannot be. Begin with new *lines, and take others only after a 0.
 */
int rt_reader_outline(struct rt_reader *r, struct rt_lines *lines,
		      struct rt_str *line); /* where that takes more than a few steps */
static inline int rt_reader_outlined(struct rt_reader *r, struct rt_lines *lines,
				     struct rt_str *line)
{
	off_t at = r->pos - (off_t)(r->end - r->start);

	/* There may be a BOM at the start of the file. */
	if (at == 0 || !rt_lines_next(lines, line))
		return rt_reader_outline(r, lines, line);
	r->torn = false;
	r->line_at = at;
	r->start += line->n + 1;
	return 1;
}

/* Many lines at once, and the buffer that they stand in. Zero it first; free it with the reader. */
struct rt_block {
	struct rt_str text; /* whole lines with their newlines; or the one that is torn */
	bool torn;
	char *buf;
	size_t cap;
};

/*
 * As rt_reader_next, forwards: all the lines that were read together. They are
 * the block's until it is passed again, whatever the reader does meanwhile. A
 * line that is too long may still be among them, though not as the first.
 */
int rt_reader_block(struct rt_reader *r, struct rt_block *b);
void rt_block_release(struct rt_block *b);

#endif
