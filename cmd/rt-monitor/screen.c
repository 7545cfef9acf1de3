/* Drawing by curses. See screen.h. */
#define _XOPEN_SOURCE_EXTENDED 1
#include "screen.h"
#include "die.h"
#include "text.h"

#include <curses.h>
#include <locale.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <wchar.h>

#define CELLS 64 /* characters that are handed to curses at once */

static void set_styles(struct screen *s, bool color)
{
	static const short colors[SCREEN_STYLES] = {
		[STYLE_GOOD] = COLOR_GREEN, [STYLE_WARN] = COLOR_YELLOW, [STYLE_BAD] = COLOR_RED,
		[STYLE_NAME] = COLOR_CYAN,  [STYLE_LIVE] = COLOR_BLUE,
	};

	color = color && has_colors() && start_color() == OK;
	if (color)
		use_default_colors();
	for (short i = 0; i < SCREEN_STYLES; i++) {
		s->attributes[i] = A_NORMAL;
		if (color && colors[i]) {
			/* dark blue on black cannot be read; with true colour, numbers mean others */
			short shade = colors[i] == COLOR_BLUE && COLORS >= 16 && COLORS <= 256 ?
					      COLOR_BLUE + 8 :
					      colors[i];

			init_pair(i, shade, -1);
			s->attributes[i] = (unsigned long)COLOR_PAIR(i);
		}
	}
	s->attributes[STYLE_DIM] |= A_DIM;
	s->attributes[STYLE_BOLD] |= A_BOLD;
	s->attributes[STYLE_BAD] |= A_BOLD;
}

void screen_close(void)
{
	endwin();
}

void screen_release(struct screen *s)
{
	delscreen(s->curses);
}

/*
 * curses would end the program tidily, with an exit code of its own; here a signal is
 * what it ends by (keep.h).
 */
static void keep_signals(void)
{
	static const int caught[] = { SIGINT, SIGTERM };
	struct sigaction old;

	for (size_t i = 0; i < sizeof(caught) / sizeof(*caught); i++)
		if (sigaction(caught[i], NULL, &old) == 0 && old.sa_handler != SIG_IGN)
			signal(caught[i], SIG_DFL);
}

void screen_open(struct screen *s, bool color)
{
	/* what is shown is UTF-8, whatever the locale is */
	if (!setlocale(LC_CTYPE, "") || MB_CUR_MAX == 1)
		setlocale(LC_CTYPE, "C.UTF-8");
	set_escdelay(25);
	s->curses = newterm(NULL, stdout, stdin);
	if (!s->curses)
		die(EXIT_FAIL, "the terminal cannot be drawn on");
	keep_signals();
	cbreak();
	noecho();
	nonl();
	nodelay(stdscr, TRUE);
	keypad(stdscr, TRUE);
	set_styles(s, color);
	screen_resize(s);
}

void screen_resize(struct screen *s)
{
	struct winsize size;

	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_row && size.ws_col)
		resizeterm(size.ws_row, size.ws_col);
	getmaxyx(stdscr, s->rows, s->columns);
	clearok(stdscr, TRUE);
}

void screen_suspend(struct screen *s)
{
	sigset_t set, before;

	endwin();
	signal(SIGTSTP, SIG_DFL);
	sigemptyset(&set);
	sigaddset(&set, SIGTSTP);
	raise(SIGTSTP);
	sigprocmask(SIG_UNBLOCK, &set, &before); /* here it stops */
	sigprocmask(SIG_SETMASK, &before, NULL);
	screen_resize(s);
}

static attr_t attribute(const struct spot *s, enum out_style style)
{
	attr_t a = (attr_t)s->screen->attributes[style];

	return s->selected ? (a & ~(attr_t)A_DIM) | A_REVERSE : a;
}

/* The columns that curses gives a character; one that it cannot show becomes another. */
static int cells_of(wchar_t *c)
{
	int n = *c == '\t' ? -1 : wcwidth(*c);

	if (n >= 0)
		return n;
	*c = *c == '\t' ? ' ' : 0xfffd;
	return 1;
}

static void put(const struct spot *s, int column, const wchar_t *cells, int n)
{
	if (n)
		mvaddnwstr(s->row, column, cells, n);
}

void spot_text(struct spot *s, struct rt_str text, enum out_style style)
{
	wchar_t cells[CELLS + 1];
	int n = 0, begin = s->column, origin = s->column;

	attrset(attribute(s, style));
	for (size_t i = 0, len; i < text.n; i += len) {
		uint32_t cp;
		wchar_t c;
		int width;

		len = rt_utf8_decode(text.p + i, text.n - i, &cp);
		if (!len) {
			cp = 0xfffd;
			len = 1;
		}
		c = (wchar_t)cp;
		width = cells_of(&c);
		if (s->column + width > s->end)
			break;
		if (width == 0 && s->column == origin)
			continue; /* there is nothing that it could be put on */
		cells[n++] = c;
		s->column += width;
		if (n >= CELLS - 8 && width) {
			put(s, begin, cells, n);
			begin = s->column;
			n = 0;
		}
		n = n < CELLS ? n : CELLS;
	}
	put(s, begin, cells, n);
	attrset(A_NORMAL);
}

void spot_str(struct spot *s, const char *text, enum out_style style)
{
	spot_text(s, rt_str(text), style);
}

void spot_format(struct spot *s, enum out_style style, const char *fmt, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	spot_str(s, text, style);
}

void spot_raw(struct spot *s, struct rt_str text, enum out_style style)
{
	struct rt_buf inert;

	rt_buf_init(&inert);
	rt_inert_add(&inert, text);
	spot_text(s, rt_buf_view(&inert), style);
	rt_buf_release(&inert);
}

void spot_fill(struct spot *s, int to)
{
	if (to > s->end)
		to = s->end;
	if (to <= s->column)
		return;
	attrset(attribute(s, STYLE_PLAIN));
	mvhline(s->row, s->column, ' ' | (s->selected ? A_REVERSE : A_NORMAL), to - s->column);
	attrset(A_NORMAL);
	s->column = to;
}

enum screen_key screen_read(uint32_t *key)
{
	wint_t c;
	int got;

	/* that the size is another one is known already */
	do
		got = get_wch(&c);
	while (got == KEY_CODE_YES && c == KEY_RESIZE);
	if (got == ERR)
		return SCREEN_NONE;
	*key = (uint32_t)c;
	return got == KEY_CODE_YES ? SCREEN_KEY : SCREEN_CHAR;
}
