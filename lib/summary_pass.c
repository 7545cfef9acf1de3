/*
 * The one pass over a file of events. Threads take the gist out of lines,
 * each of a block of its own, and add it to the model one after the other, in the
 * order of the file: the summary is the same however many there are.
 */
#include "summary_model.h"

#include "evlog.h"
#include "share.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/stat.h>

#define GISTS 1536       /* of a block's lines, at a time */
#define WORTH (1u << 20) /* bytes that a thread should have */
#define AHEAD 6          /* parts for each thread, for when the one that adds is held up */
#define THREADS_MAX 6    /* one at a time adds, which is a sixth of the work */

/* Lines that were read together, and what some of them mean. */
struct part {
	bool ready; /* to be added */
	struct rt_block block;
	struct rt_str left;    /* of the block's text, to look at */
	struct rt_lines lines; /* those of them that are outlined together */
	struct sum_gist gists[GISTS];
	size_t n, skipped, too_long; /* since they were added last */
};

struct pass {
	struct rt_summary *s;
	struct rt_wanted wanted;
	bool over;
	struct rt_reader reader;
	int got, error; /* of the part that was read last */
	pthread_mutex_t lock;
	pthread_cond_t changed;
	struct part *parts;    /* a ring: the N-th of the file is parts[N % n] */
	size_t n, read, added; /* so many there are, were read, were added */
	bool reading, adding;  /* a thread is at it */
};

static bool is_blank(struct rt_str line)
{
	for (size_t i = 0; i < line.n; i++) {
		if (!memchr(" \t\r", line.p[i], 3))
			return false;
	}
	return true;
}

/* The next line that is left; true when it is one of part->lines. */
static bool take_line(struct part *part, struct rt_str *line)
{
	bool together = rt_lines_next(&part->lines, line);
	const char *nl;
	size_t used;

	if (!together && !part->block.torn) {
		rt_lines_outline(&part->lines, part->left);
		together = rt_lines_next(&part->lines, line);
	}
	if (!together) {
		nl = memchr(part->left.p, '\n', part->left.n);
		*line = part->left;
		if (nl)
			line->n = (size_t)(nl - line->p);
	}
	used = line->n + !part->block.torn;
	part->left.p += used;
	part->left.n -= used;
	return together;
}

/* Take the gist out of as many lines as there is room for. */
static void look(struct part *part, const struct rt_wanted *wanted)
{
	struct rt_event ev;
	struct rt_str line;

	part->n = part->skipped = part->too_long = 0;
	while (part->left.n && part->n < GISTS) {
		bool together = take_line(part, &line);

		if (is_blank(line))
			continue;
		if (line.n > RT_READ_LINE_MAX)
			part->too_long++;
		else if (rt_event_parse_for(&ev, line, wanted, together ? &part->lines : NULL) == 0)
			rt_sum_gist(&part->gists[part->n++], &ev, NULL);
		else
			part->skipped++;
	}
}

static void add_gists(struct pass *p, const struct part *part)
{
	struct rt_summary *s = p->s;
	bool over = p->over || (s->follows && rt_state_over(s->follows->state));

	if (part->block.torn && !over) {
		s->torn |= part->n || part->skipped;
		return;
	}
	for (size_t i = 0; i < part->n; i++)
		rt_sum_event(s, &part->gists[i], p->wanted.simd);
	if (part->skipped) {
		s->torn |= part->block.torn;
		s->skipped += part->block.torn ? 0 : part->skipped;
	}
	s->too_long += part->too_long;
	s->skipped += part->too_long;
}

/* Under the lock, which others have meanwhile: the part whose turn it is. */
static void add_part(struct pass *p)
{
	struct part *part = &p->parts[p->added % p->n];

	p->adding = true;
	pthread_mutex_unlock(&p->lock);
	add_gists(p, part);
	while (part->left.n) {
		look(part, &p->wanted);
		add_gists(p, part);
	}
	pthread_mutex_lock(&p->lock);
	part->ready = p->adding = false;
	p->added++;
	pthread_cond_broadcast(&p->changed);
}

/* Likewise: the next part of the file. */
static void read_part(struct pass *p)
{
	struct part *part = &p->parts[p->read % p->n];
	int got, error;

	p->reading = true;
	pthread_mutex_unlock(&p->lock);
	got = rt_reader_block(&p->reader, &part->block);
	error = errno;
	pthread_mutex_lock(&p->lock);
	p->reading = false;
	p->got = got;
	p->error = error;
	p->read += got > 0;
	pthread_cond_broadcast(&p->changed);
	if (got <= 0)
		return;
	pthread_mutex_unlock(&p->lock);
	part->left = part->block.text;
	look(part, &p->wanted);
	pthread_mutex_lock(&p->lock);
	part->ready = true;
	pthread_cond_broadcast(&p->changed);
}

/* What there is to do, as long as there is something. */
static void work(void *arg, size_t worker, size_t from, size_t to)
{
	struct pass *p = arg;

	(void)worker, (void)from, (void)to;
	pthread_mutex_lock(&p->lock);
	while (p->got > 0 || p->added < p->read) {
		if (!p->adding && p->added < p->read && p->parts[p->added % p->n].ready)
			add_part(p);
		else if (!p->reading && p->got > 0 && p->read - p->added < p->n)
			read_part(p);
		else
			pthread_cond_wait(&p->changed, &p->lock);
	}
	pthread_mutex_unlock(&p->lock);
}

static size_t threads_for(int fd)
{
	struct stat st;
	size_t n = fstat(fd, &st) < 0 ? 1 : rt_share_threads((size_t)st.st_size, WORTH);

	return n < THREADS_MAX ? n : THREADS_MAX;
}

int rt_sum_read_events(struct rt_summary *s, int fd, bool over)
{
	size_t threads = threads_for(fd);
	struct pass p = { .s = s,
			  .over = over,
			  .got = 1,
			  .n = threads == 1 ? 1 : threads * AHEAD,
			  .lock = PTHREAD_MUTEX_INITIALIZER,
			  .changed = PTHREAD_COND_INITIALIZER };

	p.parts = calloc(p.n, sizeof(*p.parts));
	if (!p.parts || rt_reader_init(&p.reader, fd, 0, -1, false) < 0) {
		free(p.parts);
		return -1;
	}
	rt_sum_want(&p.wanted);
	for (size_t i = 0; i < p.n; i++)
		rt_lines_init(&p.parts[i].lines, p.wanted.simd);
	rt_share_run(threads, 1, threads, work, &p);
	s->too_long += p.reader.skipped;
	s->skipped += p.reader.skipped;
	for (size_t i = 0; i < p.n; i++)
		rt_block_release(&p.parts[i].block);
	rt_reader_release(&p.reader);
	free(p.parts);
	errno = p.error;
	return p.got;
}
