/*
 * rt-run step: a command as a numbered step of a run, with its output in the
 * step's own log. Without a run it is just the command.
 */
#include "clock.h"
#include "die.h"
#include "environ.h"
#include "handoff.h"
#include "job.h"
#include "run.h"
#include "spawn.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

struct step_opts {
	struct job_opts job;
	bool required;
	struct common_opts common;
};

static const struct opt step_options[] = {
	{ 0, "require-record", NULL, OPT_FLAG, offsetof(struct step_opts, required), NULL,
	  "do not run the command when it cannot be recorded", NULL, COMPLETE_NONE },
	{ 0 },
};

static const struct opt_group step_groups[] = {
	{ step_options, 0 },
	{ job_options, offsetof(struct step_opts, job) },
	{ common_opts, offsetof(struct step_opts, common) },
	{ NULL, 0 },
};

/* A step that goes on. */
struct running {
	struct supervised s; /* first, for note_retry */
	struct rt_record *record;
	const char *name;
	int number;
	char id[32];
	int64_t start_ns;
};

static void event_of(struct rt_event *ev, const struct running *r, enum rt_type type,
		     const char *message, char number[16])
{
	snprintf(number, 16, "%d", r->number);
	rt_event_init(ev);
	rt_event_set_text(ev, RT_F_TYPE, rt_str(rt_type_name(type)));
	rt_event_set_text(ev, RT_F_STAGE, rt_str(r->name));
	rt_event_set_text(ev, RT_F_MESSAGE, rt_str(message));
	rt_event_set_number(ev, RT_F_STEP, rt_str(number));
	rt_event_set_text(ev, RT_F_STEP_ID, rt_str(r->id));
	rt_event_derive(ev);
}

static int begin_step(struct running *r, struct rt_err *err)
{
	struct rt_err warning = RT_ERR_INIT;
	struct rt_event ev;
	char number[16], *message;
	int ret;

	if (rt_rundir_new_step(rt_record_dir(r->record), &r->number, err) < 0)
		return -1;
	snprintf(r->id, sizeof(r->id), "step_%03d", r->number);
	message = xasprintf("Step %s started", r->name);
	event_of(&ev, r, RT_T_STEP_STARTED, message, number);
	r->start_ns = rt_clock_monotonic_ns();
	ret = rt_record_emit(r->record, &ev, &warning, err);
	if (ret == 0 && warning.kind)
		warn("%s", warning.msg);
	free(message);
	return ret;
}

static void end_step(struct running *r)
{
	struct rt_err err = RT_ERR_INIT, warning = RT_ERR_INIT;
	const struct outcome *end = &r->s.end;
	struct rt_event ev;
	char number[16], ms[32], error[64], metadata[64], *message;
	bool failed = end->status || outcome_cancelled(end);

	outcome_text(end, &r->s.limits, error);
	message = failed ? xasprintf("Step %s failed: %s", r->name, error) :
			   xasprintf("Step %s completed", r->name);
	event_of(&ev, r, failed ? RT_T_STEP_FAILED : RT_T_STEP_COMPLETED, message, number);
	snprintf(ms, sizeof(ms), "%lld",
		 (long long)((rt_clock_monotonic_ns() - r->start_ns) / RT_NS_PER_MS));
	rt_event_set_number(&ev, RT_F_DURATION_MS, rt_str(ms));
	if (failed)
		rt_event_set_text(&ev, RT_F_ERROR, rt_str(error));
	if (outcome_cancelled(end))
		rt_event_set_text(&ev, RT_F_RESULT, rt_str("cancelled"));
	else if (outcome_stopped(end))
		rt_event_set_text(&ev, RT_F_RESULT, rt_str("timeout"));
	if (WIFSIGNALED(end->status))
		snprintf(metadata, sizeof(metadata), "{\"signal\":%d}", WTERMSIG(end->status));
	else
		snprintf(metadata, sizeof(metadata), "{\"exit_code\":%d}",
			 WEXITSTATUS(end->status));
	rt_event_set_json(&ev, RT_F_METADATA, rt_json_of(rt_str(metadata), RT_JSON_OBJECT));
	rt_event_derive(&ev);
	if (rt_record_emit(r->record, &ev, &warning, &err) < 0)
		warn("not recorded: %s", err.msg);
	else if (warning.kind)
		warn("%s", warning.msg);
	free(message);
}

void record_retry(struct supervised *s, struct rt_event *ev, const char *text, int retry,
		  int64_t delay_ns)
{
	struct rt_err err = RT_ERR_INIT;
	char span[32], *message;

	rt_duration_format(span, delay_ns);
	message = xasprintf("%s failed: %s; retry %d of %lld in %s", base_name(s->argv[0]), text,
			    retry, (long long)s->limits.retries, span);
	rt_event_set_text(ev, RT_F_MESSAGE, rt_str(message));
	rt_event_set_text(ev, RT_F_LEVEL, rt_str("warning"));
	rt_event_set_text(ev, RT_F_ERROR, rt_str(text));
	rt_event_derive(ev);
	if (rt_record_emit(s->record, ev, NULL, &err) < 0)
		warn("not recorded: %s", err.msg);
	free(message);
}

static void note_retry(struct supervised *s, const char *text, int retry, int64_t delay_ns)
{
	const struct running *r = (const struct running *)s;
	struct rt_event ev;
	char number[16];

	event_of(&ev, r, RT_T_STEP_RETRYING, "", number);
	record_retry(s, &ev, text, retry, delay_ns);
}

static void run_command(struct running *r, struct rt_redact *redact)
{
	const struct rt_rundir *d = rt_record_dir(r->record);
	int log = rt_rundir_open_log(d, r->number, RT_STEP_LOG);
	struct env_list ours, all;
	struct rt_capture capture;

	if (log < 0)
		warn("output is not captured: cannot write \"%s/logs/%s/%s\": %s", d->path, r->id,
		     RT_STEP_LOG, strerror(errno));
	env_of_run(&ours, d, NULL, r->id, r->name);
	env_merged(&all, &ours);
	r->s.dir = d;
	r->s.record = r->record;
	r->s.capture = &capture;
	r->s.listen_fd = -1;
	r->s.envp = all.v;
	r->s.retrying = note_retry;
	rt_capture_init(&capture, log, redact);
	rt_handoff_ask(d, r->s.own);
	supervise(&r->s);
	rt_capture_release(&capture);
	env_free(&ours);
	env_free(&all);
}

_Noreturn static void run_step_in(struct rt_record *record, const char *name, char *const *argv,
				  struct rt_redact *redact, const struct limits *limits,
				  bool required, const struct rt_inherited *in)
{
	struct running r = {
		.s = { .argv = argv, .limits = *limits, .in = in },
		.record = record,
		.name = name && *name ? name : base_name(argv[0]),
	};
	struct rt_err err = RT_ERR_INIT;

	if (begin_step(&r, &err) < 0) {
		recording_trouble(&err, required);
		run_unrecorded(argv, in);
	}
	run_command(&r, redact);
	end_step(&r);
	rt_record_close(record);
	rt_redact_free(redact);
	outcome_end_like(&r.s.end);
}

_Noreturn void run_as_step(const char *path, const char *name, char *const *argv,
			   const struct limits *limits, bool required,
			   const struct rt_inherited *in)
{
	struct rt_redact *redact = redact_env();
	struct rt_err err = RT_ERR_INIT;
	struct rt_record_opts opts;
	struct rt_record *record;

	record_opts_init(&opts, redact);
	if (rt_record_open(&record, path, &opts, &err) < 0) {
		recording_trouble(&err, required);
		run_unrecorded(argv, in);
	}
	run_step_in(record, name, argv, redact, limits, required, in);
}

static int run_step(const struct rt_applet *self, int argc, char **argv)
{
	struct step_opts o = { .job = JOB_OPTS_INIT };
	struct limits limits;
	struct rt_redact *redact;
	struct rt_record *record;
	int n, dashdash, opened, code = 0;
	struct rt_inherited in;
	char **words;

	n = opt_parse(self, argc, argv, &o, &words, &dashdash);
	common_apply(&o.common, NULL);
	if (dashdash < 0 || dashdash == n)
		die_usage("no command: rt-run step [NAME] -- COMMAND");
	if (dashdash > 1)
		die_usage("\"%s\": a step has one name; put the command behind \"--\"", words[1]);
	limits = job_limits(&o.job);
	supervise_signals(&in);
	redact = redact_env();
	opened = writer_open(&record, &o.common, NULL, redact, &code);
	if (opened == -2)
		exit(EXIT_FAIL);
	if (opened == 0 && o.required)
		die(125, "not recorded, so not run: no run is set (RT_RUN or -r)");
	if (opened < 0 && o.required)
		exit(125);
	/* Why it cannot be recorded was said; the command runs all the same. */
	if (opened != 1)
		run_unrecorded(words + dashdash, &in);
	run_step_in(record, dashdash ? words[0] : NULL, words + dashdash, redact, &limits,
		    o.required, &in);
}

const struct rt_applet run_step_applet = {
	.name = "step",
	.summary = "run a command as a step of a run",
	.usage = "[options] [NAME] -- COMMAND [ARG...]",
	.groups = step_groups,
	.operands = COMPLETE_STEP,
	.usage_exit = 125,
	.more = "The step is numbered, and its output captured in logs/step_NNN/output.log.\n"
		"Without a run set (RT_RUN or -r) the command just runs.",
	.run = run_step,
};
