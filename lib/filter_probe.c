/*
 * What all lines share that can meet a filter: the text of a value that a field
 * has to have. See rt_filter_probe in filter.h.
 *
 * A value stands in the line as it is, or with some of its characters as
 * escapes: then "\u00" stands there, which is one more text to look for. What
 * a reader derives from something else (numbers, levels, times, the type of a
 * line without one) has no text that could be looked for.
 */
#include "filter_cond.h"

/* The longest part of the text that stands as it is where no \u00 stands. */
static struct rt_str plain_part(struct rt_str text)
{
	struct rt_str best = { text.p, 0 };

	for (size_t i = 0, from = 0; i < text.n; i++) {
		if (!rt_stands_plain(text.p[i]))
			from = i + 1;
		else if (i + 1 - from > best.n)
			best = (struct rt_str){ text.p + from, i + 1 - from };
	}
	return best;
}

/* Texts that are put together; `full` when one did not fit, or there is none for a value. */
struct texts {
	struct rt_probe *probe;
	bool full;
};

static struct rt_needle *add(struct texts *t)
{
	/* The last place is that of the escape. */
	if (t->probe->n == RT_PROBE_MAX - 1) {
		t->full = true;
		return NULL;
	}
	return &t->probe->v[t->probe->n++];
}

static void add_text(struct texts *t, struct rt_str text)
{
	struct rt_str part = plain_part(text);
	struct rt_needle *needle = part.n ? add(t) : NULL;

	if (needle)
		rt_needle_exact(needle, part);
	else
		t->full = true;
}

/* Whether every place of `a` fits what `b` begins with: then b needs no looking for. */
static bool begins_with(const struct rt_needle *b, const struct rt_needle *a)
{
	return a->n <= b->n && memcmp(a->want, b->want, a->n) == 0 &&
	       memcmp(a->open, b->open, a->n) == 0;
}

static void add_loose(struct texts *t, struct rt_str name)
{
	struct rt_needle needle;

	rt_needle_loose(&needle, name);
	for (size_t i = 0; i < t->probe->n; i++) {
		struct rt_needle *other = &t->probe->v[i];

		if (begins_with(&needle, other))
			return;
		if (begins_with(other, &needle)) {
			*other = needle;
			return;
		}
	}
	if (add(t))
		t->probe->v[t->probe->n - 1] = needle;
}

static void add_spelling(void *arg, const char *name)
{
	add_loose(arg, rt_str(name));
}

static void add_type(struct texts *t, const struct rt_cond_value *v)
{
	/* These an event has that does not say its type. */
	if (v->type == RT_T_PROGRESS || v->type == RT_T_INFO)
		t->full = true;
	else if (v->type == RT_T_OTHER)
		add_text(t, v->text);
	else
		rt_type_spellings(v->type, add_spelling, t);
}

/* What a text is looked for as, and how much of it each spelling of some types has. */
struct stem {
	struct rt_str text;
	size_t n;
};

/* Letters in either case, and what parts words: as rt_needle_loose has it. */
static bool is_alike(char a, char b)
{
	if ((a | 0x20) >= 'a' && (a | 0x20) <= 'z')
		return (a | 0x20) == (b | 0x20);
	return strchr("_.:-", a) ? strchr("_.:-", b) != NULL : a == b;
}

/* As much of the text's beginning as the spelling has. */
static void shorten(void *arg, const char *spelling)
{
	struct stem *stem = arg;
	size_t best = 0;

	for (const char *at = spelling; *at; at++) {
		size_t n = 0;

		while (n < stem->n && at[n] && is_alike(stem->text.p[n], at[n]))
			n++;
		best = n > best ? n : best;
	}
	stem->n = best;
}

#define STEM 4 /* bytes, without which there is nothing to look for */

/*
 * A text that the message has. The message of an event without one is its type,
 * which may stand there in another spelling, or not at all.
 */
static void add_in_message(struct texts *t, struct rt_str text)
{
	struct stem stem = { text, text.n };
	bool in_type = false;

	for (int i = 0; i < RT_TYPE_COUNT; i++) {
		struct rt_str name = rt_str(rt_type_name((enum rt_type)i));

		if (text.n > name.n || !memmem(name.p, name.n, text.p, text.n))
			continue;
		in_type = true;
		rt_type_spellings((enum rt_type)i, shorten, &stem);
		if (i == RT_T_PROGRESS || i == RT_T_INFO)
			stem.n = 0;
	}
	if (!in_type)
		add_text(t, text);
	else if (stem.n >= STEM)
		add_loose(t, (struct rt_str){ text.p, stem.n });
	else
		t->full = true;
}

/* A field whose text is that of a value in the line, and never made of something else. */
static bool is_verbatim(enum rt_field f)
{
	return f != RT_F_TS && f != RT_F_TYPE && f != RT_F_LEVEL && f != RT_F_MESSAGE &&
	       f != RT_F_DURATION_MS;
}

static void add_literals(struct texts *t, const struct rt_cond *c)
{
	t->full |= c->literals.n == 0;
	for (size_t i = 0; i < c->literals.n; i++)
		add_in_message(t, rt_literal(&c->literals, i));
}

#define ALIKE 6 /* names that begin alike so far are looked for as one */

static void add_name(void *arg, const char *text)
{
	struct rt_str name = rt_str(text);
	struct texts *t = arg;

	for (size_t i = 0; i < t->probe->n; i++) {
		struct rt_needle *other = &t->probe->v[i];
		size_t n = 0;

		while (n < name.n && n < other->n && other->want[n] == (unsigned char)name.p[n])
			n++;
		if (n >= ALIKE) {
			rt_needle_exact(other, (struct rt_str){ name.p, n });
			return;
		}
	}
	add_text(t, name);
}

/* A key leads to a value only where the last part of its path stands. */
static void add_path(struct texts *t, const struct rt_path *path)
{
	const char *dot = memrchr(path->text.p, '.', path->text.n);
	const char *end = path->text.p + path->text.n;

	add_text(t, dot ? (struct rt_str){ dot + 1, (size_t)(end - dot) - 1 } : path->text);
}

static void add_comparison(struct texts *t, const struct rt_cond *c)
{
	const struct rt_cond_value *v = &c->values[0];
	enum rt_field f = c->path.field;
	bool numeric = !c->quoted && v->is_number; /* it has many texts */

	if (f == RT_F_MESSAGE && c->op == RT_OP_REGEX)
		add_literals(t, c);
	else if (c->op == RT_OP_NE || c->has_time || c->has_level)
		t->full = true; /* also met where the key is not, or what it says is derived */
	else if (f == RT_F_TYPE && c->op == RT_OP_EQ && !numeric)
		add_type(t, v);
	else if (f == RT_F_TYPE || f == RT_F_LEVEL || f == RT_F_MESSAGE || f == RT_F_TS)
		t->full = true;
	else if (c->op == RT_OP_EQ && is_verbatim(f) && !numeric)
		add_text(t, v->text);
	else if (f != RT_FIELD_COUNT)
		rt_field_names(f, add_name, t); /* its value stands under one of them */
	else
		add_path(t, &c->path);
}

static void add_cond(struct texts *t, const struct rt_cond *c)
{
	switch (c->kind) {
	case RT_COND_TYPE:
		for (size_t i = 0; i < c->n; i++)
			add_type(t, &c->values[i]);
		break;
	case RT_COND_TEXT:
		if (!is_verbatim(c->field))
			t->full = true;
		for (size_t i = 0; i < c->n; i++)
			add_text(t, c->values[i].text);
		break;
	case RT_COND_CONTAINS:
		add_in_message(t, c->key);
		break;
	case RT_COND_REGEX:
		add_literals(t, c);
		break;
	case RT_COND_COMPARE:
		add_comparison(t, c);
		break;
	default:
		t->full = true;
	}
}

/* How good a probe is: the length of its shortest text, 0 for none. */
static size_t worth(const struct rt_probe *probe)
{
	size_t least = probe->n ? SIZE_MAX : 0;

	for (size_t i = 0; i < probe->n; i++)
		least = probe->v[i].n < least ? probe->v[i].n : least;
	return least;
}

void rt_filter_probe(const struct rt_filter *f, struct rt_probe *probe)
{
	probe->n = 0;
	for (size_t i = 0; i < f->n; i++) {
		struct rt_probe found = { .n = 0 };
		struct texts t = { &found, false };

		add_cond(&t, &f->conds[i]);
		if (!t.full && worth(&found) > worth(probe))
			*probe = found;
	}
	/* \u0020 to \u007f, and some others: a character of ASCII that need not be one. */
	if (probe->n) {
		struct rt_needle *escape = &probe->v[probe->n++];

		rt_needle_exact(escape, rt_str("\\u007"));
		escape->open[4] = 0x07;
	}
}
