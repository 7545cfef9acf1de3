/*
 * Recording: lock, bring the state up to date, prepare status.json, append,
 * put status.json in place, log. See record.h for what a failure means when.
 */
#include "record.h"
#include "catalog.h"
#include "clock.h"
#include "fdio.h"
#include "text.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define LOCK_TIMEOUT_MS 10000

struct rt_record {
	struct rt_rundir dir;
	struct rt_evlog log;
	struct rt_status status;
	bool loaded;           /* status accounts for status.events_size bytes of the log */
	struct rt_record_opts opts;
	bool locked;           /* a batch is being put together */
	struct rt_buf lines;   /* the batch, a torn tail's newline in front of it left out */
	struct rt_buf log_text, json_log_text, document;
	int log_fd, json_log_fd; /* -1: not open yet; -2: there is none */
};

static struct rt_record *new_record(const struct rt_record_opts *opts)
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
	rt_buf_release(&r->log_text);
	rt_buf_release(&r->json_log_text);
	rt_buf_release(&r->document);
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
	struct rt_record *r = new_record(opts);

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

/* Take the lock, and make sure that `status` is what the log says. */
static int begin(struct rt_record *r, struct rt_err *err)
{
	if (r->locked)
		return 0;
	if (rt_evlog_lock(&r->log, &r->dir, r->opts.lock_timeout_ms, err) < 0)
		return -1;
	if (!r->loaded || r->log.reopened || r->status.events_size != r->log.size) {
		r->log.reopened = false;
		r->loaded = rt_status_refresh(&r->status, &r->dir, r->log.fd, r->log.size,
					      err) == 0;
	}
	r->locked = r->loaded;
	if (!r->locked)
		rt_evlog_unlock(&r->log);
	return r->locked ? 0 : -1;
}

static void end(struct rt_record *r)
{
	rt_buf_clear(&r->lines);
	rt_buf_clear(&r->log_text);
	rt_buf_clear(&r->json_log_text);
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
	size_t at = r->lines.len;
	struct rt_event written;

	rt_event_write(ev, NULL, r->opts.redact, RT_LINE_MAX, &r->lines);
	if (r->lines.failed)
		return;
	if (!ev->faithful || !rt_event_has(ev, RT_F_MESSAGE)) {
		if (rt_event_parse(&written, (struct rt_str){ r->lines.s + at,
							      r->lines.len - at - 1 }) < 0)
			return;
		ev = &written;
	}
	rt_status_apply(&r->status, ev);
	rt_event_write_log(ev, &r->log_text);
	if (r->json_log_fd != -2)
		rt_event_write_json_log(ev, &r->json_log_text);
}

int rt_record_queue(struct rt_record *r, struct rt_event *ev, struct rt_err *err)
{
	char ts[RT_TS_LEN + 1];
	struct rt_json v;

	if (begin(r, err) < 0)
		return -1;
	/* A time that is not given is taken under the lock, so that the file is in order. */
	if (!rt_event_keep_time(ev)) {
		rt_clock_format(ts, rt_clock_now_ns());
		v = rt_json_of((struct rt_str){ ts, RT_TS_LEN }, RT_JSON_STRING);
		rt_event_set_json(ev, RT_F_TS, v);
	}
	add_line(r, ev);
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

/* Of a batch only the last events are ever seen in status.json. */
static void push_recent(struct rt_record *r)
{
	size_t at = last_lines(&r->lines, r->status.keep_events);
	struct rt_event ev;

	while (at < r->lines.len) {
		char *nl = memchr(r->lines.s + at, '\n', r->lines.len - at);
		size_t n = (size_t)(nl - r->lines.s) - at;

		if (rt_event_parse(&ev, (struct rt_str){ r->lines.s + at, n }) == 0)
			rt_status_push(&r->status, &ev);
		at += n + 1;
	}
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
}

/* How status.json is put in place; RT_STATUS_LATER leaves the old one. */
enum commit_kind { COMMIT_LATER, COMMIT_PROGRESS, COMMIT_STATE };

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

/* Under the lock: record the batch. */
static int commit(struct rt_record *r, enum commit_kind kind, struct rt_err *warning,
		  struct rt_err *err)
{
	enum rt_replace how = replace_how(r, kind);
	struct rt_replacement put;
	struct rt_err cause = RT_ERR_INIT;

	push_recent(r);
	r->status.events_size = r->log.size + r->log.torn + (off_t)r->lines.len;
	r->loaded = false; /* until it is known to be true */
	if (kind != COMMIT_LATER) {
		rt_buf_clear(&r->document);
		rt_status_write(&r->status, &r->document);
		if (r->document.failed)
			return rt_err_set(err, RT_ERR_FAILURE, "out of memory");
		if (rt_replace_prepare(&put, r->dir.fd, RT_STATUS_FILE, rt_buf_view(&r->document),
				       how, &cause) < 0)
			return rt_err_set(err, cause.kind, "run \"%s\": %s", r->dir.path, cause.msg);
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

	if (begin(r, err) < 0)
		return -1;
	ret = commit(r, status ? COMMIT_PROGRESS : COMMIT_LATER, warning, err);
	end(r);
	return ret;
}

int rt_record_emit(struct rt_record *r, struct rt_event *ev, struct rt_err *warning,
		   struct rt_err *err)
{
	if (rt_record_queue(r, ev, err) < 0)
		return -1;
	return rt_record_flush(r, true, warning, err);
}

static enum rt_type change_type(const struct rt_change *c, enum rt_state from)
{
	switch (c->to) {
	case RT_RUNNING:
		return from == RT_PENDING ? RT_T_RUN_STARTED : RT_T_RUN_RESUMED;
	case RT_PAUSED:
		return RT_T_RUN_PAUSED;
	case RT_COMPLETED:
		return RT_T_RUN_COMPLETED;
	case RT_CANCELLED:
		return RT_T_RUN_CANCELLED;
	default:
		return RT_T_RUN_FAILED;
	}
}

/* What the state event keeps for a rebuild: owner, exit code, signal. */
static void change_metadata(const struct rt_change *c, struct rt_buf *out)
{
	struct rt_owner owner;
	const char *sep = "";

	rt_buf_addc(out, '{');
	if (c->owner_pid && rt_owner_fill(&owner, c->owner_pid)) {
		rt_buf_adds(out, "\"owner\":");
		rt_owner_write(&owner, out);
		sep = ",";
	}
	if (c->exit_code >= 0) {
		rt_buf_addf(out, "%s\"exit_code\":%d", sep, c->exit_code);
		sep = ",";
	}
	if (c->signal)
		rt_buf_addf(out, "%s\"signal\":%d", sep, c->signal);
	rt_buf_addc(out, '}');
}

static void queue_change(struct rt_record *r, const struct rt_change *c, enum rt_state from)
{
	struct rt_buf metadata, ms;
	struct rt_event ev;

	rt_buf_init(&metadata);
	rt_buf_init(&ms);
	rt_event_init(&ev);
	rt_event_set_text(&ev, RT_F_TYPE, rt_str(rt_type_name(change_type(c, from))));
	rt_event_set_text(&ev, RT_F_STATE_BEFORE, rt_str(rt_state_name(from)));
	rt_event_set_text(&ev, RT_F_STATE_AFTER, rt_str(rt_state_name(c->to)));
	if (c->error && *c->error)
		rt_event_set_text(&ev, RT_F_ERROR, rt_str(c->error));
	if (rt_state_over(c->to) && r->status.started_ns) {
		int64_t ns = rt_clock_now_ns() - r->status.started_ns;

		rt_buf_addf(&ms, "%lld", (long long)(ns > 0 ? ns / RT_NS_PER_MS : 0));
		rt_event_set_number(&ev, RT_F_DURATION_MS, rt_buf_view(&ms));
	}
	change_metadata(c, &metadata);
	if (metadata.len > 2)
		rt_event_set_json(&ev, RT_F_METADATA,
				  rt_json_of(rt_buf_view(&metadata), RT_JSON_OBJECT));
	rt_event_derive(&ev);
	rt_record_queue(r, &ev, NULL);
	rt_buf_release(&metadata);
	rt_buf_release(&ms);
}

int rt_record_change(struct rt_record *r, const struct rt_change *change, struct rt_err *warning,
		     struct rt_err *err)
{
	enum rt_state from;
	int ret = -1;

	if (begin(r, err) < 0)
		return -1;
	from = r->status.state;
	if (from == change->to && rt_state_over(from)) {
		ret = 0;
		goto out;
	}
	if (!rt_state_allows(from, change->to, change->resume)) {
		if (from == change->to)
			rt_err_set(err, RT_ERR_REFUSED, "run \"%s\" is %s already", r->dir.id,
				   rt_state_name(from));
		else
			rt_err_set(err, RT_ERR_REFUSED, "run \"%s\" is %s: it cannot become %s%s",
				   r->dir.id, rt_state_name(from), rt_state_name(change->to),
				   rt_state_over(from) ?
					   " (rt-run start --resume takes it up again)" : "");
		goto out;
	}
	queue_change(r, change, from);
	ret = commit(r, COMMIT_STATE, warning, err);
out:
	end(r);
	return ret;
}

/* What the first files of a run hold. */
struct birth {
	struct rt_buf metadata, event, status, log, json_log;
};

static void add_member(struct rt_buf *out, const char *key, const char *text)
{
	if (!text || !*text)
		return;
	rt_buf_adds(out, out->len > 1 ? ",\"" : "\"");
	rt_buf_adds(out, key);
	rt_buf_adds(out, "\":");
	rt_json_quote(out, rt_str(text));
}

/* The least that metadata.json says, for a caller who has nothing to say in it. */
static void write_metadata(const struct rt_run_spec *spec, const struct rt_status *st,
			   struct rt_buf *out)
{
	char created[RT_TS_LEN + 1];

	rt_clock_format(created, st->created_ns);
	rt_buf_addc(out, '{');
	add_member(out, "run_id", spec->id);
	add_member(out, "name", st->name.s);
	add_member(out, "group", spec->group);
	add_member(out, "parent_run_id", spec->parent_run_id);
	add_member(out, "created_at", created);
	add_member(out, "host", st->host.s);
	rt_buf_adds(out, "}\n");
}

/* created_at is metadata.json's, so that a rebuilt status.json says the same. */
static int64_t created_ns(const struct rt_run_spec *spec)
{
	struct rt_json v;
	int64_t ns;

	if (spec->metadata.n && rt_scan_find(spec->metadata, rt_str("created_at"), &v) &&
	    v.type == RT_JSON_STRING && rt_clock_parse(v.text, &ns))
		return ns;
	return rt_clock_now_ns();
}

static int write_birth(struct birth *b, const struct rt_run_spec *spec, const char *id,
		       const struct rt_record_opts *opts, struct rt_err *err)
{
	struct rt_change start = { .to = RT_RUNNING, .exit_code = -1, .owner_pid = spec->owner_pid };
	struct rt_record *r = new_record(opts);
	struct rt_event ev;
	char host[256];

	if (!r)
		return rt_err_set(err, RT_ERR_FAILURE, "out of memory");
	snprintf(r->status.run_id, sizeof(r->status.run_id), "%s", id);
	r->status.created_ns = created_ns(spec);
	rt_redact_text(r->opts.redact, rt_str(spec->name ? spec->name : ""), &r->status.name);
	rt_buf_adds(&r->status.group, spec->group ? spec->group : "");
	rt_buf_adds(&r->status.parent_run_id, spec->parent_run_id ? spec->parent_run_id : "");
	rt_hostname(host);
	rt_buf_adds(&r->status.host, host);
	r->locked = true; /* nobody else knows of it yet */
	queue_change(r, &start, RT_PENDING);
	push_recent(r);
	if (rt_event_parse(&ev, (struct rt_str){ r->lines.s, r->lines.len - 1 }) == 0)
		rt_event_write_json_log(&ev, &b->json_log);
	r->status.events_size = (int64_t)r->lines.len;
	if (spec->metadata.n == 0)
		write_metadata(spec, &r->status, &b->metadata);
	rt_status_write(&r->status, &b->status);
	rt_buf_addv(&b->event, rt_buf_view(&r->lines));
	rt_buf_addv(&b->log, rt_buf_view(&r->log_text));
	rt_record_close(r);
	return 0;
}

int rt_record_create(struct rt_record **out, const struct rt_run_spec *spec,
		     const struct rt_record_opts *opts, struct rt_err *err)
{
	struct rt_rundir d = { .fd = -1 };
	struct birth b;
	int ret = -1;

	if (rt_id_check("run id", spec->id, err) < 0 ||
	    (spec->group && rt_id_check("group", spec->group, err) < 0))
		return -1;
	rt_buf_init(&b.metadata);
	rt_buf_init(&b.event);
	rt_buf_init(&b.status);
	rt_buf_init(&b.log);
	rt_buf_init(&b.json_log);
	if (write_birth(&b, spec, spec->id, opts, err) == 0) {
		const struct rt_file_text files[] = {
			{ RT_METADATA_FILE,
			  spec->metadata.n ? spec->metadata : rt_buf_view(&b.metadata) },
			{ RT_EVENTS_FILE, rt_buf_view(&b.event) },
			{ RT_STATUS_FILE, rt_buf_view(&b.status) },
			{ RT_LOG_FILE, rt_buf_view(&b.log) },
			{ RT_JSON_LOG_FILE, rt_buf_view(&b.json_log) },
		};
		bool durable = !opts || opts->sync != RT_SYNC_NEVER;

		ret = rt_rundir_create(&d, spec->runs_dir, spec->group, spec->id, files,
				       spec->json_log ? 5 : 4, durable, err);
	}
	if (ret == 0)
		ret = rt_record_open(out, d.path, opts, err);
	rt_rundir_release(&d);
	rt_buf_release(&b.metadata);
	rt_buf_release(&b.event);
	rt_buf_release(&b.status);
	rt_buf_release(&b.log);
	rt_buf_release(&b.json_log);
	return ret;
}
