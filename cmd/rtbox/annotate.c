/*
 * Annotations as events. See annotate.h. Those of a piece are recorded in one
 * go, so that a command that says much is not held up for each line.
 */
#include "annotate.h"
#include "die.h"

void annotate_init(struct annotate *a, struct rt_record *record, const char *step_id,
		   const char *stage)
{
	rt_annotations_init(&a->lines, step_id, stage);
	a->record = record;
	levels_init(&a->levels);
	rt_buf_init(&a->component);
}

void annotate_release(struct annotate *a)
{
	rt_annotations_release(&a->lines);
	rt_buf_release(&a->component);
}

static void give_up(struct annotate *a, const struct rt_err *err)
{
	warn("annotations are no longer recorded: %s", err->msg);
	a->record = NULL;
}

static void queue(void *arg, struct rt_str json)
{
	struct annotate *a = arg;
	struct rt_err err = RT_ERR_INIT;
	struct rt_event ev;

	if (!a->record || rt_event_parse(&ev, json) < 0)
		return;
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
	else if (warning.kind)
		warn("%s", warning.msg);
}

void annotate_add(struct annotate *a, int stream, struct rt_str piece)
{
	if (!a->record)
		return;
	rt_annotations_add(&a->lines, stream, piece, queue, a);
	flush(a);
}

void annotate_end(struct annotate *a)
{
	if (!a->record)
		return;
	rt_annotations_end(&a->lines, queue, a);
	flush(a);
}
