/* How a command is to be run, as options of rt-run and rt-run step. */
#ifndef RT_JOB_H
#define RT_JOB_H

#include "opt.h"
#include "supervise.h"

struct job_opts {
	int64_t timeout_ns, idle_ns, kill_after_ns, retry_ns, retries;
	const char *backoff, *pty;
	bool kill_orphans;
};

/* What they are where nothing is said. */
#define JOB_OPTS_INIT                                                      \
	{                                                                  \
		.kill_after_ns = 10 * RT_NS_PER_S, .retry_ns = RT_NS_PER_S \
	}

extern const struct opt job_options[];

/* What they mean; dies of what cannot be. */
struct limits job_limits(const struct job_opts *o);

#endif
