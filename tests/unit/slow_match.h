/* Whether an event that was read the slow way meets a condition. See slow.h. */
#ifndef RT_TEST_SLOW_MATCH_H
#define RT_TEST_SLOW_MATCH_H

#include "slow.h"

#include <stdio.h>

/* An option and what is given to it; regex: for those that have one. */
struct slow_cond {
	const char *option, *value;
	regex_t regex;
	bool has_regex;
	int64_t since_ns, until_ns;
};

static inline bool slow_in_list(const char *list, struct rt_str text)
{
	for (size_t n; *list; list += n + (list[n] == ',')) {
		n = strcspn(list, ",");
		if (n && rt_str_eq((struct rt_str){ list, n }, text))
			return true;
	}
	return false;
}

static inline bool slow_time(struct slow *s, int64_t *ns)
{
	struct rt_str raw = s->have[RT_F_TS];

	if (!raw.n)
		return false;
	return raw.p[0] == '"' ? rt_clock_parse(slow_text(s, raw), ns) :
				 rt_clock_parse_number(raw, ns);
}

/* A duration as text, in milliseconds: as --normalize prints it. */
static inline struct rt_str slow_duration(struct slow *s)
{
	struct rt_event ev;
	struct rt_buf line, text;
	struct rt_str raw = s->have[RT_F_DURATION_MS];

	rt_buf_init(&line);
	rt_buf_init(&text);
	rt_buf_addf(&line, "{\"%s\":%.*s}", s->seconds ? "seconds" : "duration_ms", (int)raw.n,
		    raw.p);
	rt_event_parse(&ev, rt_buf_view(&line));
	rt_event_text(&ev, RT_F_DURATION_MS, &text);
	raw = (struct rt_str){ slow_keep(s, text.s, text.len), text.len };
	rt_buf_release(&line);
	rt_buf_release(&text);
	return raw;
}

/* A field's text as a reader sees it; false when it is not there. */
static inline bool slow_field(struct slow *s, enum rt_field f, struct rt_str *text)
{
	char ts[RT_TS_LEN + 1];
	int64_t ns;

	if (f == RT_F_TYPE || (f == RT_F_MESSAGE && !s->have[f].n)) {
		*text = s->type_text;
		return true;
	}
	if (f == RT_F_LEVEL) {
		*text = rt_str(rt_level_name(s->level));
		return true;
	}
	if (f == RT_F_TS) {
		if (!slow_time(s, &ns))
			return false;
		rt_clock_format(ts, ns);
		*text = (struct rt_str){ slow_keep(s, ts, RT_TS_LEN), RT_TS_LEN };
		return true;
	}
	if (!s->have[f].n)
		return false;
	*text = f == RT_F_DURATION_MS ? slow_duration(s) : slow_text(s, s->have[f]);
	return true;
}

static inline int64_t slow_step_number(struct rt_str s)
{
	size_t at = s.n > 5 && memcmp(s.p, "step_", 5) == 0 ? 5 : 0;
	char *copy = strndup(s.p + at, s.n - at), *end;
	int64_t n = isdigit((unsigned char)*copy) ? strtoll(copy, &end, 10) : -1;

	if (n >= 0 && (*end || strlen(copy) != s.n - at))
		n = -1;
	free(copy);
	return n;
}

static inline bool slow_step_is(const char *list, int64_t number)
{
	for (size_t n; *list; list += n + (list[n] == ',')) {
		n = strcspn(list, ",");
		if (number >= 0 && n && slow_step_number((struct rt_str){ list, n }) == number)
			return true;
	}
	return false;
}

static inline bool slow_step(struct slow *s, const char *list)
{
	struct rt_str raw = s->have[RT_F_STEP], text, name;
	bool own = s->type >= RT_T_STEP_STARTED && s->type <= RT_T_STEP_SKIPPED;

	if (raw.n && slow_step_is(list, slow_number(raw).i))
		return true;
	if (s->have[RT_F_STEP_ID].n) {
		text = slow_text(s, s->have[RT_F_STEP_ID]);
		if (slow_in_list(list, text) || slow_step_is(list, slow_step_number(text)))
			return true;
	}
	name = slow_member(&s->metadata, rt_str("step_name"));
	if (!name.n && own)
		name = slow_member(&s->metadata, rt_str("name"));
	if (!name.n && own)
		name = s->have[RT_F_STAGE];
	if (!name.n)
		name = slow_member(&s->line, rt_str("step"));
	return name.n && slow_in_list(list, slow_text(s, name));
}

/* A dotted path: the whole as one key first, then each of its beginnings. */
static inline struct rt_str slow_path(struct slow *s, const struct slow_object *o,
				      struct rt_str path)
{
	struct rt_str found = slow_member(o, path);

	for (size_t i = 1; !found.n && i + 1 < path.n; i++) {
		struct slow_object inner;
		struct rt_str raw;

		if (path.p[i] != '.')
			continue;
		raw = slow_member(o, (struct rt_str){ path.p, i });
		if (!raw.n || raw.p[0] != '{')
			continue;
		slow_members(s, raw, &inner);
		found = slow_path(s, &inner, (struct rt_str){ path.p + i + 1, path.n - i - 1 });
	}
	return found;
}

static inline bool slow_at(struct slow *s, struct rt_str key, struct rt_str *text)
{
	enum rt_field f;
	struct rt_str raw;

	if (rt_field_find(key, &f))
		return slow_field(s, f, text);
	raw = slow_path(s, &s->line, key);
	if (!raw.n && key.n > 9 && memcmp(key.p, "metadata.", 9) == 0)
		key = (struct rt_str){ key.p + 9, key.n - 9 };
	if (!raw.n)
		raw = slow_path(s, &s->metadata, key);
	*text = slow_text(s, raw);
	return raw.n > 0;
}

static inline bool slow_regex(const regex_t *regex, struct rt_str text)
{
	regmatch_t range = { .rm_so = 0, .rm_eo = (regoff_t)text.n };

	return regexec(regex, text.n ? text.p : "", 0, &range, REG_STARTEND) == 0;
}

static inline bool slow_order(const char *op, int order)
{
	switch (op[0]) {
	case '<':
		return order < 0 || (op[1] == '=' && order == 0);
	case '>':
		return order > 0 || (op[1] == '=' && order == 0);
	case '!':
		return order != 0;
	default:
		return order == 0;
	}
}

static inline int slow_compare(struct rt_str text, struct rt_str value, bool quoted)
{
	struct slow_number a = slow_number(text), b = slow_number(value);

	if (!quoted && a.is && b.is && a.whole && b.whole)
		return (a.i > b.i) - (a.i < b.i);
	if (!quoted && a.is && b.is)
		return (a.d > b.d) - (a.d < b.d);
	return rt_str_compare(text, value);
}

static inline bool slow_expr(struct slow *s, const struct slow_cond *c)
{
	const char *op = c->value + strcspn(c->value, "=!<>~");
	struct rt_str key = rt_str_trim((struct rt_str){ c->value, (size_t)(op - c->value) });
	struct rt_str value = rt_str_trim(rt_str(op + strspn(op, "=!<>~"))), text;
	bool quoted = value.n >= 2 && value.p[0] == '"' && value.p[value.n - 1] == '"';
	enum rt_level level;
	int64_t ns, want;

	if (quoted)
		value = (struct rt_str){ value.p + 1, value.n - 2 };
	if (*op != '~' && rt_str_is(key, "ts")) {
		rt_clock_parse(value, &want);
		return slow_time(s, &ns) ? slow_order(op, (ns > want) - (ns < want)) : *op == '!';
	}
	if (*op != '~' && rt_str_is(key, "level") && rt_level_find(value, &level))
		return slow_order(op, (int)s->level - (int)level);
	if (!slow_at(s, key, &text))
		return *op == '!';
	if (*op == '~')
		return slow_regex(&c->regex, text);
	if (rt_str_is(key, "type") && rt_type_find(value) != RT_T_OTHER)
		value = rt_str(rt_type_name(rt_type_find(value)));
	return slow_order(op, slow_compare(text, value, quoted));
}

static inline bool slow_type(const struct slow *s, const char *list)
{
	if (s->type == RT_T_OTHER)
		return slow_in_list(list, s->type_text);
	for (size_t n; *list; list += n + (list[n] == ',')) {
		n = strcspn(list, ",");
		if (n && rt_type_find((struct rt_str){ list, n }) == s->type)
			return true;
	}
	return false;
}

static inline bool slow_match(struct slow *s, const struct slow_cond *c)
{
	const char *value = c->value;
	enum rt_level level;
	enum rt_field f = RT_F_TYPE;
	struct rt_str text;
	int64_t ns;

	s->used = s->mark;
	if (!s->valid)
		return false;
	if (strcmp(c->option, "match") == 0)
		return slow_expr(s, c);
	if (strcmp(c->option, "time") == 0)
		return slow_time(s, &ns) && ns >= c->since_ns && ns < c->until_ns;
	if (strcmp(c->option, "type") == 0)
		return slow_type(s, value);
	if (strcmp(c->option, "step") == 0)
		return slow_step(s, value);
	if (strcmp(c->option, "level") == 0)
		return rt_level_find(rt_str(value), &level) && s->level >= level;
	slow_field(s, RT_F_MESSAGE, &text);
	if (strcmp(c->option, "grep") == 0)
		return slow_regex(&c->regex, text);
	if (strcmp(c->option, "fixed") == 0)
		return memmem(text.p, text.n, value, strlen(value)) != NULL;
	return rt_field_find(rt_str(c->option), &f) && slow_field(s, f, &text) &&
	       slow_in_list(value, text);
}

#endif
