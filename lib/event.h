/*
 * One event: parsed from a JSON line that rt or somebody else wrote, or put
 * together to be written. Fields are views into the line or into what the
 * caller passed; an event owns nothing.
 */
#ifndef RT_EVENT_H
#define RT_EVENT_H

#include "buf.h"
#include "err.h"
#include "redact.h"
#include "scan.h"

#include <stdint.h>

#define RT_LINE_MAX 65536 /* bytes of a line that rt writes, the newline included */

/* In the order in which they are written. RT_F_RUN_ID is read, and written only across runs. */
enum rt_field {
	RT_F_TS,
	RT_F_TYPE,
	RT_F_LEVEL,
	RT_F_STAGE,
	RT_F_MESSAGE,
	RT_F_PERCENT,
	RT_F_STEP,
	RT_F_TOTAL_STEPS,
	RT_F_ITERATION,
	RT_F_MAX_ITERATIONS,
	RT_F_TASK_ID,
	RT_F_STEP_ID,
	RT_F_COMPONENT,
	RT_F_ACTION,
	RT_F_AGENT_ROLE,
	RT_F_MODEL,
	RT_F_CORRELATION_ID,
	RT_F_SPAN_ID,
	RT_F_EVENT_ID,
	RT_F_PARENT_ID,
	RT_F_STATE_BEFORE,
	RT_F_STATE_AFTER,
	RT_F_SUCCESS,
	RT_F_RESULT,
	RT_F_DURATION_MS,
	RT_F_ERROR,
	RT_F_METADATA,
	RT_F_RUN_ID,
	RT_FIELD_COUNT
};

enum rt_level { RT_DEBUG, RT_INFO, RT_WARNING, RT_ERROR, RT_CRITICAL };

/* The known types; RT_T_OTHER is any other. */
enum rt_type {
	RT_T_OTHER,
	RT_T_RUN_STARTED,
	RT_T_RUN_COMPLETED,
	RT_T_RUN_FAILED,
	RT_T_RUN_CANCELLED,
	RT_T_RUN_PAUSED,
	RT_T_RUN_RESUMED,
	RT_T_SESSION_STARTED,
	RT_T_SESSION_COMPLETED,
	RT_T_SESSION_FAILED,
	RT_T_SESSION_ABORTED,
	RT_T_PROGRESS,
	RT_T_PHASE_TRANSITION,
	RT_T_PHASE_STARTED,
	RT_T_PHASE_COMPLETED,
	RT_T_ITERATION_STARTED,
	RT_T_ITERATION_COMPLETED,
	RT_T_STEP_STARTED,
	RT_T_STEP_COMPLETED,
	RT_T_STEP_FAILED,
	RT_T_STEP_RETRYING,
	RT_T_STEP_SKIPPED,
	RT_T_TASK_SCHEDULED,
	RT_T_TASK_STARTED,
	RT_T_TASK_COMPLETED,
	RT_T_TASK_FAILED,
	RT_T_TASK_RETRYING,
	RT_T_TASK_SKIPPED,
	RT_T_AGENT_INVOKED,
	RT_T_AGENT_RESPONSE,
	RT_T_LLM_REQUEST_SENT,
	RT_T_LLM_RESPONSE_RECEIVED,
	RT_T_MODEL_ROUTED,
	RT_T_COST_TRACKING,
	RT_T_GATE_CHECKED,
	RT_T_GATE_EVALUATED,
	RT_T_GATE_BLOCKED,
	RT_T_GATE_WARNED,
	RT_T_DIFF_APPLIED,
	RT_T_DIFF_FAILED,
	RT_T_COMMAND_EXECUTED,
	RT_T_FILE_WRITTEN,
	RT_T_FILE_READ_FAILED,
	RT_T_VERIFICATION_STARTED,
	RT_T_VERIFICATION_PASSED,
	RT_T_VERIFICATION_FAILED,
	RT_T_ARTIFACT_CREATED,
	RT_T_ARTIFACT_UPDATED,
	RT_T_ARTIFACT_DELETED,
	RT_T_DELIVERY_STARTED,
	RT_T_DELIVERY_COMPLETED,
	RT_T_CLARIFICATION_REQUESTED,
	RT_T_CLARIFICATION_ANSWERED,
	RT_T_PAUSE_REQUESTED,
	RT_T_RESUME_REQUESTED,
	RT_T_CANCEL_REQUESTED,
	RT_T_CONTEXT_ADDED,
	RT_T_INFO,
	RT_T_WARNING,
	RT_T_ERROR,
	RT_TYPE_COUNT
};

#define RT_WITHIN_MAX 12 /* members that are taken at once, those in an object with it */

/* How many names a field may be read from, its own included. */
#define RT_NAMES_MAX 6

struct rt_event {
	struct rt_str line;           /* what it was parsed from; empty for a new one */
	uint32_t fields;              /* bit F: the field F is there */
	uint8_t have[RT_FIELD_COUNT]; /* bit N: under its Nth name; valid where `fields` says so */
	struct rt_json slot[RT_FIELD_COUNT][RT_NAMES_MAX]; /* valid where `have` says so */
	enum rt_type type;   /* derived, as rt_event_type_text says it */
	enum rt_level level; /* derived */
	int64_t ts_ns;       /* where `timed` */
	bool timed;          /* rt_event_keep_time was called */
	bool in_order;       /* they stand in the order of writing */
	bool canonical;      /* all members are as rt_event_write would write them, secrets aside */
	bool veiled;         /* an escape may hide ordinary text in the line */
	bool extra;          /* parsed keys that are no field, or lost to a better name */
	bool composed;       /* a field was set by rt_event_set_*: line is not all of it */
	const char *absorbed; /* a value of the line that a field which was set contains, or NULL */
	bool truncated;       /* the message was cut when it was written */
	bool faithful;        /* set by rt_event_write: the line means just what the event means */
	/* From rt_event_parse_for: of the object whose text begins there these members are known. */
	const char *listed;
	int within, n_within; /* the first of them, and how many */
	struct rt_member few[RT_WITHIN_MAX];
};

/* Names. The returned strings are constants. Unknown numbers are not passed. */
const char *rt_field_name(enum rt_field f);
bool rt_field_find(struct rt_str name, enum rt_field *f); /* canonical names only */
bool rt_field_is_text(enum rt_field f); /* whatever scalar a line has there, it is a text */
const char *rt_type_name(enum rt_type t);
enum rt_type rt_type_find(struct rt_str name); /* canonical names and their twins (step_start) */
const char *rt_level_name(enum rt_level l);
bool rt_level_find(struct rt_str name,
		   enum rt_level *l);   /* any case; warn, fatal, pino's 10 to 60 */
bool rt_type_valid(struct rt_str name); /* [a-z][a-z0-9_.:-]{0,63} */

/* Call `each` with every name that the field is read from. */
void rt_field_names(enum rt_field f, void (*each)(void *arg, const char *name), void *arg);

/*
 * What rt_type_find takes for this known type: names in lower case and with "_",
 * where it takes any case and other separators too.
 */
void rt_type_spellings(enum rt_type t, void (*each)(void *arg, const char *name), void *arg);

/* An event without fields, to be put together. */
void rt_event_init(struct rt_event *ev);

/*
 * Parse a line (without its newline; a trailing CR is white space). -1 when it
 * is no JSON object; *ev is then of no use. The line must outlive ev.
 */
int rt_event_parse(struct rt_event *ev, struct rt_str line);

/* The same, of many lines, with rt_simd_best(). `lines`: those that it is one of, or NULL. */
int rt_event_parse_with(struct rt_event *ev, struct rt_str line, enum rt_simd simd,
			const struct rt_lines *lines);

/* Set a field of a new event. Text is any bytes; number text must be a JSON number. */
void rt_event_set_text(struct rt_event *ev, enum rt_field f, struct rt_str text);
void rt_event_set_number(struct rt_event *ev, enum rt_field f, struct rt_str number);
void rt_event_set_json(struct rt_event *ev, enum rt_field f, struct rt_json value);
void rt_event_unset(struct rt_event *ev, enum rt_field f);
/* After fields were set: derive type and level again. */
void rt_event_derive(struct rt_event *ev);

static inline bool rt_event_has(const struct rt_event *ev, enum rt_field f)
{
	return ev->fields >> f & 1;
}

/* A field's value as it stands in the line, of its best name; NULL when it is absent. */
static inline const struct rt_json *rt_event_peek(const struct rt_event *ev, enum rt_field f)
{
	return rt_event_has(ev, f) ? &ev->slot[f][__builtin_ctz(ev->have[f])] : NULL;
}

/*
 * A field's value as it stands (duration_ms may be in seconds there: use
 * rt_event_number). model and agent_role fall back to metadata's. False when it
 * is absent.
 */
bool rt_event_get(const struct rt_event *ev, enum rt_field f, struct rt_json *value);

/* The value of a key, without dots, in the metadata. False when it is absent or null. */
bool rt_event_in_metadata(const struct rt_event *ev, struct rt_str key, struct rt_json *value);

/*
 * A field as a reader sees it, appended to out: type, level and message have
 * their defaults, twins their canonical name, ts is in the canonical form,
 * duration_ms in milliseconds. False when there is nothing.
 */
bool rt_event_text(const struct rt_event *ev, enum rt_field f, struct rt_buf *out);

/* The same as a view: in place where it can be, else in scratch, which is emptied. */
struct rt_str rt_event_plain(const struct rt_event *ev, enum rt_field f, struct rt_buf *scratch);

/* What `id` holds is replaced by the step_id, else by the number as rt would write it.
 * False when the event says neither. */
bool rt_event_step_id(const struct rt_event *ev, struct rt_buf *id);

/* A numeric field; durations in milliseconds, whatever unit the line had. */
bool rt_event_number(const struct rt_event *ev, enum rt_field f, double *number);

/* The level that it would have if it said none: that of its type. */
enum rt_level rt_event_default_level(const struct rt_event *ev);

/* When it happened, in nanoseconds since the epoch. False without a readable time. */
bool rt_event_time(const struct rt_event *ev, int64_t *ns);

/* Work it out once, for what asks again; false without a readable time. */
bool rt_event_keep_time(struct rt_event *ev);

/*
 * A path as `--match` means it: a field by its canonical name (derived ones
 * too), else a top-level key, else a dotted path; what is not found that way is
 * looked for in the metadata. Its text must outlive it.
 */
struct rt_path {
	struct rt_str text;
	enum rt_field field;       /* RT_FIELD_COUNT: it is no field's name */
	struct rt_str in_metadata; /* the path without "metadata.", */
	bool dotted;               /* with dots */
	uint8_t direct; /* bit N: under its Nth name the field stands in the line as it is meant */
	bool hidden;    /* it can only be in the metadata, or be an extra key */
};

void rt_path_init(struct rt_path *path, struct rt_str text);

/* The value at a path without a copy, where it stands in the line as it is meant; or NULL. */
static inline const struct rt_json *rt_event_peek_at(const struct rt_event *ev,
						     const struct rt_path *path)
{
	unsigned have;

	if (!path->direct || !rt_event_has(ev, path->field))
		return NULL;
	have = ev->have[path->field];
	return have & -have & path->direct ? &ev->slot[path->field][__builtin_ctz(have)] : NULL;
}

/* Whether it is plain that there is no value at the path: nothing that it could be made of. */
static inline bool rt_event_lacks(const struct rt_event *ev, const struct rt_path *path)
{
	if (path->field == RT_FIELD_COUNT)
		return path->hidden && !ev->extra && !rt_event_has(ev, RT_F_METADATA);
	return path->direct && !rt_event_has(ev, path->field) && path->field != RT_F_RUN_ID &&
	       path->field != RT_F_MODEL && path->field != RT_F_AGENT_ROLE;
}

/*
 * The value at a path. Text is appended to `scratch` when a value is derived.
 * False when there is none.
 */
bool rt_event_at(const struct rt_event *ev, const struct rt_path *path, struct rt_buf *scratch,
		 struct rt_json *value);

/* A set of fields. Type and level follow from several. */
#define RT_FIELD(f) (UINT32_C(1) << (f))
#define RT_FIELDS_OF_TYPE                                                     \
	(RT_FIELD(RT_F_TYPE) | RT_FIELD(RT_F_ACTION) | RT_FIELD(RT_F_STAGE) | \
	 RT_FIELD(RT_F_PERCENT))
#define RT_FIELDS_OF_LEVEL (RT_FIELDS_OF_TYPE | RT_FIELD(RT_F_LEVEL))
#define RT_FIELDS_ALL (RT_FIELD(RT_FIELD_COUNT) - 1)

struct rt_name; /* event_names.h */

/* What of many lines is going to be looked at, and how they are parsed for it. */
struct rt_wanted {
	uint32_t fields;
	enum rt_simd simd;
	struct rt_scan_keys keys[2]; /* of the event, and of an object in it */
	/* Names of these fields by rt_wanted_slot, or NULL: what keys are first compared with. */
	const struct rt_name *names[32 * 32];
};

void rt_wanted_init(struct rt_wanted *w); /* nothing yet */
void rt_wanted_add(struct rt_wanted *w, uint32_t fields);
void rt_wanted_add_path(struct rt_wanted *w, const struct rt_path *path);

/*
 * Parse a line of which nothing else is wanted: of the rest it is not known
 * whether it is there. The whole line is validated all the same. `lines`: those
 * that it is one of, or NULL.
 */
int rt_event_parse_for(struct rt_event *ev, struct rt_str line, const struct rt_wanted *wanted,
		       const struct rt_lines *lines);

/*
 * Append the event as a canonical line with its newline, at most `limit` bytes:
 * a longer message is cut and "truncated":true added; if that is not enough,
 * other long texts and last the metadata go. Keys that are no field move into
 * metadata. run_id (NULL: none) is written first. Secrets are masked.
 */
void rt_event_write(struct rt_event *ev, const char *run_id, const struct rt_redact *redact,
		    size_t limit, struct rt_buf *out);

/* The short copy that status.json keeps: no metadata, at most 1 KiB, no newline. */
void rt_event_write_brief(const struct rt_event *ev, struct rt_buf *out);

/* The line of logs.txt, with its newline: TS [LEVEL] [STAGE] (PERCENT%) MESSAGE. */
void rt_event_write_log(const struct rt_event *ev, struct rt_buf *out);

/* The line of logs.jsonl: {"ts","level","msg"}. */
void rt_event_write_json_log(const struct rt_event *ev, struct rt_buf *out);

/* The message a known type has when none was given ("LLM request to gpt-4 for coder"). */
void rt_event_default_message(const struct rt_event *ev, struct rt_buf *out);

/* --strict: a known type with the fields that it needs. */
int rt_event_check_strict(const struct rt_event *ev, struct rt_err *err);

#endif
