/* The lower part of what rt-status shows of one run: steps, stages, last output and events. */
#include "clock.h"
#include "evlog.h"
#include "runfile.h"
#include "scan.h"
#include "status_view.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define TABLE_ROWS 12   /* steps or stages shown: the last ones */
#define NAME_COLUMNS 42 /* that a name has at least */
#define REST_COLUMNS 38 /* what is beside it: state, duration, retries */

/* A text member of an entry, made inert. */
static void add_member(struct rt_buf *b, struct rt_str entry, const char *key)
{
	struct rt_json value;
	struct rt_buf text;

	if (!rt_scan_find(entry, rt_str(key), &value))
		return;
	rt_buf_init(&text);
	rt_json_text(&value, &text);
	rt_inert_add(b, rt_buf_view(&text));
	rt_buf_release(&text);
}

static bool member_time(struct rt_str entry, const char *key, int64_t *ns)
{
	struct rt_json value;

	return rt_scan_find(entry, rt_str(key), &value) && value.type == RT_JSON_STRING &&
	       rt_clock_parse(value.text, ns);
}

/* How long an entry took, or has taken so far. */
static void add_entry_span(struct rt_buf *b, const struct status_view *v, struct rt_str entry)
{
	int64_t ms, from, to;
	struct rt_json value;
	char text[32] = "";

	if (rt_scan_find(entry, rt_str("duration_ms"), &value) && rt_json_int(&value, &ms)) {
		rt_duration_format_ms(text, ms);
	} else if (member_time(entry, "started_at", &from)) {
		if (!member_time(entry, "finished_at", &to))
			to = v->state == RT_RUNNING ? v->now_ns : v->st.updated_ns;
		if (to >= from)
			rt_duration_format(text, rt_clock_span(from, to));
	}
	rt_buf_adds(b, text);
}

/* What became of an entry. One that nobody ended ended with the run, a step without a result. */
static void add_entry_status(struct rt_buf *b, const struct status_view *v, struct rt_str entry)
{
	struct rt_json id;

	add_member(b, entry, "status");
	if (!rt_state_over(v->state) || strcmp(b->s, "running") != 0)
		return;
	rt_buf_clear(b);
	rt_buf_adds(b, rt_scan_find(entry, rt_str("step_id"), &id) ? "incomplete" :
								     rt_state_name(v->state));
}

static enum out_style entry_style(struct rt_str status)
{
	enum rt_state state;

	if (rt_str_is(status, "timeout") || rt_str_is(status, "incomplete"))
		return STYLE_BAD;
	return rt_state_find(status, &state) ? out_state_style(state) : STYLE_PLAIN;
}

/* What an entry is called, with the id where it is a step, in at most so many columns. */
static void add_name(struct rt_buf *b, struct rt_str entry, size_t columns)
{
	struct rt_buf name;

	rt_buf_init(&name);
	add_member(&name, entry, "step_id");
	if (name.len)
		rt_buf_adds(&name, "  ");
	add_member(&name, entry, "name");
	rt_text_fit(b, rt_buf_view(&name), columns);
	rt_buf_release(&name);
}

static void print_entry(const struct status_view *v, struct out *o, struct rt_str entry,
			size_t width)
{
	struct rt_buf name, status, rest;

	rt_buf_init(&name);
	rt_buf_init(&status);
	rt_buf_init(&rest);
	add_name(&name, entry, width);
	add_entry_status(&status, v, entry);
	add_entry_span(&rest, v, entry);
	fprintf(o->f, "  %.*s%*s  %s%-10s%s  %8s", (int)name.len, name.s,
		(int)(width - rt_text_columns(rt_buf_view(&name))), "",
		out_on(o, entry_style(rt_buf_view(&status))), status.s, out_off(o), rest.s);
	rt_buf_clear(&rest);
	add_member(&rest, entry, "retries");
	if (rest.len && strcmp(rest.s, "0") != 0)
		fprintf(o->f, "  %s %s", rest.s, strcmp(rest.s, "1") ? "retries" : "retry");
	fputc('\n', o->f);
	rt_buf_release(&name);
	rt_buf_release(&status);
	rt_buf_release(&rest);
}

static void heading(struct out *o, const char *text)
{
	fprintf(o->f, "\n%s%s%s\n", out_on(o, STYLE_BOLD), text, out_off(o));
}

/* The columns that the names of a table take. */
static size_t table_width(const struct out *o, const struct rt_table *t)
{
	size_t at = 0, width = 0, room = NAME_COLUMNS;
	struct rt_str entry;

	if ((size_t)o->width > NAME_COLUMNS + REST_COLUMNS)
		room = (size_t)o->width - REST_COLUMNS;
	while (rt_table_next(t, &at, &entry)) {
		struct rt_buf b;
		size_t n;

		rt_buf_init(&b);
		add_name(&b, entry, room);
		n = rt_text_columns(rt_buf_view(&b));
		width = n > width ? n : width;
		rt_buf_release(&b);
	}
	return width;
}

static void print_table(const struct status_view *v, struct out *o, const char *title,
			const struct rt_table *t)
{
	size_t width = table_width(o, t), at = 0, i = 0;
	struct rt_str entry;

	if (t->n == 0)
		return;
	heading(o, title);
	if (t->n > TABLE_ROWS)
		fprintf(o->f, "  ... %zu before\n", t->n - TABLE_ROWS);
	while (rt_table_next(t, &at, &entry))
		if (++i + TABLE_ROWS > t->n)
			print_entry(v, o, entry, width);
}

/* Whether each name in a is one in b: a stage is often a step, and then shown once. */
static bool all_in(const struct rt_table *a, const struct rt_table *b)
{
	size_t at = 0;
	struct rt_str x, y;

	while (rt_table_next(a, &at, &x)) {
		struct rt_json name, other;
		size_t from = 0;
		bool in = false;

		if (!rt_scan_find(x, rt_str("name"), &name))
			continue;
		while (!in && rt_table_next(b, &from, &y))
			in = rt_scan_find(y, rt_str("name"), &other) &&
			     rt_str_eq(name.text, other.text);
		if (!in)
			return false;
	}
	return true;
}

/* "12:00:01", of another day "07-01 12:00", of long ago "2026-07-01", as ls does. */
static void add_short_time(struct rt_buf *b, const struct out *o, int64_t ns, int64_t now_ns)
{
	struct rt_buf full;
	int64_t age_h = rt_clock_span(ns, now_ns) / RT_NS_PER_S / 3600;

	rt_buf_init(&full);
	out_time(o, &full, ns);
	if (full.len > 19 && age_h < 20)
		rt_buf_add(b, full.s + 11, 8);
	else if (full.len > 19 && age_h < 24 * 180)
		rt_buf_add(b, full.s + 5, 11);
	else
		rt_buf_add(b, full.s, 10);
	rt_buf_release(&full);
}

static void print_event(const struct status_view *v, struct out *o, struct rt_str text)
{
	struct rt_buf b, message;
	struct rt_event ev;
	int64_t ns;

	if (rt_event_parse(&ev, text) < 0)
		return;
	rt_buf_init(&b);
	rt_buf_init(&message);
	rt_buf_adds(&b, "  ");
	if (rt_event_time(&ev, &ns))
		add_short_time(&b, o, ns, v->now_ns);
	rt_buf_adds(&b, "  ");
	if (ev.level >= RT_WARNING)
		rt_buf_addf(&b, "%s ", rt_level_name(ev.level));
	if (rt_event_has(&ev, RT_F_STAGE)) {
		rt_buf_adds(&message, "[");
		rt_event_text(&ev, RT_F_STAGE, &message);
		rt_buf_adds(&message, "] ");
	}
	rt_event_text(&ev, RT_F_MESSAGE, &message);
	rt_inert_add(&b, rt_buf_view(&message));
	if (rt_text_columns(rt_buf_view(&b)) > (size_t)o->width) {
		b.len = rt_text_cut(rt_buf_view(&b), (size_t)o->width - 3);
		rt_buf_adds(&b, "...");
	}
	fprintf(o->f, "%s%.*s%s\n", out_on(o, out_level_style(ev.level)), (int)b.len, b.s,
		out_off(o));
	rt_buf_release(&b);
	rt_buf_release(&message);
}

/* The last n events of status.json. */
static void print_kept(const struct status_view *v, struct out *o, int64_t n)
{
	const struct rt_table *t = &v->st.events;
	int64_t left = (int64_t)t->n;
	struct rt_str entry;
	size_t at = 0;

	while (rt_table_next(t, &at, &entry))
		if (n < 0 || left-- <= n)
			print_event(v, o, entry);
}

/*
 * Where the last n lines of the log begin; 0 for all of them. Of a stream that is
 * not known before its end.
 */
static off_t find_start(int fd, int64_t n)
{
	struct rt_reader r;
	struct rt_str text;
	off_t at = 0;

	if (n < 0 || rt_reader_init(&r, fd, 0, -1, true) < 0)
		return 0;
	while (n-- > 0 && rt_reader_next(&r, &text) > 0)
		at = r.line_at;
	rt_reader_release(&r);
	return at;
}

/* How many lines of a stream are passed over for the last n; it is read to its end for that. */
static int64_t count_before(int fd, int64_t n)
{
	struct rt_reader r;
	struct rt_str text;
	int64_t lines = 0;

	if (n < 0 || rt_reader_init(&r, fd, 0, -1, false) < 0)
		return 0;
	while (rt_reader_next(&r, &text) > 0)
		lines++;
	rt_reader_release(&r);
	return lines > n ? lines - n : 0;
}

static int open_log(const struct status_view *v, struct rt_runfile *f)
{
	*f = (struct rt_runfile){ .fd = -1 };
	if (v->file) {
		f->fd = open(v->path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
		/* a pipe was read to its end before */
		return lseek(f->fd, 0, SEEK_SET);
	}
	return rt_runfile_open(f, &v->dir, RT_EVENTS_FILE);
}

/* More than status.json keeps: from the log itself. False when it cannot be read twice. */
static bool print_logged(const struct status_view *v, struct out *o, int64_t n)
{
	struct rt_runfile f;
	struct rt_reader r;
	struct rt_str text;
	int64_t skip = 0;
	bool done = false;

	if (open_log(v, &f) == 0 && f.unpacker && n >= 0) {
		skip = count_before(f.fd, n);
		rt_runfile_close(&f);
		open_log(v, &f);
	}
	if (f.fd >= 0 &&
	    rt_reader_init(&r, f.fd, f.unpacker ? 0 : find_start(f.fd, n), -1, false) == 0) {
		while (rt_reader_next(&r, &text) > 0 && !ferror(o->f))
			if (skip-- <= 0)
				print_event(v, o, text);
		rt_reader_release(&r);
		done = true;
	}
	rt_runfile_close(&f);
	return done;
}

void status_tables_print(const struct status_view *v, struct out *o, int64_t n_events)
{
	print_table(v, o, "Steps", &v->st.steps);
	if (!all_in(&v->st.stages, &v->st.steps))
		print_table(v, o, "Stages", &v->st.stages);
	status_output_print(v, o);
	if (n_events == 0 || (v->st.events.n == 0 && v->st.n_events == 0))
		return;
	heading(o, "Last events");
	if ((n_events > 0 && n_events <= (int64_t)v->st.events.n) || !print_logged(v, o, n_events))
		print_kept(v, o, n_events);
}
