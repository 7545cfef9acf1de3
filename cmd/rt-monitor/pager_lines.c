/* Lines of a file, as many as a window has. See pager_lines.h. */
#include "pager_lines.h"
#include "die.h"

#include <stdlib.h>

void lines_forget(struct pager *p)
{
	for (size_t i = 0; i < p->n; i++)
		rt_buf_release(&p->v[i].text);
	p->n = 0;
	p->skip = 0;
	p->at_end = p->at_top = false;
}

int lines_height(const struct pager *p, const struct pager_line *line)
{
	size_t columns;

	if (!p->wrap || p->columns <= 0)
		return 1;
	columns = rt_text_columns(rt_buf_view(&line->text));
	return columns ? (int)((columns - 1) / (size_t)p->columns + 1) : 1;
}

void lines_insert(struct pager *p, size_t at, struct pager_line *line)
{
	line->height = lines_height(p, line);
	p->v = xrealloc(p->v, (p->n + 1) * sizeof(*p->v));
	memmove(p->v + at + 1, p->v + at, (p->n - at) * sizeof(*p->v));
	p->v[at] = *line;
	p->n++;
}

void lines_drop_first(struct pager *p)
{
	p->at_top = false;
	rt_buf_release(&p->v[0].text);
	p->n--;
	memmove(p->v, p->v + 1, p->n * sizeof(*p->v));
}

long lines_rows(const struct pager *p)
{
	long rows = -(long)p->skip;

	for (size_t i = 0; i < p->n; i++)
		rows += p->v[i].height;
	return rows;
}

void lines_trim(struct pager *p)
{
	long rows = lines_rows(p);

	while (p->n > 1 && rows - p->v[p->n - 1].height >= p->rows) {
		struct pager_line *last = &p->v[--p->n];

		rows -= last->height;
		p->end = last->at;
		p->at_end = false;
		rt_buf_release(&last->text);
	}
}

void walk_init(struct walk *w, struct pager *p, off_t at, bool backward)
{
	*w = (struct walk){ .p = p };
	rt_buf_init(&w->spare);
	p->gave_up = false;
	if (p->fd < 0)
		return;
	w->open = rt_reader_init(&w->reader, p->fd, backward ? 0 : at, backward ? at : -1,
				 backward) == 0;
	if (w->open)
		w->reader.whole_only = !p->over;
}

void walk_release(struct walk *w)
{
	if (w->open)
		rt_reader_release(&w->reader);
	rt_buf_release(&w->spare);
}

void walk_drop(struct walk *w, struct pager_line *line)
{
	rt_buf_release(&w->spare);
	w->spare = line->text;
	rt_buf_clear(&w->spare);
}

bool walk_next(struct walk *w, struct pager_line *line)
{
	struct rt_reader *r = &w->reader;
	struct pager *p = w->p;
	struct rt_str raw;

	while (w->open && rt_reader_next(r, &raw) > 0) {
		if (r->backward && r->torn && !p->over)
			continue;
		*line = (struct pager_line){ .at = r->line_at, .text = w->spare };
		rt_buf_init(&w->spare);
		line->next = r->backward ? r->line_at + (off_t)raw.n + 1 :
					   r->pos - (off_t)(r->end - r->start);
		if (!r->backward)
			p->end = line->next;
		if (raw.n && raw.p[raw.n - 1] == '\r')
			raw.n--;
		if (p->show(p->arg, raw, line)) {
			w->unshown = 0;
			return true;
		}
		walk_drop(w, line);
		if (++w->unshown % ASK_EVERY == 0 && p->interrupted(p->arg)) {
			p->gave_up = true;
			break;
		}
	}
	if (r->backward)
		p->at_top = true;
	else
		p->at_end = !p->gave_up;
	return false;
}

void lines_fill_below(struct pager *p)
{
	long rows = lines_rows(p);
	struct pager_line line;
	struct walk w;

	if (rows >= p->rows && !p->follow)
		return;
	walk_init(&w, p, p->end, false);
	while ((p->follow || rows < p->rows) && walk_next(&w, &line)) {
		lines_insert(p, p->n, &line);
		rows += p->v[p->n - 1].height;
		/* those that follow are many: the first ones go as new ones come */
		while (p->follow && p->n > 1 && rows - p->v[0].height + (long)p->skip >= p->rows) {
			rows -= p->v[0].height - (long)p->skip;
			p->skip = 0;
			lines_drop_first(p);
		}
	}
	walk_release(&w);
}

void lines_fill_above(struct pager *p)
{
	long lacks = p->rows - lines_rows(p);
	struct pager_line line;
	struct walk w;

	if (lacks <= 0)
		return;
	if ((long)p->skip >= lacks) {
		p->skip -= (size_t)lacks;
		return;
	}
	lacks -= (long)p->skip;
	p->skip = 0;
	if (p->at_top)
		return;
	walk_init(&w, p, p->n ? p->v[0].at : p->end, true);
	while (lacks > 0 && walk_next(&w, &line)) {
		lines_insert(p, 0, &line);
		lacks -= p->v[0].height;
	}
	walk_release(&w);
	if (lacks < 0)
		p->skip = (size_t)-lacks;
}

void lines_settle(struct pager *p)
{
	long over = lines_rows(p) - p->rows;

	if (over > 0) {
		p->skip += (size_t)over;
		while (p->n > 1 && p->skip >= (size_t)p->v[0].height) {
			p->skip -= (size_t)p->v[0].height;
			lines_drop_first(p);
		}
	}
}

void lines_fill(struct pager *p)
{
	if (p->rows <= 0)
		return;
	p->gave_up = false;
	lines_fill_below(p);
	if (p->gave_up)
		return;
	lines_fill_above(p);
	if (p->follow)
		lines_settle(p);
	lines_trim(p);
}
