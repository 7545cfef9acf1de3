/*
 * Searching with several threads. Sources are cut into pieces; each thread takes
 * the next one, and what it finds is handed over in the order of the pieces, so
 * that the answer is the same however many threads there are. None runs far
 * ahead or keeps much of what it found: memory stays bounded.
 */
#include "query.h"
#include "die.h"
#include "sieve.h"

#include <errno.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define PIECE_BYTES (4 << 20)
#define WORTH_BYTES (2 << 20)  /* less is read sooner than threads are started */
#define CUT_MAX 64             /* of more sources each is a piece, opened when its turn comes */
#define HELD_BYTES (8u << 20)  /* of lines that wait to be taken, in all */
#define STEP_BYTES (64u << 10) /* less is not handed over before its piece is done */
#define SHARE_BYTES (1u << 20) /* of groups that a thread keeps for itself */
#define AHEAD 32               /* pieces for each thread that may wait to be taken */

struct piece {
	size_t source;
	off_t from, to; /* the lines that begin there; to = -1: to the end */
};

/* What was found in a piece. */
struct finding {
	struct rt_buf lines;
	size_t matches, skipped, parsed;
	int code;   /* what could not be read was said */
	bool ready; /* all of it is there */
	bool full;  /* a part is, and waits to be taken */
};

struct pool {
	const struct search *search;
	struct sources *sources;
	struct piece *pieces;
	size_t n, next, head; /* head: the piece whose finding is taken next */
	struct finding *findings;
	size_t window;
	atomic_size_t held; /* bytes of lines */
	atomic_bool stop;
	pthread_mutex_t lock;
	pthread_cond_t found; /* something is there to be taken */
	pthread_cond_t taken; /* it was, and a thread can go on */
	size_t waiting;       /* threads that wait for that */
};

struct worker {
	struct pool *pool;
	struct rt_aggregate *answer; /* of what this thread saw, or NULL */
	struct rt_buf scratch;
	struct rt_err err;
};

static void add_piece(struct pool *p, size_t source, off_t from, off_t to)
{
	p->pieces = xrealloc(p->pieces, (p->n + 1) * sizeof(*p->pieces));
	p->pieces[p->n++] = (struct piece){ source, from, to };
}

/* Whether threads can help: the sources can be read in any order, and are large. */
static bool is_worth_it(const struct sources *s, size_t first)
{
	off_t size = 0;
	struct stat st;

	for (size_t i = first; i < s->n; i++) {
		const struct source *v = &s->v[i];

		/* What stands in a run is a file, or nothing. */
		if (v->kept || v->standard ||
		    (!v->dir && (stat(v->name, &st) < 0 || !S_ISREG(st.st_mode))))
			return false;
		if (s->n - first > CUT_MAX)
			continue;
		if (source_is_packed(v))
			size += WORTH_BYTES / 2; /* processes are started, for more than one */
		else if (stat(v->name, &st) == 0)
			size += (v->to >= 0 && v->to < st.st_size ? v->to : st.st_size) - v->from;
	}
	return size >= WORTH_BYTES || s->n - first > CUT_MAX;
}

/* Open the source and cut it, as large as it is now. */
static bool cut(struct pool *p, size_t i)
{
	struct source *s = &p->sources->v[i];
	off_t from = s->from, end = s->to;
	struct stat st;

	if (source_is_packed(s)) { /* one piece, opened when its turn comes */
		add_piece(p, i, from, end);
		return true;
	}
	if (!source_open(s))
		return false;
	if (fstat(s->fd, &st) == 0 && (end < 0 || end > st.st_size))
		end = st.st_size;
	for (; end - from > PIECE_BYTES; from += PIECE_BYTES)
		add_piece(p, i, from, from + PIECE_BYTES);
	add_piece(p, i, from, end);
	return true;
}

static void cut_all(struct pool *p, size_t first, int *code)
{
	struct sources *s = p->sources;

	for (size_t i = first; i < s->n; i++) {
		if (s->v[i].to == 0)
			continue;
		if (s->n - first > CUT_MAX)
			add_piece(p, i, s->v[i].from, s->v[i].to);
		else if (!cut(p, i))
			*code = EXIT_FAIL;
	}
}

/* Under the lock, which others have meanwhile. */
static void wait_until_taken(struct pool *p)
{
	p->waiting++;
	pthread_cond_wait(&p->taken, &p->lock);
	p->waiting--;
}

/* Much is held: wait until what this thread holds is taken. False when no more is wanted. */
static bool hand_over(struct pool *p, struct finding *f)
{
	bool stop;

	pthread_mutex_lock(&p->lock);
	f->full = true;
	pthread_cond_signal(&p->found);
	while (f->full && !p->stop)
		wait_until_taken(p);
	stop = p->stop;
	pthread_mutex_unlock(&p->lock);
	return !stop;
}

static void begin_answer(struct worker *w)
{
	if (rt_aggregate_new(&w->answer, w->pool->search->question, &w->err) < 0)
		die_err(&w->err);
}

/* Add what this thread counted to what all did, and begin anew. One thread at a time dies here. */
static void hand_in(struct worker *w)
{
	pthread_mutex_lock(&w->pool->lock);
	if (rt_aggregate_merge(w->pool->search->answer, w->answer, &w->err) < 0)
		die_err(&w->err);
	pthread_mutex_unlock(&w->pool->lock);
	rt_aggregate_free(w->answer);
	begin_answer(w);
}

/* One line; false when no more is wanted. */
static bool take_line(struct worker *w, struct source *s, struct finding *f, struct rt_str line,
		      const struct rt_lines *lines, bool torn)
{
	struct pool *p = w->pool;
	struct rt_event ev;

	if (!source_match(s, p->search->filter, p->search->wanted, line, lines, torn, &ev,
			  &w->scratch))
		return true;
	f->matches++;
	if (w->answer) {
		if (rt_aggregate_add(w->answer, &ev, s->run_id, &w->err) < 0)
			die_err(&w->err);
		if (rt_aggregate_bytes(w->answer) > SHARE_BYTES)
			hand_in(w);
		return !p->stop;
	}
	if (!p->search->lines)
		return !p->search->one && !p->stop;
	rt_buf_addv(&f->lines, line);
	rt_buf_addc(&f->lines, '\n');
	p->held += line.n + 1;
	return f->lines.len < STEP_BYTES || p->held < HELD_BYTES || hand_over(p, f);
}

/*
 * The lines that begin in the piece: not the rest of one that began before it,
 * but all of the last one, wherever that ends.
 */
static int read_piece(struct worker *w, const struct piece *piece, struct source *s,
		      struct rt_reader *r, struct finding *f)
{
	bool inside = piece->from != s->from, more = true;
	size_t skipped;
	struct rt_sieve sieve;
	struct rt_str line;
	int got = 1;

	if (rt_reader_init(r, s->fd, piece->from - inside, piece->to, false) < 0)
		return -1;
	r->whole_only = piece->to >= 0;
	if (inside && (got = rt_reader_next(r, &line)) <= 0)
		return got;
	rt_sieve_init(&sieve, w->pool->search->filter);
	while (got > 0 && more && (got = rt_sieve_next(&sieve, r, &line)) > 0)
		more = take_line(w, s, f, line, &sieve.lines, r->torn);
	if (got < 0 || !more || r->start == r->end || !r->whole_only)
		return got;
	r->whole_only = false;
	r->to = s->to;
	skipped = r->skipped;
	got = rt_reader_next(r, &line);
	/* Of lines that are too long only the first one began here. */
	if (r->skipped > skipped)
		r->skipped = skipped + 1;
	else if (got > 0)
		take_line(w, s, f, line, NULL, r->torn);
	return got;
}

/* s: this thread's own copy of the source. */
static void search_piece(struct worker *w, const struct piece *piece, struct source s,
			 struct finding *f)
{
	bool shared = s.fd >= 0;
	struct rt_reader r = { .buf = NULL };

	s.lines = s.skipped = 0;
	if (!shared && !source_open(&s)) {
		f->code = EXIT_FAIL;
		return;
	}
	if (read_piece(w, piece, &s, &r, f) < 0) {
		error("cannot read \"%s\": %s", s.name, strerror(errno));
		f->code = EXIT_FAIL;
	}
	f->skipped = s.skipped + r.skipped;
	f->parsed = s.lines;
	rt_reader_release(&r);
	if (!shared)
		source_close(&s);
}

static void *work(void *arg)
{
	struct pool *p = arg;
	struct worker w = { .pool = p };
	struct source s;

	rt_buf_init(&w.scratch);
	if (p->search->question)
		begin_answer(&w);
	pthread_mutex_lock(&p->lock);
	while (!p->stop && p->next < p->n) {
		size_t i = p->next;
		struct finding *f = &p->findings[i % p->window];

		if (i >= p->head + p->window) {
			wait_until_taken(p);
			continue;
		}
		p->next++;
		s = p->sources->v[p->pieces[i].source];
		pthread_mutex_unlock(&p->lock);
		search_piece(&w, &p->pieces[i], s, f);
		if (w.scratch.failed || f->lines.failed)
			die(EXIT_FAIL, "out of memory");
		pthread_mutex_lock(&p->lock);
		f->ready = true;
		if (i == p->head)
			pthread_cond_signal(&p->found);
	}
	pthread_mutex_unlock(&p->lock);
	if (w.answer)
		hand_in(&w);
	rt_aggregate_free(w.answer);
	rt_buf_release(&w.scratch);
	return NULL;
}

/* Take what there is of the piece whose turn it is. */
static void take(struct pool *p, int *code)
{
	struct finding *f = &p->findings[p->head % p->window], now;
	struct source *s = &p->sources->v[p->pieces[p->head].source];
	bool wanted;

	pthread_mutex_lock(&p->lock);
	while (!f->ready && !f->full)
		pthread_cond_wait(&p->found, &p->lock);
	now = *f;
	memset(f, 0, sizeof(*f));
	rt_buf_init(&f->lines);
	p->head += now.ready;
	p->held -= now.lines.len;
	s->skipped += now.skipped;
	s->lines += now.parsed;
	if (p->waiting)
		pthread_cond_broadcast(&p->taken);
	pthread_mutex_unlock(&p->lock);

	*code = now.code ? now.code : *code;
	wanted = p->search->found(p->search->arg, s, rt_buf_view(&now.lines), now.matches);
	rt_buf_release(&now.lines);
	if (!wanted) {
		pthread_mutex_lock(&p->lock);
		p->stop = true;
		pthread_cond_broadcast(&p->taken);
		pthread_mutex_unlock(&p->lock);
	}
}

/*
 * What one thread fills another frees: glibc would keep it for the one, which
 * took three times the memory. Large pieces go back to the system at once.
 */
static void give_back_memory(void)
{
#ifdef M_MMAP_THRESHOLD
	mallopt(M_MMAP_THRESHOLD, 1 << 20);
#endif
}

static void run_pool(struct pool *p, size_t threads, int *code)
{
	pthread_t *ids = xcalloc(threads, sizeof(*ids));
	size_t started = 0, i;

	while (started < threads && pthread_create(&ids[started], NULL, work, p) == 0)
		started++;
	if (started == 0)
		die(EXIT_FAIL, "cannot start a thread: %s", strerror(errno));
	while (!p->stop && p->head < p->n)
		take(p, code);
	for (i = 0; i < started; i++)
		pthread_join(ids[i], NULL);
	free(ids);
}

bool search_with_threads(const struct search *search, struct sources *sources, size_t first,
			 size_t threads, int *code)
{
	struct pool p = { .search = search,
			  .sources = sources,
			  .lock = PTHREAD_MUTEX_INITIALIZER,
			  .found = PTHREAD_COND_INITIALIZER,
			  .taken = PTHREAD_COND_INITIALIZER };
	size_t i;

	if (threads < 2 || !is_worth_it(sources, first))
		return false;
	give_back_memory();
	cut_all(&p, first, code);
	p.window = AHEAD * threads;
	p.findings = xcalloc(p.window, sizeof(*p.findings));
	for (i = 0; i < p.window; i++)
		rt_buf_init(&p.findings[i].lines);
	run_pool(&p, threads, code);
	for (i = 0; i < p.window; i++)
		rt_buf_release(&p.findings[i].lines);
	for (i = first; i < sources->n; i++)
		source_close(&sources->v[i]);
	free(p.findings);
	free(p.pieces);
	return true;
}
