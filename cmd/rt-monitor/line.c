/* Lines as the panes show them. See line.h. */
#include "line.h"
#include "crilog.h"
#include "die.h"

#include <stdlib.h>

#define TEXT_MAX (64u << 10) /* bytes of a line that are shown */
#define TAB 8

void line_style_init(struct line_style *s, const struct out *o)
{
	*s = (struct line_style){ .out = o };
	rt_buf_init(&s->scratch);
}

void line_style_release(struct line_style *s)
{
	rt_filter_free(s->filter);
	rt_buf_release(&s->scratch);
}

/* "12:00:01" of a time, as --utc has it. */
static void add_clock(const struct out *o, struct rt_buf *b, int64_t ns)
{
	struct rt_buf full; /* "2026-07-01 12:00:00 +02:00" */

	rt_buf_init(&full);
	out_time(o, &full, ns);
	if (full.len > 19)
		rt_buf_add(b, full.s + 11, 8);
	rt_buf_release(&full);
}

static void add_time(struct line_style *s, struct pager_line *line, bool known, int64_t ns)
{
	if (known)
		add_clock(s->out, &line->text, ns);
	else
		rt_buf_adds(&line->text, "        ");
	rt_buf_addc(&line->text, ' ');
	line->dim = line->text.len;
}

/* A text of the event in s->scratch; false when there is none. */
static bool field(struct line_style *s, const struct rt_event *ev, enum rt_field f)
{
	rt_buf_clear(&s->scratch);
	return rt_event_text(ev, f, &s->scratch) && s->scratch.len;
}

static void add_inert(struct rt_buf *b, struct rt_str text)
{
	if (text.n > TEXT_MAX)
		text.n = TEXT_MAX;
	rt_inert_add(b, text);
}

/* The same with a tab as the blanks that it stands for. */
static void add_output(struct line_style *s, struct rt_buf *b, struct rt_str text)
{
	size_t at = 0, column = 0;

	rt_buf_clear(&s->scratch);
	add_inert(&s->scratch, text);
	text = rt_buf_view(&s->scratch);
	for (;;) {
		const char *tab = memchr(text.p + at, '\t', text.n - at);
		struct rt_str piece = { text.p + at,
					tab ? (size_t)(tab - text.p) - at : text.n - at };
		size_t blanks;

		rt_buf_addv(b, piece);
		if (!tab)
			return;
		column += rt_text_columns(piece);
		blanks = TAB - column % TAB;
		rt_buf_add(b, "        ", blanks);
		column += blanks;
		at += piece.n + 1;
	}
}

bool line_of_event(struct line_style *s, struct rt_str raw, struct pager_line *line)
{
	struct rt_buf *b = &line->text;
	struct rt_event ev;
	int64_t ns = 0;
	bool timed;

	if (rt_event_parse(&ev, raw) < 0)
		return false;
	if (s->filter && !rt_filter_match(s->filter, &ev, &s->scratch))
		return false;
	timed = rt_event_time(&ev, &ns);
	add_time(s, line, timed, ns);
	line->style = ev.level >= RT_WARNING ? out_level_style(ev.level) :
		      ev.level == RT_DEBUG   ? STYLE_DIM :
					       STYLE_PLAIN;
	if (ev.level >= RT_WARNING)
		rt_buf_addf(b, "%s ", rt_level_name(ev.level));
	if (field(s, &ev, RT_F_STAGE)) {
		rt_buf_addc(b, '[');
		add_inert(b, rt_buf_view(&s->scratch));
		rt_buf_adds(b, "] ");
	}
	if (field(s, &ev, RT_F_PERCENT)) {
		rt_buf_addc(b, '(');
		add_inert(b, rt_buf_view(&s->scratch));
		rt_buf_adds(b, "%) ");
	}
	if (field(s, &ev, RT_F_MESSAGE))
		add_inert(b, rt_buf_view(&s->scratch));
	return true;
}

bool line_of_output(struct line_style *s, struct rt_str raw, struct pager_line *line)
{
	struct rt_cri cri;
	int64_t ns = 0;
	bool timed;

	line->style = STYLE_PLAIN;
	if (!rt_cri_parse(&cri, raw)) { /* the log of a component */
		add_output(s, &line->text, raw);
		return true;
	}
	timed = s->times && rt_cri_time(&cri, &ns);
	if (s->times)
		add_time(s, line, timed, ns);
	if (cri.err)
		line->style = STYLE_WARN;
	add_output(s, &line->text, cri.text);
	return true;
}

static bool is_condition(struct rt_str word)
{
	size_t i = 0;

	while (i < word.n &&
	       (word.p[i] == '_' || word.p[i] == '.' || word.p[i] == '-' ||
		(word.p[i] >= 'a' && word.p[i] <= 'z') || (word.p[i] >= 'A' && word.p[i] <= 'Z') ||
		(word.p[i] >= '0' && word.p[i] <= '9')))
		i++;
	return i > 0 && i < word.n && memchr("=!<>~", word.p[i], 5) &&
	       (word.p[i] != '!' || (i + 1 < word.n && word.p[i + 1] == '='));
}

static int add_condition(struct rt_filter *f, const char *word, struct rt_err *err)
{
	if (strncmp(word, "level=", 6) == 0 && word[6] != '=')
		return rt_filter_field(f, RT_F_LEVEL, word + 6, err);
	if (strncmp(word, "step=", 5) == 0 && word[5] != '=')
		return rt_filter_step(f, word + 5, err);
	return rt_filter_match_expr(f, word, err);
}

static bool is_operator(struct rt_str word)
{
	return (word.n == 1 && memchr("=<>~", word.p[0], 4)) ||
	       (word.n == 2 && memchr("!<>", word.p[0], 3) && word.p[1] == '=');
}

/* "level = error" is "level=error", since --match is written so, too. */
static char *join_conditions(const char *words)
{
	struct rt_buf b;

	rt_buf_init(&b);
	while (*words) {
		struct rt_str word = { words, strcspn(words, " ") };
		bool joins = b.len && is_operator(word);

		if (joins && b.s[b.len - 1] == ' ')
			b.len--;
		rt_buf_addv(&b, word);
		words += word.n;
		if (*words && !joins)
			rt_buf_addc(&b, ' ');
		words += strspn(words, " ");
	}
	return rt_buf_detach(&b);
}

struct rt_filter *line_filter(const char *text, struct rt_err *err)
{
	struct rt_filter *f = rt_filter_new();
	char *joined = join_conditions(text);
	const char *words = joined;
	struct rt_buf pattern;
	int ret = 0;

	if (!f)
		die(EXIT_FAIL, "out of memory");
	rt_buf_init(&pattern);
	while (ret == 0 && *words) {
		size_t n = strcspn(words, " ");
		struct rt_str word = { words, n };

		words += n + (words[n] != '\0');
		if (!n)
			continue;
		if (is_condition(word)) {
			char *condition = xstrndup(word.p, n);

			ret = add_condition(f, condition, err);
			free(condition);
		} else {
			if (pattern.len)
				rt_buf_addc(&pattern, ' ');
			rt_buf_addv(&pattern, word);
		}
	}
	if (ret == 0 && pattern.len)
		ret = rt_filter_grep(f, pattern.s, false, err);
	rt_buf_release(&pattern);
	free(joined);
	if (ret == 0 && !rt_filter_empty(f))
		return f;
	rt_filter_free(f);
	return NULL;
}
