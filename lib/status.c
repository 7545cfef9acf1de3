/*
 * What each event changes in the state of a run. States are status_state.c, the document
 * is status_parse.c and status_write.c, liveness owner.c.
 */
#include "status.h"
#include "clock.h"
#include "table.h"
#include "text.h"

#define TEXT_MAX 256
#define ERROR_MAX 1024

static struct rt_buf *const *all_texts(struct rt_status *st, struct rt_buf *texts[9])
{
	struct rt_buf *const all[9] = { &st->name,  &st->group,   &st->parent_run_id,
					&st->host,  &st->stage,   &st->step_id,
					&st->error, &st->percent, &st->extra };

	memcpy(texts, all, sizeof(all));
	return texts;
}

int rt_status_init(struct rt_status *st)
{
	struct rt_buf *texts[9];

	memset(st, 0, sizeof(*st));
	all_texts(st, texts);
	for (int i = 0; i < 9; i++)
		rt_buf_init(texts[i]);
	rt_buf_init(&st->stages.text);
	rt_buf_init(&st->steps.text);
	rt_buf_init(&st->events.text);
	st->exit_code = -1;
	st->ordered = true;
	st->keep_events = RT_STATUS_EVENTS;
	st->ledger = rt_ledger_new();
	return st->ledger ? 0 : -1;
}

void rt_status_release(struct rt_status *st)
{
	struct rt_buf *texts[9];

	all_texts(st, texts);
	for (int i = 0; i < 9; i++)
		rt_buf_release(texts[i]);
	rt_buf_release(&st->stages.text);
	rt_buf_release(&st->steps.text);
	rt_buf_release(&st->events.text);
	rt_ledger_free(st->ledger);
	st->ledger = NULL;
}

void rt_status_set_text(struct rt_buf *to, struct rt_str text, size_t max)
{
	rt_buf_clear(to);
	rt_buf_add(to, text.p, rt_utf8_cut(text, max));
}

static void take_text(struct rt_buf *to, const struct rt_event *ev, enum rt_field f, size_t max)
{
	const struct rt_json *v = rt_event_peek(ev, f);
	struct rt_buf text;

	if (!v)
		return;
	if (!(v->type == RT_JSON_STRING && v->escaped)) {
		/* Nearly always the same as before: then nothing is copied. */
		if (!rt_str_eq(v->text, rt_buf_view(to)))
			rt_status_set_text(to, v->text, max);
		return;
	}
	rt_buf_init(&text);
	rt_json_text(v, &text);
	rt_status_set_text(to, rt_buf_view(&text), max);
	rt_buf_release(&text);
}

/* The time of an event, that of the one before where it has none. */
static int64_t take_time(struct rt_status *st, bool known, int64_t ns)
{
	if (!known) {
		st->ordered = false;
		return st->updated_ns;
	}
	/* An old event that is added now does not make the run older than it is. */
	if (ns / RT_NS_PER_MS < st->updated_ns / RT_NS_PER_MS)
		st->ordered = false;
	else
		st->updated_ns = ns;
	if (!st->created_ns)
		st->created_ns = ns;
	return ns;
}

static void count(struct rt_status *st, const struct rt_event *ev)
{
	st->n_events++;
	st->n_warnings += ev->level == RT_WARNING;
	st->n_errors += ev->level >= RT_ERROR;
}

/* A stage lasts until another one begins, it is said to be completed, or the run ends. */
static void end_stage(struct rt_status *st, int64_t ns, const char *state)
{
	struct rt_entry e;

	if (st->stage.len == 0)
		return;
	if (rt_entry_load(&e, &st->stages, NULL, rt_buf_view(&st->stage)) && rt_entry_running(&e)) {
		rt_entry_end(&e, ns, -1, state);
		rt_entry_store(&e, &st->stages);
	}
	rt_entry_release(&e);
}

static void begin_stage(struct rt_status *st, int64_t ns)
{
	struct rt_entry e;

	rt_entry_load(&e, &st->stages, NULL, rt_buf_view(&st->stage));
	rt_entry_begin(&e, ns);
	rt_entry_store(&e, &st->stages);
	rt_entry_release(&e);
}

static bool same_stage(const struct rt_status *st, const struct rt_event *ev)
{
	const struct rt_json *v = rt_event_peek(ev, RT_F_STAGE);
	struct rt_buf text;
	bool same;

	if (!v || v->text.n == 0)
		return true; /* an empty stage is none */
	if (!v->escaped && v->text.n <= TEXT_MAX)
		return rt_str_eq(v->text, rt_buf_view(&st->stage));
	rt_buf_init(&text);
	rt_json_text(v, &text);
	text.len = rt_utf8_cut(rt_buf_view(&text), TEXT_MAX);
	same = rt_str_eq(rt_buf_view(&text), rt_buf_view(&st->stage));
	rt_buf_release(&text);
	return same;
}

static bool ends_step(const struct rt_event *ev)
{
	return ev->type == RT_T_STEP_COMPLETED || ev->type == RT_T_STEP_FAILED ||
	       ev->type == RT_T_STEP_SKIPPED;
}

static void apply_stage(struct rt_status *st, const struct rt_event *ev, int64_t ns)
{
	/* The end of a step that went on beside others does not begin its stage again. */
	if (!ends_step(ev) && !same_stage(st, ev)) {
		end_stage(st, ns, "completed");
		take_text(&st->stage, ev, RT_F_STAGE, TEXT_MAX);
		begin_stage(st, ns);
	}
	if (ev->type == RT_T_PHASE_COMPLETED)
		end_stage(st, ns, "completed");
	take_text(&st->percent, ev, RT_F_PERCENT, TEXT_MAX);
}

/* timeout(1) and rt end with 124 when time ran out. */
static bool timed_out(const struct rt_event *ev)
{
	struct rt_json metadata, code;

	return rt_event_get(ev, RT_F_METADATA, &metadata) &&
	       rt_scan_find(metadata.text, rt_str("exit_code"), &code) &&
	       rt_str_is(code.text, "124");
}

/* What a step that ended is called in the table. */
static const char *step_result(const struct rt_event *ev)
{
	struct rt_json result;

	if (ev->type == RT_T_STEP_COMPLETED)
		return "success";
	if (ev->type == RT_T_STEP_SKIPPED)
		return "skipped";
	if (rt_event_get(ev, RT_F_RESULT, &result)) {
		if (rt_json_is(&result, "timeout"))
			return "timeout";
		if (rt_json_is(&result, "cancelled"))
			return "cancelled";
	}
	return timed_out(ev) ? "timeout" : "failed";
}

/* The same of its stage: a state of runs. */
static const char *stage_result(struct rt_str step)
{
	if (rt_str_is(step, "success") || rt_str_is(step, "skipped"))
		return "completed";
	return rt_str_is(step, "cancelled") ? "cancelled" : "failed";
}

/* Measured by who ended it: no clock that was set meanwhile is in it. -1: it does not say. */
static int64_t took_ms(const struct rt_event *ev)
{
	double ms;

	return rt_event_number(ev, RT_F_DURATION_MS, &ms) && ms >= 0 && ms < 9e15 ? (int64_t)ms :
										    -1;
}

static void apply_step(struct rt_status *st, const struct rt_event *ev, int64_t ns)
{
	struct rt_buf id;
	struct rt_entry e;

	rt_buf_init(&id);
	if (!rt_event_step_id(ev, &id))
		goto out;
	id.len = rt_utf8_cut(rt_buf_view(&id), TEXT_MAX);
	rt_entry_load(&e, &st->steps, "step_id", rt_buf_view(&id));
	if (e.name.len == 0)
		take_text(&e.name, ev, RT_F_STAGE, TEXT_MAX);
	switch (ev->type) {
	case RT_T_STEP_STARTED:
		e.retries += e.finished_ns != 0;
		rt_entry_begin(&e, ns);
		rt_status_set_text(&st->step_id, rt_buf_view(&id), TEXT_MAX);
		break;
	case RT_T_STEP_RETRYING:
		e.retries++;
		rt_entry_begin(&e, ns); /* its next start is this retry */
		break;
	default:
		rt_entry_end(&e, ns, took_ms(ev), step_result(ev));
		/* A step's name is the stage while it lasts. */
		if (rt_str_eq(rt_buf_view(&e.name), rt_buf_view(&st->stage)))
			end_stage(st, ns, stage_result(rt_buf_view(&e.status)));
		if (rt_str_eq(rt_buf_view(&st->step_id), rt_buf_view(&id)))
			rt_buf_clear(&st->step_id);
	}
	rt_entry_store(&e, &st->steps);
	rt_entry_release(&e);
out:
	rt_buf_release(&id);
}

/* What the runner keeps in the metadata of its events. */
static void take_owner(struct rt_status *st, const struct rt_event *ev)
{
	struct rt_json metadata, v;

	memset(&st->owner, 0, sizeof(st->owner));
	if (rt_event_get(ev, RT_F_METADATA, &metadata) &&
	    rt_scan_find(metadata.text, rt_str("owner"), &v) && v.type == RT_JSON_OBJECT)
		rt_owner_parse(&st->owner, v.text);
}

static void take_result(struct rt_status *st, const struct rt_event *ev)
{
	struct rt_json metadata, v;
	int64_t n;

	if (!rt_event_get(ev, RT_F_METADATA, &metadata))
		return;
	if (rt_scan_find(metadata.text, rt_str("exit_code"), &v) && rt_json_int(&v, &n) && n >= 0 &&
	    n < 256)
		st->exit_code = (int)n;
	if (rt_scan_find(metadata.text, rt_str("signal"), &v) && rt_json_int(&v, &n) && n > 0 &&
	    n < 128)
		st->signal = (int)n;
	if (rt_scan_find(metadata.text, rt_str("resources"), &v) && v.type == RT_JSON_OBJECT)
		rt_resources_parse(&st->resources, v.text);
}

static void end_run(struct rt_status *st, const struct rt_event *ev, int64_t ns)
{
	st->finished_ns = ns;
	take_result(st, ev);
	take_text(&st->error, ev, RT_F_ERROR, ERROR_MAX);
	if (st->state != RT_COMPLETED && st->error.len == 0 && st->foreign)
		take_text(&st->error, ev, RT_F_MESSAGE, ERROR_MAX);
	end_stage(st, ns, rt_state_name(st->state));
	rt_table_end_running(&st->steps, ns, "incomplete");
	rt_buf_clear(&st->step_id);
}

static void begin_run(struct rt_status *st, const struct rt_event *ev, int64_t ns)
{
	take_owner(st, ev);
	if (!st->started_ns)
		st->started_ns = ns;
	st->finished_ns = 0;
	st->exit_code = -1;
	st->signal = 0;
	st->resources.known = false;
	rt_buf_clear(&st->error);
}

static void change_state(struct rt_status *st, enum rt_state to, bool resume,
			 const struct rt_event *ev, int64_t ns)
{
	if (!rt_state_allows(st->state, to, resume))
		return;
	if (to == RT_RUNNING && st->state != RT_PAUSED)
		begin_run(st, ev, ns);
	st->state = to;
	if (rt_state_over(to))
		end_run(st, ev, ns);
}

static void apply_state(struct rt_status *st, const struct rt_event *ev, int64_t ns)
{
	/* A run of another system goes on from its first event, whatever that says. */
	if (st->foreign && st->state == RT_PENDING)
		change_state(st, RT_RUNNING, false, ev, ns);
	switch (ev->type) {
	case RT_T_SESSION_STARTED:
		if (!st->foreign)
			return;
		/* fall through */
	case RT_T_RUN_STARTED:
		change_state(st, RT_RUNNING, false, ev, ns);
		break;
	case RT_T_RUN_RESUMED:
		change_state(st, RT_RUNNING, true, ev, ns);
		break;
	case RT_T_RUN_PAUSED:
		change_state(st, RT_PAUSED, false, ev, ns);
		break;
	case RT_T_SESSION_COMPLETED:
		if (!st->foreign)
			return;
		/* fall through */
	case RT_T_RUN_COMPLETED:
		change_state(st, RT_COMPLETED, false, ev, ns);
		break;
	case RT_T_SESSION_FAILED:
		if (!st->foreign)
			return;
		/* fall through */
	case RT_T_RUN_FAILED:
		change_state(st, RT_FAILED, false, ev, ns);
		break;
	case RT_T_SESSION_ABORTED:
		if (!st->foreign)
			return;
		/* fall through */
	case RT_T_RUN_CANCELLED:
		change_state(st, RT_CANCELLED, false, ev, ns);
		break;
	default:
		break;
	}
}

static bool may_change_state(const struct rt_status *st, enum rt_type type)
{
	return st->foreign || (type >= RT_T_RUN_STARTED && type <= RT_T_RUN_RESUMED);
}

void rt_status_apply(struct rt_status *st, const struct rt_event *ev)
{
	int64_t ns = 0;
	bool known = rt_event_time(ev, &ns);

	ns = take_time(st, known, ns);
	count(st, ev);
	rt_ledger_add(st->ledger, ev, NULL);
	apply_stage(st, ev, ns);
	if (ev->type >= RT_T_STEP_STARTED && ev->type <= RT_T_STEP_SKIPPED)
		apply_step(st, ev, ns);
	if (may_change_state(st, ev->type))
		apply_state(st, ev, ns);
}

void rt_status_follow(struct rt_status *st, int64_t at_ns, const struct rt_event *ev)
{
	int64_t ns = take_time(st, at_ns != 0, at_ns);

	if (ev && may_change_state(st, ev->type))
		apply_state(st, ev, ns);
}

void rt_status_push(struct rt_status *st, const struct rt_event *ev)
{
	rt_event_write_brief(ev, &st->events.text);
	rt_buf_add(&st->events.text, ",\n", 2);
	st->events.n++;
	while (st->events.n > st->keep_events)
		rt_table_drop(&st->events);
}
