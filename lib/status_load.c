/* Bringing a status up to date with the events, and rebuilding it from them. */
#include "clock.h"
#include "evlog.h"
#include "fdio.h"
#include "runfile.h"
#include "status.h"
#include "table.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#define METADATA_MAX (1u << 20)
#define FOREIGN_STATUS_MAX (64u << 20) /* another program's may hold all its events */

int rt_status_fold(struct rt_status *st, int fd, off_t from, off_t to, bool torn_counts,
		   size_t *skipped)
{
	struct rt_reader r;
	struct rt_event ev;
	struct rt_str line;
	int got;

	if (rt_reader_init(&r, fd, from, to, false) < 0)
		return -1;
	while ((got = rt_reader_next(&r, &line)) > 0) {
		if (r.torn && !torn_counts && !rt_state_over(st->state))
			break;
		if (line.n == 0)
			continue;
		if (rt_event_parse(&ev, line) < 0) {
			if (skipped && !r.torn)
				++*skipped;
			continue;
		}
		rt_status_apply(st, &ev);
		rt_status_push(st, &ev);
	}
	if (skipped)
		*skipped += r.skipped;
	rt_reader_release(&r);
	return got < 0 ? -1 : 0;
}

static void take_string(struct rt_str object, const char *key, struct rt_buf *to)
{
	struct rt_json v;

	if (!rt_scan_find(object, rt_str(key), &v) || v.type != RT_JSON_STRING)
		return;
	rt_buf_clear(to);
	rt_json_text(&v, to);
}

/* What the run is, from metadata.json; false when there is none. */
static bool take_metadata(struct rt_status *st, const struct rt_rundir *d)
{
	struct rt_buf text, created;
	struct rt_str object;
	bool there;

	rt_buf_init(&text);
	rt_buf_init(&created);
	there = rt_runfile_read(d, RT_METADATA_FILE, &text, METADATA_MAX) == 0 &&
		rt_scan_valid(rt_buf_view(&text));
	if (there) {
		object = rt_buf_view(&text);
		take_string(object, "name", &st->name);
		take_string(object, "group", &st->group);
		take_string(object, "parent_run_id", &st->parent_run_id);
		take_string(object, "host", &st->host);
		take_string(object, "created_at", &created);
		rt_clock_parse(rt_buf_view(&created), &st->created_ns);
		st->updated_ns = st->created_ns;
	}
	rt_buf_release(&text);
	rt_buf_release(&created);
	return there;
}

/* An empty status that keeps only how it is to be kept. */
static int begin_again(struct rt_status *st, const struct rt_rundir *d, struct rt_err *err)
{
	size_t keep = st->keep_events;

	rt_status_release(st);
	if (rt_status_init(st) < 0)
		return rt_err_set(err, RT_ERR_FAILURE, "out of memory");
	st->keep_events = keep;
	snprintf(st->run_id, sizeof(st->run_id), "%s", d->id);
	return 0;
}

static int fold_all(struct rt_status *st, const struct rt_rundir *d, int fd, off_t from, off_t to,
		    bool torn_counts, struct rt_err *err)
{
	if (fd >= 0 && rt_status_fold(st, fd, from, to, torn_counts, NULL) < 0)
		return rt_err_sys(err, "cannot read \"%s/%s\"", d->path, RT_EVENTS_FILE);
	st->events_size = to;
	return 0;
}

/*
 * A status.json that does not say how far it got is another program's. Its
 * state stands; counts and tables come from the events.
 */
static int adopt(struct rt_status *st, const struct rt_rundir *d, int fd, off_t size,
		 struct rt_err *err)
{
	struct rt_status folded, theirs;
	int ret;

	if (rt_status_init(&folded) < 0)
		return rt_err_set(err, RT_ERR_FAILURE, "out of memory");
	folded.foreign = true;
	folded.keep_events = st->keep_events;
	ret = fold_all(&folded, d, fd, 0, size, true, err);
	if (ret == 0) {
		theirs = *st;
		st->ledger = folded.ledger;
		folded.ledger = theirs.ledger;
		st->n_events = folded.n_events;
		st->n_warnings = folded.n_warnings;
		st->n_errors = folded.n_errors;
		st->ordered = folded.ordered;
		st->events_size = folded.events_size;
		if (st->stages.n == 0) {
			st->stages = folded.stages;
			folded.stages = theirs.stages;
		}
		if (st->steps.n == 0) {
			st->steps = folded.steps;
			folded.steps = theirs.steps;
		}
		if (st->events.n == 0) {
			st->events = folded.events;
			folded.events = theirs.events;
		}
		if (st->stage.len == 0)
			rt_status_set_text(&st->stage, rt_buf_view(&folded.stage), SIZE_MAX);
		if (st->percent.len == 0)
			rt_status_set_text(&st->percent, rt_buf_view(&folded.percent), SIZE_MAX);
	}
	rt_status_release(&folded);
	return ret;
}

/* Where there are no events, or others read them, its own counts stand as well. */
static int adopt_all(struct rt_status *st, const struct rt_rundir *d, int fd, off_t size,
		     const bool *left, struct rt_err *err)
{
	if (!st->started_ns)
		st->started_ns = st->created_ns;
	if (!st->finished_ns && rt_state_over(st->state))
		st->finished_ns = st->updated_ns;
	return fd < 0 || left ? 0 : adopt(st, d, fd, size, err);
}

static int rebuild(struct rt_status *st, const struct rt_rundir *d, int fd, off_t size,
		   bool torn_counts, bool *left, struct rt_err *err)
{
	if (begin_again(st, d, err) < 0)
		return -1;
	st->foreign = !take_metadata(st, d);
	if (!left)
		return fold_all(st, d, fd, 0, size, torn_counts, err);
	*left = true;
	return 0;
}

/*
 * text is what status.json holds, empty when there is none. With `left` the caller reads
 * all events: it becomes true where the state has to follow them.
 */
static int load(struct rt_status *st, const struct rt_rundir *d, struct rt_str text, int fd,
		off_t size, bool torn_counts, bool *left, struct rt_err *err)
{
	if (text.n == 0 || rt_status_parse(st, text, NULL) < 0)
		return rebuild(st, d, fd, size, torn_counts, left, err);
	/* After mv the directory's name is the id. */
	snprintf(st->run_id, sizeof(st->run_id), "%s", d->id);
	while (st->events.n > st->keep_events)
		rt_table_drop(&st->events);
	if (st->events_size < 0)
		return adopt_all(st, d, fd, size, left, err);
	/* Events are gone that it knew of: its state stands, what is counted is what is there. */
	if (st->events_size > size)
		return adopt_all(st, d, fd, size, left, err);
	if (st->events_size == size)
		return 0;
	return fold_all(st, d, fd, st->events_size, size, torn_counts, err);
}

int rt_status_refresh(struct rt_status *st, const struct rt_rundir *d, int fd, off_t size,
		      struct rt_err *err)
{
	struct rt_buf text;
	int ret;

	rt_buf_init(&text);
	if (rt_file_read(d->fd, RT_STATUS_FILE, &text, FOREIGN_STATUS_MAX) < 0)
		rt_buf_clear(&text);
	ret = begin_again(st, d, err);
	if (ret == 0)
		ret = load(st, d, rt_buf_view(&text), fd, size, true, NULL, err);
	rt_buf_release(&text);
	return ret;
}

/* The log of a run that may have none; then f->fd is -1 and its size 0. */
static int open_log(struct rt_runfile *f, const struct rt_rundir *d, bool needed,
		    struct rt_err *err)
{
	if (rt_runfile_open(f, d, RT_EVENTS_FILE) == 0)
		return 0;
	f->size = 0;
	if (errno == ENOENT && !needed)
		return 0;
	if (errno != ENOENT)
		return rt_runfile_failed(d, RT_EVENTS_FILE, err);
	if (!d->archive && rt_rundir_archive(d->fd))
		return rt_err_set(err, RT_ERR_FAILURE, "run \"%s\" is archived (%s)", d->id,
				  rt_rundir_archive(d->fd));
	return rt_err_set(err, RT_ERR_NOTFOUND, "\"%s\" is no run: it has no %s and no %s", d->path,
			  RT_STATUS_FILE, RT_EVENTS_FILE);
}

/*
 * Whether status.json accounts for all events: it stays beside an archive that has them only
 * if it does. How many bytes these are is in *size; the archive need not be read.
 */
static bool is_settled(const struct rt_rundir *d, struct rt_str status, int64_t *size)
{
	struct rt_json v;

	return d->fd >= 0 && rt_rundir_packed(d) &&
	       faccessat(d->fd, RT_STATUS_FILE, F_OK, AT_SYMLINK_NOFOLLOW) == 0 &&
	       rt_scan_find(status, rt_str("events_size"), &v) && rt_json_int(&v, size) &&
	       *size >= 0;
}

static int load_dir(struct rt_status *st, const struct rt_rundir *d, bool *left, struct rt_err *err)
{
	struct rt_runfile log;
	struct rt_buf text;
	bool have_status;
	int ret;

	rt_buf_init(&text);
	/* The status first: what is appended after it was read is then caught up with. */
	have_status = rt_runfile_read(d, RT_STATUS_FILE, &text, FOREIGN_STATUS_MAX) == 0;
	if (!have_status || !rt_scan_valid(rt_buf_view(&text)))
		rt_buf_clear(&text);
	log = (struct rt_runfile){ .fd = -1 };
	ret = is_settled(d, rt_buf_view(&text), &log.size) ? 0 :
							     open_log(&log, d, !have_status, err);
	if (ret == 0)
		ret = begin_again(st, d, err);
	if (ret == 0)
		ret = load(st, d, rt_buf_view(&text), log.fd, log.size, false, left, err);
	rt_runfile_close(&log);
	rt_buf_release(&text);
	return ret;
}

int rt_status_load(struct rt_status *st, const struct rt_rundir *d, struct rt_err *err)
{
	return load_dir(st, d, NULL, err);
}

int rt_status_load_stored(struct rt_status *st, const struct rt_rundir *d, bool *left,
			  struct rt_err *err)
{
	*left = false;
	return load_dir(st, d, left, err);
}

void rt_status_settle(struct rt_status *st, enum rt_state derived)
{
	if (rt_state_over(derived) && !rt_state_over(st->state))
		rt_table_end_running(&st->steps, st->updated_ns, "incomplete");
}
