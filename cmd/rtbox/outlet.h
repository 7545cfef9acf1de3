/*
 * Where the output of a command goes: into a log, to our own output or not
 * (--output), and what of it becomes events (--annotations). For rt-run and
 * rt-run step.
 */
#ifndef RT_OUTLET_H
#define RT_OUTLET_H

#include "annotate.h"
#include "holdback.h"
#include "opt.h"
#include "supervise.h"

struct outlet_opts {
	const char *output; /* both, log, failed or none; NULL: both */
	bool annotations;
	int64_t still_ns; /* of --still-running, 0: never */
};

extern const struct opt outlet_options[];

/* Whether output is passed on at once where no log keeps it. */
bool outlet_passes(const struct outlet_opts *o);

/* Whether output is held back until the command has ended. */
bool outlet_holds(const struct outlet_opts *o);

/* Of one command. Close it. */
struct outlet {
	struct rt_capture capture;
	struct annotate annotate;
	struct hold hold;
	int real[2]; /* where output would go without --output */
};

/* Whose output it is. */
struct outlet_place {
	int number;      /* of the step, 0: the run's own */
	const char *log; /* its name */
};

/*
 * Open the log, and set what s has to do with output; s->own is where it would
 * go, s->dir, s->record and s->step are set. What cannot be had is said; what is
 * only to be kept, and cannot be, is passed on.
 */
void outlet_open(struct outlet *o, const struct outlet_opts *opts, struct supervised *s,
		 const struct outlet_place *place, struct rt_redact *redact);

/* The command has ended, which was recorded: what was held back goes out if it failed. */
void outlet_close(struct outlet *o, const struct supervised *s);

#endif
