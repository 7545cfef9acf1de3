/*
 * The one pass over a file of events. Threads make digests, each of the lines of a
 * block of its own, and add them to the model one after the other, in the order of
 * the file: the summary is the same however many there are.
 */
#include "summary_digest.h"

#include "evlog.h"
#include "share.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/stat.h>

#define WORTH (1u << 20) /* bytes that a thread should have */
#define AHEAD 6          /* parts for each thread, for when the one that adds is held up */
#define THREADS_MAX 6    /* one at a time reads and adds, which is a tenth of the work */

/* Lines that were read together, and what so many of them as there is room for mean. */
struct part {
	struct part *next;
	bool ready; /* to be added */
	struct rt_block block;
	struct rt_str left;    /* of the block's text, to look at */
	struct rt_lines lines; /* those of them that are outlined together */
	struct sum_digest digest;
	size_t skipped, too_long; /* since it was added last */
};

struct pass {
	struct rt_summary *s;
	struct rt_wanted wanted, more;
	bool over;
	struct rt_reader reader;
	int got, error; /* of the part that was read last */
	pthread_mutex_t lock;
	pthread_cond_t changed;
	/* The one that was used last is in some cache still: it is the first to be used again. */
	struct part *idle;
	struct part *first, **last; /* those that are read, in the order of the file */
	bool reading, adding;       /* a thread is at it */
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

/* Digest as many lines as there is room for. */
static void look(struct part *part, const struct rt_wanted *wanted)
{
	struct rt_event ev;
	struct rt_str line;

	rt_sum_digest_clear(&part->digest);
	part->skipped = part->too_long = 0;
	while (part->left.n && rt_sum_digest_has_room(&part->digest)) {
		const struct rt_lines *lines = take_line(part, &line) ? &part->lines : NULL;

		if (line.n == 0 || (line.p[0] != '{' && is_blank(line)))
			continue;
		if (line.n > RT_READ_LINE_MAX)
			part->too_long++;
		else if (rt_event_parse_for(&ev, line, wanted, lines) == 0)
			rt_sum_digest_add(&part->digest, &ev, lines);
		else
			part->skipped++;
	}
}

static void add_digest(struct pass *p, struct part *part)
{
	struct rt_summary *s = p->s;
	bool over = p->over || (s->follows && rt_state_over(s->follows->state));

	if (part->block.torn && !over) {
		s->torn |= part->digest.n || part->skipped;
		return;
	}
	rt_sum_add(s, &part->digest);
	if (part->skipped) {
		s->torn |= part->block.torn;
		s->skipped += part->block.torn ? 0 : part->skipped;
	}
	s->too_long += part->too_long;
	s->skipped += part->too_long;
}

static void put_idle(struct pass *p, struct part *part)
{
	part->next = p->idle;
	p->idle = part;
}

/* Under the lock, which others have meanwhile: the part whose turn it is. */
static void add_part(struct pass *p)
{
	struct part *part = p->first;

	p->adding = true;
	pthread_mutex_unlock(&p->lock);
	add_digest(p, part);
	while (part->left.n) {
		look(part, &p->wanted);
		add_digest(p, part);
	}
	pthread_mutex_lock(&p->lock);
	p->adding = false;
	p->first = part->next;
	if (!p->first)
		p->last = &p->first;
	put_idle(p, part);
	pthread_cond_broadcast(&p->changed);
}

/* Likewise: the next part of the file. */
static void read_part(struct pass *p)
{
	struct part *part = p->idle;
	int got, error;

	p->idle = part->next;
	p->reading = true;
	pthread_mutex_unlock(&p->lock);
	got = rt_reader_block(&p->reader, &part->block);
	error = errno;
	pthread_mutex_lock(&p->lock);
	p->reading = false;
	p->got = got;
	p->error = error;
	pthread_cond_broadcast(&p->changed);
	if (got <= 0) {
		put_idle(p, part);
		return;
	}
	part->ready = false;
	part->next = NULL;
	*p->last = part;
	p->last = &part->next;
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
	while (p->got > 0 || p->first) {
		if (!p->adding && p->first && p->first->ready)
			add_part(p);
		else if (!p->reading && p->got > 0 && p->idle)
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
	size_t threads = threads_for(fd), n = threads == 1 ? 1 : threads * AHEAD;
	struct part *parts = calloc(n, sizeof(*parts));
	struct pass p = { .s = s,
			  .over = over,
			  .got = 1,
			  .lock = PTHREAD_MUTEX_INITIALIZER,
			  .changed = PTHREAD_COND_INITIALIZER,
			  .last = &p.first };

	if (!parts || rt_reader_init(&p.reader, fd, 0, -1, false) < 0) {
		free(parts);
		return -1;
	}
	rt_sum_want(&p.wanted);
	rt_sum_want_more(&p.more);
	for (size_t i = 0; i < n; i++) {
		rt_lines_init(&parts[i].lines, p.wanted.simd);
		rt_sum_digest_init(&parts[i].digest, &p.more, s->in_step);
		put_idle(&p, &parts[i]);
	}
	rt_share_run(threads, 1, threads, work, &p);
	s->too_long += p.reader.skipped;
	s->skipped += p.reader.skipped;
	for (size_t i = 0; i < n; i++) {
		rt_sum_digest_release(&parts[i].digest);
		rt_block_release(&parts[i].block);
	}
	rt_reader_release(&p.reader);
	free(parts);
	errno = p.error;
	return p.got;
}
