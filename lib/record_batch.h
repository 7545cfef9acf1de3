/* The inside of a record, for the record*.c files: a batch of events under the run's lock. */
#ifndef RT_RECORD_BATCH_H
#define RT_RECORD_BATCH_H

#include "record.h"

/* Lines for the log of a component, in a step or outside of any. */
struct rt_component_log {
	uint64_t hash;               /* of step_id and name */
	char step_id[RT_ID_MAX + 1]; /* "": outside */
	char name[RT_ID_MAX + 1];
	size_t into; /* the index of the log that its lines go to: its own, or the run's */
	int fd;      /* -1: not open yet */
	struct rt_buf text;
};

struct rt_record {
	struct rt_rundir dir;
	struct rt_evlog log;
	struct rt_status status;
	bool loaded; /* status accounts for status.events_size bytes of the log */
	struct rt_record_opts opts;
	bool unsettled;       /* the new run is to be on the disk, and may not be yet */
	bool locked;          /* a batch is being put together */
	struct rt_buf lines;  /* the batch, a torn tail's newline in front of it left out */
	struct rt_buf recent; /* last lines of earlier batches that the status does not show yet */
	size_t recent_max;    /* past that those go that it never will */
	struct rt_buf log_text, json_log_text, document;
	struct rt_component_log *components; /* of the batch, n_components of them */
	size_t n_components;
	int log_fd, json_log_fd; /* -1: not open yet; -2: there is none */
};

/* A record of no run yet; NULL when memory runs out. rt_record_close frees it. */
struct rt_record *rt_batch_new(const struct rt_record_opts *opts);

/* Take the lock, and make sure that `status` is what the log says. Nothing when it is taken. */
int rt_batch_begin(struct rt_record *r, struct rt_err *err);

/* Let go of the lock, and of what was queued. */
void rt_batch_end(struct rt_record *r);

/* Show the last events in the status, those of the batch too. */
void rt_batch_show_recent(struct rt_record *r);

/* Add the line of an event with a component to the text for that component's log. */
void rt_batch_add_component(struct rt_record *r, const struct rt_event *ev, struct rt_str line);

/* Under the lock: append these texts to the logs. */
void rt_batch_write_components(struct rt_record *r, struct rt_err *warning);

/* After a batch, keep the open logs for the next one; after the last, close them. */
void rt_batch_clear_components(struct rt_record *r);
void rt_batch_release_components(struct rt_record *r);

/* How status.json is put in place: not yet, as progress, or as a change of state. */
enum commit_kind { COMMIT_LATER, COMMIT_PROGRESS, COMMIT_STATE };

/* Under the lock: record what is queued. As rt_record_flush. */
int rt_batch_commit(struct rt_record *r, enum commit_kind kind, struct rt_err *warning,
		    struct rt_err *err);

#endif
