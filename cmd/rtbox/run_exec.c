/*
 * rt-run -- COMMAND: a run from the command's start to its end. Whatever goes
 * wrong with the record, the command runs and its end is ours.
 */
#include "applets.h"
#include "cgroup.h"
#include "clock.h"
#include "detach.h"
#include "die.h"
#include "environ.h"
#include "epilogue.h"
#include "job.h"
#include "notify.h"
#include "outlet.h"
#include "overlap.h"
#include "run.h"
#include "sock.h"
#include "spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define GIT_MS 100 /* that a command may wait at its end for git to have looked */

struct exec_opts {
	struct new_run_opts run;
	struct job_opts job;
	struct outlet_opts outlet;
	bool required, detach;
	const char *no_overlap;
	struct epilogue_opts epilogue;
	struct common_opts common;
};

static const struct opt exec_options[] = {
	{ 0, "require-record", NULL, OPT_FLAG, offsetof(struct exec_opts, required), NULL,
	  "do not run the command when it cannot be recorded", NULL, COMPLETE_NONE },
	{ 0, "no-overlap", NULL, OPT_CHOICE, offsetof(struct exec_opts, no_overlap), "WHAT",
	  "while another run of this name goes on: skip, wait or fail", "skip|wait|fail",
	  COMPLETE_NONE },
	{ 0, "detach", NULL, OPT_FLAG, offsetof(struct exec_opts, detach), NULL,
	  "print the run's id and leave it to itself, without a terminal", NULL, COMPLETE_NONE },
	{ 0 },
};

const struct opt_group run_exec_groups[] = {
	{ new_run_opts, offsetof(struct exec_opts, run) },
	{ exec_options, 0 },
	{ job_options, offsetof(struct exec_opts, job) },
	{ outlet_options, offsetof(struct exec_opts, outlet) },
	{ epilogue_opts, offsetof(struct exec_opts, epilogue) },
	{ common_opts, offsetof(struct exec_opts, common) },
	{ NULL, 0 },
};

/* How the command ended, as the state that follows from it. Free what error is. */
static char *describe_end(struct rt_change *change, const struct supervised *s)
{
	const struct outcome *end = &s->end;
	char text[OUTCOME_TEXT];

	*change = (struct rt_change){ .to = RT_FAILED, .exit_code = -1 };
	if (WIFSIGNALED(end->status))
		change->signal = WTERMSIG(end->status);
	else
		change->exit_code = WEXITSTATUS(end->status);
	if (outcome_cancelled(end))
		change->to = RT_CANCELLED;
	else if (end->status == 0)
		change->to = RT_COMPLETED;
	if (!end->started)
		return xasprintf("cannot execute %s", s->argv[0]);
	outcome_text(end, &s->limits, text);
	return xstrdup(text);
}

/*
 * Nobody is to be asked any more. Not before the end is being recorded: who finds
 * no supervisor then would say himself how the run ended. Not after it either: the
 * run may be taken up again by then, and have a new supervisor.
 */
static int withdraw(void *arg, struct rt_err *err)
{
	struct supervised *s = arg;

	(void)err;
	if (s->heartbeat)
		rt_owner_leave(s->dir->fd);
	s->heartbeat = false;
	return 0;
}

/* Who has asked meanwhile sees that there is no answer. */
static void retire(struct supervised *s)
{
	withdraw(s, NULL);
	if (s->listen_fd >= 0)
		close(s->listen_fd);
}

/*
 * The command has ended. Once that is recorded, the next run of its name may
 * begin, and what was held back goes out; who is told may take their time.
 */
static void conclude(struct supervised *s, const char *name, const struct exec_opts *o,
		     struct outlet *outlet, struct overlap *lock, struct rt_cgroup *cgroup)
{
	struct rt_err err = RT_ERR_INIT;
	struct rt_resources resources = rt_resources_of(&s->end.usage);
	struct rt_change change;
	char *text = describe_end(&change, s);

	rt_cgroup_end(cgroup, &resources);
	record_forgiven(s);
	change.error = text;
	change.act = withdraw;
	change.arg = s;
	if (s->end.started)
		change.resources = &resources;
	/* The command's own end is what counts, whatever became of the record. */
	if (end_run(s->record, &change, &o->epilogue, &err) < 0)
		warn("%s", err.msg);
	retire(s);
	overlap_release(lock);
	outlet_close(outlet, s);
	notify(&(struct notice){ s->record, change.to, &change, name, s->in });
	free(text);
}

static void note_retry(struct supervised *s, const char *text, int retry, int64_t delay_ns)
{
	struct rt_event ev;

	rt_event_init(&ev);
	rt_event_set_text(&ev, RT_F_TYPE, rt_str(rt_type_name(RT_T_TASK_RETRYING)));
	record_retry(s, &ev, text, retry, delay_ns);
}

/* Run it as the run's command; s is filled in, and says how it ended. */
static void run_command(struct supervised *s, struct new_run *n, struct outlet *outlet,
			const struct outlet_opts *opts, struct rt_redact *redact)
{
	const struct outlet_place place = { .log = RT_RUN_LOG_NAME };
	struct env_list ours, all;

	s->dir = rt_record_dir(s->record);
	s->own[0] = STDOUT_FILENO;
	s->own[1] = STDERR_FILENO;
	s->listen_fd = rt_sock_listen(s->dir);
	s->heartbeat = true;
	s->job = &n->git.job;
	s->retrying = note_retry;
	env_of_run(&ours, s->dir, n->runs_dir, &n->trace, NULL);
	env_merged(&all, &ours);
	s->envp = all.v;
	outlet_open(outlet, opts, s, &place, redact);
	supervise(s);
	env_free(&ours);
	env_free(&all);
}

/*
 * See that no other run of this name goes on. Where that cannot be told the command
 * runs all the same, unless it must be recorded.
 */
static void guard(struct overlap *lock, const struct exec_opts *o, char *const *argv)
{
	struct rt_err err = RT_ERR_INIT;
	void (*xfsz)(int);
	char *runs_dir;

	lock->fd = -1;
	if (!o->no_overlap)
		return;
	/* a limit on the size of files must not end us */
	xfsz = signal(SIGXFSZ, SIG_IGN);
	runs_dir = find_runs_dir(&o->common, &err);
	if (!runs_dir || overlap_take(lock, o->no_overlap, runs_dir, o->run.group,
				      new_run_name(&o->run, argv), &err) < 0) {
		if (o->required)
			die(EXIT_NOT_RUN, "overlap cannot be ruled out, so not run: %s", err.msg);
		warn("overlap cannot be ruled out: %s", err.msg);
	}
	signal(SIGXFSZ, xfsz);
	free(runs_dir);
}

/* There is no run for the command, which is to run all the same: unless it must not. */
_Noreturn static void run_anyway(const struct exec_opts *o, char *const *argv,
				 const struct rt_err *err, const struct rt_inherited *in,
				 const struct overlap *lock)
{
	struct limits limits = job_limits(&o->job);

	/* Who joins wants the command run; that the others were faster is no reason not to. */
	if (err->kind == RT_ERR_REFUSED && !(o->run.join && !o->required))
		die(EXIT_NOT_RUN, "%s%s", err->msg, join_hint(&o->run, err));
	recording_trouble(err, o->required);
	unsetenv("RT_RUN"); /* its steps are not the run's around it */
	run_unrecorded(argv, &limits, &o->outlet, in);
	overlap_hand_over(lock);
	become_command(argv, in);
}

/* A run of its own for the command. */
_Noreturn static void run_recorded(const struct exec_opts *o, char *const *argv)
{
	struct rt_err err = RT_ERR_INIT;
	struct rt_redact *redact = redact_env();
	struct rt_record_opts opts;
	struct rt_record *record;
	struct supervised s = { .argv = argv, .limits = job_limits(&o->job) };
	struct outlet outlet;
	struct overlap lock;
	struct rt_cgroup cgroup;
	struct new_run n;
	struct rt_inherited in;
	char *path;
	int ret;

	record_opts_init(&opts, redact);
	new_run_check(&o->run);
	if (o->detach)
		s.detached_fd = detach();
	guard(&lock, o, argv);
	supervise_signals(&in);
	rt_cgroup_begin(&cgroup, RT_CGROUP_MOUNT, RT_CGROUP_SELF);
	ret = new_run_create(&n, &o->run, &o->common, argv, getpid(), &opts, &in, &record, &path,
			     &err);
	if (ret != 0)
		new_run_release(&n); /* git is not to become the command's child */
	if (ret == 1)
		run_as_step(path, o->run.name, argv, &s.limits, &o->outlet, o->required, &in);
	if (ret < 0)
		run_anyway(o, argv, &err, &in, &lock);
	overlap_tell(&lock, n.id);
	s.record = record;
	s.in = &in;
	run_command(&s, &n, &outlet, &o->outlet, redact);
	if (s.end.alone) {
		retire(&s);
		rt_record_close(record);
		new_run_release(&n);
		overlap_hand_over(&lock);
		become_command(argv, &in);
	}
	new_run_wait_git(&n, GIT_MS);
	conclude(&s, n.name, o, &outlet, &lock, &cgroup);
	rt_record_close(record);
	new_run_release(&n);
	rt_redact_free(redact);
	outcome_end_like(&s.end);
}

static int run_exec(const struct rt_applet *self, int argc, char **argv)
{
	struct exec_opts o = { .job = JOB_OPTS_INIT };
	int n, dashdash;
	char **words;

	n = opt_parse(self, argc, argv, &o, &words, &dashdash);
	common_apply(&o.common, NULL);
	if (n == 0)
		die_usage("no command: rt-run [options] -- COMMAND");
	if (dashdash != 0 && opt_find_sub(&rt_applet_run, words[0]))
		die_usage("put the command first: rt-run %s [options]", words[0]);
	if (o.common.run && dashdash == 0)
		die_usage("-r is for a step of that run: rt-run step -r %s -- %s", o.common.run,
			  words[0]);
	if (dashdash != 0)
		die_usage("\"%s\" is no command of rt-run (to run a program: rt-run -- %s)",
			  words[0], words[0]);
	if (o.no_overlap && o.run.join)
		die_usage("--join adds to a run that goes on, --no-overlap yields to it: give one");
	if (o.detach && o.run.join)
		die_usage("--detach is for a run of its own, not for one that is joined");
	o.required |= o.detach;
	run_recorded(&o, words);
}

const struct rt_applet run_exec_applet = {
	.name = "run",
	.summary = "run a command and record it",
	.usage = "[options] -- COMMAND [ARG...]",
	.groups = run_exec_groups,
	.operands_last = true,
	.usage_exit = EXIT_NOT_RUN,
	.run = run_exec,
};
