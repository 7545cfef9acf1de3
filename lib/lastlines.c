/* The last lines of a log of captured output, or of any log. See lastlines.h. */
#include "lastlines.h"

#include "crilog.h"
#include "event.h"
#include "evlog.h"
#include "runfile.h"

#include <stdio.h>
#include <string.h>

#define WINDOW (256 * 1024) /* bytes at the end of a log that are looked at, archived or not */
#define PIECES_MAX 4096     /* bytes of a line that came in pieces, before it is cut */

struct rt_str rt_log_line(struct rt_str line, int64_t *at_ns, struct rt_buf *scratch)
{
	struct rt_event ev;
	struct rt_cri cri;

	*at_ns = 0;
	if (line.n && rt_event_parse(&ev, line) == 0) {
		if (!rt_event_time(&ev, at_ns))
			*at_ns = 0;
		rt_buf_clear(scratch);
		rt_event_text(&ev, RT_F_MESSAGE, scratch);
		line = rt_buf_view(scratch);
	} else if (rt_cri_parse(&cri, line)) {
		if (!rt_cri_time(&cri, at_ns))
			*at_ns = 0;
		line = cri.text;
	}
	while (line.n && memchr(" \t\r", line.p[line.n - 1], 3))
		line.n--;
	return line;
}

/* Without escape sequences that colour it; what a terminal would show after the last return. */
static void add_shown(struct rt_buf *out, struct rt_str text)
{
	const char *p = text.p, *end = text.p + text.n;

	while (p < end && out->len < PIECES_MAX) {
		if (p + 1 < end && p[0] == '\033' && p[1] == '[') {
			for (p += 2; p < end && (*p < '@' || *p > '~'); p++)
				;
			p += p < end;
		} else if (*p == '\r') {
			if (p + 1 < end)
				rt_buf_clear(out);
			p++;
		} else {
			rt_buf_addc(out, *p++);
		}
	}
}

/* The line that the text goes on with, or a new one. */
static struct rt_buf *place_for(struct rt_last_lines *l, const struct rt_cri *cri)
{
	size_t at = cri ? l->open[cri->err] : 0;

	if (at == 0 || l->n - (at - 1) > RT_LAST_LINES) {
		at = ++l->n;
		rt_buf_clear(&l->line[(at - 1) % RT_LAST_LINES]);
	}
	if (cri)
		l->open[cri->err] = cri->partial ? at : 0;
	return &l->line[(at - 1) % RT_LAST_LINES];
}

static bool is_blank(struct rt_str text)
{
	for (size_t i = 0; i < text.n; i++) {
		if (!memchr(" \t\r", text.p[i], 3))
			return false;
	}
	return true;
}

static void add_line(struct rt_last_lines *l, struct rt_str line, struct rt_buf *scratch)
{
	struct rt_cri cri;
	int64_t at_ns;

	if (rt_cri_parse(&cri, line)) {
		rt_cri_time(&cri, &l->last_ns);
		if (!is_blank(cri.text) || l->open[cri.err])
			add_shown(place_for(l, &cri), cri.text);
		return;
	}
	line = rt_log_line(line, &at_ns, scratch);
	if (!is_blank(line))
		add_shown(place_for(l, NULL), line);
}

static int read_lines(struct rt_last_lines *l, const struct rt_runfile *f, struct rt_buf *scratch)
{
	off_t from = f->size > WINDOW ? f->size - WINDOW : 0;
	bool cut = from > 0; /* the first line is a part of one */
	struct rt_reader r;
	struct rt_str line;
	int got;

	if (rt_reader_init(&r, f->fd, from, -1, false) < 0)
		return -1;
	while ((got = rt_reader_next(&r, &line)) > 0) {
		if (!cut)
			add_line(l, line, scratch);
		cut = false;
	}
	rt_reader_release(&r);
	return got;
}

int rt_last_lines_read(struct rt_last_lines *l, const struct rt_rundir *d, const char *step_id)
{
	struct rt_runfile f;
	struct rt_buf scratch;
	char name[RT_ID_MAX + 64];
	int ret;

	memset(l, 0, sizeof(*l));
	for (size_t i = 0; i < RT_LAST_LINES; i++)
		rt_buf_init(&l->line[i]);
	if (step_id)
		snprintf(name, sizeof(name), RT_LOGS_DIR "/%s/" RT_STEP_LOG, step_id);
	else
		snprintf(name, sizeof(name), RT_RUN_LOG);
	if (rt_runfile_open(&f, d, name) < 0)
		return -1;
	rt_buf_init(&scratch);
	ret = read_lines(l, &f, &scratch);
	for (size_t i = 0; i < RT_LAST_LINES; i++)
		if (l->line[i].failed)
			ret = -1;
	rt_buf_release(&scratch);
	rt_runfile_close(&f);
	return ret;
}

bool rt_last_lines_next(const struct rt_last_lines *l, size_t *at, struct rt_str *line)
{
	size_t n = l->n < RT_LAST_LINES ? l->n : RT_LAST_LINES;

	while (*at < n) {
		*line = rt_buf_view(&l->line[(l->n - n + (*at)++) % RT_LAST_LINES]);
		if (!is_blank(*line))
			return true;
	}
	return false;
}

void rt_last_lines_release(struct rt_last_lines *l)
{
	for (size_t i = 0; i < RT_LAST_LINES; i++)
		rt_buf_release(&l->line[i]);
}
