/*
 * Texts that every match of a regular expression must contain. See
 * filter_literals.h. Of each part of the expression it is worked out which
 * texts it can match, as long as these are few ("(foo|bar)baz": two), or else
 * which every match holds at least one of. The idea is Russ Cox's, "Regular
 * Expression Matching with a Trigram Index", 2012. Where libraries differ in
 * what an expression means, nothing is known of it.
 */
#include "filter_literals.h"

#include <ctype.h>

#define DEPTH_MAX 16 /* groups in groups */

/* What is known of a part is a struct rt_literals, whose `exact` says that they are all it matches. */
struct parser {
	const char *p;
	size_t depth;
	bool unclear; /* what it means */
};

enum times { ONCE, OFTEN, PERHAPS };

/* The part that matches only the empty text. */
static void init_empty(struct rt_literals *l)
{
	l->len[0] = 0;
	l->n = 1;
	l->exact = true;
}

/* A part of which nothing is known. */
static void init_unknown(struct rt_literals *l)
{
	l->n = 0;
	l->exact = false;
}

/* How good texts are to look for: the length of the shortest, 0 for none. */
static size_t worth(const struct rt_literals *l)
{
	size_t least = l->n ? RT_LITERAL_LEN : 0;

	for (size_t i = 0; i < l->n; i++)
		least = l->len[i] < least ? l->len[i] : least;
	return least;
}

static void keep_better(struct rt_literals *best, const struct rt_literals *other)
{
	if (worth(other) > worth(best))
		*best = *other;
}

static bool add(struct rt_literals *l, struct rt_str head, struct rt_str tail)
{
	if (l->n == RT_LITERALS_MAX || head.n + tail.n > RT_LITERAL_LEN)
		return false;
	memcpy(l->text[l->n], head.p, head.n);
	memcpy(l->text[l->n] + head.n, tail.p, tail.n);
	l->len[l->n++] = (uint8_t)(head.n + tail.n);
	return true;
}

/* Each text with each of the tails behind it; false, and no change, when these are too many or long. */
static bool append(struct rt_literals *l, const struct rt_literals *tails)
{
	struct rt_literals all = { .n = 0, .exact = true };

	for (size_t i = 0; i < l->n; i++)
		for (size_t j = 0; j < tails->n; j++)
			if (!add(&all, rt_literal(l, i), rt_literal(tails, j)))
				return false;
	*l = all;
	return true;
}

/* The one part or the other. */
static void join(struct rt_literals *l, const struct rt_literals *other)
{
	const struct rt_str nothing = { "", 0 };
	bool exact = l->exact && other->exact;
	bool known = exact || (worth(l) && worth(other));

	for (size_t i = 0; known && i < other->n; i++)
		known = add(l, rt_literal(other, i), nothing);
	l->exact = exact;
	if (!known)
		init_unknown(l);
}

/* Behind what stands in brackets. */
static void skip_bracket(struct parser *s)
{
	const char *p = s->p + 1;

	p += *p == '^';
	p += *p == ']';
	for (; *p && *p != ']'; p++) {
		char kind = p[1];

		if (*p != '[' || (kind != ':' && kind != '.' && kind != '='))
			continue;
		for (p += 2; *p && (p[0] != kind || p[1] != ']'); p++)
			;
		if (!*p)
			break;
		p++;
	}
	s->unclear |= !*p;
	s->p = *p ? p + 1 : p;
}

/* "{2,3}" and the like; p stands behind the brace. */
static enum times read_interval(struct parser *s)
{
	size_t digits = strspn(s->p, "0123456789"), zeros = strspn(s->p, "0");
	enum times times = digits > zeros ? OFTEN : PERHAPS;

	s->p += digits;
	if (*s->p == ',')
		s->p += 1 + strspn(s->p + 1, "0123456789");
	s->unclear |= *s->p != '}';
	s->p += *s->p == '}';
	return times;
}

/* How often the part before has to be there. */
static enum times read_times(struct parser *s)
{
	enum times times = ONCE, more;

	while (*s->p && strchr("*+?{", *s->p)) {
		char c = *s->p++;

		more = c == '{' ? read_interval(s) : c == '+' ? OFTEN : PERHAPS;
		times = more > times ? more : times;
	}
	return times;
}

static void read_char(struct rt_literals *l, char c)
{
	init_empty(l);
	l->text[0][0] = c;
	l->len[0] = 1;
	if (!rt_stands_plain(c))
		init_unknown(l);
}

/* An escape: a character as it is, or something that is no text (\w, \<, \1). */
static void read_escape(struct parser *s, struct rt_literals *l)
{
	unsigned char c = (unsigned char)s->p[1];

	s->unclear |= !c;
	s->p += c ? 2 : 1;
	if (ispunct(c) && !strchr("<>`'", c))
		read_char(l, (char)c);
	else
		init_unknown(l);
}

static void read_choice(struct parser *s, struct rt_literals *l);

static void read_group(struct parser *s, struct rt_literals *l)
{
	s->p++;
	if (++s->depth > DEPTH_MAX)
		s->unclear = true;
	else
		read_choice(s, l);
	s->depth--;
	s->unclear |= *s->p != ')';
	s->p += *s->p == ')';
}

/* A character, a group, or what stands for one. */
static void read_part(struct parser *s, struct rt_literals *l)
{
	char c = *s->p;

	init_unknown(l);
	if (c == '(') {
		read_group(s, l);
	} else if (c == '[') {
		skip_bracket(s);
	} else if (c == '\\') {
		read_escape(s, l);
	} else if (strchr("*+?{)", c)) {
		s->unclear = true;
	} else if (c == '^' || c == '$') {
		s->p++;
		s->unclear |= *s->p && strchr("*+?{", *s->p);
	} else {
		s->p++;
		if (c != '.')
			read_char(l, c);
	}
}

/* What stands between bars: parts, each behind the other. */
static void read_row(struct parser *s, struct rt_literals *l)
{
	struct rt_literals row, part, best;
	bool exact = true;

	init_empty(&row);
	init_unknown(&best);
	while (*s->p && *s->p != '|' && (*s->p != ')' || s->depth == 0) && !s->unclear) {
		enum times times;

		read_part(s, &part);
		times = read_times(s);
		if (times == ONCE && part.exact && append(&row, &part))
			continue;
		exact = false;
		keep_better(&best, &row);
		if (times != PERHAPS)
			keep_better(&best, &part);
		/* What follows stands behind this part, if that is known. */
		init_empty(&row);
		if (times == ONCE && part.exact)
			row = part;
	}
	if (!exact) {
		keep_better(&best, &row);
		best.exact = false;
	}
	*l = exact ? row : best;
}

static void read_choice(struct parser *s, struct rt_literals *l)
{
	struct rt_literals other;

	read_row(s, l);
	while (*s->p == '|' && !s->unclear) {
		s->p++;
		read_row(s, &other);
		join(l, &other);
	}
}

void rt_literals_find(struct rt_literals *l, const char *regex)
{
	struct parser s = { .p = regex };

	read_choice(&s, l);
	if (s.unclear || *s.p || worth(l) == 0)
		init_unknown(l);
}

bool rt_literals_in(const struct rt_literals *l, struct rt_str text)
{
	for (size_t i = 0; i < l->n; i++)
		if (memmem(text.p, text.n, l->text[i], l->len[i]))
			return true;
	return false;
}
