/*
 * rt-run begin and end: a step that one program begins and another one ends, for
 * scripts, and for CI steps that each are a shell of their own. What the end has
 * to know of the beginning is kept in the run.
 */
#include "begun.h"
#include "checkpoint.h"
#include "clock.h"
#include "die.h"
#include "run.h"
#include "spawn.h"
#include "step.h"
#include "text.h"

#include <stdio.h>
#include <stdlib.h>

#define NAME_MAX_BYTES 4096

struct begin_opts {
	const char *component;
	struct common_opts common;
};

static const struct opt begin_options[] = {
	{ 0, "component", NULL, OPT_STRING, offsetof(struct begin_opts, component), "NAME",
	  "part of a program that the step is of; its events say so", NULL, COMPLETE_NONE },
	{ 0 },
};

static const struct opt_group begin_groups[] = {
	{ begin_options, 0 },
	{ common_opts, offsetof(struct begin_opts, common) },
	{ NULL, 0 },
};

/* Kept for the end before anybody is told, so that what was told can be ended. */
static int keep_and_start(const struct step *s, struct rt_err *err)
{
	const struct rt_rundir *d = rt_record_dir(s->record);
	struct rt_begun b;
	int ret;

	rt_begun_init(&b);
	b.number = s->number;
	snprintf(b.id, sizeof(b.id), "%s", s->id);
	b.started_ns = rt_clock_now_ns();
	b.traced = true;
	b.trace = s->trace;
	rt_buf_adds(&b.name, s->name);
	if (s->component)
		rt_buf_adds(&b.component, s->component);
	ret = rt_begun_add(d, &b, err);
	if (ret == 0 && step_start(s, err) < 0) {
		rt_begun_remove(d, &b, NULL);
		ret = -1;
	}
	rt_begun_release(&b);
	return ret;
}

static int begin_step(struct rt_record *record, const struct begin_opts *o, const char *name)
{
	struct step s = { .number = 0 };
	struct rt_err err = RT_ERR_INIT;
	int code = 0;

	if (step_make(&s, record, name, o->component, !o->common.run, &err) < 0 ||
	    keep_and_start(&s, &err) < 0)
		code = recording_failed(&err);
	else
		puts(s.id);
	step_release(&s);
	return code;
}

/* The name as it is kept: no secret in it, and not so long that it would not be read again. */
static void take_name(struct rt_buf *name, const char *text, const struct rt_redact *redact)
{
	if (!*text)
		die_usage("the step's name is empty");
	rt_redact_text(redact, rt_str(text), name);
	if (name->len > NAME_MAX_BYTES)
		name->len = rt_utf8_cut(rt_buf_view(name), NAME_MAX_BYTES);
	name->s[name->len] = '\0';
}

static int run_begin(const struct rt_applet *self, int argc, char **argv)
{
	struct begin_opts o = { .component = NULL };
	struct rt_redact *redact;
	struct rt_record *record;
	struct rt_buf name;
	char **words;
	int n, code = 0;

	n = opt_parse(self, argc, argv, &o, &words, NULL);
	common_apply(&o.common, NULL);
	survive_limits();
	if (n != 1)
		die_usage(n ? "\"%s\" is too much: a step has one name" : "no name for the step",
			  n ? words[1] : "");
	step_check_component(o.component);
	redact = redact_env();
	rt_buf_init(&name);
	take_name(&name, words[0], redact);
	if (writer_open(&record, &o.common, NULL, redact, &code) == 1) {
		checkpoint_step(rt_record_dir(record), name.s);
		code = begin_step(record, &o, name.s);
		rt_record_close(record);
	}
	rt_buf_release(&name);
	rt_redact_free(redact);
	return code;
}

const struct rt_applet run_begin_applet = {
	.name = "begin",
	.summary = "begin a step that rt-run end ends, and print its id",
	.usage = "[options] NAME",
	.groups = begin_groups,
	.operands = COMPLETE_STEP,
	.more = "Without a run set (RT_RUN or -r) nothing is done.",
	.run = run_begin,
};

struct end_opts {
	const char *exit_code;
	struct common_opts common;
};

static const struct opt end_options[] = {
	{ 0, "exit-code", NULL, OPT_STRING, offsetof(struct end_opts, exit_code), "N",
	  "completed with 0 (default), failed with anything else", NULL, COMPLETE_NONE },
	{ 0 },
};

static const struct opt_group end_groups[] = {
	{ end_options, 0 },
	{ common_opts, offsetof(struct end_opts, common) },
	{ NULL, 0 },
};

/* The newest of that name or id, which is then ours to end: whoever removes it is. */
static int claim(const struct rt_rundir *d, const char *which, struct rt_begun *b,
		 struct rt_err *err)
{
	int got;

	do {
		b->number = 0;
		got = rt_begun_find(d, which, b, err);
		if (got == 0 && which)
			return rt_err_set(
				err, RT_ERR_NOTFOUND,
				"run \"%s\" has no step \"%s\" that was begun and goes on", d->id,
				which);
		if (got == 0)
			return rt_err_set(err, RT_ERR_NOTFOUND,
					  "run \"%s\" has no step that was begun and goes on",
					  d->id);
		if (got > 0)
			got = rt_begun_remove(d, b, err);
	} while (got == 0);
	return got < 0 ? -1 : 0;
}

static int end_step(struct rt_record *record, const struct rt_begun *b, int exit_code,
		    struct rt_err *err)
{
	char error[64];
	int64_t ns = b->started_ns ? rt_clock_now_ns() - b->started_ns : 0;
	struct step_result result = {
		.status = exit_code << 8,
		.error = error,
		.duration_ms = ns > 0 ? ns / RT_NS_PER_MS : 0,
	};
	struct step s = {
		.record = record,
		.name = b->name.s,
		.component = b->component.len ? b->component.s : NULL,
		.number = b->number,
		.trace = b->trace,
	};

	snprintf(s.id, sizeof(s.id), "%s", b->id);
	rt_wait_text(error, result.status);
	if (step_end(&s, &result, err) == 0)
		return 0;
	/* It can be tried again. */
	rt_begun_add(rt_record_dir(record), b, NULL);
	return -1;
}

static int run_end(const struct rt_applet *self, int argc, char **argv)
{
	struct end_opts o = { .exit_code = NULL };
	struct rt_err err = RT_ERR_INIT;
	struct rt_redact *redact;
	struct rt_record *record;
	struct rt_begun b;
	int n, exit_code, code = 0;
	char **words;

	n = opt_parse(self, argc, argv, &o, &words, NULL);
	common_apply(&o.common, NULL);
	survive_limits();
	if (n > 1)
		die_usage("\"%s\" is too much: end takes one step", words[1]);
	exit_code = o.exit_code ? exit_code_option(o.exit_code) : 0;
	redact = redact_env();
	if (writer_open(&record, &o.common, NULL, redact, &code) == 1) {
		rt_begun_init(&b);
		if (claim(rt_record_dir(record), n ? words[0] : NULL, &b, &err) < 0 ||
		    end_step(record, &b, exit_code, &err) < 0)
			code = recording_failed(&err);
		rt_begun_release(&b);
		rt_record_close(record);
	}
	rt_redact_free(redact);
	return code;
}

const struct rt_applet run_end_applet = {
	.name = "end",
	.summary = "end a step that rt-run begin began",
	.usage = "[--exit-code N] [NAME|STEP_ID]",
	.groups = end_groups,
	.operands = COMPLETE_STEP,
	.more = "Without a name it is the step that was begun last and goes on.",
	.run = run_end,
};
