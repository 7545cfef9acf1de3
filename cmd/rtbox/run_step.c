/*
 * rt-run step: a command as a numbered step of a run, with its output in the
 * step's own log. Without a run it is just the command.
 */
#include "checkpoint.h"
#include "clock.h"
#include "context.h"
#include "die.h"
#include "environ.h"
#include "handoff.h"
#include "job.h"
#include "outlet.h"
#include "run.h"
#include "shell.h"
#include "spawn.h"
#include "step.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

struct step_opts {
	struct job_opts job;
	struct outlet_opts outlet;
	const char *component, *skip_if;
	bool shell, required;
	struct common_opts common;
};

static const struct opt step_options[] = {
	{ 0, "component", NULL, OPT_STRING, offsetof(struct step_opts, component), "NAME",
	  "part of a program that the step is of; its events say so", NULL, COMPLETE_NONE },
	{ 0, "skip-if", NULL, OPT_STRING, offsetof(struct step_opts, skip_if), "COMMAND",
	  "skip the step when this shell command succeeds", NULL, COMPLETE_NONE },
	{ 0, "shell", NULL, OPT_FLAG, offsetof(struct step_opts, shell), NULL,
	  "what follows is a shell with its arguments; what it is to do names the step", NULL,
	  COMPLETE_NONE },
	{ 0, "require-record", NULL, OPT_FLAG, offsetof(struct step_opts, required), NULL,
	  "do not run the command when it cannot be recorded", NULL, COMPLETE_NONE },
	{ 0 },
};

static const struct opt_group step_groups[] = {
	{ step_options, 0 },
	{ job_options, offsetof(struct step_opts, job) },
	{ outlet_options, offsetof(struct step_opts, outlet) },
	{ common_opts, offsetof(struct step_opts, common) },
	{ NULL, 0 },
};

/* What is to be run as a step. */
struct wanted {
	const char *name; /* NULL: the command's */
	const char *component, *skip_if;
	char *const *argv;
	struct limits limits;
	struct outlet_opts outlet;
	bool shell, required;
	bool inside; /* of the run that our environment tells of */
	const struct rt_inherited *in;
};

/* A command of a step that goes on: its own, or that of --skip-if. */
struct running {
	struct supervised s; /* first, for note_retry */
	struct outlet outlet;
	const struct step *step;
	char *context; /* the file of what people said to the run, NULL: nothing */
	int64_t start_ns;
};

static void note_retry(struct supervised *s, const char *text, int retry, int64_t delay_ns)
{
	const struct running *r = (const struct running *)s;
	struct rt_event ev;
	char number[16];

	step_event(&ev, r->step, RT_T_STEP_RETRYING, "", number);
	record_retry(s, &ev, text, retry, delay_ns);
}

/* Run r->s.argv with what is around it in the step. */
static void run_command(struct running *r, const struct outlet_opts *opts, struct rt_redact *redact)
{
	const struct step *s = r->step;
	const struct rt_rundir *d = rt_record_dir(s->record);
	const struct outlet_place place = {
		.number = s->number,
		.log = RT_STEP_LOG,
	};
	struct env_step around = {
		.id = s->id,
		.stage = s->name,
		.component = s->component,
		.context_file = r->context,
	};
	struct env_list ours, all;

	env_of_run(&ours, d, NULL, &s->trace, &around);
	env_merged(&all, &ours);
	r->s.dir = d;
	r->s.record = s->record;
	r->s.step = (struct annotate_step){ s->id, s->name, s->component, s->trace.span_id };
	r->s.listen_fd = -1;
	r->s.envp = all.v;
	r->start_ns = rt_clock_monotonic_ns();
	rt_handoff_ask(d, r->s.own);
	outlet_open(&r->outlet, opts, &r->s, &place, redact);
	supervise(&r->s);
	env_free(&ours);
	env_free(&all);
}

static void end_step(const struct running *r)
{
	const struct outcome *end = &r->s.end;
	struct rt_err err = RT_ERR_INIT;
	char error[OUTCOME_TEXT];
	const struct rt_resources resources = rt_resources_of(&end->usage);
	struct step_result result = {
		.status = end->status,
		.error = error,
		.resources = end->started ? &resources : NULL,
		.duration_ms = (rt_clock_monotonic_ns() - r->start_ns) / RT_NS_PER_MS,
	};

	record_forgiven(&r->s);
	outcome_text(end, &r->s.limits, error);
	if (outcome_cancelled(end))
		result.word = "cancelled";
	else if (outcome_stopped(end))
		result.word = "timeout";
	if (step_end(r->step, &result, &err) < 0)
		warn("not recorded: %s", err.msg);
}

static void hush(void)
{
	int null = open("/dev/null", O_WRONLY | O_CLOEXEC);

	dup2(null, STDOUT_FILENO);
	dup2(null, STDERR_FILENO);
}

/* What holds for --skip-if: the step's limits of time, as for each try of its command. */
static struct limits skip_limits(const struct wanted *w)
{
	return (struct limits){
		.timeout_ns = w->limits.timeout_ns,
		.idle_ns = w->limits.idle_ns,
		.kill_after_ns = w->limits.kill_after_ns,
	};
}

/* Whether it was ended, so that the step ends with it. */
static bool is_ended(const struct outcome *end)
{
	return outcome_cancelled(end) || outcome_stopped(end);
}

/* Ask it without supervision; then signals are not ours to pass on. */
static bool is_skipped_alone(const struct wanted *w)
{
	sigset_t now;
	int status;
	pid_t pid;

	sigprocmask(SIG_SETMASK, &w->in->mask, &now);
	pid = fork();
	if (pid == 0) {
		rt_inherited_restore(w->in);
		if (!outlet_passes(&w->outlet))
			hush();
		execlp("sh", "sh", "-c", w->skip_if, (char *)NULL);
		_exit(EXIT_NO_COMMAND);
	}
	while (pid > 0 && waitpid(pid, &status, 0) < 0) {
		if (errno != EINTR)
			pid = -1;
	}
	sigprocmask(SIG_SETMASK, &now, NULL);
	return pid > 0 && status == 0;
}

/* Ask it where nothing is recorded. */
static bool is_skipped_unrecorded(const struct wanted *w)
{
	char *const ask[] = { (char *)"sh", (char *)"-c", (char *)w->skip_if, NULL };
	struct outlet_opts opts = { .output = outlet_passes(&w->outlet) ? NULL : "none" };
	struct limits limits = skip_limits(w);
	struct outcome end;

	if (!w->skip_if)
		return false;
	if (!try_unrecorded(ask, &limits, &opts, w->in, &end))
		return is_skipped_alone(w);
	if (is_ended(&end))
		outcome_end_like(&end);
	return end.status == 0;
}

/*
 * The same in a step, of which it is a part: what it writes is the step's, and
 * who ends it ends the step.
 */
static bool is_skipped(const struct step *s, const struct wanted *w, struct rt_redact *redact)
{
	char *const ask[] = { (char *)"sh", (char *)"-c", (char *)w->skip_if, NULL };
	struct running r = {
		.s = { .argv = ask, .limits = skip_limits(w), .in = w->in },
		.step = s,
	};
	/* That it fails is nothing that is to be shown. */
	struct outlet_opts opts = { .output = outlet_holds(&w->outlet) ? "log" : w->outlet.output };
	struct rt_err err = RT_ERR_INIT;
	bool skipped;

	if (!w->skip_if)
		return false;
	run_command(&r, &opts, redact);
	outlet_close(&r.outlet, &r.s);
	if (is_ended(&r.s.end)) {
		end_step(&r);
		outcome_end_like(&r.s.end);
	}
	skipped = r.s.end.alone ? is_skipped_alone(w) : r.s.end.status == 0;
	if (skipped && step_skip(s, w->skip_if, &err) < 0)
		warn("not recorded: %s", err.msg);
	return skipped;
}

_Noreturn static void just_run(const struct wanted *w)
{
	run_unrecorded(w->argv, &w->limits, &w->outlet, w->in);
	become_command(w->argv, w->in);
}

_Noreturn static void run_without_record(const struct wanted *w)
{
	if (is_skipped_unrecorded(w))
		exit(0);
	just_run(w);
}

/* The file of what people said to the run since the last step, to be freed; NULL: nothing. */
static char *take_context(const struct step *s)
{
	const struct rt_rundir *d = rt_record_dir(s->record);
	struct rt_err warning = RT_ERR_INIT, err = RT_ERR_INIT;
	int got = rt_context_give(d, s->number, &warning, &err);

	if (warning.kind != RT_ERR_NONE)
		warn("what was said to the run is not given: %s", warning.msg);
	if (got < 0)
		warn("what was said to the run is left to the next step: %s", err.msg);
	if (got <= 0)
		return NULL;
	return xasprintf("%s/%s/%s/%s", d->path, RT_LOGS_DIR, s->id, RT_STEP_CONTEXT);
}

/* A run that nobody supervises has a say in what is begun. While it waits, signals end us. */
static void obey(const struct rt_rundir *d, const struct wanted *w)
{
	struct rt_inherited again;

	if (checkpoint_is_supervised(d))
		return;
	rt_inherited_restore(w->in);
	checkpoint_step(d, w->argv[0]);
	supervise_signals(&again);
}

_Noreturn static void run_step_in(struct rt_record *record, const struct wanted *w,
				  struct rt_redact *redact)
{
	char *told = w->shell && !w->name ? shell_name(w->argv, redact) : NULL;
	const char *name = w->name && *w->name ? w->name : told ? told : base_name(w->argv[0]);
	struct step s = { .number = 0 };
	struct running r = {
		.s = { .argv = w->argv, .limits = w->limits, .in = w->in, .retrying = note_retry },
		.step = &s,
	};
	struct rt_err err = RT_ERR_INIT;

	obey(rt_record_dir(record), w);
	if (step_make(&s, record, name, w->component, w->inside, &err) < 0) {
		recording_trouble(&err, w->required);
		rt_record_close(record);
		run_without_record(w);
	}
	if (is_skipped(&s, w, redact))
		exit(0);
	if (step_start(&s, &err) < 0) {
		recording_trouble(&err, w->required);
		rt_record_close(record);
		just_run(w);
	}
	r.context = take_context(&s);
	run_command(&r, &w->outlet, redact);
	if (r.s.end.alone) {
		rt_record_close(record);
		become_command(w->argv, w->in);
	}
	end_step(&r);
	step_release(&s);
	free(r.context);
	free(told);
	rt_record_close(record);
	outlet_close(&r.outlet, &r.s);
	rt_redact_free(redact);
	outcome_end_like(&r.s.end);
}

_Noreturn void run_as_step(const char *path, const char *name, char *const *argv,
			   const struct limits *limits, const struct outlet_opts *outlet,
			   bool required, const struct rt_inherited *in)
{
	struct wanted w = {
		.name = name,
		.argv = argv,
		.limits = *limits,
		.outlet = *outlet,
		.required = required,
		.in = in,
	};
	struct rt_redact *redact = redact_env();
	struct rt_err err = RT_ERR_INIT;
	struct rt_record_opts opts;
	struct rt_record *record;

	record_opts_init(&opts, redact);
	if (rt_record_open(&record, path, &opts, &err) < 0) {
		recording_trouble(&err, required);
		just_run(&w);
	}
	run_step_in(record, &w, redact);
}

static int run_step(const struct rt_applet *self, int argc, char **argv)
{
	struct step_opts o = { .job = JOB_OPTS_INIT };
	struct rt_redact *redact;
	struct rt_record *record;
	int n, dashdash, opened, code = 0;
	struct rt_inherited in;
	struct wanted w;
	char **words;

	o.shell = shell_take(argc, argv);
	n = opt_parse(self, argc, argv, &o, &words, &dashdash);
	common_apply(&o.common, NULL);
	if (dashdash < 0 || dashdash == n)
		die_usage("no command: rt-run step [NAME] -- COMMAND");
	if (dashdash > 1)
		die_usage("\"%s\": a step has one name; put the command behind \"--\"", words[1]);
	step_check_component(o.component);
	w = (struct wanted){
		.name = dashdash ? words[0] : NULL,
		.component = o.component,
		.skip_if = o.skip_if,
		.argv = words + dashdash,
		.limits = job_limits(&o.job),
		.outlet = o.outlet,
		.shell = o.shell,
		.required = o.required,
		.inside = !o.common.run,
		.in = &in,
	};
	supervise_signals(&in);
	redact = redact_env();
	opened = writer_open(&record, &o.common, NULL, redact, &code);
	if (opened == -2)
		exit(EXIT_FAIL);
	if (opened == 0 && o.required)
		die(EXIT_NOT_RUN, "not recorded, so not run: no run is set (RT_RUN or -r)");
	if (opened < 0 && o.required)
		exit(EXIT_NOT_RUN);
	/* Why it cannot be recorded was said; the command runs all the same. */
	if (opened != 1)
		run_without_record(&w);
	run_step_in(record, &w, redact);
}

const struct rt_applet run_step_applet = {
	.name = "step",
	.summary = "run a command as a step of a run",
	.usage = "[options] [NAME] -- COMMAND [ARG...]\n[options] [NAME] --shell SHELL [ARG...]",
	.groups = step_groups,
	.operands = COMPLETE_STEP,
	.command = true,
	.usage_exit = EXIT_NOT_RUN,
	.more = "The step is numbered, and its output captured in logs/step_NNN/output.log.\n"
		"Without a run set (RT_RUN or -r) the command runs, and nothing is recorded.",
	.run = run_step,
};
