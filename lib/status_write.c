/*
 * Writing status.json: one line of scalar members, and one line for each table entry.
 */
#include "clock.h"
#include "status.h"
#include "table.h"
#include "text.h"

#include <inttypes.h>

#define HEAD_TEXT_MAX \
	1024 /* of each text outside of the tables; status.c cuts most of them sooner */

/* Another program's text, or a person's name for a run, may have any length. */
static void add_text(struct rt_buf *out, const char *key, const struct rt_buf *text)
{
	if (text->len == 0)
		return;
	rt_buf_addf(out, ",\"%s\":", key);
	rt_json_quote(out,
		      (struct rt_str){ text->s, rt_utf8_cut(rt_buf_view(text), HEAD_TEXT_MAX) });
}

static void add_time(struct rt_buf *out, const char *key, int64_t ns)
{
	char ts[RT_TS_LEN + 1];

	rt_clock_format(ts, ns);
	rt_buf_addf(out, ",\"%s\":\"%s\"", key, ts);
}

static void add_int(struct rt_buf *out, const char *key, int64_t n)
{
	rt_buf_addf(out, ",\"%s\":%" PRId64, key, n);
}

void rt_owner_write(const struct rt_owner *o, struct rt_buf *out)
{
	rt_buf_addf(out, "{\"pid\":%" PRId64, o->pid);
	if (o->start_ticks)
		add_int(out, "start_ticks", o->start_ticks);
	if (o->boot_id[0]) {
		rt_buf_adds(out, ",\"boot_id\":");
		rt_json_quote(out, rt_str(o->boot_id));
	}
	if (o->pid_ns)
		add_int(out, "pid_ns", o->pid_ns);
	rt_buf_addc(out, '}');
}

static void add_usage(struct rt_buf *out, const struct rt_ledger *ledger)
{
	const struct rt_usage *u = rt_ledger_total(ledger);
	struct rt_buf requests;

	rt_usage_write(u, out);
	if (u->calls)
		add_int(out, "llm_calls", u->calls);
	rt_buf_init(&requests);
	rt_ledger_save_open(ledger, &requests);
	if (requests.len)
		rt_buf_addf(out, ",\"open_requests\":%s", requests.s);
	rt_buf_release(&requests);
}

static void add_head(const struct rt_status *st, struct rt_buf *out)
{
	rt_buf_adds(out, "{\"run_id\":");
	rt_json_quote(out, rt_str(st->run_id));
	rt_buf_addf(out, ",\"status\":\"%s\"", rt_state_name(st->state));
	add_time(out, "created_at", st->created_ns);
	add_time(out, "updated_at", st->updated_ns);
	add_text(out, "name", &st->name);
	add_text(out, "group", &st->group);
	add_text(out, "parent_run_id", &st->parent_run_id);
	if (st->started_ns)
		add_time(out, "started_at", st->started_ns);
	if (st->finished_ns) {
		add_time(out, "finished_at", st->finished_ns);
		if (st->started_ns && st->finished_ns >= st->started_ns)
			add_int(out, "duration_ms",
				st->finished_ns / RT_NS_PER_MS - st->started_ns / RT_NS_PER_MS);
	}
	add_text(out, "stage", &st->stage);
	if (st->percent.len <= HEAD_TEXT_MAX && rt_json_is_number(rt_buf_view(&st->percent)))
		rt_buf_addf(out, ",\"percent\":%s", st->percent.s);
	add_text(out, "step_id", &st->step_id);
	if (st->exit_code >= 0)
		add_int(out, "exit_code", st->exit_code);
	if (st->signal)
		add_int(out, "signal", st->signal);
	if (st->resources.known) {
		rt_buf_adds(out, ",\"resources\":");
		rt_resources_write(&st->resources, out);
	}
	add_text(out, "error", &st->error);
	add_text(out, "host", &st->host);
	if (st->owner.pid) {
		rt_buf_adds(out, ",\"owner\":");
		rt_owner_write(&st->owner, out);
	}
	rt_buf_addf(out,
		    ",\"counts\":{\"events\":%" PRId64 ",\"warnings\":%" PRId64
		    ",\"errors\":%" PRId64 "}",
		    st->n_events, st->n_warnings, st->n_errors);
	add_usage(out, st->ledger);
	if (st->events_size >= 0) {
		add_int(out, "events_size", st->events_size);
		rt_buf_addf(out, ",\"ordered\":%s", st->ordered ? "true" : "false");
	}
	rt_buf_addv(out, rt_buf_view(&st->extra));
}

static size_t table_size(const struct rt_table *t)
{
	return t->text.len - t->from + 16;
}

static void add_table(struct rt_buf *out, const char *name, const struct rt_table *t)
{
	rt_buf_addf(out, ",\n\"%s\":[\n", name);
	if (t->n) {
		rt_buf_add(out, t->text.s + t->from, t->text.len - t->from - 2);
		rt_buf_addc(out, '\n');
	}
	rt_buf_addc(out, ']');
}

/* The oldest entries go, of the largest table first, until all fits. */
static void fit(struct rt_status *st, size_t head)
{
	struct rt_table *tables[] = { &st->stages, &st->steps, &st->events };

	for (;;) {
		struct rt_table *largest = tables[0];
		size_t total = head;

		for (int i = 0; i < 3; i++) {
			total += table_size(tables[i]);
			if (table_size(tables[i]) > table_size(largest))
				largest = tables[i];
		}
		if (total < RT_STATUS_MAX || largest->n == 0)
			return;
		rt_table_drop(largest);
	}
}

void rt_status_write(struct rt_status *st, struct rt_buf *out)
{
	size_t start = out->len;

	add_head(st, out);
	fit(st, out->len - start);
	rt_buf_reserve_exact(out, table_size(&st->stages) + table_size(&st->steps) +
					  table_size(&st->events));
	if (st->stages.n)
		add_table(out, "stages", &st->stages);
	if (st->steps.n)
		add_table(out, "steps", &st->steps);
	add_table(out, "events", &st->events);
	rt_buf_adds(out, "}\n");
}
