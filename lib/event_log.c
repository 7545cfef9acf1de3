/* The lines of logs.txt and logs.jsonl that an event makes. */
#include "clock.h"
#include "event.h"
#include "event_names.h"
#include "text.h"

void rt_event_put_time(const struct rt_json *v, int64_t ns, struct rt_buf *out)
{
	char ts[RT_TS_LEN + 1];

	if (rt_ts_is_canonical(v)) {
		rt_buf_add(out, v->text.p, RT_TS_LEN);
		return;
	}
	rt_clock_format(ts, ns);
	rt_buf_add(out, ts, RT_TS_LEN);
}

/* A line of a log: what would end or garble it becomes visible. */
static void put_text(struct rt_str text, struct rt_buf *out)
{
	size_t from = 0;

	for (size_t i = 0; i < text.n; i++) {
		unsigned char c = (unsigned char)text.p[i];

		if ((c >= 0x20 && c != 0x7f) || c == '\t')
			continue;
		rt_buf_add(out, text.p + from, i - from);
		from = i + 1;
		if (c == '\n' || c == '\r')
			rt_buf_adds(out, c == '\n' ? "\\n" : "\\r");
		else
			rt_buf_addf(out, "\\x%02x", c);
	}
	rt_buf_add(out, text.p + from, text.n - from);
}

/* One escape of a JSON string, and how long it is. */
static size_t put_escape(const char *p, struct rt_buf *out)
{
	struct rt_str unit = { p, 2 };
	struct rt_buf plain;

	switch (p[1]) {
	case '"':
	case '\\':
	case '/':
		rt_buf_addc(out, p[1]);
		return 2;
	case 'n':
	case 'r':
		rt_buf_add(out, p, 2);
		return 2;
	case 'u':
		unit.n = rt_escape_is_surrogate(p) ? 12 : 6;
	}
	rt_buf_init(&plain);
	rt_json_unescape(&plain, unit);
	put_text(rt_buf_view(&plain), out);
	rt_buf_release(&plain);
	return unit.n;
}

/* A quoted string: only its escapes can mean control characters. */
static void put_quoted(struct rt_str raw, struct rt_buf *out)
{
	const char *p = raw.p, *end = raw.p + raw.n;

	/* "\b" becomes "\x08", and nothing grows more. */
	if (!rt_buf_reserve(out, 2 * raw.n + RT_COPY_SLACK))
		return;
	while (p < end) {
		size_t n = rt_copy_unescaped(out->s + out->len, p, end);

		out->len += n;
		p += n;
		if (p < end)
			p += put_escape(p, out);
	}
	out->s[out->len] = '\0';
}

/* Text that was set may be any bytes: what is not UTF-8 is replaced as in events.jsonl. */
static void make_valid(struct rt_buf *text)
{
	struct rt_buf escaped;

	if (rt_utf8_valid(rt_buf_view(text)))
		return;
	rt_buf_init(&escaped);
	rt_json_escape(&escaped, rt_buf_view(text));
	rt_buf_clear(text);
	rt_json_unescape(text, rt_buf_view(&escaped));
	text->failed |= escaped.failed;
	rt_buf_release(&escaped);
}

static void put_field(const struct rt_event *ev, enum rt_field f, struct rt_buf *out)
{
	const struct rt_json *v = rt_event_peek(ev, f);
	struct rt_buf plain;

	if (v && v->type >= RT_JSON_FALSE && v->type <= RT_JSON_STRING) {
		if (v->escaped)
			put_quoted(v->text, out);
		else
			rt_buf_addv(out, v->text);
		return;
	}
	rt_buf_init(&plain);
	rt_event_text(ev, f, &plain);
	make_valid(&plain);
	put_text(rt_buf_view(&plain), out);
	rt_buf_release(&plain);
}

/* "[STAGE] (PERCENT%) MESSAGE", what both forms of the log say. */
static void put_message(const struct rt_event *ev, struct rt_buf *out)
{
	if (rt_event_has(ev, RT_F_STAGE)) {
		rt_buf_addc(out, '[');
		put_field(ev, RT_F_STAGE, out);
		rt_buf_add(out, "] ", 2);
	}
	if (rt_event_has(ev, RT_F_PERCENT)) {
		rt_buf_addc(out, '(');
		put_field(ev, RT_F_PERCENT, out);
		rt_buf_add(out, "%) ", 3);
	}
	put_field(ev, RT_F_MESSAGE, out);
}

static const char *const log_levels[] = { "DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL" };

static void put_time(const struct rt_event *ev, struct rt_buf *out)
{
	int64_t ns;

	if (rt_event_time(ev, &ns))
		rt_event_put_time(rt_event_peek(ev, RT_F_TS), ns, out);
}

void rt_event_write_log(const struct rt_event *ev, struct rt_buf *out)
{
	put_time(ev, out);
	if (ev->level == RT_INFO) {
		rt_buf_add(out, " [INFO] ", 8);
	} else {
		rt_buf_add(out, " [", 2);
		rt_buf_adds(out, log_levels[ev->level]);
		rt_buf_add(out, "] ", 2);
	}
	put_message(ev, out);
	rt_buf_addc(out, '\n');
}

void rt_event_write_json_log(const struct rt_event *ev, struct rt_buf *out)
{
	struct rt_buf message;

	rt_buf_init(&message);
	put_message(ev, &message);
	rt_buf_adds(out, "{\"ts\":\"");
	put_time(ev, out);
	rt_buf_addf(out, "\",\"level\":\"%s\",\"msg\":", log_levels[ev->level]);
	rt_json_quote(out, rt_buf_view(&message));
	rt_buf_adds(out, "}\n");
	out->failed |= message.failed;
	rt_buf_release(&message);
}
