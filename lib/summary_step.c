/*
 * Steps of a summary. A step is what step_* events tell of; an event
 * belongs to it by its step_id, else its step number, else its stage. Other
 * events never make a step: "file 3 of 10" is progress, not step 3. But what
 * they say of a step that is told of later is the step's, so they are counted
 * in an entry that is dropped where no step_* event comes.
 */
#include "summary_model.h"

#include "text.h"

#include <stdlib.h>

#define UNTOLD 1024 /* entries that no step_* event told of yet */

static const char *const state_names[SUM_STATE_COUNT] = {
	[SUM_INCOMPLETE] = "INCOMPLETE", [SUM_SUCCESS] = "SUCCESS", [SUM_FAILED] = "FAILED",
	[SUM_TIMEOUT] = "TIMEOUT",       [SUM_SKIPPED] = "SKIPPED", [SUM_CANCELLED] = "CANCELLED",
};

static const char *const state_words[SUM_STATE_COUNT] = {
	[SUM_INCOMPLETE] = "incomplete", [SUM_SUCCESS] = "success", [SUM_FAILED] = "failed",
	[SUM_TIMEOUT] = "timeout",       [SUM_SKIPPED] = "skipped", [SUM_CANCELLED] = "cancelled",
};

const char *rt_sum_state_name(enum sum_state state)
{
	return state_names[state];
}

const char *rt_sum_state_word(const struct rt_summary *s, const struct sum_step *st)
{
	if (!st->ended && s->state_known && !rt_state_over(s->state))
		return "running";
	return state_words[st->state];
}

/* The number in "step_003" or "3"; -1 when it is another name. */
static int64_t step_number(struct rt_str id)
{
	int64_t n = 0;
	size_t i = id.n > 5 && memcmp(id.p, "step_", 5) == 0 ? 5 : 0;

	if (id.n - i == 0 || id.n - i > 9)
		return -1;
	for (; i < id.n; i++) {
		if (id.p[i] < '0' || id.p[i] > '9')
			return -1;
		n = n * 10 + (id.p[i] - '0');
	}
	return n;
}

/* What an event says of its step. `key` is what the index knows it by. */
struct step_ref {
	struct rt_str id; /* step_id, else stage */
	bool is_id;
	int64_t number;
	char key[SUM_KEY];
	size_t key_n;
};

static void set_key(struct step_ref *r, char kind, struct rt_str text)
{
	size_t n = rt_utf8_cut(text, sizeof(r->key) - 1);

	r->key[0] = kind;
	if (n)
		memcpy(r->key + 1, text.p, n);
	r->key_n = n + 1;
}

static void set_number_key(struct step_ref *r, unsigned part)
{
	uint64_t n[2] = { (uint64_t)r->number, part };

	r->key[0] = '#';
	memcpy(r->key + 1, n, sizeof(n));
	r->key_n = 1 + sizeof(n);
}

static void refer(const struct rt_summary *s, struct step_ref *r, const struct sum_kind *kind)
{
	r->id = kind->step_id;
	r->is_id = r->id.n > 0;
	r->number = kind->step >= 0 ? kind->step : s->in_step;
	if (r->id.n) {
		int64_t named = step_number(r->id);

		set_key(r, 'i', r->id);
		if (named >= 0) {
			r->number = named;
			set_number_key(r, s->part);
		}
	} else if (r->number >= 0) {
		set_number_key(r, s->part);
	} else {
		r->id = kind->stage;
		set_key(r, 's', r->id);
	}
}

static struct rt_str view_of_key(const struct step_ref *r)
{
	return (struct rt_str){ r->key, r->key_n };
}

/* Let events that only have the stage, or only the number, find the step, too. */
static void add_aliases(struct rt_summary *s, struct rt_str stage, size_t at)
{
	struct sum_step *st = &s->steps[at];
	struct step_ref r;

	if (st->number >= 0) {
		r.number = st->number;
		set_number_key(&r, st->part);
		s->failed |= !rt_sum_put(&s->step_index, view_of_key(&r), at);
	}
	if (!stage.n)
		return;
	set_key(&r, 's', stage);
	s->failed |= !rt_sum_put(&s->step_index, view_of_key(&r), at);
	if (!st->name && st->number >= 0)
		st->name = rt_sum_keep(s, stage, SUM_KEY);
}

static struct sum_step *make_step(struct rt_summary *s, const struct step_ref *r)
{
	struct sum_step *st;
	void *v = s->steps;

	if (!rt_sum_grow(&v, &s->cap_steps, s->n_steps, sizeof(*st))) {
		s->failed = true;
		return NULL;
	}
	s->steps = v;
	st = &s->steps[s->n_steps];
	*st = (struct sum_step){ .id = r->is_id, .number = r->number, .given_ms = -1 };
	st->part = s->part;
	st->key = rt_sum_keep(s, r->id, SUM_KEY);
	if (!st->key || !rt_sum_put(&s->step_index, view_of_key(r), s->n_steps)) {
		free(st->key);
		s->failed = true;
		return NULL;
	}
	s->n_steps++;
	return st;
}

/* The name that a step event tells beside its number. */
static void name_step(struct rt_summary *s, struct sum_step *st, const struct rt_event *ev)
{
	static const char *const keys[] = { "step_name", "name" };
	struct rt_json v;

	for (size_t i = 0; i < 2 && !st->name; i++) {
		if (!rt_sum_metadata(ev, keys[i], &v) || v.type != RT_JSON_STRING)
			continue;
		rt_buf_clear(&s->scratch);
		rt_json_text(&v, &s->scratch);
		st->name = rt_sum_keep(s, rt_buf_view(&s->scratch), SUM_KEY);
	}
}

static struct sum_step *find(struct rt_summary *s, const struct step_ref *r)
{
	size_t at;

	return rt_sum_find(&s->step_index, view_of_key(r), &at) ? &s->steps[at] : NULL;
}

/* An entry that only knows the step's number; what told it then knows the name as well. */
static struct sum_step *find_untold(struct rt_summary *s, const struct step_ref *r)
{
	struct step_ref by_number = { .number = r->number };
	struct sum_step *st;

	if (r->number < 0)
		return NULL;
	set_number_key(&by_number, s->part);
	st = find(s, &by_number);
	return st && !st->told ? st : NULL;
}

/* The first step_* event of a step: from now on it is one. */
static struct sum_step *tell(struct rt_summary *s, struct sum_step *st, const struct step_ref *r)
{
	if (s->n_told == SUM_STEPS)
		return NULL;
	if (!st)
		st = find_untold(s, r);
	if (!st)
		st = make_step(s, r);
	if (!st)
		return NULL;
	st->told = ++s->n_told;
	st->id = r->is_id;
	free(st->key);
	st->key = rt_sum_keep(s, r->id, SUM_KEY);
	s->failed |= !rt_sum_put(&s->step_index, view_of_key(r), (size_t)(st - s->steps));
	return st;
}

struct sum_step *rt_sum_step(struct rt_summary *s, const struct sum_kind *kind,
			     const struct rt_event *ev)
{
	struct sum_step *st;
	struct step_ref r;

	refer(s, &r, kind);
	st = find(s, &r);
	if (!ev) {
		bool named = r.key[0] != 's' && s->n_steps - s->n_told < UNTOLD;

		return st || !named ? st : make_step(s, &r);
	}
	/* A step without any name that starts after its end is the next one. */
	if (st && r.key_n == 1 && st->ended && ev->type == RT_T_STEP_STARTED)
		st = NULL;
	if (!st || !st->told)
		st = tell(s, st, &r);
	if (!st) {
		s->more_steps += ev->type == RT_T_STEP_STARTED;
		return NULL;
	}
	name_step(s, st, ev);
	add_aliases(s, kind->stage, (size_t)(st - s->steps));
	return st;
}

void rt_sum_step_release(struct sum_step *st)
{
	free(st->key);
	free(st->name);
	free(st->error);
}

static int compare(const void *a, const void *b)
{
	const struct sum_step *x = a, *y = b;

	return x->told < y->told ? -1 : x->told > y->told;
}

/* The entries that are no steps go, the others are put in the order in which they were told. */
static void drop_untold(struct rt_summary *s)
{
	size_t n = 0;

	for (size_t i = 0; i < s->n_steps; i++) {
		if (s->steps[i].told) {
			s->steps[n++] = s->steps[i];
			continue;
		}
		s->unplaced_calls += s->steps[i].tally.usage.calls;
		rt_sum_step_release(&s->steps[i]);
	}
	s->n_steps = n;
	if (n)
		qsort(s->steps, n, sizeof(*s->steps), compare);
	rt_sum_index_release(&s->step_index);
}

void rt_sum_end_steps(struct rt_summary *s)
{
	drop_untold(s);
	for (size_t i = 0; i < s->n_steps; i++) {
		struct sum_step *st = &s->steps[i];

		if (st->name || !st->part)
			continue;
		rt_buf_clear(&s->scratch);
		rt_buf_addf(&s->scratch, "sprint_%03u", st->part);
		st->name = rt_sum_keep(s, rt_buf_view(&s->scratch), SUM_KEY);
	}
}

/* Another attempt, unless a step_retrying told of it already. */
static void start(struct sum_step *st, int64_t at_ns)
{
	if (st->announced)
		st->announced = false;
	else if (st->begun)
		st->retries++;
	st->begun = true;
	if (!st->started_ns)
		st->started_ns = at_ns;
	st->ended = st->twice = false;
	st->state = SUM_INCOMPLETE;
}

/* What the end says went wrong. */
static void take_error(struct rt_summary *s, struct sum_step *st, const struct rt_event *ev)
{
	struct rt_str error = rt_sum_field(ev, RT_F_ERROR, &s->scratch);
	struct rt_json v;

	free(st->error);
	st->error = NULL;
	if (st->state == SUM_SUCCESS || st->state == SUM_SKIPPED)
		return;
	if (!error.n && rt_sum_metadata(ev, "error", &v) && v.type == RT_JSON_STRING) {
		rt_buf_clear(&s->scratch);
		rt_json_text(&v, &s->scratch);
		error = rt_buf_view(&s->scratch);
	}
	if (error.n)
		st->error = rt_sum_keep(s, error, SUM_KEY);
}

static void end(struct rt_summary *s, struct sum_step *st, const struct rt_event *ev, int64_t at_ns)
{
	enum sum_state state = rt_sum_end_state(ev);
	struct rt_json v;
	int64_t retries;
	double ms;

	st->timeouts += state == SUM_TIMEOUT && !(st->ended && st->state == state);
	if (st->ended && st->state != state && !st->twice) {
		st->before = st->state;
		st->twice = true;
	}
	st->state = state;
	st->ended = true;
	st->announced = false;
	take_error(s, st, ev);
	if (at_ns)
		st->finished_ns = at_ns;
	st->given_ms = -1;
	if (rt_event_number(ev, RT_F_DURATION_MS, &ms) && ms >= 0 && ms < 1e15)
		st->given_ms = (int64_t)(ms + 0.5);
	if (rt_sum_metadata(ev, "retries", &v) && rt_json_int(&v, &retries) &&
	    retries > st->retries)
		st->retries = retries;
}

void rt_sum_step_event(struct rt_summary *s, struct sum_step *st, const struct rt_event *ev,
		       int64_t at_ns)
{
	if (ev->type == RT_T_STEP_STARTED) {
		start(st, at_ns);
	} else if (ev->type == RT_T_STEP_RETRYING) {
		st->retries++;
		st->announced = true;
		st->ended = st->twice = false;
		st->state = SUM_INCOMPLETE;
	} else {
		end(s, st, ev, at_ns);
	}
}

int64_t rt_sum_step_ms(const struct sum_step *st)
{
	int64_t last = st->ended ? st->finished_ns : st->tally.last_ns;

	/* what the end tells is of its own attempt */
	if (st->ended && st->given_ms >= 0 && (!st->retries || !st->started_ns))
		return st->given_ms;
	if (!st->started_ns || last < st->started_ns || (!st->ended && last == st->started_ns))
		return -1;
	return last / RT_NS_PER_MS - st->started_ns / RT_NS_PER_MS;
}
