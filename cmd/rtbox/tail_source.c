/*
 * One log as lines, forwards from where the last pass ended or backwards from
 * the end. Which file they are in is settled by tail_file.c; what they mean for
 * the run, and printing them, is left to others.
 */
#include "tail.h"
#include "clock.h"
#include "die.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#define END_OF_MS 999999

struct tail_source *tail_source_new(struct tail_run *run, const char *path, bool events,
				    const char *step_id)
{
	struct tail_source *s = xmalloc(sizeof(*s));

	memset(s, 0, sizeof(*s));
	s->run = run;
	s->place = (struct tail_place){ .kind = TAIL_STEP, .source = s };
	s->packed = run->packed ? &run->dir : NULL;
	s->path = xstrdup(path);
	s->events = events;
	s->timed = !run->file || run->t->printer.across || run->t->printer.mode == OUT_PRETTY;
	s->simd = rt_simd_best();
	s->step_id = step_id ? xstrdup(step_id) : NULL;
	s->dirty = true;
	s->fd = s->file.fd = -1;
	s->ns = INT64_MIN;
	/* of one run alone, since it is large */
	s->lines = events && !run->packed && !run->t->printer.across ? xmalloc(sizeof(*s->lines)) :
								       NULL;
	for (int i = 0; i < 2; i++) {
		rt_buf_init(&s->pieces[i].text);
		rt_buf_init(&s->pieces[i].ts);
	}
	return s;
}

void tail_source_free(struct tail_source *s)
{
	tail_source_park(s);
	for (int i = 0; i < 2; i++) {
		rt_buf_release(&s->pieces[i].text);
		rt_buf_release(&s->pieces[i].ts);
	}
	free(s->lines);
	free(s->step_name);
	free(s->step_id);
	free(s->path);
	free(s);
}

static bool start_reading(struct tail_source *s)
{
	off_t from = s->backward ? 0 : s->at, to = s->backward ? s->at : s->end;

	if (rt_reader_init(&s->reader, s->fd, from, to, s->backward) < 0)
		die(EXIT_FAIL, "cannot read \"%s\": %s", s->path, strerror(errno));
	s->reader.whole_only = !s->torn;
	s->reader.skipping = !s->backward && s->skipping;
	s->reading = true;
	if (s->events) /* which is large, and sources may be many */
		s->ev = xmalloc(sizeof(*s->ev));
	if (s->lines)
		rt_lines_init(s->lines, s->simd);
	return true;
}

static void stop_reading(struct tail_source *s)
{
	if (!s->reading)
		return;
	if (!s->backward)
		s->skipped += s->reader.skipped;
	rt_reader_release(&s->reader);
	free(s->ev);
	s->ev = NULL;
	s->reading = false;
}

static void close_file(struct tail_source *s)
{
	if (s->packed)
		rt_runfile_close(&s->file);
	else if (s->fd >= 0)
		close(s->fd);
	s->fd = -1;
}

void tail_source_end(struct tail_source *s)
{
	stop_reading(s);
	tail_file_remember(s);
	if (s->packed) /* it cannot be read once more from where that was */
		close_file(s);
}

void tail_source_park(struct tail_source *s)
{
	tail_source_end(s);
	close_file(s);
}

void tail_source_doze(struct tail_source *s)
{
	if (s->reading)
		close_file(s);
	else
		tail_source_park(s);
}

bool tail_source_begin(struct tail_source *s, bool torn)
{
	s->torn = torn;
	s->backward = false;
	if (!s->known &&
	    !s->packed) /* nothing of it was read: it may have been rotated meanwhile */
		tail_file_rewind(s);
	if (!tail_file_open(s))
		return false;
	tail_file_look(s);
	tail_file_check(s);
	return (s->at < s->end || s->moved) && start_reading(s);
}

bool tail_source_begin_backward(struct tail_source *s, bool torn)
{
	s->torn = torn;
	s->backward = true;
	if (!tail_file_open(s))
		return false;
	tail_file_look(s);
	s->at = s->from[0] = s->from[1] = s->end;
	return start_reading(s);
}

bool tail_source_wake(struct tail_source *s)
{
	if (s->reading)
		return true;
	return tail_file_open(s) && start_reading(s) && tail_source_next(s);
}

/*
 * When an event happened. Its time is cut to milliseconds, that of output is
 * not: what ends something (a step, say) comes after the output of the same
 * millisecond, which it is the end of.
 */
static bool event_time(struct rt_event *ev, int64_t *ns)
{
	if (!rt_event_keep_time(ev))
		return false;
	*ns = ev->ts_ns;
	switch (ev->type) {
	case RT_T_RUN_COMPLETED:
	case RT_T_RUN_FAILED:
	case RT_T_RUN_CANCELLED:
	case RT_T_STEP_COMPLETED:
	case RT_T_STEP_FAILED:
	case RT_T_STEP_RETRYING:
		if (*ns % RT_NS_PER_MS == 0)
			*ns += END_OF_MS;
		break;
	default:
		break;
	}
	return true;
}

/* A stream is known again by its first line. */
static void remember_head(struct tail_source *s)
{
	s->n_head = s->line.n < TAIL_HEAD ? s->line.n : TAIL_HEAD;
	memcpy(s->head, s->line.p, s->n_head);
}

static void parse(struct tail_source *s)
{
	int64_t ns;

	if (s->events) {
		const struct rt_lines *lines = s->backward ? NULL : s->lines;
		const struct tail *t = s->run->t;

		s->valid = (t->all_wanted ?
				    rt_event_parse_with(s->ev, s->line, s->simd, lines) :
				    rt_event_parse_for(s->ev, s->line, &t->wanted, lines)) == 0;
		if (s->valid && s->timed && event_time(s->ev, &ns))
			s->ns = ns;
		return;
	}
	s->valid = rt_cri_parse(&s->cri, s->line);
	if (!s->valid) /* another program's log: lines of text */
		s->cri = (struct rt_cri){ .ts = { "", 0 }, .text = s->line };
	else if (rt_cri_time(&s->cri, &ns))
		s->ns = ns;
}

/* Where the reader stands: behind the line that it handed out last. */
static off_t behind(const struct rt_reader *r)
{
	return r->pos - (off_t)(r->end - r->start);
}

/* The last line of a file has no newline yet: backwards, nothing was seen of it. */
static void leave_torn(struct tail_source *s)
{
	s->at = s->from[0] = s->from[1] = s->reader.line_at;
}

/* Go on in the file that comes next in the direction of reading, if there is one. */
static bool next_file(struct tail_source *s)
{
	if (!s->backward) {
		s->at = behind(&s->reader);
		s->skipping = s->reader.skipping;
	}
	if (s->backward ? s->stay || !tail_file_retreat(s) : !s->moved || !tail_file_advance(s))
		return false;
	stop_reading(s);
	return start_reading(s);
}

/* The next line; where the stream was closed meanwhile, of what was read, or from its place on. */
static int next_line(struct tail_source *s)
{
	if (s->fd < 0) {
		if (rt_reader_buffered(&s->reader, &s->line))
			return 1;
		s->at = behind(&s->reader);
		s->skipping = s->reader.skipping;
		stop_reading(s);
		if (!tail_file_open(s))
			return 0;
		start_reading(s);
	}
	if (s->lines && !s->backward && rt_reader_outlined(&s->reader, s->lines, &s->line))
		return 1;
	return rt_reader_next(&s->reader, &s->line);
}

bool tail_source_next(struct tail_source *s)
{
	for (;;) {
		int got = next_line(s);

		if (got > 0 && s->backward && s->reader.torn && !s->torn) {
			leave_torn(s);
		} else if (got > 0) {
			if (s->packed && s->reader.line_at == 0)
				remember_head(s);
			s->next_at = s->backward ? s->reader.line_at : behind(&s->reader);
			parse(s);
			return true;
		} else if (got < 0 && !s->backward) {
			warn("cannot read \"%s\": %s", s->path, strerror(errno));
			return false;
		} else if (!next_file(s)) { /* backwards: it may also have shrunk meanwhile */
			return false;
		}
	}
}

void tail_source_take(struct tail_source *s)
{
	s->at = s->next_at;
	s->skipping = false;
}
