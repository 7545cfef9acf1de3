/*
 * rt-run pause, resume and cancel: a run is steered from outside, by anybody who
 * may write it. Its supervisor does what is asked; where a run has none, its
 * state is changed, and its checkpoints and steps obey that.
 */
#include "clock.h"
#include "die.h"
#include "epilogue.h"
#include "notify.h"
#include "run.h"
#include "spawn.h"
#include "steer.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct steer_opts {
	int64_t timeout_ns, kill_after_ns;
	const char *signal;
	struct common_opts common;
};

#define FIELD(f) offsetof(struct steer_opts, f)
#define TIMEOUT_OPTION                                                                        \
	{                                                                                     \
		0, "timeout", NULL, OPT_DURATION, FIELD(timeout_ns), "D",                     \
			"how long to wait until it has happened (default: until then)", NULL, \
			COMPLETE_NONE                                                         \
	}

static const struct opt wait_options[] = { TIMEOUT_OPTION, { 0 } };

static const struct opt cancel_options[] = {
	{ 0, "signal", NULL, OPT_STRING, FIELD(signal), "SIGNAL",
	  "what its processes get first (default: TERM)", NULL, COMPLETE_NONE },
	{ 0, "kill-after", NULL, OPT_DURATION, FIELD(kill_after_ns), "D",
	  "from then to killing them (default: what the run was started with, 10s)", NULL,
	  COMPLETE_NONE },
	TIMEOUT_OPTION,
	{ 0 },
};

static const struct opt_group wait_groups[] = {
	{ wait_options, 0 },
	{ common_opts, FIELD(common) },
	{ NULL, 0 },
};

static const struct opt_group cancel_groups[] = {
	{ cancel_options, 0 },
	{ common_opts, FIELD(common) },
	{ NULL, 0 },
};

/* What is asked for, and what the run is when it has happened. */
static const struct {
	enum rt_state state;
	const char *already;
	const char *done;
} wishes[] = {
	[RT_STEER_PAUSE] = { RT_PAUSED, "paused already", "paused" },
	[RT_STEER_RESUME] = { RT_RUNNING, "running already", "resumed" },
	[RT_STEER_CANCEL] = { RT_CANCELLED, "cancelled already", "cancelled" },
};

static int refuse(const struct rt_rundir *d, enum rt_state state)
{
	error("run \"%s\" is %s%s", d->id, rt_state_name(state),
	      state == RT_LOST ? ": rt-run reap ends it" : "");
	return EXIT_FAIL;
}

/* There is no supervisor: what has to be done is to say so. */
static int change_state(const struct rt_rundir *d, const struct rt_steer *steer)
{
	struct rt_err err = RT_ERR_INIT, warning = RT_ERR_INIT;
	struct rt_redact *redact = redact_env();
	struct rt_record_opts opts;
	struct rt_record *record;
	struct rt_buf by;
	char text[RT_CANCELLED_TEXT];
	struct rt_change change = { .to = wishes[steer->verb].state, .exit_code = -1 };
	const struct epilogue_opts nothing = { .summarize = false };
	int ret;

	rt_buf_init(&by);
	rt_steer_write(steer, &by);
	change.by = rt_buf_view(&by);
	if (steer->verb == RT_STEER_CANCEL) {
		rt_steer_cancelled(steer, text);
		change.error = text;
	}
	record_opts_init(&opts, redact);
	if (rt_record_open(&record, d->path, &opts, &err) < 0)
		die_err(&err);
	ret = steer->verb == RT_STEER_CANCEL ? end_run(record, &change, &nothing, &err) :
					       rt_record_change(record, &change, &warning, &err);
	if (ret < 0)
		die_err(&err);
	warn_err(&warning);
	puts(wishes[steer->verb].done);
	if (steer->verb == RT_STEER_CANCEL && ret == 0)
		notify(&(struct notice){ record, change.to, &change, NULL, NULL });
	rt_record_close(record);
	rt_redact_free(redact);
	rt_buf_release(&by);
	return 0;
}

/* The supervisor has gone: the run itself says how it ended. */
static int tell_end(const struct rt_rundir *d, const struct rt_steer *steer)
{
	struct rt_status st;
	enum rt_state state = load_state(&st, d);
	int code = 0;

	if (state == wishes[steer->verb].state)
		puts(wishes[steer->verb].done);
	else if (rt_state_over(state))
		code = refuse(d, state);
	else
		die(EXIT_FAIL, "the supervisor of run \"%s\" does not answer", d->id);
	rt_status_release(&st);
	return code;
}

/* Why a supervisor cannot be asked; returns where there is none. */
static void check_supervisor(const struct rt_rundir *d, const struct rt_status *st, int why)
{
	char host[256];

	if (why == EACCES || why == EPERM)
		die(EXIT_FAIL, "run \"%s\" is not yours to steer: %s", d->id, strerror(why));
	if (faccessat(d->fd, RT_ALIVE_FILE, F_OK, AT_SYMLINK_NOFOLLOW) < 0)
		return;
	rt_hostname(host);
	if (st->host.len && strcmp(st->host.s, host) != 0)
		die(EXIT_FAIL, "run \"%s\" runs on host \"%s\": that is where it can be steered",
		    d->id, st->host.s);
	die(EXIT_FAIL, "the supervisor of run \"%s\", process %lld, cannot be reached: %s", d->id,
	    (long long)st->owner.pid, strerror(why));
}

static int steer_run(const struct rt_rundir *d, const struct rt_steer *steer, int64_t timeout_ns)
{
	struct rt_status st;
	enum rt_state state = load_state(&st, d);
	enum rt_steer_answer answer;
	char text[RT_SOCK_MAX];
	int code = 0;

	if (rt_state_over(state)) {
		if (state == wishes[steer->verb].state)
			puts(wishes[steer->verb].already);
		else
			code = refuse(d, state);
	} else if (rt_steer_ask(d, steer, timeout_ns, &answer, text) < 0) {
		check_supervisor(d, &st, errno);
		if (state == wishes[steer->verb].state)
			puts(wishes[steer->verb].already);
		else
			code = change_state(d, steer);
	} else if (answer == RT_STEER_DONE) {
		puts(text);
	} else if (answer == RT_STEER_LATE) {
		error("the supervisor of run \"%s\" has not done so in time", d->id);
		code = EXIT_TIMEOUT;
	} else if (answer == RT_STEER_REFUSED) {
		error("%s", text);
		code = EXIT_FAIL;
	} else {
		code = tell_end(d, steer);
	}
	rt_status_release(&st);
	return code;
}

static int run_verb(const struct rt_applet *self, int argc, char **argv, enum rt_steer_verb verb)
{
	struct steer_opts o = { .kill_after_ns = -1 };
	struct rt_steer steer = { .verb = verb, .uid = (long)getuid(), .pid = (long)getpid() };
	struct rt_found found = { NULL, false };
	struct rt_err err = RT_ERR_INIT;
	struct rt_rundir d;
	char **words;
	int n, code;

	n = opt_parse(self, argc, argv, &o, &words, NULL);
	common_apply(&o.common, NULL);
	survive_limits();
	if (n > 1)
		die_usage("\"%s\" is too much: %s takes one RUN", words[1], self->name);
	if (o.signal && !(steer.signal = rt_signal_find(o.signal)))
		die_usage("bad --signal \"%s\": a name (TERM) or a number", o.signal);
	steer.kill_after_ns = o.kill_after_ns;
	rt_steer_name(&steer, user_name() ? user_name() : "");
	if (!common_resolve(&o.common, n ? words[0] : NULL, USE_WRITE, &found))
		die_usage("which run? give RUN, -r or RT_RUN");
	if (rt_rundir_open(&d, found.path, &err) < 0)
		die_err(&err);
	code = steer_run(&d, &steer, o.timeout_ns);
	rt_rundir_release(&d);
	rt_found_release(&found);
	return code;
}

static int run_pause(const struct rt_applet *self, int argc, char **argv)
{
	return run_verb(self, argc, argv, RT_STEER_PAUSE);
}

static int run_resume(const struct rt_applet *self, int argc, char **argv)
{
	return run_verb(self, argc, argv, RT_STEER_RESUME);
}

static int run_cancel(const struct rt_applet *self, int argc, char **argv)
{
	return run_verb(self, argc, argv, RT_STEER_CANCEL);
}

const struct rt_applet run_pause_applet = {
	.name = "pause",
	.summary = "stop all that a run has started, until it is resumed",
	.usage = "[--timeout D] [RUN]",
	.groups = wait_groups,
	.operands = COMPLETE_RUN,
	.more = "Returns when it has happened. A run without a supervisor (rt-run start) waits\n"
		"at its next checkpoint or step.",
	.run = run_pause,
};

const struct rt_applet run_resume_applet = {
	.name = "resume",
	.summary = "let a paused run go on",
	.usage = "[--timeout D] [RUN]",
	.groups = wait_groups,
	.operands = COMPLETE_RUN,
	.run = run_resume,
};

const struct rt_applet run_cancel_applet = {
	.name = "cancel",
	.summary = "end a run and all that it has started",
	.usage = "[--signal SIGNAL] [--kill-after D] [--timeout D] [RUN]",
	.groups = cancel_groups,
	.operands = COMPLETE_RUN,
	.more = "Returns when nothing of it is alive any more and the end is recorded.",
	.run = run_cancel,
};
