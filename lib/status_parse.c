/*
 * Reading status.json. rt's layout, which status_write.c writes, is read by lines,
 * any other by scanning the JSON.
 */
#include "clock.h"
#include "status.h"
#include "table.h"

#include <stdio.h>

#define COUNT_MAX (INT64_C(1) << 53)
#define EXTRA_MAX 8192 /* of members that rt does not know */

static void take_time(const struct rt_json *v, int64_t *ns)
{
	int64_t parsed;

	if ((v->type == RT_JSON_STRING && rt_clock_parse(v->text, &parsed)) ||
	    (v->type != RT_JSON_STRING && rt_clock_parse_number(v->text, &parsed)))
		*ns = parsed;
}

static void take_string(const struct rt_json *v, struct rt_buf *to)
{
	rt_buf_clear(to);
	rt_json_text(v, to);
}

void rt_owner_parse(struct rt_owner *o, struct rt_str object)
{
	struct rt_scan s;
	struct rt_member m;

	if (rt_scan_init(&s, object) < 0)
		return;
	while (rt_scan_next(&s, &m) > 0) {
		if (rt_json_is(&m.key, "pid"))
			rt_json_int(&m.value, &o->pid);
		else if (rt_json_is(&m.key, "start_ticks"))
			rt_json_int(&m.value, &o->start_ticks);
		else if (rt_json_is(&m.key, "pid_ns"))
			rt_json_int(&m.value, &o->pid_ns);
		else if (rt_json_is(&m.key, "boot_id"))
			snprintf(o->boot_id, sizeof(o->boot_id), "%.*s",
				 m.value.text.n < 40 ? (int)m.value.text.n : 39, m.value.text.p);
	}
}

/* Integers of a small object, by name. */
struct number {
	const char *name;
	int64_t *to;
};

static void take_numbers(struct rt_str object, const struct number *numbers, size_t n)
{
	struct rt_scan s;
	struct rt_member m;

	if (rt_scan_init(&s, object) < 0)
		return;
	while (rt_scan_next(&s, &m) > 0) {
		for (size_t i = 0; i < n; i++) {
			int64_t v;

			/* Larger ones nobody counted to, and adding to them would overflow. */
			if (rt_json_is(&m.key, numbers[i].name) && rt_json_int(&m.value, &v) &&
			    v >= 0 && v < COUNT_MAX)
				*numbers[i].to = v;
		}
	}
}

/* What a document says of use, before it goes into the ledger. */
struct saved_usage {
	struct rt_usage total;
	struct rt_str open_requests;
};

/* The scalar members. False for a name that is none of them. */
static bool take_scalar(struct rt_status *st, struct saved_usage *u, const struct rt_member *m)
{
	const struct {
		const char *name;
		struct rt_buf *to;
	} texts[] = {
		{ "name", &st->name },
		{ "group", &st->group },
		{ "parent_run_id", &st->parent_run_id },
		{ "host", &st->host },
		{ "stage", &st->stage },
		{ "step_id", &st->step_id },
		{ "error", &st->error },
		{ "percent", &st->percent },
	};
	const struct {
		const char *name;
		int64_t *to;
	} times[] = {
		{ "created_at", &st->created_ns },
		{ "updated_at", &st->updated_ns },
		{ "started_at", &st->started_ns },
		{ "finished_at", &st->finished_ns },
	};
	int64_t n;

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		if (rt_json_is(&m->key, texts[i].name))
			return take_string(&m->value, texts[i].to), true;
	}
	for (size_t i = 0; i < sizeof(times) / sizeof(*times); i++) {
		if (rt_json_is(&m->key, times[i].name))
			return take_time(&m->value, times[i].to), true;
	}
	if (rt_json_is(&m->key, "exit_code") && rt_json_int(&m->value, &n) && n >= 0 && n < 256)
		st->exit_code = (int)n;
	else if (rt_json_is(&m->key, "signal") && rt_json_int(&m->value, &n) && n > 0 && n < 128)
		st->signal = (int)n;
	else if (rt_json_is(&m->key, "events_size"))
		rt_json_int(&m->value, &st->events_size);
	else if (rt_json_is(&m->key, "ordered"))
		st->ordered = m->value.type == RT_JSON_TRUE;
	else if (rt_json_is(&m->key, "cost_usd"))
		rt_json_number(&m->value, &u->total.cost_usd);
	else if (rt_json_is(&m->key, "llm_calls"))
		rt_json_int(&m->value, &u->total.calls);
	else if (rt_json_is(&m->key, "open_requests"))
		u->open_requests = m->value.text;
	else
		return rt_json_is(&m->key, "duration_ms");
	return true;
}

static bool take_head(struct rt_status *st, struct saved_usage *u, const struct rt_member *m)
{
	const struct number counts[] = {
		{ "events", &st->n_events },
		{ "warnings", &st->n_warnings },
		{ "errors", &st->n_errors },
	};
	const struct number tokens[] = {
		{ "prompt", &u->total.prompt },
		{ "completion", &u->total.completion },
		{ "total", &u->total.total },
	};
	struct rt_buf text;

	if (rt_json_is(&m->key, "run_id") || rt_json_is(&m->key, "status")) {
		rt_buf_init(&text);
		rt_json_text(&m->value, &text);
		if (rt_json_is(&m->key, "run_id"))
			snprintf(st->run_id, sizeof(st->run_id), "%s", text.s);
		else if (rt_state_find(rt_buf_view(&text), &st->state) && st->state >= RT_LOST)
			st->state = RT_RUNNING; /* that is for readers to find out */
		rt_buf_release(&text);
	} else if (rt_json_is(&m->key, "owner")) {
		rt_owner_parse(&st->owner, m->value.text);
	} else if (rt_json_is(&m->key, "resources") && m->value.type == RT_JSON_OBJECT) {
		rt_resources_parse(&st->resources, m->value.text);
	} else if (rt_json_is(&m->key, "counts")) {
		take_numbers(m->value.text, counts, 3);
	} else if (rt_json_is(&m->key, "tokens")) {
		take_numbers(m->value.text, tokens, 3);
	} else {
		return m->value.type == RT_JSON_NULL || take_scalar(st, u, m);
	}
	return true;
}

static void take_extra(struct rt_status *st, const struct rt_member *m)
{
	if (st->extra.len + m->key.text.n + m->value.text.n > EXTRA_MAX)
		return;
	rt_buf_adds(&st->extra, ",\"");
	rt_buf_addv(&st->extra, m->key.text);
	rt_buf_adds(&st->extra, "\":");
	if (m->value.type == RT_JSON_STRING) {
		rt_buf_addc(&st->extra, '"');
		rt_buf_addv(&st->extra, m->value.text);
		rt_buf_addc(&st->extra, '"');
		return;
	}
	for (size_t i = 0; i < m->value.text.n; i++) {
		char c = m->value.text.p[i];

		/* Line ends between tokens would break the layout; in strings there are none. */
		if (c != '\n' && c != '\r')
			rt_buf_addc(&st->extra, c);
	}
}

static struct rt_table *table_named(struct rt_status *st, struct rt_str name)
{
	if (rt_str_is(name, "events"))
		return &st->events;
	if (rt_str_is(name, "stages"))
		return &st->stages;
	return rt_str_is(name, "steps") ? &st->steps : NULL;
}

static void take_table(struct rt_table *t, struct rt_str array)
{
	struct rt_scan s;
	struct rt_member m;

	rt_table_clear(t);
	if (rt_scan_init(&s, array) < 0 || s.close != ']')
		return;
	while (rt_scan_next(&s, &m) > 0) {
		if (m.value.type == RT_JSON_OBJECT)
			rt_table_add(t, m.value.text);
	}
}

static bool take_object(struct rt_status *st, struct rt_str text)
{
	struct saved_usage u = { .open_requests = { "", 0 } };
	struct rt_scan s;
	struct rt_member m;
	bool id = false, state = false;
	int got;

	if (rt_scan_init(&s, text) < 0 || s.close != '}')
		return false;
	while ((got = rt_scan_next(&s, &m)) > 0) {
		struct rt_table *t = table_named(st, m.key.text);

		id |= rt_json_is(&m.key, "run_id");
		state |= rt_json_is(&m.key, "status");
		if (t)
			take_table(t, m.value.text);
		else if (!take_head(st, &u, &m))
			take_extra(st, &m);
	}
	rt_ledger_load(st->ledger, &u.total, u.open_requests);
	return got == 0 && id && state;
}

/* A line of the text, without its newline; what is left begins after it. */
static bool next_line(struct rt_str *rest, struct rt_str *line)
{
	const char *nl = rest->n ? memchr(rest->p, '\n', rest->n) : NULL;

	if (!nl)
		return false;
	*line = (struct rt_str){ rest->p, (size_t)(nl - rest->p) };
	rest->n -= line->n + 1;
	rest->p = nl + 1;
	return true;
}

/* "name":[ in rt's layout, with every entry a line. */
static bool take_lines(struct rt_status *st, struct rt_str *rest, bool *last)
{
	struct rt_str line;
	struct rt_table *t;
	const char *begin;

	if (!next_line(rest, &line) || line.n < 4 || line.p[0] != '"' ||
	    memcmp(line.p + line.n - 3, "\":[", 3) != 0)
		return false;
	t = table_named(st, (struct rt_str){ line.p + 1, line.n - 4 });
	if (!t)
		return false;
	rt_table_clear(t);
	begin = rest->p;
	while (next_line(rest, &line) && line.n > 1 && line.p[0] == '{')
		t->n++;
	*last = rt_str_is(line, "]}");
	if (!*last && !rt_str_is(line, "],"))
		return false;
	rt_buf_add(&t->text, begin, (size_t)(line.p - begin));
	/* The last entry has no comma in the file. */
	if (t->n)
		rt_buf_splice(&t->text, t->text.len - 1, 0, ",", 1);
	return true;
}

static bool take_layout(struct rt_status *st, struct rt_str text)
{
	struct rt_str rest = text, line;
	struct rt_buf head;
	bool ok, last = false;

	if (!next_line(&rest, &line) || line.n < 2 || line.p[line.n - 1] != ',')
		return false;
	rt_buf_init(&head);
	rt_buf_add(&head, line.p, line.n - 1);
	rt_buf_addc(&head, '}');
	ok = !head.failed && take_object(st, rt_buf_view(&head));
	rt_buf_release(&head);
	while (ok && !last)
		ok = take_lines(st, &rest, &last);
	return ok && rest.n == 0;
}

int rt_status_parse(struct rt_status *st, struct rt_str text, struct rt_err *err)
{
	size_t keep = st->keep_events;
	bool foreign = st->foreign;

	st->events_size = -1;
	if (take_layout(st, text))
		return 0;
	/* Begin again: half of it may be there. */
	rt_status_release(st);
	if (rt_status_init(st) < 0)
		return rt_err_set(err, RT_ERR_FAILURE, "out of memory");
	st->keep_events = keep;
	st->foreign = foreign;
	st->events_size = -1;
	st->ordered = false;
	if (take_object(st, text))
		return 0;
	return rt_err_set(err, RT_ERR_FAILURE, "not a valid status.json");
}
