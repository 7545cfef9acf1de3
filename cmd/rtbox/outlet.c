/* Where a command's output goes. See outlet.h. */
#include "outlet.h"
#include "common.h"
#include "die.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BACKUPS 5 /* of RT_LOG_BACKUPS, when it is not set */
#define BACKUPS_MAX 999

#define FIELD(f) offsetof(struct outlet_opts, f)

const struct opt outlet_options[] = {
	{ 0, "", NULL, OPT_HEADING, 0, NULL, "Its output", NULL, COMPLETE_NONE },
	{ 0, "output", NULL, OPT_CHOICE, FIELD(output), "WHERE",
	  "both: pass it on and keep it (default); log: only keep it; failed: pass it on "
	  "when the command has failed; none: neither",
	  "both|log|failed|none", COMPLETE_NONE },
	{ 0, "annotations", NULL, OPT_FLAG, FIELD(annotations), NULL,
	  "lines like ::rt stage=spec::TEXT and GitHub's ::error::TEXT become events", NULL,
	  COMPLETE_NONE },
	{ 0, "still-running", NULL, OPT_DURATION, FIELD(still_ns), "D",
	  "print a line when nothing was passed on for so long", NULL, COMPLETE_NONE },
	{ 0 },
};

static bool is(const struct outlet_opts *o, const char *where)
{
	return o->output && strcmp(o->output, where) == 0;
}

bool outlet_passes(const struct outlet_opts *o)
{
	return !is(o, "failed") && !is(o, "none");
}

bool outlet_holds(const struct outlet_opts *o)
{
	return is(o, "failed");
}

/* A bad value must not keep the command from running: it is said, and the default stands. */
static void take_limits(struct rt_log_limits *l)
{
	const char *max = env_value("RT_LOG_MAX_SIZE"), *backups = env_value("RT_LOG_BACKUPS");
	unsigned long n;
	char *end;

	if (max && !size_parse(max, &l->max)) {
		warn("RT_LOG_MAX_SIZE=%s is no size (10M, 1G): logs are not rotated", max);
		l->max = 0;
	}
	l->backups = BACKUPS;
	if (!backups)
		return;
	n = strtoul(backups, &end, 10);
	if (*end || *backups < '0' || *backups > '9' || n > BACKUPS_MAX)
		warn("RT_LOG_BACKUPS=%s is no number from 0 to %d: %d it is", backups, BACKUPS_MAX,
		     BACKUPS);
	else
		l->backups = (int)n;
}

/* Without a log the command runs all the same. */
static int open_log(const struct rt_log_limits *l)
{
	int fd = rt_rundir_open_log(l->dir, l->step, l->name), why = errno;
	char id[RT_STEP_ID_SIZE] = "";

	if (fd >= 0)
		return fd;
	if (l->step)
		rt_rundir_step_id(id, l->step);
	warn("output is not captured: cannot write \"%s/%s/%s%s%s\": %s", l->dir->path, RT_LOGS_DIR,
	     id, l->step ? "/" : "", l->name, strerror(why));
	return -1;
}

/* Output that nobody gets. */
static void discard(struct outlet *o, struct supervised *s)
{
	for (int i = 0; i < 2; i++) {
		o->hold.fd[i] = open("/dev/null", O_WRONLY | O_CLOEXEC);
		if (o->hold.fd[i] >= 0)
			s->own[i] = o->hold.fd[i];
		else
			warn("output is passed on: cannot open \"/dev/null\": %s", strerror(errno));
	}
	s->silent = true;
}

static void hold_back(struct outlet *o, struct supervised *s)
{
	if (hold_open(&o->hold, s->dir ? s->dir->fd : -1, o->real) < 0) {
		warn("output is not held back: cannot make a temporary file: %s", strerror(errno));
		return;
	}
	memcpy(s->own, o->hold.fd, sizeof(s->own));
	s->hold = &o->hold;
	s->silent = true;
}

void outlet_open(struct outlet *o, const struct outlet_opts *opts, struct supervised *s,
		 const struct outlet_place *place, struct rt_redact *redact)
{
	struct rt_log_limits limits = { .dir = s->dir, .step = place->number, .name = place->log };
	int log = -1;

	if (s->dir && !is(opts, "none")) {
		take_limits(&limits);
		log = open_log(&limits);
	}
	rt_capture_init(&o->capture, log, redact);
	rt_capture_limit(&o->capture, &limits);
	s->capture = &o->capture;
	memcpy(o->real, s->own, sizeof(o->real));
	o->hold = (struct hold){ .fd = { -1, -1 } };
	if (outlet_holds(opts))
		hold_back(o, s);
	else if (is(opts, "none") || (is(opts, "log") && log >= 0)) /* without a log, pass it on */
		discard(o, s);
	annotate_init(&o->annotate, s->record, &s->step);
	s->annotate = opts->annotations ? &o->annotate : NULL;
	s->still_ns = opts->still_ns;
}

/* With the signals that we were started with, but a reader who goes away must not end us. */
static void replay(struct outlet *o, const struct supervised *s)
{
	signal(SIGPIPE, SIG_IGN);
	rt_inherited_restore(s->in);
	hold_replay(&o->hold, o->real);
}

void outlet_close(struct outlet *o, const struct supervised *s)
{
	rt_capture_release(&o->capture);
	if (s->hold && s->end.status != 0)
		replay(o, s);
	hold_close(&o->hold);
	annotate_release(&o->annotate);
}
