/* Options for how a command is run. See job.h. */
#include "job.h"
#include "die.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define FIELD(f) offsetof(struct job_opts, f)

const struct opt job_options[] = {
	{ 0, "", NULL, OPT_HEADING, 0, NULL, "How it is run", NULL, COMPLETE_NONE },
	{ 0, "timeout", NULL, OPT_DURATION, FIELD(timeout_ns), "D",
	  "end the command when it takes longer, and exit with 124", NULL, COMPLETE_NONE },
	{ 0, "idle-timeout", NULL, OPT_DURATION, FIELD(idle_ns), "D",
	  "the same when it puts out nothing for so long", NULL, COMPLETE_NONE },
	{ 0, "kill-after", NULL, OPT_DURATION, FIELD(kill_after_ns), "D",
	  "from asking it to end to killing it (default: 10s)", NULL, COMPLETE_NONE },
	{ 0, "retries", NULL, OPT_INT, FIELD(retries), "N",
	  "start it again so many times when it fails", NULL, COMPLETE_NONE },
	{ 0, "retry-delay", NULL, OPT_DURATION, FIELD(retry_ns), "D", "wait before (default: 1s)",
	  NULL, COMPLETE_NONE },
	{ 0, "retry-backoff", NULL, OPT_STRING, FIELD(backoff), "F",
	  "wait F times longer before each further one (default: 1)", NULL, COMPLETE_NONE },
	{ 0, "kill-orphans", NULL, OPT_FLAG, FIELD(kill_orphans), NULL,
	  "end what it leaves in the background", NULL, COMPLETE_NONE },
	{ 0, "pty", NULL, OPT_CHOICE, FIELD(pty), "WHEN",
	  "give it a terminal of its own (default: auto, when it would have one)",
	  "auto|always|never", COMPLETE_NONE },
	{ 0 },
};

struct limits job_limits(const struct job_opts *o)
{
	struct limits l = {
		.timeout_ns = o->timeout_ns,
		.idle_ns = o->idle_ns,
		.kill_after_ns = o->kill_after_ns,
		.retries = o->retries,
		.retry_ns = o->retry_ns,
		.backoff = 1,
		.kill_orphans = o->kill_orphans,
	};
	char *end;

	if (o->pty && strcmp(o->pty, "always") == 0)
		l.pty = PTY_ALWAYS;
	else if (o->pty && strcmp(o->pty, "never") == 0)
		l.pty = PTY_NEVER;
	if (o->backoff) {
		l.backoff = strtod(o->backoff, &end);
		if (end == o->backoff || *end || !isfinite(l.backoff) || l.backoff < 1)
			die_usage("bad --retry-backoff \"%s\": a number from 1", o->backoff);
	}
	return l;
}
