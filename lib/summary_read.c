/*
 * Reading a run into a summary's model: the one pass over its events, then where
 * all that leaves the run.
 */
#include "summary_model.h"

#include "runfile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define STATUS_MAX (64u << 20) /* another program's may hold all its events */

static int no_memory(struct rt_err *err)
{
	return rt_err_set(err, RT_ERR_FAILURE, "out of memory");
}

static char *keep_buf(struct rt_summary *s, const struct rt_buf *b)
{
	return b->len ? rt_sum_keep(s, rt_buf_view(b), SUM_TEXT) : NULL;
}

/* Where the run stands and since when: what status.json (st, or NULL) and the events tell. */
static void settle(struct rt_summary *s, const struct rt_status *st)
{
	const struct sum_story *story = &s->story;
	bool by_status = st && (rt_state_over(st->state) || !story->ended);

	rt_sum_end_steps(s);
	s->state = by_status ? st->state : story->state;
	s->state_known = st || story->ended;
	if (!s->state_known)
		s->state = RT_RUNNING;
	s->started_ns = st && st->started_ns ? st->started_ns :
			story->started_ns    ? story->started_ns :
					       story->first_ns;
	s->exit_code = by_status ? st->exit_code : story->exit_code;
	s->resources = by_status ? st->resources : story->resources;
	s->signal = st ? st->signal : 0;
	s->error = by_status && st->error.len ? keep_buf(s, &st->error) : NULL;
	if (!s->error && story->error)
		s->error = rt_sum_keep(s, rt_str(story->error), SUM_TEXT);
	if (!rt_state_over(s->state))
		return;
	s->finished_ns = by_status && st->finished_ns ? st->finished_ns :
			 story->ended                 ? story->ended_ns :
			 by_status                    ? st->updated_ns :
							0;
	if (!s->finished_ns)
		s->finished_ns = story->last_ns;
	rt_sum_end_stage(s, s->finished_ns, s->state);
}

/* What there is to do when all is read and settled; `stored` is status.json as it stands, or NULL. */
static int finish(struct rt_summary *s, const struct rt_status *stored, int64_t size,
		  struct rt_err *err)
{
	s->all.usage = *rt_ledger_total(s->ledger);
	rt_sum_notes(s, stored, size);
	s->failed |= s->configuration.failed || s->archive.failed || s->notes.failed ||
		     s->scratch.failed || s->scratch2.failed;
	if (s->failed)
		return no_memory(err);
	rt_sum_groups_sort(s);
	return 0;
}

/* The directory's name is the id; lines may have the one that status.json knows, too. */
static void identify(struct rt_summary *s, const struct rt_rundir *d, const struct rt_status *st,
		     const struct rt_status *stored)
{
	s->foreign = st->foreign || (stored && stored->events_size < 0);
	s->id = rt_sum_keep(s, rt_str(d->id), SUM_KEY);
	s->ref = rt_sum_keep(s, rt_str(d->id), SUM_KEY);
	if (stored)
		s->own_id = rt_sum_keep(s, rt_str(stored->run_id), SUM_KEY);
	s->name = keep_buf(s, &st->name);
	s->group = keep_buf(s, &st->group);
	s->parent = keep_buf(s, &st->parent_run_id);
}

/* status.json as it stands; false when there is none that can be read. */
static bool read_stored(struct rt_status *stored, const struct rt_rundir *d)
{
	struct rt_buf b;
	bool ok;

	rt_buf_init(&b);
	ok = rt_runfile_read(d, RT_STATUS_FILE, &b, STATUS_MAX) == 0 &&
	     rt_status_parse(stored, rt_buf_view(&b), NULL) == 0;
	rt_buf_release(&b);
	return ok;
}

static int read_dir_events(struct rt_summary *s, const struct rt_rundir *d, bool over,
			   int64_t *size, struct rt_err *err)
{
	struct rt_runfile f;
	int ret = 0;

	*size = 0;
	if (rt_runfile_open(&f, d, RT_EVENTS_FILE) < 0)
		return errno == ENOENT ? 0 : rt_runfile_failed(d, RT_EVENTS_FILE, err);
	if (f.size > 0)
		*size = f.size;
	if (rt_sum_read_events(s, f.fd, over) < 0)
		ret = rt_err_sys(err, "cannot read \"%s/%s\"", d->path, RT_EVENTS_FILE);
	rt_runfile_close(&f);
	return ret;
}

static int read_dir(struct rt_summary *s, const struct rt_rundir *d, const struct rt_status *st,
		    const struct rt_status *stored, struct rt_err *err)
{
	int64_t size;

	identify(s, d, st, stored);
	/* what another program left without a newline is no less an event */
	if (read_dir_events(s, d, rt_state_over(st->state) || s->foreign, &size, err) < 0)
		return -1;
	rt_sum_read_metadata(s, d);
	rt_sum_read_archive(s, d);
	rt_sum_read_artifacts(s, d);
	rt_sum_read_reconciliation(s, d);
	settle(s, st);
	rt_sum_read_output(s, d);
	return finish(s, stored, size, err);
}

/*
 * status.json is read before the events: of a run that goes on it may then be
 * behind them, which is no contradiction, but never ahead.
 */
int rt_sum_read_dir(struct rt_summary *s, const struct rt_rundir *d, struct rt_err *err)
{
	struct rt_status st, stored;
	bool have, left;
	int ret = -1;

	if (rt_status_init(&st) < 0)
		return no_memory(err);
	if (rt_status_init(&stored) < 0) {
		no_memory(err);
		goto out;
	}
	have = read_stored(&stored, d);
	if (rt_status_load_stored(&st, d, &left, err) == 0) {
		s->follows = left ? &st : NULL;
		ret = read_dir(s, d, &st, have ? &stored : NULL, err);
	}
out:
	s->follows = NULL;
	rt_status_release(&stored);
	rt_status_release(&st);
	return ret;
}

/* A file is called by its name, without what says that it is a log. */
static void name_file(struct rt_summary *s, const char *path)
{
	static const char *const endings[] = { ".jsonl", ".ndjson", ".json", ".log" };
	const char *slash = strrchr(path, '/'), *base = slash ? slash + 1 : path;
	struct rt_str stem = rt_str(base);

	for (size_t i = 0; i < sizeof(endings) / sizeof(*endings); i++) {
		size_t n = strlen(endings[i]);

		if (stem.n > n && memcmp(stem.p + stem.n - n, endings[i], n) == 0)
			stem.n -= n;
	}
	rt_buf_clear(&s->scratch);
	rt_buf_addf(&s->scratch, "./%s", base);
	s->id = rt_sum_keep(s, stem, SUM_KEY);
	s->ref = rt_sum_keep(s, rt_buf_view(&s->scratch), SUM_KEY);
}

int rt_sum_read_file(struct rt_summary *s, const char *path, struct rt_err *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	int ret = -1;

	if (fd < 0)
		return rt_err_sys(err, "cannot open \"%s\"", path);
	s->file = s->foreign = true;
	name_file(s, path);
	if (s->failed) {
		no_memory(err);
		goto out;
	}
	if (fstat(fd, &st) < 0 || rt_sum_read_events(s, fd, true) < 0) {
		rt_err_sys(err, "cannot read \"%s\"", path);
		goto out;
	}
	if (s->own_id) {
		free(s->id);
		s->id = s->own_id;
		s->own_id = NULL;
	}
	settle(s, NULL);
	ret = finish(s, NULL, st.st_size, err);
out:
	close(fd);
	return ret;
}

int rt_sum_read_foreign(struct rt_summary *s, const char *path, struct rt_err *err)
{
	if (rt_sum_read_tree(s, path, err) < 0)
		return -1;
	settle(s, NULL);
	return finish(s, NULL, 0, err);
}
