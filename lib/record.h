/*
 * Recording: a run opened for writing. Each call takes the run's lock, brings
 * status.json up to date with what others wrote, appends to events.jsonl (that
 * is the commit), puts the new status.json in place and adds to logs.txt.
 *
 * A failure before the append returns -1 and nothing was recorded. What fails
 * after it cannot be undone: the call returns 0 and says so in *warning.
 */
#ifndef RT_RECORD_H
#define RT_RECORD_H

#include "event.h"
#include "evlog.h"
#include "redact.h"
#include "rundir.h"
#include "status.h"

enum rt_sync { RT_SYNC_END, RT_SYNC_ALWAYS, RT_SYNC_NEVER };

struct rt_record_opts {
	enum rt_sync sync;
	int lock_timeout_ms;            /* 0: 10,000 */
	size_t keep_events;             /* 0: RT_STATUS_EVENTS */
	const struct rt_redact *redact; /* may be NULL; must outlive the record */
};

struct rt_record; /* opaque */

/* What a new run is. Strings may be NULL, except runs_dir and id. */
struct rt_run_spec {
	const char *runs_dir, *group;
	const char *id; /* rt_id_make() gives a random one */
	const char *name, *parent_run_id;
	struct rt_str metadata; /* of metadata.json, with `id` as run_id; empty: it is made */
	int64_t owner_pid;      /* 0: none */
	bool json_log;          /* keep logs.jsonl too */
	bool settle_later;      /* it is not waited for until it is on the disk */
	bool supervised;        /* which .alive says from the beginning on */
};

/* Make a run and start it (run_started). Close the record. */
int rt_record_create(struct rt_record **out, const struct rt_run_spec *spec,
		     const struct rt_record_opts *opts, struct rt_err *err);

/*
 * Wait until a run that was to be settled later is on the disk, as it would have
 * been at once without that; a change of its state does it, too.
 */
int rt_record_settle(struct rt_record *r, struct rt_err *err);

/* Open an existing run for writing. Close it. */
int rt_record_open(struct rt_record **out, const char *run_path, const struct rt_record_opts *opts,
		   struct rt_err *err);
void rt_record_close(struct rt_record *r); /* NULL is fine */

const struct rt_rundir *rt_record_dir(const struct rt_record *r);

/*
 * The state as of the last call that took the lock; its last events as of the last
 * one that wrote status.json.
 */
const struct rt_status *rt_record_status(const struct rt_record *r);

/*
 * Record one event. A time that it does not have is taken under the lock.
 * *warning (may be NULL) is set when something after the commit failed.
 */
int rt_record_emit(struct rt_record *r, struct rt_event *ev, struct rt_err *warning,
		   struct rt_err *err);

/*
 * Add an event to a batch, and record the batch in one go: the way to take
 * many. The run is locked from the first queued event to the flush, so nothing
 * slow may come between. `status` false leaves status.json as it is (at most 10
 * times a second is enough; the last flush must write it). A batch whose flush
 * fails is gone.
 */
int rt_record_queue(struct rt_record *r, struct rt_event *ev, struct rt_err *err);
size_t rt_record_queued(const struct rt_record *r); /* bytes that wait for a flush */
int rt_record_flush(struct rt_record *r, bool status, struct rt_err *warning, struct rt_err *err);

/* How a change of state is recorded. */
struct rt_change {
	enum rt_state to;
	bool resume;                          /* allow running from an end state */
	int exit_code;                        /* -1: not known */
	int signal;                           /* 0: none */
	const char *error;                    /* may be NULL */
	const struct rt_resources *resources; /* what it has used; may be NULL */
	int64_t owner_pid;                    /* on resume: the new owner, 0: none */
	unsigned only_if; /* bit S: if readers see the run as S (RT_LOST ...); 0: whatever */
	/* Who asked for it, as a JSON object: recorded before it (pause_requested); empty: nobody. */
	struct rt_str by;
	/*
	 * What makes it so, done under the lock just before it is recorded; NULL:
	 * nothing. -1: it could not be, and is not recorded.
	 */
	int (*act)(void *arg, struct rt_err *err);
	void *arg;
};

/*
 * Change the state: checked against the table under the lock, recorded as its
 * run_* event, synced. Saying the same end twice does nothing and returns 1.
 * RT_ERR_REFUSED for a transition that is not allowed, and while events that
 * were queued wait for their flush.
 */
int rt_record_change(struct rt_record *r, const struct rt_change *change, struct rt_err *warning,
		     struct rt_err *err);

/* Record that somebody asked for a change that is still to come, as `by` of struct rt_change. */
int rt_record_request(struct rt_record *r, enum rt_state to, struct rt_str by,
		      struct rt_err *warning, struct rt_err *err);

#endif
