/*
 * The last lines of what failed printed, for its summary: most often they say
 * why. They come from the logs of the steps that went wrong, and from the run's
 * own where it failed and its last step did not, or it printed something later.
 */
#include "summary_model.h"

#include "crilog.h"
#include "evlog.h"
#include "runfile.h"
#include "text.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define WINDOW (256 * 1024) /* bytes at the end of a log that are looked at, archived or not */
#define LINE_MAX_KEPT 200   /* bytes of a line */
#define PIECES_MAX 4096     /* bytes of a line that came in pieces, before it is cut */

/* The lines that were read last. */
struct last_lines {
	struct rt_buf line[SUM_TAIL_LINES]; /* a ring */
	size_t n;        /* lines so far; the next one goes to n % SUM_TAIL_LINES */
	size_t open[2];  /* of each stream: its line that goes on and 1; 0: none */
	int64_t last_ns; /* when the last one was written; 0: unknown */
};

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
static struct rt_buf *place_for(struct last_lines *l, const struct rt_cri *cri)
{
	size_t at = cri ? l->open[cri->err] : 0;

	if (at == 0 || l->n - (at - 1) > SUM_TAIL_LINES) {
		at = ++l->n;
		rt_buf_clear(&l->line[(at - 1) % SUM_TAIL_LINES]);
	}
	if (cri)
		l->open[cri->err] = cri->partial ? at : 0;
	return &l->line[(at - 1) % SUM_TAIL_LINES];
}

static bool is_blank(struct rt_str text)
{
	for (size_t i = 0; i < text.n; i++) {
		if (!memchr(" \t\r", text.p[i], 3))
			return false;
	}
	return true;
}

static void add_line(struct last_lines *l, struct rt_str line, struct rt_buf *scratch)
{
	struct rt_cri cri;
	int64_t at_ns;

	if (rt_cri_parse(&cri, line)) {
		rt_cri_time(&cri, &l->last_ns);
		if (!is_blank(cri.text) || l->open[cri.err])
			add_shown(place_for(l, &cri), cri.text);
		return;
	}
	line = rt_sum_log_line(line, &at_ns, scratch);
	if (!is_blank(line))
		add_shown(place_for(l, NULL), line);
}

static int read_lines(struct last_lines *l, const struct rt_runfile *f, struct rt_buf *scratch)
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

static void keep_lines(struct rt_summary *s, struct sum_tail *t, const struct last_lines *l)
{
	size_t n = l->n < SUM_TAIL_LINES ? l->n : SUM_TAIL_LINES;

	for (size_t i = 0; i < n; i++) {
		const struct rt_buf *b = &l->line[(l->n - n + i) % SUM_TAIL_LINES];

		if (!is_blank(rt_buf_view(b)))
			t->lines[t->n++] = rt_sum_keep(s, rt_buf_view(b), LINE_MAX_KEPT);
		s->failed |= b->failed;
	}
}

/*
 * Take the last lines of a log, if it has any. `step`: -1 for the run's own.
 * after_ns: only if they were written later.
 */
static void read_tail(struct rt_summary *s, const struct rt_rundir *d, int64_t step,
		      int64_t after_ns)
{
	struct sum_tail *t = &s->tails[s->n_tails];
	struct last_lines l = { .n = 0 };
	struct rt_runfile f;
	char name[64];

	if (step < 0)
		snprintf(name, sizeof(name), "%s", RT_RUN_LOG);
	else
		snprintf(name, sizeof(name), RT_LOGS_DIR "/step_%03" PRId64 "/" RT_STEP_LOG, step);
	if (rt_runfile_open(&f, d, name) < 0)
		return;
	if (s->n_tails == SUM_TAILS) {
		s->more_tails++;
		rt_runfile_close(&f);
		return;
	}
	for (size_t i = 0; i < SUM_TAIL_LINES; i++)
		rt_buf_init(&l.line[i]);
	t->step = step;
	if (read_lines(&l, &f, &s->scratch) == 0 && (!after_ns || l.last_ns > after_ns))
		keep_lines(s, t, &l);
	s->n_tails += t->n > 0;
	for (size_t i = 0; i < SUM_TAIL_LINES; i++)
		rt_buf_release(&l.line[i]);
	rt_runfile_close(&f);
}

/* Whether its output may say what went wrong. */
static bool went_wrong(const struct rt_summary *s, const struct sum_step *st)
{
	return st->state == SUM_FAILED || st->state == SUM_TIMEOUT ||
	       (st->state == SUM_INCOMPLETE && rt_state_over(s->state));
}

void rt_sum_read_output(struct rt_summary *s, const struct rt_rundir *d)
{
	int64_t last_ns = 0;

	for (size_t i = 0; i < s->n_steps; i++) {
		const struct sum_step *st = &s->steps[i];
		bool wrong = went_wrong(s, st);

		last_ns = wrong ? st->finished_ns : 0;
		if (wrong && st->number > 0)
			read_tail(s, d, st->number, 0);
	}
	if (s->state == RT_FAILED)
		read_tail(s, d, -1, last_ns);
}

char *rt_sum_tail_command(const struct rt_summary *s, const struct sum_tail *t)
{
	char *command;
	struct rt_buf b;

	rt_buf_init(&b);
	if (t->step >= 0)
		rt_buf_addf(&b, "--step step_%03" PRId64 " ", t->step);
	rt_buf_adds(&b, "--logs -n all");
	command = b.failed ? NULL : rt_sum_command(s, "rt-tail", b.s);
	rt_buf_release(&b);
	return command;
}

void rt_sum_tail_label(const struct sum_tail *t, char label[32])
{
	if (t->step < 0)
		snprintf(label, 32, "the run");
	else
		snprintf(label, 32, "step %03" PRId64, t->step);
}
