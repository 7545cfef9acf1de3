/* Passing over lines that cannot match. See sieve.h. */
#include "sieve.h"

void rt_sieve_init(struct rt_sieve *s, const struct rt_filter *f)
{
	rt_filter_probe(f, &s->probe);
	s->pos = -1;
	rt_lines_init(&s->lines, s->probe.n ? RT_SIMD_PORTABLE : rt_simd_best());
}

static void find(struct rt_sieve *s, size_t i, const char *from)
{
	const char *hit = rt_needle_find(&s->probe.v[i], from, s->end);

	s->hit[i] = hit ? hit : s->end;
}

/* The reader has read more: where does each text stand in what is there now? */
static void look_again(struct rt_sieve *s, const struct rt_reader *r)
{
	const char *from = r->buf + r->start;
	const char *nl = memrchr(from, '\n', r->end - r->start);

	s->pos = r->pos;
	s->end = nl ? nl + 1 : from;
	for (size_t i = 0; i < s->probe.n; i++)
		find(s, i, from);
}

/* The next line that is in the buffer and has one of the texts; false: there is none. */
static bool next_buffered(struct rt_sieve *s, struct rt_reader *r, struct rt_str *line)
{
	const char *from = r->buf + r->start, *first = s->end, *nl;

	for (size_t i = 0; i < s->probe.n; i++) {
		if (s->hit[i] < from)
			find(s, i, from);
		first = s->hit[i] < first ? s->hit[i] : first;
	}
	if (first > from) {
		nl = memrchr(from, '\n', (size_t)(first - from));
		r->start = (size_t)((nl ? nl + 1 : from) - r->buf);
	}
	if (first == s->end)
		return false;
	return rt_reader_buffered(r, line) == 1;
}

int rt_sieve_search(struct rt_sieve *s, struct rt_reader *r, struct rt_str *line)
{
	if (s->probe.n && !r->skipping && r->end > r->start) {
		if (s->pos != r->pos)
			look_again(s, r);
		if (next_buffered(s, r, line))
			return 1;
	}
	/* What comes next begins in what is not read yet, or has something amiss. */
	return rt_reader_next(r, line);
}
