/*
 * What does not fit together in a run, said plainly: a reader of the summary
 * should not have to find out that its figures stand on sand.
 */
#include "summary_model.h"

#include <inttypes.h>
#include <stdarg.h>

static void note(struct rt_summary *s, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static void note(struct rt_summary *s, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	rt_sum_vfactf(&s->notes, "", fmt, ap);
	va_end(ap);
}

static void note_end(struct rt_summary *s, const struct rt_status *stored)
{
	const struct sum_story *story = &s->story;

	if (story->ends_too_many)
		note(s, "%zu more than one event ends it: after %s came %s", story->ends_too_many,
		     rt_type_name(story->end_before), rt_type_name(story->last_end));
	if (!stored)
		return;
	if (rt_state_over(stored->state) && !story->ended)
		note(s, "status.json says %s, but no event says how the run ended",
		     rt_state_name(stored->state));
	else if (story->ended && stored->state != story->state && rt_state_over(stored->state))
		note(s, "status.json says %s, but the last event that ends the run says %s",
		     rt_state_name(stored->state), rt_state_name(story->state));
}

/* A run that says it is well, with steps that are not. */
static void note_steps(struct rt_summary *s)
{
	size_t bad = 0, open = 0;

	if (s->state != RT_COMPLETED)
		return;
	for (size_t i = 0; i < s->n_steps; i++) {
		enum sum_state state = s->steps[i].state;

		bad += state == SUM_FAILED || state == SUM_TIMEOUT;
		open += state == SUM_INCOMPLETE;
	}
	if (bad)
		note(s, "the run says completed, but %zu of its steps failed", bad);
	if (open)
		note(s, "the run says completed, but %zu of its steps never ended", open);
	if (s->exit_code > 0)
		note(s, "the run says completed, but its exit code is %d", s->exit_code);
}

static void note_lines(struct rt_summary *s)
{
	size_t odd = s->skipped - s->too_long;

	if (odd)
		note(s, "%zu %s no JSON object (torn, or not an event) and left out", odd,
		     odd == 1 ? "line is" : "lines are");
	if (s->too_long)
		note(s, "%zu %s too long and left out", s->too_long,
		     s->too_long == 1 ? "line is" : "lines are");
	if (s->torn)
		note(s, "the last line has no end: it is torn, or still being written");
	if (s->strangers)
		note(s, "%zu %s another run's id (%s); the figures include %s", s->strangers,
		     s->strangers == 1 ? "line has" : "lines have", s->stranger,
		     s->strangers == 1 ? "it" : "them");
	if (s->story.back)
		note(s, "%zu %s older than the one before: some durations may be wrong",
		     s->story.back, s->story.back == 1 ? "event is" : "events are");
}

/* What status.json counted, where it has counted all of the file. */
static void note_counts(struct rt_summary *s, const struct rt_status *stored, int64_t size)
{
	if (!stored || stored->events_size < 0)
		return;
	if (stored->events_size > size)
		note(s,
		     "events.jsonl is shorter than status.json knows it: %" PRId64 " of %" PRId64
		     " bytes",
		     size, stored->events_size);
	else if (stored->events_size == size &&
		 (stored->n_events != s->all.events || stored->n_errors != s->all.errors ||
		  stored->n_warnings != s->all.warnings))
		note(s,
		     "status.json counts %" PRId64 " events, %" PRId64 " errors, %" PRId64
		     " warnings; events.jsonl has %" PRId64 ", %" PRId64 ", %" PRId64,
		     stored->n_events, stored->n_errors, stored->n_warnings, s->all.events,
		     s->all.errors, s->all.warnings);
}

static void note_limits(struct rt_summary *s)
{
	if (s->text_files)
		note(s, "%zu %s no JSON lines that can be read and %s left out: %s%s",
		     s->text_files, s->text_files == 1 ? "log has" : "logs have",
		     s->text_files == 1 ? "is" : "are", s->text_file,
		     s->text_files == 1 ? "" : " and others");
	if (s->more_files)
		note(s, "%zu files of the tree were not read: there are too many", s->more_files);
	if (s->more_steps)
		note(s, "%zu starts of steps past the %dth are not in the list", s->more_steps,
		     SUM_STEPS);
	if (s->more_stages)
		note(s, "%zu events of stages past the %dth are in no stage", s->more_stages,
		     SUM_STAGES);
}

void rt_sum_notes(struct rt_summary *s, const struct rt_status *stored, int64_t size)
{
	note_end(s, stored);
	note_steps(s);
	note_lines(s);
	note_counts(s, stored, size);
	note_limits(s);
}
