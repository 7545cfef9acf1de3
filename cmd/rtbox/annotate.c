/*
 * Annotations as events. See annotate.h. Those of a piece are recorded in one
 * go, so that a command that says much is not held up for each line.
 */
#include "annotate.h"
#include "die.h"

void annotate_init(struct annotate *a, struct rt_record *record, const struct annotate_step *step)
{
	rt_annotation_init(&a->lines);
	a->record = record;
	a->step = *step;
	levels_init(&a->levels);
	rt_buf_init(&a->component);
}

void annotate_release(struct annotate *a)
{
	rt_annotation_release(&a->lines);
	rt_buf_release(&a->component);
}

static void give_up(struct annotate *a, const struct rt_err *err)
{
	warn("annotations are no longer recorded: %s", err->msg);
	a->record = NULL;
}

static void set_text(struct rt_event *ev, enum rt_field f, const char *text)
{
	if (text && !rt_event_has(ev, f))
		rt_event_set_text(ev, f, rt_str(text));
}

void annotate_set_step(struct rt_event *ev, const struct annotate_step *step)
{
	if (!rt_event_has(ev, RT_F_STEP_ID)) /* else it may be another one's */
		set_text(ev, RT_F_SPAN_ID, step->span_id);
	set_text(ev, RT_F_STEP_ID, step->id);
	set_text(ev, RT_F_STAGE, step->name);
	set_text(ev, RT_F_COMPONENT, step->component);
	rt_event_derive(ev);
}

static void queue(void *arg, struct rt_str json)
{
	struct annotate *a = arg;
	struct rt_err err = RT_ERR_INIT;
	struct rt_event ev;

	if (!a->record || rt_event_parse(&ev, json) < 0)
		return;
	annotate_set_step(&ev, &a->step);
	rt_buf_clear(&a->component);
	rt_event_text(&ev, RT_F_COMPONENT, &a->component);
	if (level_wanted(&a->levels, ev.level, a->component.s) &&
	    rt_record_queue(a->record, &ev, &err) < 0)
		give_up(a, &err);
}

static void flush(struct annotate *a)
{
	struct rt_err err = RT_ERR_INIT, warning = RT_ERR_INIT;

	if (!a->record || !rt_record_queued(a->record))
		return;
	if (rt_record_flush(a->record, true, &warning, &err) < 0)
		give_up(a, &err);
	else
		warn_err(&warning);
}

void annotate_add(struct annotate *a, int stream, struct rt_str piece)
{
	if (!a->record)
		return;
	rt_annotation_add(&a->lines, stream, piece, queue, a);
	flush(a);
}

void annotate_end(struct annotate *a)
{
	if (!a->record)
		return;
	rt_annotation_end(&a->lines, queue, a);
	flush(a);
}
