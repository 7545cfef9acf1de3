/* The tables of status.json, changed by splicing lines of text. See table.h. */
#include "table.h"
#include "clock.h"
#include "text.h"

#include <inttypes.h>
#include <stdio.h>

bool rt_table_next(const struct rt_table *t, size_t *at, struct rt_str *entry)
{
	size_t begin = *at ? *at : t->from;
	const char *nl;

	if (begin >= t->text.len)
		return false;
	nl = memchr(t->text.s + begin, '\n', t->text.len - begin);
	if (!nl)
		return false;
	*entry = (struct rt_str){ t->text.s + begin, (size_t)(nl - t->text.s) - begin - 1 };
	*at = begin + entry->n + 2;
	return true;
}

void rt_table_clear(struct rt_table *t)
{
	rt_buf_clear(&t->text);
	t->n = t->from = 0;
}

void rt_table_drop(struct rt_table *t)
{
	struct rt_str entry;
	size_t at = 0;

	if (!rt_table_next(t, &at, &entry))
		return;
	t->n--;
	t->from = at;
	/* Moving what is left only now and then keeps a long stream linear. */
	if (t->from > RT_STATUS_MAX) {
		rt_buf_splice(&t->text, 0, t->from, NULL, 0);
		t->from = 0;
	}
}

/* White space outside of strings goes, so that an entry is one line. */
static void add_compact(struct rt_buf *out, struct rt_str json)
{
	bool string = false;

	for (size_t i = 0; i < json.n; i++) {
		char c = json.p[i];

		if (!string && strchr(" \t\r\n", c))
			continue;
		rt_buf_addc(out, c);
		if (string && c == '\\' && i + 1 < json.n)
			rt_buf_addc(out, json.p[++i]);
		else if (c == '"')
			string = !string;
	}
}

void rt_table_add(struct rt_table *t, struct rt_str object)
{
	add_compact(&t->text, object);
	rt_buf_add(&t->text, ",\n", 2);
	t->n++;
}

static void take_member(struct rt_entry *e, const struct rt_member *m, const char *id_key)
{
	if (id_key && rt_json_is(&m->key, id_key)) {
		rt_buf_clear(&e->id);
		rt_json_text(&m->value, &e->id);
	} else if (rt_json_is(&m->key, "name")) {
		rt_buf_clear(&e->name);
		rt_json_text(&m->value, &e->name);
	} else if (rt_json_is(&m->key, "status")) {
		rt_json_text(&m->value, &e->status);
	} else if (rt_json_is(&m->key, "started_at")) {
		rt_clock_parse(m->value.text, &e->started_ns);
	} else if (rt_json_is(&m->key, "finished_at")) {
		rt_clock_parse(m->value.text, &e->finished_ns);
	} else if (rt_json_is(&m->key, "retries")) {
		rt_json_int(&m->value, &e->retries);
	}
}

static void parse_entry(struct rt_entry *e, struct rt_str text, const char *id_key)
{
	struct rt_scan s;
	struct rt_member m;

	if (rt_scan_init(&s, text) < 0)
		return;
	while (rt_scan_next(&s, &m) > 0)
		take_member(e, &m, id_key);
}

/* Where the entry that begins with `{"KEY":"VALUE"` stands. */
static bool find(const struct rt_table *t, const char *key, struct rt_str value,
		 struct rt_str *entry)
{
	struct rt_buf head;
	size_t at = 0;
	bool found = false;

	rt_buf_init(&head);
	rt_buf_addf(&head, "{\"%s\":", key);
	rt_json_quote(&head, value);
	while (!found && rt_table_next(t, &at, entry))
		found = entry->n > head.len && memcmp(entry->p, head.s, head.len) == 0;
	rt_buf_release(&head);
	return found;
}

bool rt_entry_load(struct rt_entry *e, const struct rt_table *t, const char *id_key,
		   struct rt_str value)
{
	struct rt_str entry;

	memset(e, 0, sizeof(*e));
	e->took_ms = -1;
	rt_buf_init(&e->id);
	rt_buf_init(&e->name);
	rt_buf_init(&e->status);
	rt_buf_addv(id_key ? &e->id : &e->name, value);
	if (!find(t, id_key ? id_key : "name", value, &entry))
		return false;
	e->at = (size_t)(entry.p - t->text.s);
	e->len = entry.n;
	parse_entry(e, entry, id_key);
	return true;
}

void rt_entry_release(struct rt_entry *e)
{
	rt_buf_release(&e->id);
	rt_buf_release(&e->name);
	rt_buf_release(&e->status);
}

bool rt_entry_running(const struct rt_entry *e)
{
	return rt_str_is(rt_buf_view(&e->status), "running");
}

void rt_entry_begin(struct rt_entry *e, int64_t ns)
{
	if (!e->started_ns)
		e->started_ns = ns;
	e->finished_ns = 0;
	e->took_ms = -1;
	rt_status_set_text(&e->status, rt_str("running"), SIZE_MAX);
}

void rt_entry_end(struct rt_entry *e, int64_t ns, int64_t took_ms, const char *status)
{
	if (!e->started_ns)
		e->started_ns = ns;
	e->finished_ns = ns;
	e->took_ms = took_ms;
	rt_status_set_text(&e->status, rt_str(status), SIZE_MAX);
}

static void add_time(struct rt_buf *out, const char *key, int64_t ns)
{
	char ts[RT_TS_LEN + 1];

	if (!ns)
		return;
	rt_clock_format(ts, ns);
	rt_buf_addf(out, ",\"%s\":\"%s\"", key, ts);
}

static void write_entry(const struct rt_entry *e, struct rt_buf *out)
{
	rt_buf_addc(out, '{');
	if (e->id.len) {
		rt_buf_adds(out, "\"step_id\":");
		rt_json_quote(out, rt_buf_view(&e->id));
	}
	if (e->name.len) {
		rt_buf_adds(out, e->id.len ? ",\"name\":" : "\"name\":");
		rt_json_quote(out, rt_buf_view(&e->name));
	}
	rt_buf_addf(out, ",\"status\":\"%s\"", e->status.len ? e->status.s : "running");
	add_time(out, "started_at", e->started_ns);
	add_time(out, "finished_at", e->finished_ns);
	if (e->took_ms >= 0)
		rt_buf_addf(out, ",\"duration_ms\":%" PRId64, e->took_ms);
	else if (e->finished_ns && e->finished_ns >= e->started_ns)
		rt_buf_addf(out, ",\"duration_ms\":%" PRId64,
			    e->finished_ns / RT_NS_PER_MS - e->started_ns / RT_NS_PER_MS);
	if (e->retries)
		rt_buf_addf(out, ",\"retries\":%" PRId64, e->retries);
	rt_buf_addc(out, '}');
}

void rt_entry_store(const struct rt_entry *e, struct rt_table *t)
{
	struct rt_buf text;

	rt_buf_init(&text);
	write_entry(e, &text);
	if (e->len) {
		rt_buf_splice(&t->text, e->at, e->len, text.s, text.len);
	} else {
		rt_table_add(t, rt_buf_view(&text));
		while (t->n > RT_STATUS_TABLE)
			rt_table_drop(t);
	}
	rt_buf_release(&text);
}

void rt_table_end_running(struct rt_table *t, int64_t ns, const char *status)
{
	struct rt_table ended = { .n = 0 };
	struct rt_str entry;
	size_t at = 0;

	rt_buf_init(&ended.text);
	while (rt_table_next(t, &at, &entry)) {
		struct rt_entry e;

		rt_entry_load(&e, &ended, "step_id", (struct rt_str){ "", 0 });
		parse_entry(&e, entry, "step_id");
		if (rt_entry_running(&e)) {
			rt_entry_end(&e, ns, -1, status);
			rt_entry_store(&e, &ended);
		} else {
			rt_table_add(&ended, entry);
		}
		rt_entry_release(&e);
	}
	rt_buf_release(&t->text);
	*t = ended;
}
