/*
 * Annotations in a command's output. See annotation.h. Nearly all output has
 * none: it costs a look for "::", and one back to the line's beginning where
 * that is found.
 */
#include "annotation.h"
#include "event.h"
#include "id.h"
#include "text.h"

#include <strings.h>

#define MARK "::"
#define MARK_LEN 2
#define INDENT_MAX 256 /* blanks before the mark of a line that has no end yet */

void rt_annotation_init(struct rt_annotation *a)
{
	rt_needle_exact(&a->mark, rt_str(MARK));
	a->grouped = false;
	for (int i = 0; i < 2; i++) {
		rt_buf_init(&a->begun[i]);
		a->inside[i] = false;
	}
	rt_buf_init(&a->group);
	rt_buf_init(&a->token);
	rt_buf_init(&a->text);
	rt_buf_init(&a->json);
	rt_buf_init(&a->metadata);
}

void rt_annotation_release(struct rt_annotation *a)
{
	rt_buf_release(&a->begun[0]);
	rt_buf_release(&a->begun[1]);
	rt_buf_release(&a->group);
	rt_buf_release(&a->token);
	rt_buf_release(&a->text);
	rt_buf_release(&a->json);
	rt_buf_release(&a->metadata);
}

static bool same_word(struct rt_str a, const char *b)
{
	return a.n == strlen(b) && strncasecmp(a.p, b, a.n) == 0;
}

/* The character that an escape at p means, 0 where there is none; `more`: in a property. */
static char unescaped(const char *p, bool more)
{
	static const struct {
		char code[4], c;
		bool more;
	} escapes[] = {
		{ "%25", '%', false }, { "%0D", '\r', false }, { "%0A", '\n', false },
		{ "%3A", ':', true },  { "%2C", ',', true },   { "%20", ' ', true },
	};

	for (size_t i = 0; i < sizeof(escapes) / sizeof(*escapes); i++) {
		if (escapes[i].more <= more && strncasecmp(p, escapes[i].code, 3) == 0)
			return escapes[i].c;
	}
	return '\0';
}

/* The text without escapes, in a->text. */
static struct rt_str decode(struct rt_annotation *a, struct rt_str s, bool property)
{
	rt_buf_clear(&a->text);
	while (s.n) {
		char c = *s.p == '%' && s.n >= 3 ? unescaped(s.p, property) : '\0';
		size_t n = c ? 3 : 1;

		rt_buf_addc(&a->text, c ? c : *s.p);
		s.p += n;
		s.n -= n;
	}
	return rt_buf_view(&a->text);
}

static void add_member(struct rt_buf *json, struct rt_str key, struct rt_str value, bool raw)
{
	rt_buf_adds(json, json->len ? "," : "{");
	rt_json_quote(json, key);
	rt_buf_addc(json, ':');
	if (raw)
		rt_buf_addv(json, value);
	else
		rt_json_quote(json, value);
}

static void add_text(struct rt_buf *json, const char *key, struct rt_str value)
{
	add_member(json, rt_str(key), value, false);
}

/* Whether a field can be said in an annotation, and takes this value. */
static bool takes(enum rt_field f, struct rt_str value)
{
	enum rt_level level;

	switch (f) {
	case RT_F_TYPE: /* run_*: what becomes of the run is not the command's to say */
		return rt_type_valid(value) && !(value.n > 4 && memcmp(value.p, "run_", 4) == 0);
	case RT_F_LEVEL:
		return rt_level_find(value, &level);
	case RT_F_COMPONENT:
		return rt_id_valid(value);
	case RT_F_TS:
	case RT_F_RUN_ID:
	case RT_F_METADATA:
		return false;
	default:
		return true;
	}
}

/* key=value: a field of the event, or something in its metadata. */
static void add_property(struct rt_annotation *a, struct rt_str property, bool fields)
{
	struct rt_str key = rt_str_trim(rt_str_cut(&property, "=")), value;
	enum rt_field f = RT_FIELD_COUNT;
	bool number;

	if (key.n == 0 || property.n == 0)
		return;
	value = decode(a, property, true);
	number = rt_json_is_number(value);
	if (same_word(key, "phase"))
		key = rt_str("stage");
	if (fields && rt_field_find(key, &f) && takes(f, value))
		add_member(&a->json, key, value,
			   !rt_field_is_text(f) && (number || rt_str_is(value, "true") ||
						    rt_str_is(value, "false")));
	else
		add_member(&a->metadata, key, value, number);
}

static void add_properties(struct rt_annotation *a, struct rt_str rest, bool ours)
{
	while (rest.n) {
		struct rt_str word = rt_str_cut(&rest, ours ? " " : ",");

		while (word.n)
			add_property(a, rt_str_cut(&word, ","), ours);
	}
}

static void hand_on(struct rt_annotation *a, rt_annotation_event *event, void *arg)
{
	if (a->metadata.len) {
		rt_buf_addc(&a->metadata, '}');
		add_member(&a->json, rt_str("metadata"), rt_buf_view(&a->metadata), true);
	}
	if (a->json.len == 0) /* it says nothing */
		return;
	rt_buf_addc(&a->json, '}');
	if (!a->json.failed && !a->metadata.failed && !a->text.failed)
		event(arg, rt_buf_view(&a->json));
}

static void begin(struct rt_annotation *a, const char *type, const char *level)
{
	rt_buf_clear(&a->json);
	rt_buf_clear(&a->metadata);
	if (type)
		add_text(&a->json, "type", rt_str(type));
	if (level)
		add_text(&a->json, "level", rt_str(level));
}

static void end_group(struct rt_annotation *a, rt_annotation_event *event, void *arg)
{
	if (!a->grouped)
		return;
	a->grouped = false;
	begin(a, "phase_completed", NULL);
	add_text(&a->json, "stage", rt_buf_view(&a->group));
	hand_on(a, event, arg);
}

/* Groups do not nest: one that begins ends the one before. */
static void begin_group(struct rt_annotation *a, struct rt_str name, rt_annotation_event *event,
			void *arg)
{
	end_group(a, event, arg);
	name = rt_str_trim(decode(a, name, false));
	if (name.n == 0)
		return;
	rt_buf_clear(&a->group);
	rt_buf_addv(&a->group, name);
	a->grouped = true;
	begin(a, "phase_started", NULL);
	add_text(&a->json, "stage", name);
	hand_on(a, event, arg);
}

/* A message, with what stands before it. */
static void tell(struct rt_annotation *a, const char *type, const char *level,
		 struct rt_str properties, struct rt_str message, rt_annotation_event *event,
		 void *arg)
{
	begin(a, type, level);
	add_properties(a, properties, !type);
	message = decode(a, message, false);
	if (message.n)
		add_text(&a->json, "message", message);
	hand_on(a, event, arg);
}

static void obey(struct rt_annotation *a, struct rt_str command, struct rt_str properties,
		 struct rt_str message, rt_annotation_event *event, void *arg)
{
	static const struct {
		const char *command, *type, *level;
	} messages[] = {
		{ "rt", NULL, NULL },           { "error", "error", NULL },
		{ "warning", "warning", NULL }, { "notice", "info", NULL },
		{ "debug", "info", "debug" },
	};

	if (a->token.len) {
		if (rt_str_eq(command, rt_buf_view(&a->token)))
			rt_buf_clear(&a->token);
		return;
	}
	if (same_word(command, "stop-commands")) {
		rt_buf_addv(&a->token, rt_str_trim(message));
	} else if (same_word(command, "group")) {
		begin_group(a, message, event, arg);
	} else if (same_word(command, "endgroup")) {
		end_group(a, event, arg);
	}
	for (size_t i = 0; i < sizeof(messages) / sizeof(*messages); i++) {
		if (same_word(command, messages[i].command))
			tell(a, messages[i].type, messages[i].level, properties, message, event,
			     arg);
	}
}

/* A line from its mark on, without its end: ::command properties::message. */
static void take_line(struct rt_annotation *a, struct rt_str line, rt_annotation_event *event,
		      void *arg)
{
	struct rt_str head;

	if (line.n && line.p[line.n - 1] == '\r')
		line.n--;
	line.p += MARK_LEN;
	line.n -= MARK_LEN;
	if (line.n > RT_ANNOTATION_MAX || !memmem(line.p, line.n, MARK, MARK_LEN))
		return;
	head = rt_str_cut(&line, MARK);
	obey(a, rt_str_cut(&head, " "), head, line, event, arg);
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static struct rt_str skip_blanks(struct rt_str s)
{
	while (s.n && is_blank(*s.p)) {
		s.p++;
		s.n--;
	}
	return s;
}

/* Where the line begins that the mark at `mark` opens; NULL when something else stands before it. */
static const char *line_of(const char *from, const char *mark, bool inside)
{
	const char *p = mark;

	while (p > from && is_blank(p[-1]))
		p--;
	return p == from ? (inside ? NULL : p) : p[-1] == '\n' ? p : NULL;
}

/* Whether what there is of a line may become an annotation. */
static bool may_become(struct rt_str s)
{
	size_t indent = s.n;

	s = skip_blanks(s);
	indent -= s.n;
	if (s.n >= MARK_LEN)
		return memcmp(s.p, MARK, MARK_LEN) == 0;
	return indent <= INDENT_MAX && (s.n == 0 || *s.p == ':');
}

/* Keep the beginning of a line that has no end yet, if it may be one. */
static void keep_last(struct rt_annotation *a, int stream, struct rt_str rest)
{
	const char *nl = memrchr(rest.p, '\n', rest.n);
	struct rt_str last = rest;

	if (nl) {
		last.p = nl + 1;
		last.n = rest.n - (size_t)(last.p - rest.p);
		a->inside[stream] = false;
	}
	if (a->inside[stream] || last.n == 0)
		return;
	if (last.n <= RT_ANNOTATION_MAX && may_become(last))
		rt_buf_addv(&a->begun[stream], last);
	else
		a->inside[stream] = true;
}

/* Go on with a line that was begun. Returns how much of the piece is of it. */
static size_t go_on(struct rt_annotation *a, int stream, struct rt_str piece,
		    rt_annotation_event *event, void *arg)
{
	struct rt_buf *begun = &a->begun[stream];
	const char *nl = memchr(piece.p, '\n', piece.n);
	size_t n = nl ? (size_t)(nl - piece.p) : piece.n;
	struct rt_str line;

	if (begun->len + n <= RT_ANNOTATION_MAX)
		rt_buf_add(begun, piece.p, n);
	else
		rt_buf_clear(begun);
	line = skip_blanks(rt_buf_view(begun));
	a->inside[stream] = !nl && (begun->len == 0 || !may_become(rt_buf_view(begun)));
	if (nl && line.n >= MARK_LEN && memcmp(line.p, MARK, MARK_LEN) == 0)
		take_line(a, line, event, arg);
	if (nl || a->inside[stream])
		rt_buf_clear(begun);
	return n + (nl != NULL);
}

void rt_annotation_add(struct rt_annotation *a, int stream, struct rt_str piece,
		       rt_annotation_event *event, void *arg)
{
	const char *end = piece.p + piece.n, *from, *p, *mark;

	if (a->begun[stream].len) {
		size_t n = go_on(a, stream, piece, event, arg);

		piece.p += n;
		piece.n -= n;
		if (a->begun[stream].len)
			return;
	}
	if (piece.n == 0)
		return;
	for (from = p = piece.p; (mark = rt_needle_find(&a->mark, p, end)) != NULL;) {
		const char *nl = memchr(mark, '\n', (size_t)(end - mark));

		if (!nl)
			break;
		if (line_of(from, mark, a->inside[stream]))
			take_line(a, (struct rt_str){ mark, (size_t)(nl - mark) }, event, arg);
		p = nl + 1;
	}
	keep_last(a, stream, piece);
}

void rt_annotation_end(struct rt_annotation *a, rt_annotation_event *event, void *arg)
{
	for (int i = 0; i < 2; i++) {
		if (a->begun[i].len)
			go_on(a, i, (struct rt_str){ "\n", 1 }, event, arg);
		a->inside[i] = false;
	}
}
