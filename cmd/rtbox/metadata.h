/* What metadata.json says of a new run: who, where, what, which commit, which CI job. */
#ifndef RT_METADATA_H
#define RT_METADATA_H

#include "opt.h"
#include "record.h"
#include "supervise.h"
#include "trace.h"

struct metadata {
	const char *id, *name, *group, *parent_run_id;
	char *const *argv;             /* the command, NULL: none */
	const struct opt_list *labels; /* K=V, checked */
	const struct rt_redact *redact;
	const struct rt_trace *trace;
};

/* The document as JSON text; `git` is an object's text, or NULL. */
void metadata_write(const struct metadata *m, const char *git, int64_t created_ns,
		    struct rt_buf *out);

/* Die of a label that is no K=V. */
void metadata_check_labels(const struct opt_list *labels);

/* What the user is called, or NULL. */
const char *user_name(void);

/* The CI system's name for the job, or NULL. */
const char *ci_job_name(void);

/*
 * Ask git for commit, branch and whether there are changes, while the command
 * runs: a look at a large work tree takes time that is not the command's.
 */
struct git_job {
	struct side_job job; /* first, for supervise */
	bool asked;
	struct rt_buf text;
	void (*answered)(struct git_job *g);
};

/* Start asking; `answered`, which may be NULL, is called when all was read; job.fd is -1 where there is no work tree. */
void git_start(struct git_job *g, const struct rt_inherited *in);
/* Wait for the answer, at most so long. */
void git_wait(struct git_job *g, int timeout_ms);
/* What it said, as a JSON object appended to out; false for nothing (yet): then it is ended. */
bool git_finish(struct git_job *g, struct rt_buf *out);

#endif
