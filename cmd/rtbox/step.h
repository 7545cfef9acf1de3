/*
 * A step of a run: its number, its folder and its events, for a command that is
 * run as one and for one that is begun and ended by different programs.
 */
#ifndef RT_STEP_H
#define RT_STEP_H

#include "record.h"
#include "trace.h"

struct step {
	struct rt_record *record;
	const char *name;      /* any text */
	const char *component; /* NULL: none */
	int number;
	char id[RT_STEP_ID_SIZE]; /* step_003 */
	struct rt_trace trace;
	char *parent; /* id of the step around it, NULL: none */
};

/* Die of a component that is no name; NULL is fine. */
void step_check_component(const char *component);

/*
 * A new step of the record's run, which is numbered and has its folder then;
 * *s is zero. `inside`: the step and the trace around it are those that our
 * environment tells of, and so is the component unless there is one. -1: it
 * cannot be recorded.
 */
int step_make(struct step *s, struct rt_record *record, const char *name, const char *component,
	      bool inside, struct rt_err *err);
void step_release(struct step *s);

/* What every event of a step has; number must outlive the event, and message too. */
void step_event(struct rt_event *ev, const struct step *s, enum rt_type type, const char *message,
		char number[16]);

/* How a step ended. */
struct step_result {
	int status;        /* as of wait(2) */
	const char *word;  /* "cancelled", "timeout"; NULL: as the status says */
	const char *error; /* why it failed; "" or NULL for nothing to say */
	int64_t duration_ms;
	const struct rt_resources *resources; /* what it has used; NULL: not known */
};

/*
 * Record that it starts, that it ended, that it is skipped since this command
 * said so. -1: it could not be recorded; what is only amiss was said.
 */
int step_start(const struct step *s, struct rt_err *err);
int step_end(const struct step *s, const struct step_result *result, struct rt_err *err);
int step_skip(const struct step *s, const char *condition, struct rt_err *err);

#endif
