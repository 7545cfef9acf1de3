/*
 * The model of a run's summary, made in one pass over its events, and its
 * renderers. Deterministic: the same data gives the same bytes, whatever the
 * time zone, the locale, the machine or the moment. A run that goes on is shown
 * up to its last event, and whether its owner still lives is not looked at.
 *
 * Memory is bounded whatever the run: 16,384 steps, 1,024 stages, 1,000 groups
 * of like errors and warnings, 256 artifacts; what is past a limit is counted.
 */
#ifndef RT_SUMMARY_H
#define RT_SUMMARY_H

#include "catalog.h"
#include "record.h"

#define RT_SUMMARY_MAX 10000 /* bytes of a rendered text or Markdown, at most */

struct rt_summary; /* opaque */

/*
 * Read a run. `path` is a run directory or, with an unpacker, an archive; with
 * `file` it is a JSON-lines file. Skipped lines are counted and shown. Free it.
 */
int rt_summary_new(struct rt_summary **out, const char *path, bool file,
		   const struct rt_unpacker *unpacker, struct rt_err *err);
/*
 * The same of a run that another system left as a tree of files: all of JSON
 * lines in it, which rt_summary_is_log tells by their name and beginning. `group`
 * may be NULL.
 */
int rt_summary_new_tree(struct rt_summary **out, const char *path, const char *group,
			struct rt_err *err);
bool rt_summary_is_log(int dirfd, const char *name);
void rt_summary_free(struct rt_summary *s);

/* Where the run stands; lines that were no events. */
enum rt_state rt_summary_state(const struct rt_summary *s);
size_t rt_summary_skipped(const struct rt_summary *s);

/* What runs are compared by: figures of a run, or of one of its steps. */
struct rt_figures {
	char name[176];     /* of the run, "" for none; of the step, else its number or stage */
	const char *status; /* "completed"; of a step "SUCCESS"; "" where it is not known */
	bool good, bad; /* it ended well, or in failure; neither: it was cut short, or goes on */
	int64_t duration_ms; /* -1: unknown */
	int64_t retries, errors, warnings;
	struct rt_usage usage;
};
void rt_summary_figures(const struct rt_summary *s, struct rt_figures *f);
size_t rt_summary_steps(const struct rt_summary *s);
void rt_summary_step_figures(const struct rt_summary *s, size_t i, struct rt_figures *f);
const char *rt_summary_id(const struct rt_summary *s);

/* Append the rendering. out->failed tells when memory ran out. */
void rt_summary_text(const struct rt_summary *s, struct rt_buf *out); /* 80 columns a line */
void rt_summary_markdown(const struct rt_summary *s, struct rt_buf *out);
void rt_summary_metrics(const struct rt_summary *s, struct rt_buf *out); /* metrics.json */
void rt_summary_html(const struct rt_summary *s, struct rt_buf *out);    /* a page */
void rt_summary_junit(const struct rt_summary *s, struct rt_buf *out);   /* steps as test cases */

/* Append INDEX.md of these runs of runs_dir (as their paths have it): Markdown, what ended only. */
void rt_summary_index(const struct rt_catalog *c, const char *runs_dir, struct rt_buf *out);

/*
 * Write logs_summary.txt, summary.md and metrics.json into the run's directory,
 * each in one step. Writers of the same run keep each other out.
 */
int rt_summary_write(const struct rt_summary *s, const struct rt_rundir *d, struct rt_err *err);

/* Write metrics.json only, from a pass over all events: what the end of a run does. */
int rt_summary_write_metrics(const struct rt_rundir *d, struct rt_err *err);

#endif
