/*
 * A run that is in an archive: its logs are streams, which are read in order
 * only. So the last lines are found by reading twice, once to count. Streams that
 * had to be closed in between are read anew up to the place where that was.
 */
#include "tail.h"
#include "die.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The n-th file of the log: its name for 0, else that of a rotated one. */
static bool open_number(struct tail_source *s, int n, struct rt_runfile *f)
{
	char name[400];

	if (n)
		snprintf(name, sizeof(name), "%s.%d", s->path, n);
	else
		snprintf(name, sizeof(name), "%s", s->path);
	return rt_runfile_open(f, s->packed, name) == 0;
}

bool tail_packed_open(struct tail_source *s)
{
	if (s->fd >= 0)
		return true;
	if (!open_number(s, s->number, &s->file))
		return false;
	s->fd = s->file.fd;
	s->end = s->file.size;
	return true;
}

void tail_packed_look(struct tail_source *s)
{
	s->moved = s->number > 0;
}

bool tail_packed_advance(struct tail_source *s)
{
	if (s->number == 0)
		return false;
	rt_runfile_close(&s->file);
	s->fd = -1;
	s->number--;
	s->at = s->from[0] = s->from[1] = 0;
	s->skipping = false;
	if (!tail_packed_open(s))
		return false;
	tail_packed_look(s);
	return true;
}

/* The names are looked up in the index only, so that no stream is begun. */
void tail_packed_rewind(struct tail_source *s)
{
	char name[400];

	for (int n = 1; !s->events; n++) {
		snprintf(name, sizeof(name), "%s.%d", s->path, n);
		if (!rt_packed_find(s->packed->archive, name))
			break;
		s->number = n;
	}
}

bool tail_packed_find(struct tail_source *s, const struct tail_mark *m)
{
	struct rt_runfile f;
	char head[TAIL_HEAD];

	for (int n = 0; m->n_head && open_number(s, n, &f); n++) {
		bool found = tail_mark_is_of(m, f.fd, head);

		rt_runfile_close(&f);
		if (!found)
			continue;
		s->number = n;
		s->at = m->at;
		s->skipping = m->middle;
		memcpy(s->head, head, m->n_head);
		s->n_head = m->n_head;
		for (int i = 0; i < 2; i++)
			s->from[i] = m->pieces && !m->files[i] ? m->from[i] : 0;
		return true;
	}
	return false;
}

/* "logs/step_001/output.log" tells of a step. */
static void take_name(struct tail_run *run, struct rt_str name)
{
	static const char before[] = RT_LOGS_DIR "/", after[] = "/" RT_STEP_LOG;
	const size_t b = sizeof(before) - 1, a = sizeof(after) - 1;
	char id[RT_ID_MAX + 1];

	if (name.n <= a + b || name.n > a + b + RT_ID_MAX || memcmp(name.p, before, b) != 0 ||
	    memcmp(name.p + name.n - a, after, a) != 0)
		return;
	snprintf(id, sizeof(id), "%.*s", (int)(name.n - a - b), name.p + b);
	tail_add_step(run, id);
}

void tail_packed_discover(struct tail_run *run)
{
	struct rt_packed *a = run->dir.archive;

	if (rt_packed_load(a) < 0)
		die_err(&a->err);
	for (size_t i = 0; i < a->n; i++)
		take_name(run, a->v[i].name);
}

/* To its beginning, as if nothing of it had been read. */
static void reset(struct tail_source *s)
{
	tail_source_park(s);
	for (int i = 0; i < 2; i++)
		s->pieces[i].open = s->pieces[i].meets = false;
	s->at = s->from[0] = s->from[1] = 0;
	s->number = 0;
	s->known = s->skipping = false;
	s->skipped = 0;
	s->ns = INT64_MIN;
	s->dirty = true;
	tail_file_rewind(s);
}

static void reset_all(struct tail *t, struct tail_source *const *v, size_t n)
{
	for (size_t i = 0; i < n; i++)
		reset(v[i]);
	t->n_open = 0;
}

void tail_packed_seek(struct tail *t, int64_t n)
{
	struct tail_source **v;
	int64_t lines;
	size_t n_all;

	v = tail_sources(t, &n_all);
	reset_all(t, v, n_all);
	if (n >= 0) {
		t->printer.skip = INT64_MAX;
		tail_pass(t);
		for (size_t i = 0; i < n_all; i++)
			tail_print_rest(&t->printer, v[i]);
		lines = INT64_MAX - t->printer.skip;
		t->printer.skip = lines > n ? lines - n : 0;
		reset_all(t, v, n_all);
	}
	free(v);
}
