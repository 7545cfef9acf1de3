/* Typing a line. See prompt.h. */
#include "prompt.h"
#include "die.h"
#include "text.h"

#include <curses.h>
#include <stdlib.h>

#define HISTORY_MAX 200
#define CONTROL(c) ((c)&0x1f)

static const char signs[PROMPT_KINDS] = {
	[PROMPT_COMMAND] = ':',
	[PROMPT_SEARCH] = '/',
	[PROMPT_BACK] = '?',
};

void prompt_init(struct prompt *p)
{
	*p = (struct prompt){ .kind = PROMPT_NONE };
	rt_buf_init(&p->text);
	rt_buf_init(&p->kept);
	rt_buf_init(&p->offers);
}

void prompt_release(struct prompt *p)
{
	for (size_t i = 0; i < p->n_history; i++)
		free(p->history[i]);
	free(p->history);
	rt_buf_release(&p->text);
	rt_buf_release(&p->kept);
	rt_buf_release(&p->offers);
}

static void set_text(struct prompt *p, const char *text)
{
	rt_buf_clear(&p->text);
	rt_buf_adds(&p->text, text);
	p->at = p->text.len;
}

void prompt_open(struct prompt *p, enum prompt_kind kind, const char *text)
{
	p->kind = kind;
	p->past = p->n_history;
	rt_buf_clear(&p->offers);
	set_text(p, text);
}

/* Searches in both directions are of one kind. */
static char sign_of(enum prompt_kind kind)
{
	return signs[kind == PROMPT_BACK ? PROMPT_SEARCH : kind];
}

static void keep(struct prompt *p)
{
	char *line = xasprintf("%c%s", sign_of(p->kind), p->text.s);

	if (!p->text.len || (p->n_history && !strcmp(p->history[p->n_history - 1], line))) {
		free(line);
		return;
	}
	if (p->n_history == HISTORY_MAX) {
		free(p->history[0]);
		memmove(p->history, p->history + 1, --p->n_history * sizeof(*p->history));
	}
	p->history = xrealloc(p->history, (p->n_history + 1) * sizeof(*p->history));
	p->history[p->n_history++] = line;
}

/* An entry of this kind before the one that is shown, or after it. */
static void look_back(struct prompt *p, int by)
{
	size_t i = p->past;

	if (p->past == p->n_history) {
		rt_buf_clear(&p->kept);
		rt_buf_addv(&p->kept, rt_buf_view(&p->text));
	}
	do {
		if (by < 0 ? i == 0 : i == p->n_history)
			return;
		i += (size_t)by;
	} while (i < p->n_history && p->history[i][0] != sign_of(p->kind));
	p->past = i;
	set_text(p, i < p->n_history ? p->history[i] + 1 : p->kept.s);
}

/* Where the character before the place begins, and where the one at it ends. */
static size_t before(const struct prompt *p, size_t at)
{
	while (at && ((unsigned char)p->text.s[--at] & 0xc0) == 0x80)
		;
	return at;
}

static size_t after(const struct prompt *p, size_t at)
{
	uint32_t cp;
	size_t n = rt_utf8_decode(p->text.s + at, p->text.len - at, &cp);

	return at + (n ? n : at < p->text.len);
}

static void erase_text(struct prompt *p, size_t from, size_t to)
{
	rt_buf_splice(&p->text, from, to - from, "", 0);
	p->at = from;
}

static size_t word_before(const struct prompt *p)
{
	size_t at = p->at;

	while (at && p->text.s[at - 1] == ' ')
		at--;
	while (at && p->text.s[at - 1] != ' ')
		at--;
	return at;
}

static void insert(struct prompt *p, const char *text, size_t n)
{
	rt_buf_splice(&p->text, p->at, 0, text, n);
	p->at += n;
}

/* What all words that were offered begin with. */
struct offers {
	struct rt_buf common, *list;
	size_t n;
};

static void offer(void *to, const char *word)
{
	struct offers *o = to;
	size_t n = 0;

	if (o->n++ == 0) {
		rt_buf_adds(&o->common, word);
	} else {
		while (n < o->common.len && o->common.s[n] == word[n])
			n++;
		o->common.len = rt_utf8_cut((struct rt_str){ o->common.s, n }, n);
		o->common.s[o->common.len] = '\0';
	}
	if (o->list->len < 4096) {
		if (o->n > 1)
			rt_buf_adds(o->list, "  ");
		rt_buf_adds(o->list, word);
	}
}

static void complete_word(struct prompt *p, prompt_complete *complete, void *arg)
{
	struct offers o = { .list = &p->offers };
	char *line = xstrndup(p->text.s, p->at);
	size_t from = p->at;

	rt_buf_init(&o.common);
	while (from && p->text.s[from - 1] != ' ')
		from--;
	complete(arg, line, offer, &o);
	if (o.n) {
		if (o.n == 1 && o.common.s[o.common.len - 1] != '=')
			rt_buf_addc(&o.common, ' ');
		erase_text(p, from, p->at);
		insert(p, o.common.s, o.common.len);
	}
	if (o.n < 2)
		rt_buf_clear(&p->offers);
	rt_buf_release(&o.common);
	free(line);
}

static enum prompt_did leave(struct prompt *p, enum prompt_did how)
{
	if (how == PROMPT_DONE)
		keep(p);
	p->kind = PROMPT_NONE;
	return how;
}

static enum prompt_did move_key(struct prompt *p, uint32_t key)
{
	switch (key) {
	case KEY_LEFT:
		p->at = before(p, p->at);
		break;
	case KEY_RIGHT:
		p->at = after(p, p->at);
		break;
	case KEY_HOME:
		p->at = 0;
		break;
	case KEY_END:
		p->at = p->text.len;
		break;
	case KEY_UP:
		look_back(p, -1);
		break;
	case KEY_DOWN:
		look_back(p, 1);
		break;
	case KEY_DC:
		erase_text(p, p->at, after(p, p->at));
		break;
	case KEY_BACKSPACE:
		if (!p->text.len)
			return leave(p, PROMPT_LEFT);
		erase_text(p, before(p, p->at), p->at);
		break;
	case KEY_ENTER:
		return leave(p, PROMPT_DONE);
	}
	return PROMPT_EDITED;
}

/* Characters that are keys elsewhere, as readline(3) has them. */
static uint32_t key_of(uint32_t c)
{
	switch (c) {
	case CONTROL('a'):
		return KEY_HOME;
	case CONTROL('e'):
		return KEY_END;
	case CONTROL('b'):
		return KEY_LEFT;
	case CONTROL('f'):
		return KEY_RIGHT;
	case CONTROL('p'):
		return KEY_UP;
	case CONTROL('n'):
		return KEY_DOWN;
	case CONTROL('d'):
		return KEY_DC;
	case 0x7f:
	case '\b':
		return KEY_BACKSPACE;
	case '\r':
	case '\n':
		return KEY_ENTER;
	}
	return 0;
}

enum prompt_did prompt_key(struct prompt *p, enum screen_key how, uint32_t key,
			   prompt_complete *complete, void *arg)
{
	char text[4];

	rt_buf_clear(&p->offers);
	if (how == SCREEN_KEY)
		return move_key(p, key);
	if (key_of(key))
		return move_key(p, key_of(key));
	switch (key) {
	case 0x1b:
	case CONTROL('g'):
		return leave(p, PROMPT_LEFT);
	case '\t':
		if (p->kind == PROMPT_COMMAND)
			complete_word(p, complete, arg);
		break;
	case CONTROL('u'):
		erase_text(p, 0, p->at);
		break;
	case CONTROL('k'):
		erase_text(p, p->at, p->text.len);
		break;
	case CONTROL('w'):
		erase_text(p, word_before(p), p->at);
		break;
	default:
		if (key >= 0x20 && key < 0x110000)
			insert(p, text, rt_utf8_encode(key, text));
	}
	return PROMPT_EDITED;
}

void prompt_draw(const struct prompt *p, struct spot *s)
{
	struct rt_str text = rt_buf_view(&p->text), head = { p->text.s, p->at };
	int room = s->end - s->column - 2, cursor;

	/* a long line is shown around the cursor */
	while (text.n && (int)rt_text_columns(head) > room) {
		size_t n = after(p, (size_t)(text.p - p->text.s)) - (size_t)(text.p - p->text.s);

		text.p += n;
		text.n -= n;
		head.p += n;
		head.n -= n;
	}
	spot_format(s, STYLE_BOLD, "%c", signs[p->kind]);
	cursor = s->column + (int)rt_text_columns(head);
	spot_raw(s, text, STYLE_PLAIN);
	spot_fill(s, s->end);
	move(s->row, cursor);
}
