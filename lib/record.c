/*
 * Recording: lock, bring the state up to date, prepare status.json, append,
 * put status.json in place, log. See record.h for what a failure means when.
 */
#include "record_batch.h"
#include "clock.h"
#include "fdio.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#define LOCK_TIMEOUT_MS 10000

struct rt_record *rt_batch_new(const struct rt_record_opts *opts)
{
	struct rt_record *r = calloc(1, sizeof(*r));

	if (!r)
		return NULL;
	if (rt_status_init(&r->status) < 0) {
		free(r);
		return NULL;
	}
	if (opts)
		r->opts = *opts;
	if (!r->opts.lock_timeout_ms)
		r->opts.lock_timeout_ms = LOCK_TIMEOUT_MS;
	if (r->opts.keep_events)
		r->status.keep_events = r->opts.keep_events;
	r->dir.fd = r->log.fd = r->log_fd = r->json_log_fd = -1;
	rt_buf_init(&r->lines);
	rt_buf_init(&r->recent);
	rt_buf_init(&r->log_text);
	rt_buf_init(&r->json_log_text);
	rt_buf_init(&r->document);
	return r;
}

void rt_record_close(struct rt_record *r)
{
	if (!r)
		return;
	rt_evlog_close(&r->log);
	if (r->log_fd >= 0)
		close(r->log_fd);
	if (r->json_log_fd >= 0)
		close(r->json_log_fd);
	rt_rundir_release(&r->dir);
	rt_status_release(&r->status);
	rt_buf_release(&r->lines);
	rt_buf_release(&r->recent);
	rt_buf_release(&r->log_text);
	rt_buf_release(&r->json_log_text);
	rt_buf_release(&r->document);
	rt_batch_release_components(r);
	free(r);
}

const struct rt_rundir *rt_record_dir(const struct rt_record *r)
{
	return &r->dir;
}

const struct rt_status *rt_record_status(const struct rt_record *r)
{
	return &r->status;
}

int rt_record_open(struct rt_record **out, const char *run_path, const struct rt_record_opts *opts,
		   struct rt_err *err)
{
	struct rt_record *r = rt_batch_new(opts);

	if (!r)
		return rt_err_set(err, RT_ERR_FAILURE, "out of memory");
	if (rt_rundir_open(&r->dir, run_path, err) < 0 ||
	    rt_evlog_open(&r->log, &r->dir, err) < 0) {
		rt_record_close(r);
		return -1;
	}
	*out = r;
	return 0;
}

int rt_batch_begin(struct rt_record *r, struct rt_err *err)
{
	if (r->locked)
		return 0;
	if (rt_evlog_lock(&r->log, &r->dir, r->opts.lock_timeout_ms, err) < 0)
		return -1;
	if (!r->loaded || r->log.reopened || r->status.events_size != r->log.size) {
		r->log.reopened = false;
		rt_buf_clear(&r->recent);
		r->loaded = rt_status_refresh(&r->status, &r->dir, r->log.fd, r->log.size, err) ==
			    0;
	}
	r->locked = r->loaded;
	if (!r->locked)
		rt_evlog_unlock(&r->log);
	return r->locked ? 0 : -1;
}

void rt_batch_end(struct rt_record *r)
{
	rt_buf_clear(&r->lines);
	rt_buf_clear(&r->log_text);
	rt_buf_clear(&r->json_log_text);
	if (r->n_components)
		rt_batch_clear_components(r);
	r->locked = false;
	rt_evlog_unlock(&r->log);
}

/*
 * Write the event into the batch and let it change the status. Where writing
 * changed what it means (a secret masked, a key moved), it is the written line
 * that counts: the state is always what a reader of the log would make of it.
 */
static void add_line(struct rt_record *r, struct rt_event *ev)
{
	size_t at = r->lines.len, log_at = r->log_text.len;
	struct rt_event written;

	rt_event_write(ev, NULL, r->opts.redact, RT_LINE_MAX, &r->lines);
	if (r->lines.failed) {
		r->lines.len = at; /* no half of a line is ever recorded */
		return;
	}
	if (!ev->faithful || !rt_event_has(ev, RT_F_MESSAGE)) {
		if (rt_event_parse(&written,
				   (struct rt_str){ r->lines.s + at, r->lines.len - at - 1 }) < 0)
			return;
		ev = &written;
	}
	rt_status_apply(&r->status, ev);
	rt_event_write_log(ev, &r->log_text);
	if (rt_event_has(ev, RT_F_COMPONENT))
		rt_batch_add_component(
			r, ev, (struct rt_str){ r->log_text.s + log_at, r->log_text.len - log_at });
	if (r->json_log_fd != -2)
		rt_event_write_json_log(ev, &r->json_log_text);
}

int rt_record_queue(struct rt_record *r, struct rt_event *ev, struct rt_err *err)
{
	char ts[RT_TS_LEN + 1];
	bool timed;

	if (rt_batch_begin(r, err) < 0)
		return -1;
	/* A time that is not given is taken under the lock, so that the file is in order. */
	timed = rt_event_keep_time(ev);
	if (!timed) {
		rt_clock_format(ts, rt_clock_now_ns());
		rt_event_set_json(ev, RT_F_TS,
				  rt_json_of((struct rt_str){ ts, RT_TS_LEN }, RT_JSON_STRING));
	}
	add_line(r, ev);
	if (!timed)
		rt_event_unset(ev, RT_F_TS); /* the event can be recorded again */
	if (r->lines.failed)
		return rt_err_set(err, RT_ERR_FAILURE, "out of memory");
	return 0;
}

size_t rt_record_queued(const struct rt_record *r)
{
	return r->lines.len;
}

/* Where the last n lines begin. */
static size_t last_lines(const struct rt_buf *b, size_t n)
{
	size_t at = b->len;

	while (n-- && at) {
		const char *nl = memrchr(b->s, '\n', at - 1);

		at = nl ? (size_t)(nl - b->s) + 1 : 0;
	}
	return at;
}

/* Add the batch to `recent`, of which only the last events are ever seen in status.json. */
static void keep_recent(struct rt_record *r)
{
	size_t keep = r->status.keep_events, at = last_lines(&r->lines, keep);

	rt_buf_add(&r->recent, r->lines.s + at, r->lines.len - at);
	/* Now and then, so that many small batches cost no more than a large one. */
	if (r->recent.len > r->recent_max) {
		rt_buf_splice(&r->recent, 0, last_lines(&r->recent, keep), NULL, 0);
		r->recent_max = 2 * r->recent.len + RT_LINE_MAX;
	}
}

void rt_batch_show_recent(struct rt_record *r)
{
	const char *p, *end;
	struct rt_event ev;

	keep_recent(r);
	p = r->recent.s + last_lines(&r->recent, r->status.keep_events);
	end = r->recent.s + r->recent.len;
	while (p < end) {
		const char *nl = memchr(p, '\n', (size_t)(end - p));

		if (rt_event_parse(&ev, (struct rt_str){ p, (size_t)(nl - p) }) == 0)
			rt_status_push(&r->status, &ev);
		p = nl + 1;
	}
	if (!r->recent.failed)
		rt_buf_clear(&r->recent);
}

/* Append to one of the logs for people, opened at the first line. */
static int append_log(struct rt_record *r, const char *name, int flags, int *fd,
		      const struct rt_buf *text)
{
	if (*fd == -1) {
		*fd = rt_file_open(r->dir.fd, name, O_WRONLY | O_APPEND | flags, 0666);
		if (*fd < 0 && errno == ENOENT && !flags)
			*fd = -2; /* logs.jsonl is kept only where it was asked for */
	}
	if (*fd == -2)
		return 0;
	return *fd < 0 ? -1 : rt_fd_write(*fd, text->s, text->len);
}

static void write_logs(struct rt_record *r, struct rt_err *warning)
{
	if (append_log(r, RT_LOG_FILE, O_CREAT, &r->log_fd, &r->log_text) < 0)
		rt_err_sys(warning, "event recorded, but cannot write \"%s/%s\"", r->dir.path,
			   RT_LOG_FILE);
	if (append_log(r, RT_JSON_LOG_FILE, 0, &r->json_log_fd, &r->json_log_text) < 0)
		rt_err_sys(warning, "event recorded, but cannot write \"%s/%s\"", r->dir.path,
			   RT_JSON_LOG_FILE);
	rt_batch_write_components(r, warning);
}

static enum rt_replace replace_how(const struct rt_record *r, enum commit_kind kind)
{
	if (kind != COMMIT_STATE)
		return RT_REPLACE_FAST;
	return r->opts.sync == RT_SYNC_NEVER ? RT_REPLACE_RENAME : RT_REPLACE_DURABLE;
}

static int append_lines(struct rt_record *r, enum commit_kind kind, struct rt_err *err)
{
	bool sync = r->opts.sync == RT_SYNC_ALWAYS ||
		    (kind == COMMIT_STATE && r->opts.sync == RT_SYNC_END);
	struct rt_err cause = RT_ERR_INIT;

	/* A torn tail ends here; in the same write, so that a crash cannot come between. */
	if (r->log.torn)
		rt_buf_splice(&r->lines, 0, 0, "\n", 1);
	if (rt_evlog_append(&r->log, rt_buf_view(&r->lines), sync, &cause) == 0)
		return 0;
	return rt_err_set(err, cause.kind, "run \"%s\": %s", r->dir.path, cause.msg);
}

int rt_batch_commit(struct rt_record *r, enum commit_kind kind, struct rt_err *warning,
		    struct rt_err *err)
{
	enum rt_replace how = replace_how(r, kind);
	struct rt_replacement put;
	struct rt_err cause = RT_ERR_INIT;

	if (r->lines.failed)
		return rt_err_set(err, RT_ERR_FAILURE, "out of memory");
	r->loaded = false; /* until it is known to be true */
	if (kind == COMMIT_LATER)
		keep_recent(r);
	else
		rt_batch_show_recent(r);
	if (r->recent.failed)
		return rt_err_set(err, RT_ERR_FAILURE, "out of memory");
	r->status.events_size = r->log.size + r->log.torn + (off_t)r->lines.len;
	if (kind != COMMIT_LATER) {
		rt_buf_clear(&r->document);
		rt_status_write(&r->status, &r->document);
		if (r->document.failed)
			return rt_err_set(err, RT_ERR_FAILURE, "out of memory");
		if (rt_replace_prepare(&put, r->dir.fd, RT_STATUS_FILE, rt_buf_view(&r->document),
				       how, &cause) < 0)
			return rt_err_set(err, cause.kind, "run \"%s\": %s", r->dir.path,
					  cause.msg);
	}
	if (append_lines(r, kind, err) < 0) {
		if (kind != COMMIT_LATER)
			rt_replace_abort(&put);
		return -1;
	}
	r->loaded = true;
	if (kind != COMMIT_LATER && rt_replace_commit(&put, how, &cause) < 0)
		rt_err_set(warning, cause.kind, "event recorded, but run \"%s\": %s", r->dir.path,
			   cause.msg);
	write_logs(r, warning);
	return 0;
}

int rt_record_flush(struct rt_record *r, bool status, struct rt_err *warning, struct rt_err *err)
{
	int ret;

	if (rt_batch_begin(r, err) < 0)
		return -1;
	ret = rt_batch_commit(r, status ? COMMIT_PROGRESS : COMMIT_LATER, warning, err);
	rt_batch_end(r);
	return ret;
}

int rt_record_emit(struct rt_record *r, struct rt_event *ev, struct rt_err *warning,
		   struct rt_err *err)
{
	if (rt_record_queue(r, ev, err) < 0) {
		if (r->locked)
			rt_batch_end(r);
		return -1;
	}
	return rt_record_flush(r, true, warning, err);
}
