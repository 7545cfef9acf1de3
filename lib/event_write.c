/* Writing one event: the canonical line and the short copy of it. Log lines are event_log.c. */
#include "clock.h"
#include "event.h"
#include "event_names.h"
#include "text.h"

#define BRIEF_MAX 1024
#define TRUNCATED ",\"truncated\":true"

/* How one line is written. */
struct line {
	struct rt_buf *out;
	const struct rt_redact *redact;
	const char *run_id;          /* NULL: none */
	size_t message_max;          /* bytes of the escaped message */
	size_t field_max;            /* bytes of each other escaped text */
	bool metadata;               /* with metadata and extra keys */
	bool first;                  /* no member was written yet */
	bool cut;                    /* something did not fit */
	bool reworded;               /* the type was not one that can be written */
	enum rt_level default_level; /* of the type that was written */
	bool dropped;                /* nor did the metadata */
	size_t message_size;         /* what the message took */
};

/* The last boundary between characters and escapes in text[0..n) at or before max. */
static size_t cut_escaped(const char *text, size_t n, size_t max)
{
	size_t at = 0;

	while (at < n) {
		size_t unit = 1;

		if (text[at] == '\\')
			unit = text[at + 1] == 'u' ? 6 : 2;
		else if ((unsigned char)text[at] >= 0x80)
			for (unit = 1;
			     at + unit < n && ((unsigned char)text[at + unit] & 0xc0) == 0x80;)
				unit++;
		if (unit == 6 && rt_escape_is_surrogate(text + at))
			unit = 12;
		if (at + unit > max)
			break;
		at += unit;
	}
	return at;
}

static void cut_at(struct line *l, size_t start, size_t max)
{
	if (l->out->len - start <= max)
		return;
	l->cut = true;
	l->out->len = start + cut_escaped(l->out->s + start, l->out->len - start, max);
}

/* The inside of a string whose meaning has to be looked at for secrets. */
static void put_masked(struct line *l, const struct rt_json *v)
{
	struct rt_buf plain, masked;

	rt_buf_init(&plain);
	rt_buf_init(&masked);
	rt_json_text(v, &plain);
	if (rt_redact_hits(l->redact, rt_buf_view(&plain))) {
		rt_redact_text(l->redact, rt_buf_view(&plain), &masked);
		rt_json_escape(l->out, rt_buf_view(&masked));
	} else if (v->type == RT_JSON_STRING) {
		rt_buf_addv(l->out, v->text);
	} else {
		rt_json_escape(l->out, v->text);
	}
	l->out->failed |= plain.failed || masked.failed;
	rt_buf_release(&plain);
	rt_buf_release(&masked);
}

/* A string, quoted, masked, and cut at max bytes. */
static void put_string(struct line *l, const struct rt_json *v, size_t max)
{
	size_t start;

	rt_buf_addc(l->out, '"');
	start = l->out->len;
	if (l->redact)
		put_masked(l, v);
	else if (v->type == RT_JSON_STRING)
		rt_buf_addv(l->out, v->text);
	else
		rt_json_escape(l->out, v->text);
	cut_at(l, start, max);
	rt_buf_addc(l->out, '"');
}

static void put_value(struct line *l, const struct rt_json *v);

static void put_members(struct line *l, struct rt_str container)
{
	struct rt_scan s;
	struct rt_member m;
	bool first = true;

	if (rt_scan_init(&s, container) < 0)
		return;
	while (rt_scan_next(&s, &m) > 0) {
		if (!first)
			rt_buf_addc(l->out, ',');
		first = false;
		if (m.key.type != RT_JSON_NONE) {
			put_string(l, &m.key, SIZE_MAX);
			rt_buf_addc(l->out, ':');
		}
		put_value(l, &m.value);
	}
}

static void put_value(struct line *l, const struct rt_json *v)
{
	bool object = v->type == RT_JSON_OBJECT;

	if (v->type == RT_JSON_STRING || v->type == RT_JSON_TEXT) {
		put_string(l, v, l->field_max);
	} else if (!l->redact && !v->veiled) {
		rt_buf_addv(l->out, v->text);
	} else if (object || v->type == RT_JSON_ARRAY) {
		rt_buf_addc(l->out, object ? '{' : '[');
		put_members(l, v->text);
		rt_buf_addc(l->out, object ? '}' : ']');
	} else if (rt_redact_hits(l->redact, v->text)) {
		rt_buf_adds(l->out, "\"***\"");
	} else {
		rt_buf_addv(l->out, v->text);
	}
}

static void put_key(struct line *l, struct rt_str name)
{
	char *p;

	if (!rt_buf_reserve(l->out, name.n + 4))
		return;
	p = l->out->s + l->out->len;
	if (!l->first)
		*p++ = ',';
	l->first = false;
	*p++ = '"';
	memcpy(p, name.p, name.n);
	memcpy(p + name.n, "\":", 3);
	l->out->len = (size_t)(p - l->out->s) + name.n + 2;
}

static void put_text(struct line *l, const struct rt_buf *text, size_t max)
{
	struct rt_json v = rt_json_of(rt_buf_view(text), RT_JSON_TEXT);

	put_string(l, &v, max);
}

/* Another system's type made to fit the grammar of types; it may then be a known one. */
static void reword_type(struct rt_buf *type)
{
	enum rt_type known;

	for (size_t i = 0; i < type->len; i++) {
		char c = type->s[i];

		if (c >= 'A' && c <= 'Z')
			type->s[i] = (char)(c | 0x20);
		else if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') &&
			 !memchr("_.:-", c, 4))
			type->s[i] = '_';
	}
	if (type->s[0] < 'a' || type->s[0] > 'z')
		rt_buf_splice(type, 0, 0, "x", 1);
	if (type->len > 64)
		type->len = 64;
	known = rt_type_find(rt_buf_view(type));
	if (known != RT_T_OTHER) {
		rt_buf_clear(type);
		rt_buf_adds(type, rt_type_name(known));
	}
}

static void put_type(struct line *l, const struct rt_event *ev)
{
	struct rt_buf type;

	rt_buf_init(&type);
	rt_event_text(ev, RT_F_TYPE, &type);
	if (!rt_type_valid(rt_buf_view(&type))) {
		reword_type(&type);
		l->reworded = true;
	}
	put_text(l, &type, SIZE_MAX);
	l->default_level = rt_type_level(rt_type_find(rt_buf_view(&type)), rt_buf_view(&type));
	rt_buf_release(&type);
}

static void put_message(struct line *l, const struct rt_event *ev)
{
	struct rt_buf message;
	struct rt_json v;
	size_t start;

	if (rt_event_get(ev, RT_F_MESSAGE, &v)) {
		start = l->out->len;
		if (v.type != RT_JSON_STRING)
			v.type = RT_JSON_TEXT;
		put_string(l, &v, l->message_max);
	} else {
		rt_buf_init(&message);
		rt_event_default_message(ev, &message);
		start = l->out->len;
		put_text(l, &message, l->message_max);
		rt_buf_release(&message);
	}
	l->message_size = l->out->len - start;
}

/* Text fields become strings, whatever scalar they were. */
static void put_field_value(struct line *l, const struct rt_event *ev, enum rt_field f,
			    struct rt_json *v)
{
	enum rt_field_kind kind = rt_field_kind(f);
	int64_t n;

	if (kind == RT_KIND_TEXT && v->type != RT_JSON_STRING)
		v->type = RT_JSON_TEXT;
	if (f == RT_F_DURATION_MS)
		rt_milliseconds_text(v->text, rt_rank_is_seconds(__builtin_ctz(ev->have[f])),
				     l->out);
	else if ((kind == RT_KIND_INT || kind == RT_KIND_PERCENT) && v->type == RT_JSON_REAL &&
		 rt_json_int(v, &n))
		rt_buf_addf(l->out, "%lld", (long long)n);
	else
		put_value(l, v);
}

/* Whether this key's value did not become a field. */
static bool is_extra(const struct line *l, const struct rt_event *ev, const struct rt_member *m)
{
	struct rt_buf plain;
	const struct rt_name *name;
	bool extra;

	rt_buf_init(&plain);
	rt_json_text(&m->key, &plain);
	name = rt_name_find(rt_buf_view(&plain));
	if (m->value.type == RT_JSON_NULL)
		extra = false;
	else if (!name)
		extra = !(m->value.type == RT_JSON_TRUE &&
			  rt_str_is(rt_buf_view(&plain), "truncated"));
	else if (name->field == RT_F_RUN_ID)
		extra = !l->run_id;
	else if (m->value.text.p == ev->absorbed)
		extra = false;
	else
		extra = !rt_event_has(ev, (enum rt_field)name->field) ||
			ev->slot[name->field][__builtin_ctz(ev->have[name->field])].text.p !=
				m->value.text.p;
	rt_buf_release(&plain);
	return extra;
}

/* The keys of the line that are no field; whether there were any. */
static bool put_extra(struct line *l, const struct rt_event *ev)
{
	struct rt_scan s;
	struct rt_member m;
	bool any = false;

	if (!ev->extra || rt_scan_init(&s, ev->line) < 0)
		return false;
	while (rt_scan_next(&s, &m) > 0) {
		if (!is_extra(l, ev, &m))
			continue;
		if (any)
			rt_buf_addc(l->out, ',');
		any = true;
		put_string(l, &m.key, SIZE_MAX);
		rt_buf_addc(l->out, ':');
		put_value(l, &m.value);
	}
	return any;
}

/* Keys that are no field go into the metadata, before what is there already. */
static void put_metadata(struct line *l, const struct rt_event *ev)
{
	struct rt_json metadata;
	bool has = rt_event_get(ev, RT_F_METADATA, &metadata), first = l->first, extra;
	size_t start = l->out->len, before;

	put_key(l, rt_str("metadata"));
	if (has && !ev->extra) {
		put_value(l, &metadata);
		return;
	}
	rt_buf_addc(l->out, '{');
	extra = put_extra(l, ev);
	before = l->out->len;
	if (has)
		put_members(l, metadata.text);
	if (extra && l->out->len > before)
		rt_buf_splice(l->out, before, 0, ",", 1);
	rt_buf_addc(l->out, '}');
	if (!has && !extra) {
		l->out->len = start;
		l->first = first;
	}
}

/* Left out when info, unless the type alone would mean something worse. */
static void put_level(struct line *l, const struct rt_event *ev)
{
	if (ev->level == RT_INFO && l->default_level == RT_INFO)
		return;
	put_key(l, rt_str("level"));
	rt_buf_addc(l->out, '"');
	rt_buf_adds(l->out, rt_level_name(ev->level));
	rt_buf_addc(l->out, '"');
}

static void put_time(struct line *l, const struct rt_event *ev)
{
	struct rt_json v;
	int64_t ns;

	if (!rt_event_time(ev, &ns) || !rt_event_get(ev, RT_F_TS, &v))
		return;
	put_key(l, rt_str("ts"));
	rt_buf_addc(l->out, '"');
	rt_event_put_time(&v, ns, l->out);
	rt_buf_addc(l->out, '"');
}

static void put_field(struct line *l, const struct rt_event *ev, enum rt_field f)
{
	struct rt_json v;

	switch (f) {
	case RT_F_TS:
		put_time(l, ev);
		break;
	case RT_F_TYPE:
		put_key(l, rt_str("type"));
		put_type(l, ev);
		break;
	case RT_F_LEVEL:
		put_level(l, ev);
		break;
	case RT_F_MESSAGE:
		put_key(l, rt_str("message"));
		put_message(l, ev);
		break;
	default:
		if (!rt_event_get(ev, f, &v))
			break;
		/* Only texts can be cut. */
		if (v.text.n > l->field_max && v.type != RT_JSON_STRING && v.type != RT_JSON_TEXT) {
			l->cut = true;
			break;
		}
		put_key(l, rt_field_key(f));
		put_field_value(l, ev, f, &v);
	}
}

static void put_line(struct line *l, const struct rt_event *ev)
{
	/* These have a value also when the event does not say one. */
	const uint32_t always = 1u << RT_F_TYPE | 1u << RT_F_LEVEL | 1u << RT_F_MESSAGE;
	const uint32_t below_metadata = (1u << RT_F_METADATA) - 1;

	l->first = true;
	l->cut = false;
	rt_buf_addc(l->out, '{');
	if (l->run_id) {
		put_key(l, rt_str("run_id"));
		rt_json_quote(l->out, rt_str(l->run_id));
	}
	for (uint32_t left = (ev->fields | always) & below_metadata; left; left &= left - 1)
		put_field(l, ev, (enum rt_field)__builtin_ctz(left));
	if (l->metadata)
		put_metadata(l, ev);
	if (l->cut || l->dropped || ev->truncated)
		rt_buf_add(l->out, TRUNCATED, sizeof(TRUNCATED) - 1);
	rt_buf_addc(l->out, '}');
}

/* Write the line and, until it fits into limit bytes, write it again with less in it. */
static void put_within(struct line *l, const struct rt_event *ev, size_t limit)
{
	size_t start = l->out->len, size;

	put_line(l, ev);
	size = l->out->len - start;
	if (size <= limit)
		return;
	size += sizeof(TRUNCATED) - 1;
	if (l->message_size > size - limit + 64) {
		l->message_max = l->message_size - 2 - (size - limit);
		l->out->len = start;
		put_line(l, ev);
		return;
	}
	l->message_max = l->field_max = limit / 64;
	l->dropped = l->metadata;
	l->metadata = false;
	l->out->len = start;
	l->first = true;
	put_line(l, ev);
}

/*
 * Whether a line's text can be searched for secrets as it stands: an escape of
 * an ordinary character ("\u0061", "\/") could hide one.
 */
static bool reads_plain(struct rt_str line)
{
	const char *p = line.p, *end = line.p + line.n;

	while (p < end && (p = memchr(p, '\\', (size_t)(end - p)))) {
		if (end - p < 2)
			break;
		if (p[1] == 'u' || p[1] == '/')
			return false;
		p += 2;
	}
	return true;
}

/*
 * The secrets that have to be looked for in each text: none, when the line as a
 * whole and what was set beside it are clean, which is nearly always.
 */
static const struct rt_redact *needed(const struct rt_event *ev, const struct rt_redact *redact)
{
	if (!redact || ev->veiled || rt_redact_hits(redact, ev->line))
		return redact;
	for (uint32_t left = ev->composed ? ev->fields : 0; left; left &= left - 1) {
		struct rt_json v;

		if (rt_event_get(ev, (enum rt_field)__builtin_ctz(left), &v) &&
		    !(v.text.p >= ev->line.p && v.text.p < ev->line.p + ev->line.n) &&
		    (!reads_plain(v.text) || rt_redact_hits(redact, v.text)))
			return redact;
	}
	return NULL;
}

/*
 * A canonical line in another order: its members are copied, those that stay
 * together at once. Nothing but a comma stands between them.
 */
static void put_members_in_order(const struct rt_event *ev, struct rt_buf *out)
{
	const char *from = NULL, *end = NULL;

	rt_buf_addc(out, '{');
	for (uint32_t left = ev->fields; left; left &= left - 1) {
		enum rt_field f = (enum rt_field)__builtin_ctz(left);
		const struct rt_json *v = &ev->slot[f][f == RT_F_TS];
		size_t quote = v->type == RT_JSON_STRING;
		const char *member = v->text.p - rt_field_key(f).n - 3 - quote;

		if (!from) {
			from = member;
		} else if (member != end + 1) {
			rt_buf_add(out, from, (size_t)(end - from));
			rt_buf_addc(out, ',');
			from = member;
		}
		end = v->text.p + v->text.n + quote;
	}
	rt_buf_add(out, from, (size_t)(end - from));
	rt_buf_addc(out, '}');
}

/* A time that cannot be read is none; as what it is it goes into the metadata. */
static void drop_bad_time(struct rt_event *ev)
{
	int64_t ns;

	if (!rt_event_has(ev, RT_F_TS) || rt_event_time(ev, &ns))
		return;
	rt_event_unset(ev, RT_F_TS);
	ev->extra = true;
}

void rt_event_write(struct rt_event *ev, const char *run_id, const struct rt_redact *redact,
		    size_t limit, struct rt_buf *out)
{
	struct line l = {
		.out = out,
		.redact = needed(ev, redact),
		.run_id = run_id,
		.message_max = SIZE_MAX,
		.field_max = SIZE_MAX,
		.metadata = true,
	};

	drop_bad_time(ev);
	if (ev->canonical && !l.redact && !run_id && ev->line.n < limit) {
		if (ev->in_order)
			rt_buf_addv(out, ev->line);
		else
			put_members_in_order(ev, out);
	} else {
		put_within(&l, ev, limit - 1);
		ev->truncated |= l.cut || l.dropped;
	}
	ev->faithful = !ev->extra && !l.redact && !ev->truncated && !l.reworded;
	rt_buf_addc(out, '\n');
}

void rt_event_write_brief(const struct rt_event *ev, struct rt_buf *out)
{
	struct line l = { .out = out, .message_max = SIZE_MAX, .field_max = SIZE_MAX };

	put_within(&l, ev, BRIEF_MAX);
}
