/*
 * Paths: what a name in a condition, a group or a column means of an event, and
 * which parts of a line have to be parsed for it.
 */
#include "event.h"
#include "event_names.h"

#define ALL_NAMES 0xff

/* Under which of its names a field's value is what the line has. */
static uint8_t direct_names(enum rt_field f)
{
	enum rt_field_kind kind = rt_field_kind(f);

	if (f == RT_F_DURATION_MS)
		return RT_RANKS_IN_MS;
	return kind == RT_KIND_TIME || kind == RT_KIND_STRING || kind == RT_KIND_LEVEL ||
			       f == RT_F_MESSAGE ?
		       0 :
		       ALL_NAMES;
}

/* A canonical field's value; what is derived goes through scratch. */
static bool lookup_field(const struct rt_event *ev, enum rt_field f, struct rt_buf *scratch,
			 struct rt_json *value)
{
	size_t start = scratch->len;

	if (direct_names(f) == ALL_NAMES)
		return rt_event_get(ev, f, value);
	if (!rt_event_text(ev, f, scratch))
		return false;
	*value = rt_json_of((struct rt_str){ scratch->s + start, scratch->len - start },
			    f == RT_F_DURATION_MS ? RT_JSON_REAL : RT_JSON_TEXT);
	return true;
}

void rt_path_init(struct rt_path *path, struct rt_str text)
{
	const char *dot = memchr(text.p, '.', text.n);
	struct rt_str head = { text.p, dot ? (size_t)(dot - text.p) : text.n };

	path->text = path->in_metadata = text;
	if (!rt_field_find(text, &path->field))
		path->field = RT_FIELD_COUNT;
	if (text.n > 9 && rt_same_bytes(text.p, "metadata.", 9))
		path->in_metadata = (struct rt_str){ text.p + 9, text.n - 9 };
	path->direct = path->field == RT_FIELD_COUNT ? 0 : direct_names(path->field);
	path->dotted = memchr(path->in_metadata.p, '.', path->in_metadata.n) != NULL;
	path->hidden = path->in_metadata.p != text.p ||
		       (!rt_name_find(head) && !rt_str_is(text, "truncated"));
}

static bool find_in_metadata(const struct rt_event *ev, const struct rt_path *path,
			     struct rt_json *value)
{
	const struct rt_json *metadata = rt_event_peek(ev, RT_F_METADATA);

	if (path->dotted)
		return metadata && rt_scan_find(metadata->text, path->in_metadata, value);
	return rt_event_in_metadata(ev, path->in_metadata, value);
}

bool rt_event_at(const struct rt_event *ev, const struct rt_path *path, struct rt_buf *scratch,
		 struct rt_json *value)
{
	bool in_line = ev->line.n && (ev->extra || !path->hidden);
	const struct rt_json *v = rt_event_peek_at(ev, path);

	if (v) {
		*value = *v;
		return true;
	}
	if (path->field != RT_FIELD_COUNT)
		return lookup_field(ev, path->field, scratch, value);
	return (in_line && rt_scan_find(ev->line, path->text, value)) ||
	       find_in_metadata(ev, path, value);
}

static uint32_t path_fields(const struct rt_path *path)
{
	switch (path->field) {
	case RT_F_TYPE:
	case RT_F_MESSAGE: /* the type is the message of an event without one */
		return RT_FIELDS_OF_TYPE | RT_FIELD(path->field);
	case RT_F_LEVEL:
		return RT_FIELDS_OF_LEVEL;
	case RT_F_MODEL:
	case RT_F_AGENT_ROLE:
		return RT_FIELD(path->field) | RT_FIELD(RT_F_METADATA);
	case RT_FIELD_COUNT:
		return RT_FIELD(RT_F_METADATA);
	default:
		return RT_FIELD(path->field);
	}
}

void rt_wanted_init(struct rt_wanted *w)
{
	memset(w, 0, sizeof(*w));
	w->simd = rt_simd_best();
	rt_scan_keys_init(&w->keys[0]);
	rt_scan_keys_init(&w->keys[1]);
}

static void add_name(void *arg, const char *name)
{
	struct rt_wanted *w = arg;
	struct rt_str key = rt_str(name);
	size_t slot = rt_wanted_slot(key);

	rt_scan_keys_add(&w->keys[0], key);
	if (!w->names[slot])
		w->names[slot] = rt_name_find(key);
}

void rt_wanted_add(struct rt_wanted *w, uint32_t fields)
{
	w->fields |= fields;
	for (int f = 0; f < RT_FIELD_COUNT; f++)
		if (fields & RT_FIELD(f))
			rt_field_names((enum rt_field)f, add_name, w);
	/* these may be in the metadata */
	if (fields & RT_FIELD(RT_F_MODEL))
		rt_scan_keys_add(&w->keys[1], rt_field_key(RT_F_MODEL));
	if (fields & RT_FIELD(RT_F_AGENT_ROLE))
		rt_scan_keys_add(&w->keys[1], rt_field_key(RT_F_AGENT_ROLE));
}

/* A path, or what it may begin with: a key up to any of its dots. */
static void add_keys(struct rt_scan_keys *keys, struct rt_str path)
{
	for (size_t i = 1; i + 1 < path.n; i++)
		if (path.p[i] == '.')
			rt_scan_keys_add(keys, (struct rt_str){ path.p, i });
	rt_scan_keys_add(keys, path);
}

void rt_wanted_add_path(struct rt_wanted *w, const struct rt_path *path)
{
	rt_wanted_add(w, path_fields(path));
	if (path->field != RT_FIELD_COUNT)
		return;
	add_keys(&w->keys[0], path->text);
	add_keys(&w->keys[1], path->in_metadata);
}
