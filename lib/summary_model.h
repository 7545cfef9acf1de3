/*
 * The model of a run's summary; for the summary*.c files only.
 *
 * summary_read.c fills it: one pass over events.jsonl (summary_pass.c; what comes
 * between lines and the model is in summary_digest.h, summary_event.c says what
 * events add), then the files beside it (summary_files.c, summary_output.c),
 * then what does not fit together (summary_notes.c). Renderers only read it: summary_text.c,
 * summary_md.c, summary_html.c, summary_json.c, summary_junit.c. What renderers share in words is in
 * summary_facts.c, what they share in making text fit in summary_line.c and
 * summary_page.c.
 *
 * Everything in it is bounded, whatever the run: tables have the sizes below
 * and count what they do not take; texts are cut at SUM_TEXT bytes.
 */
#ifndef RT_SUMMARY_MODEL_H
#define RT_SUMMARY_MODEL_H

#include "clock.h"
#include "lastlines.h"
#include "summary.h"

#include <stdarg.h>

#define SUM_STEPS 16384              /* steps in the table */
#define SUM_STAGES 1024              /* stages */
#define SUM_GROUPS 1000              /* groups of like errors and warnings */
#define SUM_MODELS 16                /* names of models, and of roles */
#define SUM_PEOPLE 64                /* things that people did */
#define SUM_ARTIFACTS 256            /* artifacts */
#define SUM_LINES 8                  /* last lines of the reconciliation */
#define SUM_TAILS 8                  /* logs of what went wrong */
#define SUM_TAIL_LINES RT_LAST_LINES /* and their last lines */
#define SUM_BRIEF_LINES 3            /* of them where there is little room */
#define SUM_PATH 8                   /* steps of the critical path */
#define SUM_FACTS 48                 /* facts of metadata.json */
#define SUM_TEXT 480                 /* bytes of a kept text */
#define SUM_KEY 160                  /* bytes of a name */
#define SUM_FOLD 1024                /* bytes that likeness is judged by */
#define SUM_FILE (1u << 20)          /* bytes of metadata.json and archive.json */

#define SUM_RECON_LOG "logs/reconciliation.log"
#define SUM_RECON_COMPONENT "reconciliation"

/* What events have in common that are counted together. Texts are views, empty where there is none. */
struct sum_kind {
	struct rt_str run_id, stage, step_id, model;
	struct rt_str role; /* of what was used */
	int64_t step;       /* -1: none */
};

/* Where texts of a gist stand that have escapes in the line. */
struct sum_unescaped {
	struct rt_buf run_id, stage, step_id, model, role;
};

/* From text to a number, by hash. */
struct sum_index {
	struct sum_slot *slots;
	size_t cap, n;
	size_t last; /* the slot that was found last: most events are like the one before */
};

/* What events of one kind (all, of a step, of a stage) add up to. */
struct sum_tally {
	int64_t events, errors, warnings;
	int64_t first_ns, last_ns; /* the earliest and the latest; 0: unknown */
	struct rt_usage usage;
};

/* An error or a warning, as the table of them takes it. */
struct sum_alike {
	enum rt_level level;
	int64_t at_ns;
	size_t text;  /* where these stand in a buffer, one behind the other; 0 bytes: not told */
	size_t key_n; /* the level and what was said, folded: what it is judged by */
	size_t message_n, detail_n, where_n;
};

/* Where their texts are put together. */
struct sum_texts {
	struct rt_buf all, message, detail;
};

enum sum_state {
	SUM_INCOMPLETE,
	SUM_SUCCESS,
	SUM_FAILED,
	SUM_TIMEOUT,
	SUM_SKIPPED,
	SUM_CANCELLED,
	SUM_STATE_COUNT
};

struct sum_step {
	char *key, *name; /* its step_id or stage, "": none; what it is called, or NULL */
	char *error;      /* of its last end, when that was no good one; or NULL */
	bool id;          /* key is its step_id */
	size_t told;      /* the how manieth one that a step_* event told of, 0: none did yet */
	int64_t number;   /* -1: it has none */
	unsigned part;    /* the sprint that it is of, 0: none */
	enum sum_state state;
	enum sum_state before; /* with `twice`: what an earlier end said of the same attempt */
	bool begun, ended, twice;
	bool announced;                  /* step_retrying came: the next start is counted already */
	int64_t started_ns, finished_ns; /* the first start, the last end; 0: unknown */
	int64_t given_ms;                /* duration that its last end told, -1: none */
	int64_t retries, timeouts;       /* ends that were one */
	struct sum_tally tally;
};

struct sum_stage {
	char *name;
	enum rt_state state;             /* RT_RUNNING until it ended */
	int64_t started_ns, finished_ns; /* 0: unknown */
	int64_t given_ms;                /* duration that its end told, -1: none */
	struct sum_tally tally;
};

/* Errors or warnings that say the same, numbers and names aside. */
struct sum_group {
	enum rt_level level;
	char *key; /* key_n bytes: what they have in common */
	size_t key_n;
	char *message, *detail, *where; /* of the first one; detail and where may be NULL */
	bool elsewhere;                 /* others happened in other places */
	bool late; /* there may have been more of it before, in a group that gave way */
	int64_t n, first_ns, last_ns;
};

/* Something that a person did or was asked, or a line of the reconciliation. */
struct sum_moment {
	int64_t at_ns; /* 0: unknown */
	enum rt_type type;
	char *text;
};

/* A model or a role, and what its calls add up to. */
struct sum_spender {
	char *name;
	size_t n; /* bytes of it */
	struct rt_usage usage;
};

struct sum_spenders {
	struct sum_spender v[SUM_MODELS];
	size_t n;
	bool more; /* some found no place */
};

/* What gates and verifications said. */
struct sum_gates {
	int64_t checked, blocked, warned;
	int64_t passed, failed; /* verifications */
	char *refusal;          /* the last one that blocked or failed, NULL: none */
};

/* The last lines of a log. */
struct sum_tail {
	int64_t step; /* its number; -1: the run's own */
	char *lines[SUM_TAIL_LINES];
	size_t n;
};

/* What is told by events that are of no step. */
struct sum_attempts {
	int64_t retries, timeouts;
};

enum sum_made { SUM_CREATED, SUM_UPDATED, SUM_DELETED, SUM_FOUND };

struct sum_artifact {
	char *key;
	enum sum_made made; /* SUM_FOUND: a file in artifacts/, no event told of it */
	int64_t size;       /* bytes, -1: unknown */
};

/* A line "LABEL: VALUE"; both are text from anywhere. */
struct sum_fact {
	char *label, *value;
};

struct sum_facts {
	struct sum_fact *v;
	size_t n, cap;
	size_t left_out;
	bool failed; /* memory ran out */
};

/* What the events say of the run's beginning and end. */
struct sum_story {
	enum rt_state state;
	bool started, ended; /* an event said so */
	int64_t started_ns, ended_ns;
	int64_t first_ns, last_ns; /* of the first and the last event in the file; 0: none */
	size_t ends;               /* events that ended it, since it started or went on */
	size_t ends_too_many;
	enum rt_type last_end, end_before;
	size_t back;   /* events older than the one before them */
	int exit_code; /* -1: not told */
	char *error;
	struct rt_resources resources;
};

struct rt_summary {
	bool file;   /* of a plain JSON-lines file, not of a run directory */
	bool tree;   /* of a tree of files that another system left */
	bool failed; /* memory ran out on the way */

	char *id, *group, *name, *parent; /* NULL where there is none, id aside */
	char *ref;                        /* what a command calls it */
	enum rt_state state;
	struct rt_status *follows; /* the state of a run that only events tell; or NULL */
	bool state_known;          /* something says the state; false only for files of others */
	bool foreign;              /* no rt wrote it */
	int exit_code, signal;     /* -1, 0: unknown */
	struct rt_resources resources;
	char *error;
	int64_t started_ns, finished_ns; /* 0: unknown; finished only when it is over */

	unsigned part;     /* the sprint that is being read, as its path has it; 0: none */
	int64_t in_step;   /* the step whose folder that is in, -1: none */
	size_t more_files; /* in the tree, that were not read */
	size_t text_files; /* and those without JSON lines */
	char *text_file;   /* the first of them, NULL: none */

	struct sum_story story;
	struct sum_tally all;
	struct sum_attempts others; /* of what is no step */
	int64_t unplaced_calls;     /* calls that no step made */
	int64_t total_steps;        /* as step events tell it, 0: not told */
	size_t skipped, too_long;   /* lines that are no events; of these, over the limit */
	bool torn;                  /* the last line has no newline and is no event (yet) */
	size_t strangers;           /* lines with another run's id */
	char *stranger;             /* the first of those ids */
	char *own_id;               /* the id that lines should have, NULL: not known yet */

	struct sum_spenders models, roles;
	struct sum_gates gates;

	struct sum_step *steps;
	size_t n_steps, cap_steps, more_steps; /* more: starts of steps past the table */
	size_t n_told;                         /* of them; all, when the events are read */
	struct sum_index step_index;
	struct sum_stage *stages;
	size_t n_stages, cap_stages, more_stages; /* more: events of stages past the table */
	size_t in_stage;                          /* the present one's place and 1; 0: none */
	struct sum_index stage_index;
	struct sum_group *groups;
	size_t n_groups, cap_groups;
	int64_t more_errors, more_warnings; /* in no group */
	size_t next_group;                  /* where to look for one that may go */
	struct sum_index group_index;

	struct sum_moment people[SUM_PEOPLE];
	size_t n_people, more_people;
	struct sum_moment recon[SUM_LINES]; /* a ring: the next one goes to n_recon % SUM_LINES */
	size_t n_recon;
	bool recon_file; /* from logs/reconciliation.log */
	struct sum_tail tails[SUM_TAILS];
	size_t n_tails, more_tails;
	struct sum_artifact *artifacts;
	size_t n_artifacts, cap_artifacts, more_artifacts;
	struct sum_index artifact_index;

	struct sum_facts configuration, archive, notes; /* notes have no label */
	struct rt_ledger *ledger;
	struct rt_buf scratch, scratch2;
	struct sum_texts texts;         /* of the event that is added, */
	struct sum_unescaped unescaped; /* if it is as a whole */
};

/* summary_index.c: tables and kept text */
bool rt_sum_find(struct sum_index *x, struct rt_str key, size_t *value);
bool rt_sum_put(struct sum_index *x, struct rt_str key, size_t value); /* false: no memory */
void rt_sum_drop(struct sum_index *x, struct rt_str key);
void rt_sum_index_release(struct sum_index *x);
/* Room for one more element; false when there is no memory. */
bool rt_sum_grow(void **v, size_t *cap, size_t n, size_t size);
/* A copy of at most max bytes, "..." behind it when cut. NULL (and s->failed): no memory. */
char *rt_sum_keep(struct rt_summary *s, struct rt_str text, size_t max);
/* A fact; value NULL or empty adds nothing. */
void rt_sum_fact(struct sum_facts *f, const char *label, const char *value);
void rt_sum_factf(struct sum_facts *f, const char *label, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
void rt_sum_vfactf(struct sum_facts *f, const char *label, const char *fmt, va_list ap)
	__attribute__((format(printf, 3, 0)));
void rt_sum_facts_release(struct sum_facts *f);

/* summary_read.c */
int rt_sum_read_dir(struct rt_summary *s, const struct rt_rundir *d, struct rt_err *err);
int rt_sum_read_file(struct rt_summary *s, const char *path, struct rt_err *err);
int rt_sum_read_foreign(struct rt_summary *s, const char *path, struct rt_err *err);

/* summary_pass.c */
/*
 * Every event of a file, -1 and errno. `over`: nobody writes to it any more, so
 * that a last line without an end counts.
 */
int rt_sum_read_events(struct rt_summary *s, int fd, bool over);

/* summary_tree.c: the events of a tree, and what stands in files beside them */
int rt_sum_read_tree(struct rt_summary *s, const char *path, struct rt_err *err);

/* summary_event.c */
/* A field's text, in place or through scratch; empty when it is absent. */
struct rt_str rt_sum_field(const struct rt_event *ev, enum rt_field f, struct rt_buf *scratch);
/* A value of the event's metadata; false when there is none. */
bool rt_sum_metadata(const struct rt_event *ev, const char *key, struct rt_json *value);
void rt_sum_usage(struct rt_usage *to, const struct rt_usage *delta);
void rt_sum_tally(struct sum_tally *to, enum rt_level level, int64_t at_ns); /* one event more */

/* summary_step.c */
/*
 * The step that an event belongs to, made where it is new; NULL: none. ev is given
 * where it is a step_* event.
 */
struct sum_step *rt_sum_step(struct rt_summary *s, const struct sum_kind *kind,
			     const struct rt_event *ev);
/* When all events are read: what is no step goes, and what only its sprint tells apart is named. */
void rt_sum_end_steps(struct rt_summary *s);
void rt_sum_step_release(struct sum_step *st);
/* Let a step_* event change its step. */
void rt_sum_step_event(struct rt_summary *s, struct sum_step *st, const struct rt_event *ev,
		       int64_t at_ns);
int64_t rt_sum_step_ms(const struct sum_step *st);   /* how long it took, -1: unknown */
const char *rt_sum_state_name(enum sum_state state); /* "SUCCESS" */
const char *rt_sum_state_word(const struct rt_summary *s, const struct sum_step *st); /* JSON's */

/* summary_path.c */
/* The share of the run's time that the step had, in percent; -1: unknown. */
int rt_sum_share(const struct rt_summary *s, const struct sum_step *st);
/* The critical path where steps ran at the same time, else the longest step. */
void rt_sum_path(const struct rt_summary *s, struct sum_facts *f);

/* summary_stage.c */
/* The stage of so many events, made where it is new; NULL: none. */
struct sum_stage *rt_sum_stage(struct rt_summary *s, struct rt_str name, int64_t events);
/* It begins where it is not the one before. */
void rt_sum_begin_stage(struct rt_summary *s, struct sum_stage *g, int64_t at_ns);
/* Let an event of it end it. */
void rt_sum_stage_event(struct rt_summary *s, struct sum_stage *g, const struct rt_event *ev,
			int64_t at_ns);
void rt_sum_end_stage(struct rt_summary *s, int64_t at_ns, enum rt_state state);
/* How long it took, -1: unknown. */
int64_t rt_sum_stage_ms(const struct rt_summary *s, const struct sum_stage *g);

/* summary_end.c */
bool rt_sum_is_step_event(const struct rt_event *ev);
enum sum_state rt_sum_end_state(const struct rt_event *ev); /* of the event that ends a step */
/* Count retries and timeouts that are told by other events. */
void rt_sum_attempts(struct sum_attempts *a, const struct rt_event *ev);
void rt_sum_want_end(struct rt_wanted *w);             /* what has to be known for that */
bool rt_sum_may_be_attempt(const struct rt_event *ev); /* whether it has to be looked at for that */

/* summary_group.c */
void rt_sum_texts_init(struct sum_texts *t);
void rt_sum_texts_release(struct sum_texts *t);
bool rt_sum_texts_failed(const struct sum_texts *t); /* for want of memory */
/* What the table of errors and warnings takes of one; its texts are appended. */
void rt_sum_alike(struct sum_alike *a, const struct rt_event *ev, int64_t at_ns, int64_t in_step,
		  struct sum_texts *texts);
void rt_sum_group(struct rt_summary *s, const struct sum_alike *a, const struct sum_texts *texts);
void rt_sum_groups_sort(struct rt_summary *s);
void rt_sum_groups_release(struct rt_summary *s);

/* summary_fold.c */
/* Append text with what differs from time to time folded to "#", until `out` has `most` bytes. */
void rt_sum_fold(struct rt_buf *out, struct rt_str text, size_t most);

/* summary_spent.c */
/* The entry of a name, made where it is new; NULL: there is no name, or no room. */
struct sum_spender *rt_sum_spender(struct rt_summary *s, struct sum_spenders *list,
				   struct rt_str name);
void rt_sum_spent_facts(const struct rt_summary *s, struct sum_facts *f);
void rt_sum_spenders_release(struct sum_spenders *list);
void rt_sum_gate(struct sum_gates *g, enum rt_type type);
/* Keep what it says, where it is one. */
void rt_sum_refusal(struct rt_summary *s, const struct rt_event *ev);
void rt_sum_gate_facts(const struct rt_summary *s, struct sum_facts *f);

/* summary_artifact.c */
void rt_sum_artifact(struct rt_summary *s, const struct rt_event *ev);
void rt_sum_read_artifacts(struct rt_summary *s, const struct rt_rundir *d);
const char *rt_sum_made(enum sum_made made);

/* summary_files.c */
void rt_sum_read_metadata(struct rt_summary *s, const struct rt_rundir *d);
void rt_sum_read_archive(struct rt_summary *s, const struct rt_rundir *d);
void rt_sum_read_reconciliation(struct rt_summary *s, const struct rt_rundir *d);
/* Facts of the configuration: members of an object, by their paths below `above`. */
void rt_sum_add_members(struct rt_summary *s, struct rt_str object, const char *above);
void rt_sum_recon_line(struct rt_summary *s, int64_t at_ns, struct rt_str text);

/* summary_output.c; it has to be known how the run ended */
void rt_sum_read_output(struct rt_summary *s, const struct rt_rundir *d);
/* What shows all of it, NULL: no memory; "step 002", or "the run". */
char *rt_sum_tail_command(const struct rt_summary *s, const struct sum_tail *t);
void rt_sum_tail_label(const struct sum_tail *t, char label[32]);

/* summary_notes.c; stored: status.json as it stands (NULL: none), size: of events.jsonl */
void rt_sum_notes(struct rt_summary *s, const struct rt_status *stored, int64_t size);

/* summary_facts.c: facts for every renderer; release them */
void rt_sum_identity(const struct rt_summary *s, struct sum_facts *f);
void rt_sum_metrics(const struct rt_summary *s, struct sum_facts *f);
void rt_sum_step_facts(const struct rt_summary *s, const struct sum_step *st, struct sum_facts *f);
int64_t rt_sum_run_ms(const struct rt_summary *s); /* up to its end or last event; -1: unknown */
size_t rt_sum_steps_done(const struct rt_summary *s);
size_t rt_sum_steps_all(const struct rt_summary *s);
int64_t rt_sum_retries(const struct rt_summary *s); /* of steps and of anything else */
int64_t rt_sum_timeouts(const struct rt_summary *s);
/* Its steps by urgency (what went wrong first), n_steps of them; NULL: no memory. Free it. */
size_t *rt_sum_steps_order(const struct rt_summary *s);
void rt_sum_steps_sort(size_t *order, size_t n);         /* back into the order of the table */
void rt_sum_short(struct rt_buf *out, const char *name); /* cut to a few words */
void rt_sum_step_label(const struct sum_step *st, struct rt_buf *out); /* "001" or its name */
void rt_sum_time(char out[32], int64_t ns); /* "2026-07-01 12:00:00 UTC" */
void rt_sum_span(struct rt_buf *out, int64_t first_ns, int64_t last_ns);
void rt_sum_cost(struct rt_buf *out, double usd); /* the shortest number text that is it */
/* A command that shows more of this run: "rt-query RUN ARGUMENTS". NULL: no memory */
char *rt_sum_command(const struct rt_summary *s, const char *program, const char *arguments);
#define SUM_TREE_LOGS "-name '*.log' -o -name '*.jsonl' -o -name '*.ndjson'"
#define SUM_SHOW_STEPS "--match 'type~^step_'"
#define SUM_SHOW_ERRORS "--level warning"
#define SUM_SHOW_RECON "--component reconciliation"
#define SUM_SHOW_ARTIFACTS "--match 'type~^artifact_'"
#define SUM_SHOW_PEOPLE "--match 'type~^(clarification|context|.*_requested$|run_[prc][ae][^m])'"

/* summary_line.c: making text inert and making it fit */
#define SUM_COLUMNS 80
/* Append text as rt_inert_add does; a tab becomes a space. */
void rt_sum_inert(struct rt_buf *out, struct rt_str text);
/*
 * Append raw text, made inert, as at most `lines` lines of 80 columns; those
 * after the first begin with `indent` spaces. What does not fit ends in "...".
 */
void rt_sum_wrap(struct rt_buf *out, struct rt_str raw, size_t indent, int lines);
void rt_sum_wrapf(struct rt_buf *out, size_t indent, int lines, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
/*
 * "BEFORE COMMAND" + after, the command on lines of its own where all does not fit
 * on one, broken between its words by " \".
 */
void rt_sum_wrap_command(struct rt_buf *out, size_t indent, const char *before, const char *command,
			 const char *after);

/* summary_md_text.c: text from anywhere in Markdown, also in a cell of a table */
void rt_sum_md_code(struct rt_buf *out, const char *text);
/* The same as a block of lines. */
void rt_sum_md_block(struct rt_buf *out, char *const *lines, size_t n);
void rt_sum_md_value(struct rt_buf *out, const char *text); /* as it is where that means nothing */

/* summary_md_gantt.c: a chart of a few steps, nothing of many or of one */
void rt_sum_md_gantt(const struct rt_summary *s, struct rt_buf *out);

/* summary_xml.c: text from anywhere in XML and HTML, in an element or a quoted attribute */
void rt_sum_xml(struct rt_buf *out, const char *text);

/* summary_page.c: fitting all of it into RT_SUMMARY_MAX */
/* One entry of a list, appended. `brief` leaves out what is not urgent. */
typedef void sum_entry_fn(const struct rt_summary *s, size_t i, bool brief, struct rt_buf *out);
/* Append entries 0..n-1 (by `order`, where it is given) until `room` bytes are used: how many. */
size_t rt_sum_list(const struct rt_summary *s, const size_t *order, size_t n, sum_entry_fn *entry,
		   bool brief, size_t room, struct rt_buf *out);
/*
 * The same in full, or brief when that is too much; leaves room to say how many
 * there are more, beside the `more` that are in no table. Returns how many.
 */
size_t rt_sum_list_more(const struct rt_summary *s, size_t n, size_t more, sum_entry_fn *entry,
			size_t room, struct rt_buf *out);
/* Steps, the urgent ones when there is no room for all; of which states the others are. */
size_t rt_sum_list_steps(const struct rt_summary *s, sum_entry_fn *entry, size_t room,
			 struct rt_buf *left_out, struct rt_buf *out);
/* Cut what stands behind `start` to whole lines of at most `room` bytes. */
void rt_sum_clip(struct rt_buf *out, size_t start, size_t room);

struct sum_section {
	const char *title;
	size_t room; /* bytes, its heading included; 0: shares what the others leave */
	void (*render)(const struct rt_summary *s, size_t room, struct rt_buf *out);
};

/* In the order in which they stand. */
enum {
	SUM_RUN_SECTION,
	SUM_CONFIGURATION_SECTION,
	SUM_STEPS_SECTION,
	SUM_RECON_SECTION,
	SUM_METRICS_SECTION,
	SUM_ERRORS_SECTION,
	SUM_PEOPLE_SECTION,
	SUM_ARTIFACTS_SECTION,
	SUM_ARCHIVE_SECTION,
	SUM_SECTIONS
};

struct sum_page {
	const struct sum_section *sections; /* SUM_SECTIONS of them */
	void (*heading)(const char *title, struct rt_buf *out);
};

void rt_sum_page(const struct rt_summary *s, const struct sum_page *page, struct rt_buf *out);

#endif
