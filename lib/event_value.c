/* What the fields of an event mean: times, numbers, and the text that a reader sees. */
#include "event.h"
#include "clock.h"
#include "event_names.h"

#include <float.h>

bool rt_event_in_metadata(const struct rt_event *ev, struct rt_str key, struct rt_json *value)
{
	const struct rt_json *metadata = rt_event_peek(ev, RT_F_METADATA);

	if (!metadata)
		return false;
	if (metadata->text.p != ev->listed)
		return rt_scan_find(metadata->text, key, value);
	/* those of its members that are wanted are known */
	for (int i = ev->within + ev->n_within; i-- > ev->within;) {
		if (!rt_str_eq(ev->few[i].key.text, key))
			continue;
		*value = ev->few[i].value;
		return value->type != RT_JSON_NULL;
	}
	return false;
}

bool rt_event_get(const struct rt_event *ev, enum rt_field f, struct rt_json *value)
{
	const struct rt_json *v = rt_event_peek(ev, f);
	struct rt_json found;

	if (v) {
		*value = *v;
		return true;
	}
	if ((f != RT_F_MODEL && f != RT_F_AGENT_ROLE) ||
	    !rt_event_in_metadata(ev, rt_field_key(f), &found) || found.type == RT_JSON_ARRAY ||
	    found.type == RT_JSON_OBJECT)
		return false;
	*value = found;
	return true;
}

bool rt_event_time(const struct rt_event *ev, int64_t *ns)
{
	const struct rt_json *v;
	struct rt_buf scratch;
	bool ok;

	if (ev->timed) {
		*ns = ev->ts_ns;
		return true;
	}
	v = rt_event_peek(ev, RT_F_TS);
	if (!v)
		return false;
	if (v->type != RT_JSON_STRING && v->type != RT_JSON_TEXT)
		return rt_clock_parse_number(v->text, ns);
	if (!v->escaped)
		return rt_clock_parse(v->text, ns);
	rt_buf_init(&scratch);
	ok = rt_clock_parse(rt_json_plain(v, &scratch), ns);
	rt_buf_release(&scratch);
	return ok;
}

bool rt_event_number(const struct rt_event *ev, enum rt_field f, double *number)
{
	const struct rt_json *v = rt_event_peek(ev, f);

	if (!v || !rt_json_number(v, number))
		return false;
	if (f == RT_F_DURATION_MS && rt_rank_is_seconds(__builtin_ctz(ev->have[f]))) {
		struct rt_buf ms;
		struct rt_json scaled;

		/* By way of the text, so that it is the number that --normalize prints. */
		rt_buf_init(&ms);
		rt_milliseconds_text(v->text, true, &ms);
		scaled = rt_json_of(rt_buf_view(&ms), RT_JSON_REAL);
		rt_json_number(&scaled, number);
		rt_buf_release(&ms);
	}
	return true;
}

bool rt_event_keep_time(struct rt_event *ev)
{
	ev->timed = rt_event_time(ev, &ev->ts_ns);
	return ev->timed;
}

/* Seconds to milliseconds by moving the decimal point: exact, unlike a multiplication. */
void rt_milliseconds_text(struct rt_str number, bool seconds, struct rt_buf *out)
{
	const char *dot = memchr(number.p, '.', number.n);
	size_t whole = dot ? (size_t)(dot - number.p) : number.n;
	size_t start = out->len;
	struct rt_json v = rt_json_of(number, RT_JSON_REAL);
	double d;

	if (!seconds) {
		rt_buf_addv(out, number);
		return;
	}
	if (memchr(number.p, 'e', number.n) || memchr(number.p, 'E', number.n)) {
		/* What is too large for a number is as large as one can be. */
		if (rt_json_number(&v, &d))
			rt_buf_addf(out, "%.15g", d > DBL_MAX / 1000 ? DBL_MAX : d * 1000);
		return;
	}
	rt_buf_add(out, number.p, whole);
	for (size_t i = whole + 1; i < whole + 4; i++)
		rt_buf_addc(out, i < number.n ? number.p[i] : '0');
	while (out->len - start > 1 && out->s[start] == '0')
		rt_buf_splice(out, start, 1, NULL, 0);
	if (number.n > whole + 4) {
		rt_buf_addc(out, '.');
		rt_buf_add(out, number.p + whole + 4, number.n - whole - 4);
	}
}

static bool time_text(const struct rt_event *ev, struct rt_buf *out)
{
	char ts[RT_TS_LEN + 1];
	int64_t ns;

	if (!rt_event_time(ev, &ns))
		return false;
	rt_clock_format(ts, ns);
	rt_buf_add(out, ts, RT_TS_LEN);
	return true;
}

static void type_text(const struct rt_event *ev, struct rt_buf *out)
{
	const struct rt_json *v = rt_event_type_value(ev);

	if (ev->type != RT_T_OTHER)
		rt_buf_adds(out, rt_type_name(ev->type));
	else if (v)
		rt_json_text(v, out);
}

bool rt_event_text(const struct rt_event *ev, enum rt_field f, struct rt_buf *out)
{
	struct rt_json v;

	if (f == RT_F_TS)
		return time_text(ev, out);
	if (f == RT_F_TYPE) {
		type_text(ev, out);
		return true;
	}
	if (f == RT_F_LEVEL) {
		rt_buf_adds(out, rt_level_name(ev->level));
		return true;
	}
	if (!rt_event_get(ev, f, &v)) {
		if (f == RT_F_MESSAGE)
			type_text(ev, out);
		return f == RT_F_MESSAGE;
	}
	if (f == RT_F_DURATION_MS)
		rt_milliseconds_text(v.text, rt_rank_is_seconds(__builtin_ctz(ev->have[f])), out);
	else
		rt_json_text(&v, out);
	return true;
}

bool rt_event_step_id(const struct rt_event *ev, struct rt_buf *id)
{
	double n;

	rt_buf_clear(id);
	if (rt_event_text(ev, RT_F_STEP_ID, id))
		return id->len > 0;
	if (!rt_event_number(ev, RT_F_STEP, &n))
		return false;
	rt_buf_addf(id, "step_%03.0f", n);
	return true;
}

struct rt_str rt_event_plain(const struct rt_event *ev, enum rt_field f, struct rt_buf *scratch)
{
	bool derived = f == RT_F_TS || f == RT_F_TYPE || f == RT_F_LEVEL || f == RT_F_DURATION_MS;
	struct rt_json v;

	if (!derived && rt_event_get(ev, f, &v))
		return rt_json_plain(&v, scratch);
	rt_buf_clear(scratch);
	if (derived || f == RT_F_MESSAGE)
		rt_event_text(ev, f, scratch);
	return rt_buf_view(scratch);
}
