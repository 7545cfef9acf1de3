/*
 * Recording from a command line: which run is written, how (RT_SYNC,
 * RT_LOCK_TIMEOUT, RT_STATUS_EVENTS), and what a failure means: under rt-run
 * (RT_ON_ERROR=warn) it is a warning, because recording must not harm a script.
 */
#ifndef RT_WRITER_H
#define RT_WRITER_H

#include "common.h"
#include "record.h"

/* How runs are written, from the environment. A bad value is said and left. */
void record_opts_init(struct rt_record_opts *o, const struct rt_redact *redact);

/* A limit on the size of files is to be an error that is told, not a death. */
void survive_limits(void);

/* The secrets of this process's environment; dies when memory runs out. Free it. */
struct rt_redact *redact_env(void);

/* Say that recording failed; what the program should exit with. */
int recording_failed(const struct rt_err *err);

/*
 * Open the run that `arg`, -r or $RT_RUN means. 1: *out is open; 0: no run is
 * set, there is nothing to do; -2: none is set, though RT_REQUIRE wants one; -1: it
 * failed, which was said, and *exit_code is set.
 */
int writer_open(struct rt_record **out, const struct common_opts *c, const char *arg,
		const struct rt_redact *redact, int *exit_code);

/* Which events are wanted: RT_LEVEL, and RT_LEVEL_component for one component's. */
struct levels {
	enum rt_level least;
	bool any;    /* one of them is set */
	bool warned; /* of an unknown level */
};
void levels_init(struct levels *l);

/* Whether an event of this level from this component (may be NULL) is. */
bool level_wanted(struct levels *l, enum rt_level level, const char *component);

#endif
