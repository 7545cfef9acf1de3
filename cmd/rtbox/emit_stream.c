/*
 * `rt-emit -`: lines of standard input as events. Lines are recorded as they
 * come, in batches as large as the input is fast; status.json follows at most
 * ten times a second, and always at the end.
 */
#include "clock.h"
#include "die.h"
#include "emit.h"
#include "evlog.h"
#include "fdio.h"

#include <ctype.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include <unistd.h>

#define BATCH_BYTES (256u << 10)
#define STATUS_EVERY_NS (110 * RT_NS_PER_MS) /* ten a second, the last one included */
#define REST_EVERY_NS (100 * RT_NS_PER_MS)
#define REST_NS (RT_LOCK_NAP_NS * 3 / 2)

struct stream {
	const struct emit_opts *opts;
	enum rt_simd simd;
	struct rt_event base; /* what the options say */
	struct rt_buf base_metadata, merged, type;
	struct rt_record *record; /* NULL: no run is set, or it cannot be opened */
	struct rt_reader in;
	struct rt_lines *lines; /* of what is in its buffer */
	size_t line, refused, cut;
	int64_t status_ns; /* when status.json was last written */
	int64_t rest_ns;   /* when others were last given a chance to take the lock */
	bool dirty;        /* it lags behind */
	bool failed;       /* recording failed once: that was said */
	bool tee, deaf;    /* deaf: nobody reads what is passed on */
	struct levels levels;
	int code;
	struct rt_err err; /* of the line at hand; not made anew for each */
};

static bool has_key(struct rt_str object, const struct rt_json *key)
{
	struct rt_scan scan;
	struct rt_member m;

	if (rt_scan_init(&scan, object) < 0)
		return false;
	while (rt_scan_next(&scan, &m) > 0) {
		if (rt_str_eq(m.key.text, key->text))
			return true;
	}
	return false;
}

/* The metadata of the options goes before the line's own, which counts where both say something. */
static void merge_metadata(struct stream *s, struct rt_event *ev)
{
	struct rt_json theirs, ours, both;
	struct rt_str inside;
	struct rt_scan scan;
	struct rt_member m;

	if (!rt_event_get(ev, RT_F_METADATA, &theirs) ||
	    !rt_event_get(&s->base, RT_F_METADATA, &ours) || rt_scan_init(&scan, ours.text) < 0)
		return;
	rt_buf_clear(&s->merged);
	while (rt_scan_next(&scan, &m) > 0) {
		bool quoted = m.value.type == RT_JSON_STRING;

		if (has_key(theirs.text, &m.key))
			continue;
		rt_buf_adds(&s->merged, s->merged.len ? ",\"" : "{\"");
		rt_buf_addv(&s->merged, m.key.text);
		rt_buf_adds(&s->merged, quoted ? "\":\"" : "\":");
		rt_buf_addv(&s->merged, m.value.text);
		rt_buf_adds(&s->merged, quoted ? "\"" : "");
	}
	if (!s->merged.len)
		return;
	inside = (struct rt_str){ theirs.text.p + 1, theirs.text.n - 2 };
	if (strspn(inside.p, " \t\r\n") < inside.n)
		rt_buf_addc(&s->merged, ',');
	rt_buf_addv(&s->merged, inside);
	rt_buf_addc(&s->merged, '}');
	both = rt_json_of(rt_buf_view(&s->merged), RT_JSON_OBJECT);
	both.veiled = theirs.veiled;
	ev->absorbed = theirs.text.p;
	ev->fields &= ~(UINT32_C(1) << RT_F_METADATA);
	rt_event_set_json(ev, RT_F_METADATA, both);
}

/* The options say what the line leaves open. */
static void add_options(struct stream *s, struct rt_event *ev)
{
	bool llm = ev->type == RT_T_LLM_REQUEST_SENT || ev->type == RT_T_LLM_RESPONSE_RECEIVED;
	struct rt_json v;

	if (!s->base.fields)
		return;
	merge_metadata(s, ev);
	for (uint32_t left = s->base.fields & ~ev->fields; left; left &= left - 1) {
		enum rt_field f = (enum rt_field)__builtin_ctz(left);

		/* A request correlates with its own response only. */
		if (llm && f == RT_F_CORRELATION_ID && !s->opts->field[f])
			continue;
		if (rt_event_get(&s->base, f, &v))
			rt_event_set_json(ev, f, v);
	}
}

/* Whether the type is one of the runner's, or is going to be written as one ("Run failed"). */
static bool is_of_runner(struct stream *s, const struct rt_event *ev)
{
	if (ev->type != RT_T_OTHER)
		return ev->type >= RT_T_RUN_STARTED && ev->type <= RT_T_RUN_RESUMED;
	rt_buf_clear(&s->type);
	rt_event_text(ev, RT_F_TYPE, &s->type);
	return s->type.len > 3 && strncasecmp(s->type.s, "run", 3) == 0 &&
	       !isalnum((unsigned char)s->type.s[3]) && !memchr(".:-", s->type.s[3], 3);
}

/*
 * Another run's own events, passed through here, must not change the state of
 * this one: they become plain ones, and what they were goes into the metadata.
 */
static void disarm(struct stream *s, struct rt_event *ev)
{
	if (!is_of_runner(s, ev))
		return;
	if (!rt_event_has(ev, RT_F_LEVEL))
		rt_event_set_text(ev, RT_F_LEVEL, rt_str(rt_level_name(ev->level)));
	if (!rt_event_has(ev, RT_F_MESSAGE)) {
		rt_buf_clear(&s->type);
		rt_event_default_message(ev, &s->type);
		rt_event_set_text(ev, RT_F_MESSAGE, rt_buf_view(&s->type));
	}
	rt_event_set_text(ev, RT_F_TYPE, rt_str("info"));
	rt_event_derive(ev);
}

static bool looks_like_object(struct rt_str line)
{
	while (line.n && (*line.p == ' ' || *line.p == '\t')) {
		line.p++;
		line.n--;
	}
	return line.n && *line.p == '{';
}

/* The line as an event; false when --strict refuses it. */
static bool make_event(struct stream *s, struct rt_str line, struct rt_event *ev)
{
	bool object = looks_like_object(line) &&
		      rt_event_parse_with(ev, line, s->simd, s->lines) == 0;

	if (!object) {
		if (line.n && line.p[line.n - 1] == '\r')
			line.n--;
		rt_event_init(ev);
		rt_event_set_text(ev, RT_F_MESSAGE, line);
	}
	add_options(s, ev);
	if (ev->composed)
		rt_event_derive(ev);
	disarm(s, ev);
	if (s->opts->strict && rt_event_check_strict(ev, &s->err) < 0) {
		error("line %zu: %s", s->line, s->err.msg);
		s->refused++;
		return false;
	}
	return true;
}

static void fail(struct stream *s, const struct rt_err *err)
{
	int code;

	if (s->failed)
		return;
	s->failed = true;
	/* Waiting for the lock again at each line would hold up who writes them. */
	if (err->kind == RT_ERR_LOCKED) {
		rt_record_close(s->record);
		s->record = NULL;
	}
	code = recording_failed(err);
	if (code)
		s->code = code;
}

/* A stream without a pause has the lock again before anybody sees that it is free. */
static void rest(struct stream *s, int64_t now)
{
	const struct timespec pause = { 0, REST_NS };

	if (now - s->rest_ns < REST_EVERY_NS)
		return;
	s->rest_ns = now;
	nanosleep(&pause, NULL);
}

/* Record what is queued; status.json too when it is due. */
static void flush(struct stream *s, bool status)
{
	struct rt_err err = RT_ERR_INIT, warning = RT_ERR_INIT;
	int64_t now = rt_clock_monotonic_ns();

	if (!s->record || (!rt_record_queued(s->record) && !(status && s->dirty)))
		return;
	status |= now - s->status_ns >= STATUS_EVERY_NS;
	if (rt_record_flush(s->record, status, &warning, &err) < 0) {
		fail(s, &err);
		return;
	}
	warn_err(&warning);
	s->dirty = !status;
	if (status)
		s->status_ns = now;
	rest(s, now);
}

/*
 * --tee: every byte as it is read, when nothing is locked, because whoever
 * reads it may be slow.
 */
static void pass_on(void *arg, const char *p, size_t n)
{
	struct stream *s = arg;

	if (!s->tee || rt_fd_write(STDOUT_FILENO, p, n) == 0)
		return;
	s->tee = false;
	s->deaf = errno == EPIPE;
	if (s->deaf)
		return;
	error("cannot write standard output: %s", strerror(errno));
	s->code = EXIT_FAIL;
}

/* Nothing more to read for the moment: record, and let status.json follow. */
static void before_blocking(struct stream *s)
{
	struct pollfd in = { STDIN_FILENO, POLLIN, 0 };
	int64_t left;

	flush(s, false);
	if (!s->dirty)
		return;
	left = (s->status_ns + STATUS_EVERY_NS - rt_clock_monotonic_ns()) / RT_NS_PER_MS + 1;
	if (poll(&in, 1, left > 0 ? (int)left : 0) == 0)
		flush(s, true);
}

static bool is_wanted(struct stream *s, const struct rt_event *ev)
{
	struct rt_buf component;
	bool wanted;

	rt_buf_init(&component);
	if (rt_event_has(ev, RT_F_COMPONENT))
		rt_event_text(ev, RT_F_COMPONENT, &component);
	wanted = level_wanted(&s->levels, ev->level, component.s);
	rt_buf_release(&component);
	return wanted;
}

static void take_line(struct stream *s, struct rt_str line)
{
	struct rt_event ev;

	s->line++;
	if ((!s->record && !s->opts->strict) || !make_event(s, line, &ev))
		return;
	if (!s->record || (s->levels.any && !is_wanted(s, &ev)))
		return;
	if (rt_record_queue(s->record, &ev, &s->err) < 0) {
		fail(s, &s->err);
		return;
	}
	s->cut += ev.truncated;
	if (rt_record_queued(s->record) >= BATCH_BYTES)
		flush(s, false);
}

static void read_all(struct stream *s)
{
	struct rt_str line;
	int got;

	for (;;) {
		got = rt_reader_outlined(&s->in, s->lines, &line);
		if (!got)
			got = rt_reader_buffered(&s->in, &line);
		if (!got) {
			before_blocking(s);
			got = s->deaf ? 0 : rt_reader_next(&s->in, &line);
		}
		if (got <= 0)
			break;
		take_line(s, line);
	}
	if (got < 0) {
		error("cannot read standard input: %s", strerror(errno));
		s->code = EXIT_FAIL;
	}
	flush(s, true);
}

/* What is worth saying at the end. */
static void report(struct stream *s)
{
	if (s->in.skipped) {
		error("%zu line%s left out: longer than %u bytes", s->in.skipped,
		      s->in.skipped == 1 ? "" : "s", RT_READ_LINE_MAX);
		s->code = EXIT_FAIL;
	}
	if (s->cut)
		warn("%zu event%s cut: longer than %d bytes", s->cut, s->cut == 1 ? "" : "s",
		     RT_LINE_MAX);
	if (s->refused) {
		error("%zu of %zu lines refused", s->refused, s->line);
		s->code = EXIT_FAIL;
	}
}

int emit_stream(const struct emit_opts *o)
{
	struct rt_lines lines;
	struct stream s = { .opts = o, .simd = rt_simd_best(), .lines = &lines, .tee = o->tee };
	void (*on_pipe)(int) = SIG_IGN;
	struct rt_redact *redact;

	if (o->field[RT_F_MESSAGE])
		die_usage("the messages come from standard input: no -m with \"-\"");
	rt_buf_init(&s.base_metadata);
	rt_buf_init(&s.merged);
	rt_buf_init(&s.type);
	rt_lines_init(&lines, s.simd);
	emit_event_init(&s.base, o, &s.base_metadata);
	redact = redact_env();
	levels_init(&s.levels);
	/* Without a record the input is still read, so that whoever writes it goes on. */
	if (writer_open(&s.record, &o->common, NULL, redact, &s.code) != 1)
		s.record = NULL;
	s.rest_ns = rt_clock_monotonic_ns();
	if (rt_reader_init(&s.in, STDIN_FILENO, 0, -1, false) < 0)
		die(EXIT_FAIL, "cannot read standard input: %s", strerror(errno));
	s.in.stream = true; /* read in order, from where a file stands */
	if (s.tee) {
		s.in.seen = pass_on;
		s.in.seen_arg = &s;
		/* What was read is to be recorded before we end of it. */
		on_pipe = signal(SIGPIPE, SIG_IGN);
	}
	read_all(&s);
	report(&s);
	rt_reader_release(&s.in);
	rt_record_close(s.record);
	rt_redact_free(redact);
	rt_buf_release(&s.base_metadata);
	rt_buf_release(&s.merged);
	rt_buf_release(&s.type);
	if (s.deaf) {
		signal(SIGPIPE, on_pipe);
		raise(SIGPIPE);
	}
	return s.code;
}
