/* Steps as numbers, folders and events. See step.h. */
#include "step.h"
#include "begun.h"
#include "common.h"
#include "die.h"
#include "environ.h"
#include "text.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>

/*
 * The span around the step. A run is one trace: what the environment tells of
 * another one (of the job that joins a run) is not around it.
 */
static bool span_around(struct rt_trace *around, const struct rt_rundir *d)
{
	bool told = env_trace(around), known;
	struct rt_trace run;

	known = rt_trace_load(&run, d);
	if (known && !(told && strcmp(around->trace_id, run.trace_id) == 0))
		*around = run;
	return known || told;
}

/* A step that was begun and goes on is around those that come then. */
static void stand_in_begun(struct step *s, struct rt_trace *around, bool traced)
{
	struct rt_begun b;

	rt_begun_init(&b);
	if (rt_begun_find(rt_record_dir(s->record), NULL, &b, NULL) > 0) {
		s->parent = xstrdup(b.id);
		if (traced && b.traced && strcmp(b.trace.trace_id, around->trace_id) == 0)
			*around = b.trace;
	}
	rt_begun_release(&b);
}

static void place(struct step *s, bool inside)
{
	const char *step_id = inside ? env_value("RT_STEP_ID") : NULL;
	struct rt_trace around;
	bool traced = span_around(&around, rt_record_dir(s->record));

	if (step_id)
		s->parent = xstrdup(step_id);
	else
		stand_in_begun(s, &around, traced);
	rt_trace_begin(&s->trace, traced ? &around : NULL);
}

void step_check_component(const char *component)
{
	struct rt_err err = RT_ERR_INIT;

	if (component && rt_id_check("component", component, &err) < 0)
		die_usage("%s", err.msg);
}

int step_make(struct step *s, struct rt_record *record, const char *name, const char *component,
	      bool inside, struct rt_err *err)
{
	const char *around = inside ? env_value("RT_COMPONENT") : NULL;

	s->record = record;
	s->name = name;
	s->component = component;
	if (!component && around && rt_id_valid(rt_str(around)))
		s->component = around;
	if (rt_rundir_new_step(rt_record_dir(record), &s->number, err) < 0)
		return -1;
	rt_rundir_step_id(s->id, s->number);
	place(s, inside);
	return 0;
}

void step_release(struct step *s)
{
	free(s->parent);
	s->parent = NULL;
}

void step_event(struct rt_event *ev, const struct step *s, enum rt_type type, const char *message,
		char number[16])
{
	snprintf(number, 16, "%d", s->number);
	rt_event_init(ev);
	rt_event_set_text(ev, RT_F_TYPE, rt_str(rt_type_name(type)));
	rt_event_set_text(ev, RT_F_STAGE, rt_str(s->name));
	rt_event_set_text(ev, RT_F_MESSAGE, rt_str(message));
	rt_event_set_number(ev, RT_F_STEP, rt_str(number));
	rt_event_set_text(ev, RT_F_STEP_ID, rt_str(s->id));
	if (s->component)
		rt_event_set_text(ev, RT_F_COMPONENT, rt_str(s->component));
	if (s->trace.span_id[0])
		rt_event_set_text(ev, RT_F_SPAN_ID, rt_str(s->trace.span_id));
	if (s->trace.parent_id[0])
		rt_event_set_text(ev, RT_F_PARENT_ID, rt_str(s->trace.parent_id));
}

/* Append ,"key":"text" or {"key":"text". */
static void add_text(struct rt_buf *out, const char *key, const char *text)
{
	if (!text)
		return;
	rt_buf_addf(out, "%c\"%s\":", out->len ? ',' : '{', key);
	rt_json_quote(out, rt_str(text));
}

/* Record it, with these members of an object (without its end) as metadata. */
static int record(const struct step *s, struct rt_event *ev, struct rt_buf *metadata,
		  struct rt_err *err)
{
	struct rt_err warning = RT_ERR_INIT;
	int ret;

	if (metadata->len) {
		rt_buf_addc(metadata, '}');
		rt_event_set_json(ev, RT_F_METADATA,
				  rt_json_of(rt_buf_view(metadata), RT_JSON_OBJECT));
	}
	rt_event_derive(ev);
	ret = rt_record_emit(s->record, ev, &warning, err);
	if (ret == 0)
		warn_err(&warning);
	rt_buf_release(metadata);
	return ret;
}

int step_start(const struct step *s, struct rt_err *err)
{
	char number[16], *message = xasprintf("Step %s started", s->name);
	struct rt_buf metadata;
	struct rt_event ev;
	int ret;

	rt_buf_init(&metadata);
	add_text(&metadata, "parent_step", s->parent);
	step_event(&ev, s, RT_T_STEP_STARTED, message, number);
	ret = record(s, &ev, &metadata, err);
	free(message);
	return ret;
}

/* "Step build failed: exit code 2" */
static char *end_message(const struct step *s, const struct step_result *r, bool cancelled)
{
	if (cancelled)
		return xasprintf("Step %s cancelled", s->name);
	if (r->status)
		return xasprintf("Step %s failed: %s", s->name, r->error);
	return xasprintf("Step %s completed", s->name);
}

int step_end(const struct step *s, const struct step_result *r, struct rt_err *err)
{
	bool cancelled = r->word && strcmp(r->word, "cancelled") == 0;
	char number[16], ms[32], *message = end_message(s, r, cancelled);
	struct rt_buf metadata;
	struct rt_event ev;
	int ret;

	step_event(&ev, s, r->status || cancelled ? RT_T_STEP_FAILED : RT_T_STEP_COMPLETED, message,
		   number);
	snprintf(ms, sizeof(ms), "%lld", (long long)r->duration_ms);
	rt_event_set_number(&ev, RT_F_DURATION_MS, rt_str(ms));
	if (r->error && *r->error)
		rt_event_set_text(&ev, RT_F_ERROR, rt_str(r->error));
	if (r->word)
		rt_event_set_text(&ev, RT_F_RESULT, rt_str(r->word));
	/* That somebody ended it is no error of the step. */
	if (cancelled)
		rt_event_set_text(&ev, RT_F_LEVEL, rt_str("info"));
	rt_buf_init(&metadata);
	if (WIFSIGNALED(r->status))
		rt_buf_addf(&metadata, "{\"signal\":%d", WTERMSIG(r->status));
	else
		rt_buf_addf(&metadata, "{\"exit_code\":%d", WEXITSTATUS(r->status));
	if (r->resources) {
		rt_buf_adds(&metadata, ",\"resources\":");
		rt_resources_write(r->resources, &metadata);
	}
	ret = record(s, &ev, &metadata, err);
	free(message);
	return ret;
}

int step_skip(const struct step *s, const char *condition, struct rt_err *err)
{
	char number[16], *message = xasprintf("Step %s skipped", s->name);
	struct rt_buf metadata;
	struct rt_event ev;
	int ret;

	rt_buf_init(&metadata);
	add_text(&metadata, "parent_step", s->parent);
	add_text(&metadata, "skip_if", condition);
	step_event(&ev, s, RT_T_STEP_SKIPPED, message, number);
	ret = record(s, &ev, &metadata, err);
	free(message);
	return ret;
}
