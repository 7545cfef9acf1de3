/*
 * Where the last n lines begin. The sources are read backwards, merged by time,
 * until n lines were seen that are to be shown; printing them is the first pass
 * forwards, so that nothing but places has to be kept.
 */
#include "tail.h"
#include "die.h"

#include <stdlib.h>

#define HEAD_MAX (1 << 20) /* how far the beginning of a line of output is looked for */

/* The source whose line is the latest; of several the one that is printed last. */
static size_t pick(struct tail_source *const *v, size_t n)
{
	size_t best = 0;

	for (size_t i = 1; i < n; i++)
		if (v[i]->ns >= v[best]->ns)
			best = i;
	return best;
}

/*
 * Whether the line that the source stands at is one more. A line of output is
 * met at its end; its pieces before that count no more. It is one that is wanted
 * when one of its pieces is, as it will be forwards.
 */
static bool counts(struct tail_printer *p, struct tail_source *s)
{
	struct tail_pieces *line = &s->pieces[s->cri.err];

	if (s->events)
		return tail_wants(p, s);
	if (!s->cri.partial || !line->open) {
		line->open = true;
		line->meets = false;
	}
	if (line->meets || !tail_wants(p, s))
		return false;
	line->meets = true;
	return true;
}

/*
 * A line of output that was counted may begin before the place that was come
 * to. It is looked for nearby only: the stream may have written nothing else.
 */
static void find_heads(struct tail_source *s)
{
	off_t stop = s->at;
	bool more = true;

	s->stay = true;
	while (more && (s->pieces[0].meets || s->pieces[1].meets) && stop - s->next_at < HEAD_MAX) {
		struct tail_pieces *line = &s->pieces[s->cri.err];

		if (line->meets && s->cri.partial)
			s->at = s->from[s->cri.err] = s->next_at;
		else
			line->meets = false;
		more = tail_source_next(s);
	}
	s->stay = false;
}

/* Come back to reading forwards. */
static void turn(struct tail *t, struct tail_source *s, bool more)
{
	s->from[0] = s->from[1] = s->at;
	if (more && !s->events && (s->pieces[0].meets || s->pieces[1].meets)) {
		tail_use(t, s);
		if (tail_source_wake(s))
			find_heads(s);
	}
	for (int i = 0; i < 2; i++)
		s->pieces[i].open = s->pieces[i].meets = false;
	tail_source_end(s);
	s->ns = INT64_MIN;
}

/* Stand at the last line of a source that is shown; others are read from now on. */
static bool begin(struct tail *t, struct tail_source *s)
{
	tail_use(t, s);
	if (tail_source_begin_backward(s, tail_is_over(s->run)) && tail_source_next(s) &&
	    !s->silent)
		return true;
	turn(t, s, false);
	return false;
}

/* Go back over one line of a source. False when there are no more. */
static bool step_back(struct tail *t, struct tail_source *s, int64_t *left)
{
	tail_use(t, s);
	if (tail_source_wake(s)) {
		*left -= counts(&t->printer, s);
		tail_source_take(s);
		if (tail_source_next(s))
			return true;
	}
	turn(t, s, false);
	return false;
}

static void seek_last(struct tail *t, struct tail_source *const *all, size_t n_all, int64_t left)
{
	struct tail_source **v = xmalloc((n_all + 1) * sizeof(*v));
	size_t n = 0;

	for (size_t i = 0; i < n_all; i++)
		if (begin(t, all[i]))
			v[n++] = all[i];
	while (n && left > 0) {
		size_t i = pick(v, n);

		if (!step_back(t, v[i], &left))
			memmove(v + i, v + i + 1, (--n - i) * sizeof(*v));
	}
	for (size_t i = 0; i < n; i++)
		turn(t, v[i], true);
	free(v);
}

static void seek_first(struct tail *t, struct tail_source *s)
{
	tail_use(t, s);
	if (s->silent)
		begin(t, s);
	else
		tail_file_rewind(s);
}

void tail_seek(struct tail *t, int64_t n)
{
	struct tail_source **v;
	size_t n_all;

	if (t->packed) {
		tail_packed_seek(t, n);
		return;
	}
	v = tail_sources(t, &n_all);
	if (n >= 0)
		seek_last(t, v, n_all, n);
	for (size_t i = 0; n < 0 && i < n_all; i++)
		seek_first(t, v[i]);
	free(v);
}
