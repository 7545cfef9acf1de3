/*
 * status.json: the state of a run, small and bounded, and how events change it.
 *
 * rt writes it with one line for the scalar members and one for each entry of
 * its tables, so that an event changes it by splicing lines, at a cost that
 * does not depend on how many there are. A file of another layout (another
 * program's) is read as the JSON it is and written in this one.
 */
#ifndef RT_STATUS_H
#define RT_STATUS_H

#include "buf.h"
#include "err.h"
#include "event.h"
#include "id.h"
#include "resources.h"
#include "rundir.h"
#include "usage.h"

#include <sys/types.h>

#define RT_STATUS_MAX 65536
#define RT_STATUS_EVENTS 20
#define RT_STATUS_TABLE 100 /* entries of `stages` and `steps` */

enum rt_state {
	RT_PENDING,
	RT_RUNNING,
	RT_PAUSED,
	RT_COMPLETED,
	RT_FAILED,
	RT_CANCELLED,
	RT_LOST,  /* derived by readers, never stored */
	RT_STALE, /* likewise */
	RT_STATE_COUNT
};

const char *rt_state_name(enum rt_state s);
/* Any of the known spellings (canceled, success, in-progress, ...). */
bool rt_state_find(struct rt_str name, enum rt_state *s);
/* Whether a run may go from one state to the other; resume: by --resume. */
bool rt_state_allows(enum rt_state from, enum rt_state to, bool resume);
static inline bool rt_state_over(enum rt_state s)
{
	return s == RT_COMPLETED || s == RT_FAILED || s == RT_CANCELLED || s == RT_LOST;
}

/* Who runs it: enough to tell whether that process still lives. */
struct rt_owner {
	int64_t pid;         /* 0: none */
	int64_t start_ticks; /* /proc/PID/stat field 22 */
	char boot_id[40];
	int64_t pid_ns; /* inode of /proc/PID/ns/pid */
};

/*
 * One table of status.json: its entries as JSON objects, each followed by
 * ",\n", the form in which they stand in the file.
 */
struct rt_table {
	struct rt_buf text;
	size_t n;
	size_t from; /* where the first one begins: dropping is lazy */
};

/* The next entry at *at (0 for the first), without what follows it; false at the end. */
bool rt_table_next(const struct rt_table *t, size_t *at, struct rt_str *entry);

struct rt_status {
	char run_id[256]; /* the directory's name */
	enum rt_state state;
	int64_t created_ns, updated_ns;  /* 0: unknown */
	int64_t started_ns, finished_ns; /* 0: not there */
	struct rt_buf name, group, parent_run_id, host, stage, step_id,
		error;         /* empty: not there */
	struct rt_buf percent; /* number text, empty: not there */
	int exit_code;         /* -1: not there */
	int signal;            /* 0: not there */
	struct rt_resources resources;
	struct rt_owner owner;
	int64_t n_events, n_warnings, n_errors;
	struct rt_ledger *ledger; /* tokens and cost */
	int64_t events_size;      /* bytes of events.jsonl that this accounts for; -1: unknown */
	bool ordered;             /* times in events.jsonl never go back */
	struct rt_buf extra;      /* members of another program: ",\"key\":value" each */
	bool foreign;             /* no rt wrote it: session_* events change the state too */
	size_t keep_events;       /* RT_STATUS_EVENTS */
	struct rt_table stages, steps, events;
};

/* Returns -1 only when memory runs out. */
int rt_status_init(struct rt_status *st);
void rt_status_release(struct rt_status *st);

/* Read a status.json. -1 when it is not a JSON object with run_id and status. */
int rt_status_parse(struct rt_status *st, struct rt_str text, struct rt_err *err);

/* The document, at most RT_STATUS_MAX bytes: the oldest table entries go first. */
void rt_status_write(struct rt_status *st, struct rt_buf *out);

/* Let an event change counts, stage, steps, tokens and, where it is of the runner, the state. */
void rt_status_apply(struct rt_status *st, const struct rt_event *ev);

/* Add it to the last events. */
void rt_status_push(struct rt_status *st, const struct rt_event *ev);

/*
 * The status of a run as it stands in the directory, brought up to date in
 * memory with what events.jsonl has beyond it; rebuilt from metadata.json and
 * the events when it is missing or invalid. Nothing is written. `st` was
 * initialised. RT_ERR_NOTFOUND when there is nothing of a run.
 */
int rt_status_load(struct rt_status *st, const struct rt_rundir *d, struct rt_err *err);

/*
 * The same for one who reads all events anyway, and wants neither counts nor
 * tables of it. Where *left becomes true, what the state and its times are is
 * left to rt_status_follow.
 */
int rt_status_load_stored(struct rt_status *st, const struct rt_rundir *d, bool *left,
			  struct rt_err *err);

/*
 * Let an event change the state and the times, nothing else. at_ns is 0 where its
 * time is unknown; ev may be NULL for one that is neither of the runner nor of a
 * session, once the run is no longer pending.
 */
void rt_status_follow(struct rt_status *st, int64_t at_ns, const struct rt_event *ev);

/*
 * As rt_status_load for a writer, who has the log open as `fd` with `size` bytes under
 * the lock: a torn tail is counted if it is an event, because the next append
 * makes it a line. rt's own layout is trusted without being validated.
 */
int rt_status_refresh(struct rt_status *st, const struct rt_rundir *d, int fd, off_t size,
		      struct rt_err *err);

/* Let every event of a file of JSON lines change it; skipped lines are counted. -1 and errno. */
int rt_status_fold(struct rt_status *st, int fd, off_t from, off_t to, bool torn_counts,
		   size_t *skipped);

/* Fill in this process (or another) as the owner; false when there is no such process. */
bool rt_owner_fill(struct rt_owner *o, int64_t pid);

/* Say in the run directory (.alive) that the owner, this process, lives. Best effort. */
void rt_owner_beat(int dirfd);

/* It supervises the run no more: what it is heard and spoken to by is removed. */
void rt_owner_leave(int dirfd);

/* The name of this machine, as `host` has it. */
void rt_hostname(char out[256]);

/* An owner as a JSON object. */
void rt_owner_write(const struct rt_owner *o, struct rt_buf *out);
void rt_owner_parse(struct rt_owner *o, struct rt_str object);

/*
 * What a reader should say of the run: the state, or RT_LOST when its owner is
 * dead, or RT_STALE when nothing has been heard of it for too long. dirfd is
 * the run directory (for .alive).
 */
enum rt_state rt_status_derive(const struct rt_status *st, int dirfd, int64_t now_ns);

/*
 * What follows for steps from that state: in a run that is over none goes on, so
 * one that nobody ended is incomplete since the last event.
 */
void rt_status_settle(struct rt_status *st, enum rt_state derived);

#endif
