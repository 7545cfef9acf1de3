/* What keys do. Those of commands are in commands.c's table as well, which help shows. */
#include "monitor.h"

#include <curses.h>
#include <stdlib.h>

#define CONTROL(c) ((c)&0x1f)
#define SIDEWAYS 8 /* columns that a key moves */

/* Keys that are characters, as those that have a name. */
static uint32_t motion_of(enum screen_key how, uint32_t key)
{
	if (how == SCREEN_KEY)
		return key;
	switch (key) {
	case 'j':
		return KEY_DOWN;
	case 'k':
		return KEY_UP;
	case 'h':
		return KEY_LEFT;
	case 'l':
		return KEY_RIGHT;
	case 'g':
		return KEY_HOME;
	case 'G':
		return KEY_END;
	case ' ':
	case CONTROL('f'):
		return KEY_NPAGE;
	case 'b':
	case CONTROL('b'):
		return KEY_PPAGE;
	}
	return 0;
}

static void move_in_list(struct monitor *m, struct list *l, uint32_t key)
{
	long page = l->rows > 1 ? (long)l->rows - 1 : 1;
	size_t before = l->selected;

	switch (key) {
	case KEY_DOWN:
		list_move(l, 1);
		break;
	case KEY_UP:
		list_move(l, -1);
		break;
	case KEY_NPAGE:
		list_move(l, page);
		break;
	case KEY_PPAGE:
		list_move(l, -page);
		break;
	case KEY_HOME:
		list_move(l, -(long)l->n);
		break;
	case KEY_END:
		list_move(l, (long)l->n);
		break;
	}
	if (m->view == VIEW_RUN && l->selected != before) {
		m->follow_steps = false;
		monitor_select(m);
	}
}

static void move_in_pager(struct pager *p, uint32_t key)
{
	int page = p->rows > 1 ? p->rows - 1 : 1;

	switch (key) {
	case KEY_DOWN:
		pager_scroll(p, 1);
		break;
	case KEY_UP:
		pager_scroll(p, -1);
		break;
	case KEY_NPAGE:
		pager_scroll(p, page);
		break;
	case KEY_PPAGE:
		pager_scroll(p, -page);
		break;
	case KEY_HOME:
		pager_home(p);
		break;
	case KEY_END:
		pager_end(p);
		break;
	case KEY_LEFT:
		p->left -= p->left < SIDEWAYS ? p->left : SIDEWAYS;
		break;
	case KEY_RIGHT:
		p->left += p->wrap ? 0 : SIDEWAYS;
		break;
	}
}

/* Whether the key was one that moves. */
static bool move_key(struct monitor *m, enum screen_key how, uint32_t key)
{
	struct pager *p = monitor_pager(m);

	key = motion_of(how, key);
	switch (key) {
	case KEY_DOWN:
	case KEY_UP:
	case KEY_NPAGE:
	case KEY_PPAGE:
	case KEY_HOME:
	case KEY_END:
	case KEY_LEFT:
	case KEY_RIGHT:
		if (p)
			move_in_pager(p, key);
		else
			move_in_list(m, monitor_list_of(m), key);
		return true;
	}
	return false;
}

static void enter(struct monitor *m)
{
	const struct rt_row *row = runs_selected(&m->runs);

	if (m->view == VIEW_RUN && m->focus == PANE_PLAN)
		monitor_command(m, "details");
	else if (m->view == VIEW_RUNS && row)
		monitor_open(m, row->path);
}

static void leave(struct monitor *m)
{
	if (m->view == VIEW_SHEET)
		sheet_close(m);
	else if (m->view == VIEW_RUN && m->zoom)
		m->zoom = false;
}

static void focus(struct monitor *m, int by)
{
	if (m->view == VIEW_RUN)
		m->focus = (enum pane)(((int)m->focus + by + PANES) % PANES);
}

/* Keys of a run: the beginning of a command, or the whole of it. */
static void run_key(struct monitor *m, uint32_t key)
{
	switch (key) {
	case 'p':
		monitor_command(m, "pause");
		break;
	case 'r':
		monitor_command(m, "resume");
		break;
	case 'x':
		m->confirm = true;
		monitor_say(m, STYLE_WARN, "cancel the run? (y/n)");
		break;
	case 'c':
		prompt_open(&m->prompt, PROMPT_COMMAND, "context ");
		break;
	case 'd':
		monitor_command(m, "details");
		break;
	case 'f':
		prompt_open(&m->prompt, PROMPT_COMMAND, "filter ");
		break;
	case 'F':
		monitor_command(m, "follow");
		break;
	case 't':
		monitor_command(m, "times");
		break;
	case 'z':
		monitor_command(m, "zoom");
		break;
	case 'o':
		monitor_command(m, "log");
		break;
	case 'L':
		monitor_command(m, "list");
		break;
	case '1':
	case '2':
	case '3':
		m->focus = (enum pane)(key - '1');
		break;
	}
}

static void char_key(struct monitor *m, uint32_t key)
{
	switch (key) {
	case ':':
		prompt_open(&m->prompt, PROMPT_COMMAND, "");
		break;
	case '/':
		prompt_open(&m->prompt, PROMPT_SEARCH, "");
		break;
	case '\\':
		prompt_open(&m->prompt, PROMPT_BACK, "");
		break;
	case 'n':
		monitor_search_next(m, false);
		break;
	case 'N':
		monitor_search_next(m, true);
		break;
	case '?':
		sheet_help(m);
		break;
	case 'w':
		monitor_command(m, "wrap");
		break;
	case 'q':
		if (m->view == VIEW_SHEET)
			sheet_close(m);
		else
			m->quit = true;
		break;
	case '\t':
		focus(m, 1);
		break;
	case '\r':
	case '\n':
		enter(m);
		break;
	case 0x1b:
		leave(m);
		break;
	case CONTROL('l'):
		clearok(stdscr, TRUE);
		break;
	default:
		if (m->view == VIEW_RUN)
			run_key(m, key);
	}
}

static void prompt_take(struct monitor *m, enum screen_key how, uint32_t key)
{
	enum prompt_kind kind = m->prompt.kind;
	enum prompt_did did = prompt_key(&m->prompt, how, key, monitor_complete, m);
	char *line;

	if (did != PROMPT_DONE)
		return;
	/* what it does may open the prompt again */
	line = rt_buf_detach(&m->prompt.text);
	rt_buf_init(&m->prompt.text);
	if (kind == PROMPT_COMMAND)
		monitor_command(m, line ? line : "");
	else
		monitor_search(m, line ? line : "", kind == PROMPT_BACK);
	free(line);
}

void monitor_key(struct monitor *m, enum screen_key how, uint32_t key)
{
	bool confirms = m->confirm;

	rt_buf_clear(&m->message);
	m->confirm = false;
	if (m->prompt.kind)
		prompt_take(m, how, key);
	else if (confirms)
		monitor_command(m, how == SCREEN_CHAR && key == 'y' ? "cancel" : "");
	else if (how == SCREEN_KEY && key == KEY_BTAB)
		focus(m, -1);
	else if (how == SCREEN_KEY && key == KEY_ENTER)
		enter(m);
	else if (!move_key(m, how, key) && how == SCREEN_CHAR)
		char_key(m, key);
}
