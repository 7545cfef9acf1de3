/*
 * Reading one event: which key is which field, and what type and level follow.
 * What its fields mean is event_value.c, writing is event_write.c.
 */
#include "event.h"
#include "clock.h"
#include "event_names.h"
#include "text.h"

/* Whether a value is one for the field, and stands as rt would write it. */
enum fit { UNFIT, FITS, AS_WRITTEN };

static enum fit as_written_if(bool yes)
{
	return yes ? AS_WRITTEN : FITS;
}

bool rt_ts_is_canonical(const struct rt_json *v)
{
	return v->text.n == RT_TS_LEN && v->text.p[10] == 'T' && v->text.p[19] == '.' &&
	       rt_same_bytes(v->text.p + 23, "+00:00", 6);
}

static enum fit fit_number(enum rt_field_kind kind, const struct rt_json *v)
{
	int64_t n;
	double d;

	if ((v->type != RT_JSON_INT && v->type != RT_JSON_REAL) || v->text.p[0] == '-')
		return UNFIT;
	if (kind == RT_KIND_INT && !rt_json_int(v, &n))
		return UNFIT;
	if (kind == RT_KIND_PERCENT && (!rt_json_number(v, &d) || d > 100))
		return UNFIT;
	return as_written_if(kind == RT_KIND_NUMBER || v->type == RT_JSON_INT);
}

static bool find_level(const struct rt_json *v, enum rt_level *level)
{
	struct rt_buf scratch;
	bool found;

	if (!v->escaped)
		return rt_level_find(v->text, level);
	rt_buf_init(&scratch);
	found = rt_level_find(rt_json_plain(v, &scratch), level);
	rt_buf_release(&scratch);
	return found;
}

static enum fit fit_value(enum rt_field_kind kind, const struct rt_json *v)
{
	bool string = v->type == RT_JSON_STRING;
	enum rt_level level;

	if (v->type == RT_JSON_NULL)
		return UNFIT;
	switch (kind) {
	case RT_KIND_STRING:
		return string ? AS_WRITTEN : UNFIT;
	case RT_KIND_TEXT:
		if (string)
			return AS_WRITTEN;
		return v->type == RT_JSON_ARRAY || v->type == RT_JSON_OBJECT ? UNFIT : FITS;
	case RT_KIND_ANY:
		return AS_WRITTEN;
	case RT_KIND_INT:
	case RT_KIND_NUMBER:
	case RT_KIND_PERCENT:
		return fit_number(kind, v);
	case RT_KIND_BOOL:
		return v->type == RT_JSON_TRUE || v->type == RT_JSON_FALSE ? AS_WRITTEN : UNFIT;
	case RT_KIND_OBJECT:
		return v->type == RT_JSON_OBJECT ? AS_WRITTEN : UNFIT;
	case RT_KIND_TIME:
		if (string)
			return as_written_if(rt_ts_is_canonical(v));
		return v->type == RT_JSON_INT || v->type == RT_JSON_REAL ? FITS : UNFIT;
	case RT_KIND_LEVEL:
		return find_level(v, &level) ? as_written_if(string) : UNFIT;
	}
	return UNFIT;
}

/* Most members are texts. */
static inline enum fit fit_member(enum rt_field_kind kind, const struct rt_json *v)
{
	if (v->type == RT_JSON_STRING && (kind == RT_KIND_TEXT || kind == RT_KIND_STRING))
		return AS_WRITTEN;
	return fit_value(kind, v);
}

/* Whether it fits, where it does not matter how it is written. */
static inline bool fits(enum rt_field_kind kind, const struct rt_json *v)
{
	if (v->type == RT_JSON_STRING && kind <= RT_KIND_ANY)
		return true;
	if (v->type == RT_JSON_OBJECT && kind == RT_KIND_OBJECT)
		return true;
	/* 0 to 99 are a number, an integer and a percentage. */
	if (v->type == RT_JSON_INT && v->text.n <= 2 && v->text.p[0] != '-' &&
	    kind >= RT_KIND_INT && kind <= RT_KIND_PERCENT)
		return true;
	return fit_value(kind, v) != UNFIT;
}

void rt_event_init(struct rt_event *ev)
{
	ev->line = (struct rt_str){ NULL, 0 };
	ev->in_order = true;
	ev->veiled = false;
	ev->canonical = false;
	ev->fields = 0;
	ev->timed = false;
	ev->type = RT_T_INFO;
	ev->level = RT_INFO;
	ev->extra = ev->composed = ev->truncated = ev->faithful = false;
	ev->absorbed = NULL;
	ev->listed = NULL;
}

static const struct rt_name *find_escaped_name(const struct rt_json *key)
{
	const struct rt_name *name;
	struct rt_buf plain;

	rt_buf_init(&plain);
	rt_json_unescape(&plain, key->text);
	name = rt_name_find(rt_buf_view(&plain));
	rt_buf_release(&plain);
	return name;
}

/* A key that is no field's name. */
static void take_extra(struct rt_event *ev, const struct rt_member *m)
{
	if (m->value.type == RT_JSON_TRUE && rt_json_is(&m->key, "truncated"))
		ev->truncated = true;
	else
		ev->extra = true;
}

/* Of duplicate keys the last counts: what stands under this name counts no more. */
static void forget(struct rt_event *ev, const struct rt_name *name)
{
	ev->canonical = false;
	ev->have[name->field] &= (uint8_t) ~(1u << name->rank);
	if (!ev->have[name->field])
		ev->fields &= ~(UINT32_C(1) << name->field);
}

static inline void take_member(struct rt_event *ev, const struct rt_member *m)
{
	const struct rt_name *name = m->key.escaped ? find_escaped_name(&m->key) :
						      rt_name_find(m->key.text);
	uint32_t field;
	enum fit fit;

	ev->veiled |= m->key.veiled | m->value.veiled;
	if (!name) {
		take_extra(ev, m);
		return;
	}
	field = RT_FIELD(name->field);
	if (ev->fields & field)
		forget(ev, name);
	fit = fit_member((enum rt_field_kind)name->kind, &m->value);
	if (fit == UNFIT) {
		ev->extra |= m->value.type != RT_JSON_NULL;
		ev->canonical = false;
		return;
	}
	if (ev->fields & field) {
		ev->extra = true; /* under another name */
	} else {
		/* In order as long as no field is there that comes later. */
		ev->in_order &= ev->fields < field;
		ev->fields |= field;
		ev->have[name->field] = 0;
	}
	ev->have[name->field] |= (uint8_t)(1u << name->rank);
	ev->slot[name->field][name->rank] = m->value;
	if (fit != AS_WRITTEN || m->key.escaped || name->rank != (name->field == RT_F_TS))
		ev->canonical = false;
}

void rt_event_set_json(struct rt_event *ev, enum rt_field f, struct rt_json value)
{
	if (rt_event_has(ev, f))
		ev->extra = true;
	ev->fields |= UINT32_C(1) << f;
	ev->timed = false;
	ev->canonical = false;
	ev->composed |= f != RT_F_TS; /* a time holds no secret */
	ev->have[f] = 1;
	ev->slot[f][0] = value;
}

void rt_event_unset(struct rt_event *ev, enum rt_field f)
{
	ev->fields &= ~(UINT32_C(1) << f);
	ev->timed = false;
	ev->canonical = false;
}

void rt_event_set_text(struct rt_event *ev, enum rt_field f, struct rt_str text)
{
	rt_event_set_json(ev, f, rt_json_of(text, RT_JSON_TEXT));
}

void rt_event_set_number(struct rt_event *ev, enum rt_field f, struct rt_str number)
{
	bool real = false;

	for (size_t i = 0; i < number.n; i++)
		real |= number.p[i] == '.' || (number.p[i] | 0x20) == 'e';
	rt_event_set_json(ev, f, rt_json_of(number, real ? RT_JSON_REAL : RT_JSON_INT));
}

const struct rt_json *rt_event_type_value(const struct rt_event *ev)
{
	const struct rt_json *v = rt_event_peek(ev, RT_F_TYPE);

	/* Only in lines of others: what we put together has a type, or means progress or info. */
	if (!v && ev->line.n)
		v = rt_event_peek(ev, RT_F_ACTION);
	if (v && v->type != RT_JSON_STRING && v->type != RT_JSON_TEXT)
		v = NULL;
	return v && v->text.n ? v : NULL;
}

static bool ends_in_failed(struct rt_str s)
{
	return s.n > 7 && rt_same_bytes(s.p + s.n - 6, "failed", 6) &&
	       strchr("_.:-", s.p[s.n - 7]) != NULL;
}

enum rt_level rt_type_level(enum rt_type type, struct rt_str name)
{
	if (type == RT_T_ERROR || ends_in_failed(name))
		return RT_ERROR;
	return type == RT_T_WARNING ? RT_WARNING : RT_INFO;
}

enum rt_level rt_event_default_level(const struct rt_event *ev)
{
	const struct rt_json *v = ev->type == RT_T_OTHER ? rt_event_type_value(ev) : NULL;
	struct rt_buf scratch;
	enum rt_level level;

	if (!v || !v->escaped)
		return rt_type_level(ev->type, v ? v->text : rt_type_text(ev->type));
	rt_buf_init(&scratch);
	level = rt_type_level(ev->type, rt_json_plain(v, &scratch));
	rt_buf_release(&scratch);
	return level;
}

static enum rt_type find_type(const struct rt_json *v)
{
	struct rt_buf scratch;
	enum rt_type type;

	if (!v->escaped)
		return rt_type_find(v->text);
	rt_buf_init(&scratch);
	type = rt_type_find(rt_json_plain(v, &scratch));
	rt_buf_release(&scratch);
	return type;
}

void rt_event_derive(struct rt_event *ev)
{
	const struct rt_json *type = rt_event_type_value(ev),
			     *level = rt_event_peek(ev, RT_F_LEVEL);

	if (type)
		ev->type = find_type(type);
	else
		ev->type = rt_event_has(ev, RT_F_STAGE) || rt_event_has(ev, RT_F_PERCENT) ?
				   RT_T_PROGRESS :
				   RT_T_INFO;
	if (!level || !find_level(level, &ev->level))
		ev->level = rt_event_default_level(ev);
}

/* What only the whole event tells: required fields, and whether type and level are canonical. */
static bool is_canonical(const struct rt_event *ev)
{
	const uint32_t required = 1u << RT_F_TS | 1u << RT_F_TYPE | 1u << RT_F_MESSAGE;
	const struct rt_json *v;

	if ((ev->fields & required) != required)
		return false;
	v = rt_event_peek(ev, RT_F_TYPE);
	if (ev->type != RT_T_OTHER ? !rt_str_eq(v->text, rt_type_text(ev->type)) :
				     !rt_type_valid(v->text))
		return false;
	/* As it is written: there when it is not info, or not what the type alone would mean. */
	v = rt_event_peek(ev, RT_F_LEVEL);
	if (!v)
		return ev->level == RT_INFO;
	return rt_str_is(v->text, rt_level_name(ev->level)) &&
	       (ev->level != RT_INFO || rt_event_default_level(ev) != RT_INFO);
}

static void begin(struct rt_event *ev, struct rt_str line)
{
	rt_event_init(ev);
	ev->line = line;
	ev->canonical = true;
}

/* The name that it is, mostly that of a field which is wanted; or NULL. */
static inline const struct rt_name *find_wanted_name(const struct rt_wanted *wanted,
						     const struct rt_json *key)
{
	const struct rt_name *name = wanted->names[rt_wanted_slot(key->text)];

	if (key->escaped)
		return find_escaped_name(key);
	if (name && rt_str_eq(key->text, (struct rt_str){ name->text, name->len }))
		return name;
	return rt_name_find(key->text);
}

/* A member of an event of which nothing is known but some fields. */
static inline void take_wanted(struct rt_event *ev, const struct rt_member *m,
			       const struct rt_wanted *wanted)
{
	const struct rt_name *name = find_wanted_name(wanted, &m->key);
	uint32_t field;

	if (!name) {
		ev->extra = true;
		return;
	}
	field = RT_FIELD(name->field);
	if (!(wanted->fields & field))
		return;
	if (ev->fields & field)
		forget(ev, name);
	if (!fits((enum rt_field_kind)name->kind, &m->value)) {
		ev->extra |= m->value.type != RT_JSON_NULL;
		return;
	}
	if (ev->fields & field) {
		ev->extra = true; /* under another name */
	} else {
		ev->fields |= field;
		ev->have[name->field] = 0;
	}
	ev->have[name->field] |= (uint8_t)(1u << name->rank);
	ev->slot[name->field][name->rank] = m->value;
}

/* The first n members in ev->few: of the event, or within one of these. */
static void take_few(struct rt_event *ev, int n, const struct rt_wanted *wanted)
{
	int within = 0;

	ev->listed = NULL; /* what it was of those before is no more */
	for (int i = 0; i < n; i++) {
		const struct rt_member *m = &ev->few[i];

		if (m->within)
			continue;
		if (m->listed) {
			ev->listed = m->value.text.p;
			ev->within = within;
			ev->n_within = i - within;
		}
		within = i + 1;
		take_wanted(ev, m, wanted);
	}
}

int rt_event_parse_with(struct rt_event *ev, struct rt_str line, enum rt_simd simd,
			const struct rt_lines *lines)
{
	struct rt_scan_keys keys[2];
	struct rt_member few[RT_WITHIN_MAX];
	struct rt_scan s;
	int got;

	memset(&keys[0], true, sizeof(keys[0])); /* whatever key it is */
	memset(&keys[1], 0, sizeof(keys[1]));
	begin(ev, line);
	if (rt_scan_init_line(&s, line, simd, lines) < 0 || s.close != '}')
		return -1;
	while ((got = rt_scan_next_few(&s, keys, few, RT_WITHIN_MAX)) > 0)
		for (int i = 0; i < got; i++)
			take_member(ev, &few[i]);
	if (got < 0)
		return -1;
	ev->extra |= rt_event_has(ev, RT_F_RUN_ID);
	rt_event_derive(ev);
	ev->canonical &= !s.spaced && !ev->extra && !ev->truncated && is_canonical(ev);
	return 0;
}

int rt_event_parse(struct rt_event *ev, struct rt_str line)
{
	return rt_event_parse_with(ev, line, RT_SIMD_BASE, NULL);
}

int rt_event_parse_for(struct rt_event *ev, struct rt_str line, const struct rt_wanted *wanted,
		       const struct rt_lines *lines)
{
	struct rt_scan s;
	int got;

	begin(ev, line);
	if (rt_scan_init_line(&s, line, wanted->simd, lines) < 0 || s.close != '}')
		return -1;
	do {
		got = rt_scan_next_few(&s, wanted->keys, ev->few, RT_WITHIN_MAX);
		take_few(ev, got, wanted);
	} while (got > 0 && !rt_scan_is_over(&s));
	if (got < 0)
		return -1;
	ev->canonical = false;
	if (wanted->fields & (RT_FIELD(RT_F_TYPE) | RT_FIELD(RT_F_LEVEL)))
		rt_event_derive(ev);
	return 0;
}
