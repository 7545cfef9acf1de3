/*
 * A pass: what is new in the sources, in order of time. Also what an event says
 * of the run itself, whether it is shown or not.
 */
#include "tail.h"
#include "die.h"

#include <stdlib.h>

/* The array is short: memmove is cheaper than a list. */
void tail_use(struct tail *t, struct tail_source *s)
{
	size_t i = t->n_open, most = t->packed ? TAIL_KEPT_MAX : TAIL_OPEN_MAX;

	while (i && t->open[i - 1] != s)
		i--;
	if (i) {
		i--;
	} else if (t->n_open < most) {
		i = t->n_open++;
	} else {
		tail_source_park(t->open[0]);
	}
	memmove(t->open + i, t->open + i + 1, (t->n_open - i - 1) * sizeof(*t->open));
	t->open[t->n_open - 1] = s;
	if (t->n_open > TAIL_OPEN_MAX)
		tail_source_doze(t->open[t->n_open - 1 - TAIL_OPEN_MAX]);
}

/* A step gets its name from the event that starts it. */
static void learn_name(struct tail *t, const struct rt_event *ev)
{
	struct rt_json id, name, metadata;

	if (!rt_event_get(ev, RT_F_STEP_ID, &id))
		return;
	if ((rt_event_get(ev, RT_F_METADATA, &metadata) &&
	     (rt_scan_find(metadata.text, rt_str("step_name"), &name) ||
	      rt_scan_find(metadata.text, rt_str("name"), &name))) ||
	    rt_event_get(ev, RT_F_STAGE, &name))
		tail_name_step(t, id.text, &name);
}

/* The output of a step (an empty id: of everything) has ended: so has its last line. */
static void end_output(struct tail *t, struct rt_str step_id)
{
	for (size_t i = 0; i < t->n; i++) {
		struct tail_source *s = t->v[i];

		if (!step_id.n || (s->step_id && rt_str_is(step_id, s->step_id)))
			tail_print_rest(&t->printer, s);
	}
}

static void take_event(struct tail *t, const struct rt_event *ev)
{
	struct rt_json id;

	switch (ev->type) {
	case RT_T_STEP_STARTED:
		learn_name(t, ev);
		break;
	case RT_T_STEP_COMPLETED:
	case RT_T_STEP_FAILED:
		if (rt_event_get(ev, RT_F_STEP_ID, &id))
			end_output(t, id.text);
		break;
	case RT_T_RUN_COMPLETED:
	case RT_T_RUN_FAILED:
	case RT_T_RUN_CANCELLED:
	case RT_T_SESSION_COMPLETED:
	case RT_T_SESSION_FAILED:
	case RT_T_SESSION_ABORTED:
		end_output(t, rt_str(""));
		t->look_now = true;
		break;
	default:
		break;
	}
}

/* The line that a source stands at. */
static void show_line(struct tail *t, struct tail_source *s)
{
	if (!s->events) {
		if (s->next_at > s->from[s->cri.err])
			tail_print(&t->printer, s);
		return;
	}
	if (s->valid)
		take_event(t, s->ev);
	else
		s->skipped += s->line.n > 0;
	tail_print(&t->printer, s);
}

static void show(struct tail *t, struct tail_source *s)
{
	bool passing = t->printer.skip > 0;

	show_line(t, s);
	/* the lines that were asked for begin here, and with pieces that came before */
	for (size_t i = 0; passing && t->printer.skip == 0 && i < t->n; i++)
		tail_print_begun(&t->printer, t->v[i]);
}

/*
 * The source whose line comes first, and *limit: the time up to which it stays
 * so. Of equal times the source that was found first goes first, as backwards.
 */
static size_t pick(struct tail_source *const *v, size_t n, int64_t *limit)
{
	size_t best = 0;

	for (size_t i = 1; i < n; i++)
		if (v[i]->ns < v[best]->ns)
			best = i;
	*limit = INT64_MAX;
	for (size_t i = 0; i < n; i++) {
		int64_t until = i < best ? v[i]->ns - 1 : v[i]->ns;

		if (i != best && until < *limit)
			*limit = until;
	}
	return best;
}

/* Show lines of one source as long as no other's are earlier; false at its end. */
static bool show_some(struct tail *t, struct tail_source *s, int64_t limit)
{
	bool more;

	tail_use(t, s);
	more = tail_source_wake(s);
	while (more && s->ns <= limit && !ferror(t->printer.out->f)) {
		show(t, s);
		tail_source_take(s);
		more = tail_source_next(s);
	}
	return more && !ferror(t->printer.out->f);
}

/*
 * Where there is something new. The events are looked at first, and with them
 * all output that is being written, heard of or not: what was written before an
 * event is then there when the event is.
 */
static size_t begin(struct tail *t, struct tail_source **v)
{
	size_t n = 0;

	if (t->v[0]->events && t->v[0]->dirty)
		for (size_t i = 0; i < t->n_open; i++)
			t->open[i]->dirty = true;
	for (size_t i = 0; i < t->n; i++) {
		struct tail_source *s = t->v[i];

		if (!s->dirty)
			continue;
		s->dirty = false;
		tail_use(t, s);
		if (tail_source_begin(s, tail_is_over(t)) && tail_source_next(s))
			v[n++] = s;
		else
			tail_source_end(s);
	}
	return n;
}

void tail_pass(struct tail *t)
{
	struct tail_source **v = xmalloc(t->n * sizeof(*v));
	size_t n = begin(t, v);

	while (n) {
		int64_t limit;
		size_t i = pick(v, n, &limit);

		if (show_some(t, v[i], limit))
			continue;
		tail_source_end(v[i]);
		memmove(v + i, v + i + 1, (--n - i) * sizeof(*v));
	}
	free(v);
}
