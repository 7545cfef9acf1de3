/* A window on a file. See pager.h. */
#include "pager_lines.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define CATCH_UP (4 << 20) /* bytes: more that is new is skipped, not shown line by line */

void pager_init(struct pager *p, bool (*show)(void *arg, struct rt_str raw, struct pager_line *),
		bool (*interrupted)(void *arg), void *arg)
{
	*p = (struct pager){
		.fd = -1,
		.show = show,
		.interrupted = interrupted,
		.arg = arg,
		.follow = true,
		.match = -1,
	};
}

void pager_release(struct pager *p)
{
	lines_forget(p);
	free(p->v);
	p->v = NULL;
	if (p->fd >= 0)
		close(p->fd);
	p->fd = -1;
}

/* Where the last whole line ends: one that is still being written comes when it is whole. */
static off_t whole_end(const struct pager *p)
{
	off_t end = p->size;
	struct rt_reader r;
	struct rt_str line;

	if (p->over || p->fd < 0 || rt_reader_init(&r, p->fd, 0, p->size, true) < 0)
		return end;
	if (rt_reader_next(&r, &line) > 0 && r.torn)
		end = r.line_at;
	rt_reader_release(&r);
	return end;
}

static void go_to_end(struct pager *p)
{
	struct stat st;

	lines_forget(p);
	p->size = p->fd >= 0 && fstat(p->fd, &st) == 0 ? st.st_size : 0;
	p->end = whole_end(p);
	p->at_end = true;
	if (p->rows <= 0)
		return;
	lines_fill_above(p);
	lines_settle(p);
}

void pager_open(struct pager *p, int fd)
{
	if (p->fd >= 0)
		close(p->fd);
	p->fd = fd;
	p->follow = true;
	p->left = 0;
	p->match = -1;
	go_to_end(p);
}

void pager_end(struct pager *p)
{
	p->follow = true;
	go_to_end(p);
}

void pager_home(struct pager *p)
{
	lines_forget(p);
	p->follow = false;
	p->end = 0;
	lines_fill(p);
}

/* The lines from a place on. */
static void go_to(struct pager *p, off_t at)
{
	lines_forget(p);
	p->end = at;
	lines_fill(p);
}

void pager_again(struct pager *p)
{
	if (p->follow || !p->n)
		pager_end(p);
	else
		go_to(p, p->v[0].at);
}

bool pager_look(struct pager *p)
{
	off_t before = p->size;
	struct stat st;

	if (p->fd < 0 || fstat(p->fd, &st) < 0)
		return false;
	p->size = st.st_size;
	if (st.st_size < p->end) { /* cut */
		p->match = -1;
		go_to_end(p);
		return true;
	}
	if (st.st_size == before && !p->over)
		return false;
	p->at_end = false;
	if (!p->follow && lines_rows(p) >= p->rows)
		return true; /* how far it reaches is another part of it */
	if (p->follow && st.st_size - p->end > CATCH_UP)
		go_to_end(p);
	else
		lines_fill(p);
	return true;
}

void pager_resize(struct pager *p, int rows, int columns)
{
	if (rows == p->rows && columns == p->columns)
		return;
	if (columns != p->columns)
		p->skip = 0;
	p->rows = rows;
	p->columns = columns;
	for (size_t i = 0; i < p->n; i++)
		p->v[i].height = lines_height(p, &p->v[i]);
	lines_fill(p);
}

static void scroll_up(struct pager *p, int rows)
{
	struct pager_line line;
	struct walk w;

	p->follow = false;
	while (rows > 0 && p->skip) {
		p->skip--;
		rows--;
	}
	if (rows > 0) {
		walk_init(&w, p, p->n ? p->v[0].at : p->end, true);
		while (rows > 0 && walk_next(&w, &line)) {
			lines_insert(p, 0, &line);
			rows -= p->v[0].height;
		}
		walk_release(&w);
		if (rows < 0)
			p->skip = (size_t)-rows;
	}
	lines_trim(p);
}

void pager_scroll(struct pager *p, int rows)
{
	if (rows < 0) {
		scroll_up(p, -rows);
		return;
	}
	p->skip += (size_t)rows;
	lines_fill_below(p);
	while (p->n > 1 && p->skip >= (size_t)p->v[0].height) {
		p->skip -= (size_t)p->v[0].height;
		lines_drop_first(p);
	}
	if (p->n == 1 && p->skip >= (size_t)p->v[0].height)
		p->skip = (size_t)p->v[0].height - 1;
	lines_fill(p);
	p->follow = p->at_end;
}

void pager_set_wrap(struct pager *p, bool wrap)
{
	p->wrap = wrap;
	p->left = 0;
	p->skip = 0;
	for (size_t i = 0; i < p->n; i++)
		p->v[i].height = lines_height(p, &p->v[i]);
	lines_fill(p);
}

/* The rows of the window above the line at a place; -1: that is not in it. */
static long rows_above(const struct pager *p, off_t at)
{
	long rows = -(long)p->skip;

	for (size_t i = 0; i < p->n; i++) {
		if (p->v[i].at == at)
			return rows < 0 ? 0 : rows;
		rows += p->v[i].height;
	}
	return -1;
}

/* Show the line at a place, with some of those before it. */
static void show_match(struct pager *p, off_t at)
{
	long above = rows_above(p, at);

	p->match = at;
	if (above >= 0)
		return;
	p->follow = false;
	go_to(p, at);
	above = rows_above(p, at);
	if (above < p->rows / 3)
		scroll_up(p, p->rows / 3 - (int)above);
}

bool pager_search(struct pager *p, const struct pattern *pattern, bool backward)
{
	off_t from, end = p->end;
	bool at_end = p->at_end, at_top = p->at_top, found = false;
	struct pager_line line;
	struct walk w;
	size_t seen = 0;

	if (!p->n)
		return false;
	from = p->v[0].at;
	for (size_t i = 0; i < p->n; i++)
		if (p->v[i].at == p->match)
			from = backward ? p->match : p->v[i].next;
	walk_init(&w, p, from, backward);
	while (!found && walk_next(&w, &line)) {
		found = pattern_matches(pattern, line.text.s);
		walk_drop(&w, &line);
		if (!found && ++seen % ASK_EVERY == 0 && p->interrupted(p->arg)) {
			p->gave_up = true;
			break;
		}
	}
	walk_release(&w);
	p->end = end;
	p->at_end = at_end;
	p->at_top = at_top;
	if (found)
		show_match(p, line.at);
	return found;
}

int pager_percent(const struct pager *p)
{
	return p->size > 0 && p->end < p->size ? (int)(p->end * 100 / p->size) : 100;
}
