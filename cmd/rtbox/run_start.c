/* rt-run start and finish: a run of a script's own, without a supervisor. */
#include "checkpoint.h"
#include "die.h"
#include "epilogue.h"
#include "notify.h"
#include "run.h"

#include <stdio.h>
#include <stdlib.h>

#define GIT_MS 2000

struct start_opts {
	struct new_run_opts run;
	int64_t owner;
	bool resume;
	struct common_opts common;
};

static const struct opt start_options[] = {
	{ 0, "owner", NULL, OPT_INT, offsetof(struct start_opts, owner), "PID",
	  "the run is lost when this process is gone (a script's $$)", NULL, COMPLETE_NONE },
	{ 0, "resume", NULL, OPT_FLAG, offsetof(struct start_opts, resume), NULL,
	  "take up a run that is over: RUN, -r or --id", NULL, COMPLETE_NONE },
	{ 0 },
};

static const struct opt_group start_groups[] = {
	{ new_run_opts, offsetof(struct start_opts, run) },
	{ start_options, 0 },
	{ common_opts, offsetof(struct start_opts, common) },
	{ NULL, 0 },
};

/* The caller wants an id, or to know that there is none: RT_ON_ERROR changes nothing. */
static int resume_run(const struct start_opts *o, const char *arg, const struct rt_redact *redact)
{
	struct rt_change change = {
		.to = RT_RUNNING,
		.resume = true,
		.exit_code = -1,
		.owner_pid = o->owner,
	};
	struct rt_err err = RT_ERR_INIT, warning = RT_ERR_INIT;
	struct rt_record *record;
	int code = EXIT_FAIL;

	switch (writer_open(&record, &o->common, arg ? arg : o->run.id, redact, &code)) {
	case -1:
		return code ? code : EXIT_FAIL;
	case 0:
		die_usage("--resume wants to know which run: give it as an argument");
	}
	if (rt_record_change(record, &change, &warning, &err) < 0)
		die_err(&err);
	warn_err(&warning);
	/* What a supervisor that was killed has left speaks of none any more. */
	rt_owner_leave(rt_record_dir(record)->fd);
	puts(rt_record_dir(record)->id);
	rt_record_close(record);
	return 0;
}

static int start_run(const struct start_opts *o, const struct rt_record_opts *opts)
{
	struct rt_err err = RT_ERR_INIT;
	struct rt_record *record;
	struct new_run n;
	struct rt_inherited in;
	char *path;
	int ret;

	new_run_check(&o->run);
	rt_inherited_get(&in);
	ret = new_run_create(&n, &o->run, &o->common, NULL, o->owner, opts, &in, &record, &path,
			     &err);
	if (ret < 0)
		die(err_exit_code(&err), "%s%s", err.msg, join_hint(&o->run, &err));
	puts(n.id);
	if (ret == 0) {
		new_run_wait_git(&n, GIT_MS);
		rt_record_close(record);
	}
	free(path);
	new_run_release(&n);
	return 0;
}

static int run_start(const struct rt_applet *self, int argc, char **argv)
{
	struct start_opts o = { .owner = 0 };
	struct rt_record_opts opts;
	struct rt_redact *redact;
	struct rt_owner owner;
	char **words;
	int n, code;

	n = opt_parse(self, argc, argv, &o, &words, NULL);
	common_apply(&o.common, NULL);
	survive_limits();
	if (n > o.resume)
		die_usage("\"%s\" is too much%s", words[o.resume],
			  o.resume ? "" : " (a RUN goes with --resume)");
	if (o.owner && !rt_owner_fill(&owner, o.owner))
		die_usage("bad --owner %lld: there is no such process", (long long)o.owner);
	redact = redact_env();
	if (o.resume) {
		code = resume_run(&o, n ? words[0] : NULL, redact);
	} else {
		record_opts_init(&opts, redact);
		code = start_run(&o, &opts);
	}
	rt_redact_free(redact);
	opt_release(self, &o);
	return code;
}

const struct rt_applet run_start_applet = {
	.name = "start",
	.summary = "begin a run without a command and print its id",
	.usage = "[options]\n--resume [options] RUN",
	.groups = start_groups,
	.operands = COMPLETE_RUN,
	.more = "The run goes on until rt-run finish. Its id in RT_RUN makes it the one that\n"
		"rt-emit and rt-run step write to: export RT_RUN=$(rt-run start).",
	.run = run_start,
};

struct finish_opts {
	const char *exit_code, *status, *error;
	struct epilogue_opts epilogue;
	struct common_opts common;
};

static const struct opt finish_options[] = {
	{ 0, "exit-code", NULL, OPT_STRING, offsetof(struct finish_opts, exit_code), "N",
	  "completed with 0, failed with anything else", NULL, COMPLETE_NONE },
	{ 0, "status", NULL, OPT_STRING, offsetof(struct finish_opts, status), "WORD",
	  "completed (default), failed or cancelled", "completed|failed|cancelled",
	  COMPLETE_STATE },
	{ 0, "error", NULL, OPT_STRING, offsetof(struct finish_opts, error), "TEXT",
	  "what went wrong", NULL, COMPLETE_NONE },
	{ 0 },
};

static const struct opt_group finish_groups[] = {
	{ finish_options, 0 },
	{ epilogue_opts, offsetof(struct finish_opts, epilogue) },
	{ common_opts, offsetof(struct finish_opts, common) },
	{ NULL, 0 },
};

static void finish_change(struct rt_change *change, const struct finish_opts *o, char text[64])
{
	int code;

	*change = (struct rt_change){ .to = RT_COMPLETED, .exit_code = -1, .error = o->error };
	if (o->status && o->exit_code)
		die_usage("--status and --exit-code say the same thing: give one");
	if (o->status && (!rt_state_find(rt_str(o->status), &change->to) ||
			  !rt_state_over(change->to) || change->to == RT_LOST))
		die_usage("bad --status \"%s\": completed (success), failed (failure) or cancelled",
			  o->status);
	if (o->exit_code) {
		code = change->exit_code = exit_code_option(o->exit_code);
		if (code) {
			change->to = RT_FAILED;
			snprintf(text, 64, "exit code %d", code);
			if (!o->error)
				change->error = text;
		}
	}
}

/* Whose supervisor lives ends when its command does: it is not for others to say. */
static bool is_supervised(const struct rt_record *record)
{
	const struct rt_rundir *d = rt_record_dir(record);
	struct rt_status st;
	enum rt_state state;

	if (!checkpoint_is_supervised(d))
		return false;
	state = load_state(&st, d);
	rt_status_release(&st);
	return state == RT_RUNNING || state == RT_PAUSED;
}

static int finish(struct rt_record *record, const struct rt_change *change,
		  const struct epilogue_opts *epilogue)
{
	struct rt_err err = RT_ERR_INIT;
	int ret;

	if (is_supervised(record))
		ret = rt_err_set(&err, RT_ERR_REFUSED,
				 "run \"%s\" ends with its command (rt-run cancel ends both)",
				 rt_record_dir(record)->id);
	else
		ret = end_run(record, change, epilogue, &err);
	if (ret < 0)
		return recording_failed(&err);
	if (ret == 0)
		notify(&(struct notice){ record, change->to, change, NULL, NULL });
	return 0;
}

static int run_finish(const struct rt_applet *self, int argc, char **argv)
{
	struct finish_opts o = { .status = NULL };
	struct rt_record *record;
	struct rt_redact *redact;
	struct rt_change change;
	char **words, text[64];
	int n, code = 0;

	n = opt_parse(self, argc, argv, &o, &words, NULL);
	common_apply(&o.common, NULL);
	survive_limits();
	if (n > 1)
		die_usage("\"%s\" is too much: finish takes one RUN", words[1]);
	finish_change(&change, &o, text);
	redact = redact_env();
	if (writer_open(&record, &o.common, n ? words[0] : NULL, redact, &code) == 1) {
		code = finish(record, &change, &o.epilogue);
		rt_record_close(record);
	}
	rt_redact_free(redact);
	return code;
}

const struct rt_applet run_finish_applet = {
	.name = "finish",
	.summary = "end a run that rt-run start began",
	.usage = "[--exit-code N | --status WORD] [--error TEXT] [RUN]",
	.groups = finish_groups,
	.operands = COMPLETE_RUN,
	.run = run_finish,
};
