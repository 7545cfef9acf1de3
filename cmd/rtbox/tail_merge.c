/*
 * A pass: what is new in the sources, in order of time. Also what an event says
 * of the run itself, whether it is shown or not.
 */
#include "tail.h"
#include "die.h"

#include <stdlib.h>

struct tail_source **tail_sources(const struct tail *t, size_t *n)
{
	struct tail_source **v;
	size_t all = 0;

	for (size_t i = 0; i < t->n_runs; i++)
		all += t->runs[i]->n;
	v = xmalloc((all + 1) * sizeof(*v));
	*n = 0;
	for (size_t i = 0; i < t->n_runs; i++) {
		memcpy(v + *n, t->runs[i]->v, t->runs[i]->n * sizeof(*v));
		*n += t->runs[i]->n;
	}
	return v;
}

/* The array is short: memmove is cheaper than a list. */
static void take_out(struct tail *t, size_t i)
{
	memmove(t->open + i, t->open + i + 1, (--t->n_open - i) * sizeof(*t->open));
}

void tail_use(struct tail *t, struct tail_source *s)
{
	if (t->n_open && t->open[t->n_open - 1] == s)
		return;
	tail_forget(t, s);
	while (t->n_open && t->n_open >= t->open_max) {
		struct tail_run *run = t->open[0]->run;

		tail_source_park(t->open[0]);
		take_out(t, 0);
		tail_run_park(run);
	}
	tail_run_wake(s->run);
	t->open[t->n_open++] = s;
	if (t->packed && t->n_open > TAIL_OPEN_MAX)
		tail_source_doze(t->open[t->n_open - 1 - TAIL_OPEN_MAX]);
}

void tail_forget(struct tail *t, struct tail_source *s)
{
	size_t i = t->n_open;

	while (i && t->open[i - 1] != s)
		i--;
	if (i)
		take_out(t, i - 1);
}

/* A step gets its name from the event that starts it, of which more is looked at than of others. */
static void learn_name(struct tail_run *run, struct rt_str line)
{
	struct rt_json id, name, metadata;
	struct rt_event ev;

	if (rt_event_parse(&ev, line) < 0 || !rt_event_get(&ev, RT_F_STEP_ID, &id))
		return;
	if ((rt_event_get(&ev, RT_F_METADATA, &metadata) &&
	     (rt_scan_find(metadata.text, rt_str("step_name"), &name) ||
	      rt_scan_find(metadata.text, rt_str("name"), &name))) ||
	    rt_event_get(&ev, RT_F_STAGE, &name))
		tail_name_step(run, id.text, &name);
}

/* The output of a step (an empty id: of everything) has ended: so has its last line. */
static void end_output(struct tail_run *run, struct rt_str step_id)
{
	for (size_t i = 0; i < run->n; i++) {
		struct tail_source *s = run->v[i];

		if (!step_id.n || (s->step_id && rt_str_is(step_id, s->step_id)))
			tail_print_rest(&run->t->printer, s);
	}
}

static void take_event(struct tail_run *run, const struct rt_event *ev)
{
	struct rt_json id;

	switch (ev->type) {
	case RT_T_STEP_STARTED:
		learn_name(run, ev->line);
		break;
	case RT_T_STEP_COMPLETED:
	case RT_T_STEP_FAILED:
		if (rt_event_get(ev, RT_F_STEP_ID, &id))
			end_output(run, id.text);
		break;
	case RT_T_RUN_COMPLETED:
	case RT_T_RUN_FAILED:
	case RT_T_RUN_CANCELLED:
	case RT_T_SESSION_COMPLETED:
	case RT_T_SESSION_FAILED:
	case RT_T_SESSION_ABORTED:
		end_output(run, rt_str(""));
		run->look_now = true;
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
		take_event(s->run, s->ev);
	else
		s->skipped += s->line.n > 0;
	tail_print(&t->printer, s);
	t->met |= t->looks && s->valid && tail_until_meets(t, s->ev);
}

static void show(struct tail *t, struct tail_source *s)
{
	bool passing = t->printer.skip > 0;
	struct tail_source **v;
	size_t n;

	show_line(t, s);
	if (!passing || t->printer.skip)
		return;
	/* the lines that were asked for begin here, and with pieces that came before */
	v = tail_sources(t, &n);
	for (size_t i = 0; i < n; i++)
		tail_print_begun(&t->printer, v[i]);
	free(v);
}

static bool is_enough(const struct tail *t)
{
	return t->met || tail_is_stopped(t) || ferror(t->printer.out->f);
}

/* Show lines of one source as long as no other's are earlier; false at its end. */
static bool show_some(struct tail *t, struct tail_source *s, int64_t limit)
{
	bool more;

	tail_use(t, s);
	more = tail_source_wake(s);
	while (more && s->ns <= limit && !is_enough(t)) {
		show(t, s);
		tail_source_take(s);
		more = tail_source_next(s);
	}
	return more && !is_enough(t);
}

/* The sources that have a line to show: a heap, the one whose line comes first on top. */
struct ready {
	struct tail_source **v;
	size_t n;
};

/* Of equal times the source that was found first goes first, as backwards. */
static bool goes_before(const struct tail_source *a, const struct tail_source *b)
{
	return a->ns != b->ns ? a->ns < b->ns : a->rank < b->rank;
}

static void sink(struct ready *r, size_t i)
{
	for (size_t first = 2 * i + 1; first < r->n; first = 2 * i + 1) {
		struct tail_source *s = r->v[i];

		if (first + 1 < r->n && goes_before(r->v[first + 1], r->v[first]))
			first++;
		if (!goes_before(r->v[first], s))
			break;
		r->v[i] = r->v[first];
		r->v[first] = s;
		i = first;
	}
}

/* Up to which time the one on top stays there. */
static int64_t stays_until(const struct ready *r)
{
	const struct tail_source *next;

	if (r->n < 2)
		return INT64_MAX;
	next = r->n > 2 && goes_before(r->v[2], r->v[1]) ? r->v[2] : r->v[1];
	return next->rank < r->v[0]->rank ? next->ns - 1 : next->ns;
}

static void begin(struct ready *r, struct tail_run *run, struct tail_source *s)
{
	s->dirty = false;
	tail_use(run->t, s);
	if (tail_source_begin(s, tail_is_over(run)) && tail_source_next(s)) {
		r->v = xrealloc(r->v, (r->n + 1) * sizeof(*r->v));
		s->rank = r->n;
		r->v[r->n++] = s;
	} else {
		tail_source_end(s);
	}
}

/*
 * Where there is something new. The events of a run are looked at first, then we hear
 * what changed meanwhile, and of these runs all output that is being written is looked
 * at, heard of or not: what was written before an event is there when the event is.
 */
static void begin_all(struct ready *r, struct tail *t)
{
	for (size_t i = 0; i < t->n_runs; i++) {
		struct tail_run *run = t->runs[i];

		run->news = run->n && run->v[0]->events && run->v[0]->dirty;
		if (run->news)
			begin(r, run, run->v[0]);
	}
	if (r->n && t->watch)
		tail_hear(t);
	for (size_t i = 0; i < t->n_runs; i++) {
		struct tail_run *run = t->runs[i];

		for (size_t k = 0; k < run->n; k++) {
			struct tail_source *s = run->v[k];

			if (!s->events && (s->dirty || (run->news && s->fd >= 0)))
				begin(r, run, s);
		}
	}
}

bool tail_pass(struct tail *t)
{
	struct ready r = { NULL, 0 };
	bool news;

	t->heard = false;
	begin_all(&r, t);
	news = r.n > 0;
	for (size_t i = r.n / 2; i-- > 0;)
		sink(&r, i);
	while (r.n) {
		struct tail_source *s = r.v[0];

		if (!show_some(t, s, stays_until(&r))) {
			tail_source_end(s);
			r.v[0] = r.v[--r.n];
		}
		sink(&r, 0);
	}
	free(r.v);
	return news;
}
