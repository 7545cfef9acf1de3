/* The life of a run as events: making one, and changing its state. See record.h. */
#include "record_batch.h"
#include "clock.h"
#include "text.h"
#include "trace.h"

#include <stdio.h>

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
	if (c->signal) {
		rt_buf_addf(out, "%s\"signal\":%d", sep, c->signal);
		sep = ",";
	}
	if (c->resources) {
		rt_buf_addf(out, "%s\"resources\":", sep);
		rt_resources_write(c->resources, out);
	}
	rt_buf_addc(out, '}');
}

/* The span that the run is, where it is traced. */
static void set_span(struct rt_event *ev, const struct rt_trace *trace)
{
	if (!trace)
		return;
	rt_event_set_text(ev, RT_F_SPAN_ID, rt_str(trace->span_id));
	if (trace->parent_id[0])
		rt_event_set_text(ev, RT_F_PARENT_ID, rt_str(trace->parent_id));
}

static int queue_change(struct rt_record *r, const struct rt_change *c, enum rt_state from,
			const struct rt_trace *trace, struct rt_err *err)
{
	struct rt_buf metadata, ms;
	struct rt_event ev;
	int ret;

	rt_buf_init(&metadata);
	rt_buf_init(&ms);
	rt_event_init(&ev);
	rt_event_set_text(&ev, RT_F_TYPE, rt_str(rt_type_name(change_type(c, from))));
	rt_event_set_text(&ev, RT_F_STATE_BEFORE, rt_str(rt_state_name(from)));
	rt_event_set_text(&ev, RT_F_STATE_AFTER, rt_str(rt_state_name(c->to)));
	if (c->error && *c->error)
		rt_event_set_text(&ev, RT_F_ERROR, rt_str(c->error));
	set_span(&ev, trace);
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
	ret = rt_record_queue(r, &ev, err);
	rt_buf_release(&metadata);
	rt_buf_release(&ms);
	return ret;
}

/* That somebody asked for a change. */
static int queue_request(struct rt_record *r, enum rt_state to, struct rt_str by,
			 struct rt_err *err)
{
	enum rt_type type = to == RT_PAUSED  ? RT_T_PAUSE_REQUESTED :
			    to == RT_RUNNING ? RT_T_RESUME_REQUESTED :
					       RT_T_CANCEL_REQUESTED;
	struct rt_event ev;

	rt_event_init(&ev);
	rt_event_set_text(&ev, RT_F_TYPE, rt_str(rt_type_name(type)));
	rt_event_set_text(&ev, RT_F_STATE_BEFORE, rt_str(rt_state_name(r->status.state)));
	rt_event_set_text(&ev, RT_F_STATE_AFTER, rt_str(rt_state_name(to)));
	rt_event_set_json(&ev, RT_F_METADATA, rt_json_of(by, RT_JSON_OBJECT));
	rt_event_derive(&ev);
	return rt_record_queue(r, &ev, err);
}

/* Whether the state allows the change, as it stands under the lock. */
static int check_change(const struct rt_record *r, const struct rt_change *c, struct rt_err *err)
{
	enum rt_state from = r->status.state;
	enum rt_state seen = rt_status_derive(&r->status, r->dir.fd, rt_clock_now_ns());

	if (c->only_if && !(c->only_if >> seen & 1))
		return rt_err_set(err, RT_ERR_REFUSED, "run \"%s\" is %s", r->dir.id,
				  rt_state_name(seen));
	if (rt_state_allows(from, c->to, c->resume))
		return 0;
	if (seen == RT_LOST)
		return rt_err_set(err, RT_ERR_REFUSED, "run \"%s\" is lost: rt-run reap ends it",
				  r->dir.id);
	if (from == c->to)
		return rt_err_set(err, RT_ERR_REFUSED, "run \"%s\" is %s already", r->dir.id,
				  rt_state_name(from));
	return rt_err_set(err, RT_ERR_REFUSED, "run \"%s\" is %s: it cannot become %s%s", r->dir.id,
			  rt_state_name(from), rt_state_name(c->to),
			  rt_state_over(from) ? " (rt-run start --resume takes it up again)" : "");
}

int rt_record_settle(struct rt_record *r, struct rt_err *err)
{
	static const char *const names[] = { RT_METADATA_FILE, RT_EVENTS_FILE, RT_STATUS_FILE, ".",
					     ".." };

	if (!r->unsettled)
		return 0;
	r->unsettled = false;
	return rt_rundir_sync(&r->dir, names, 5, err);
}

/*
 * What a change of state does not bring to the disk itself. Nobody is to wait for the
 * lock meanwhile, and what is recorded is not less true where it fails.
 */
static void settle_rest(const struct rt_record *r, struct rt_err *warning)
{
	static const char *const names[] = { RT_METADATA_FILE, ".." };

	if (r->unsettled)
		rt_rundir_sync(&r->dir, names, 2, warning);
}

int rt_record_change(struct rt_record *r, const struct rt_change *change, struct rt_err *warning,
		     struct rt_err *err)
{
	struct rt_trace trace;
	enum rt_state from;
	bool traced;
	int ret = -1;

	if (rt_record_queued(r))
		return rt_err_set(err, RT_ERR_REFUSED, "events of run \"%s\" wait to be recorded",
				  r->dir.id);
	traced = rt_trace_load(&trace, &r->dir);
	settle_rest(r, warning);
	if (rt_batch_begin(r, err) < 0)
		return -1;
	from = r->status.state;
	if (from == change->to && rt_state_over(from)) {
		ret = 1;
		goto out;
	}
	if (check_change(r, change, err) < 0)
		goto out;
	if (change->by.n && queue_request(r, change->to, change->by, err) < 0)
		goto out;
	if (change->act && change->act(change->arg, err) < 0)
		goto out;
	ret = queue_change(r, change, from, traced ? &trace : NULL, err);
	if (ret == 0)
		ret = rt_batch_commit(r, COMMIT_STATE, warning, err);
	if (ret == 0)
		r->unsettled = false;
out:
	rt_batch_end(r);
	return ret;
}

int rt_record_request(struct rt_record *r, enum rt_state to, struct rt_str by,
		      struct rt_err *warning, struct rt_err *err)
{
	if (rt_batch_begin(r, err) < 0)
		return -1;
	if (queue_request(r, to, by, err) == 0)
		return rt_record_flush(r, true, warning, err);
	rt_batch_end(r);
	return -1;
}

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

static void set_text(struct rt_buf *to, const char *text)
{
	if (text)
		rt_buf_adds(to, text);
}

/* The run as a record that nobody else knows of: its first event and its state. */
static int conceive(struct rt_record *r, const struct rt_run_spec *spec, struct rt_err *err)
{
	struct rt_change start = { .to = RT_RUNNING,
				   .exit_code = -1,
				   .owner_pid = spec->owner_pid };
	struct rt_status *st = &r->status;
	struct rt_trace trace;
	char host[256];

	snprintf(st->run_id, sizeof(st->run_id), "%s", spec->id);
	st->created_ns = created_ns(spec);
	rt_redact_text(r->opts.redact, rt_str(spec->name ? spec->name : ""), &st->name);
	set_text(&st->group, spec->group);
	set_text(&st->parent_run_id, spec->parent_run_id);
	rt_hostname(host);
	set_text(&st->host, host);
	r->locked = true; /* there is nothing yet that could be locked */
	if (queue_change(r, &start, RT_PENDING,
			 rt_trace_find(&trace, spec->metadata) ? &trace : NULL, err) < 0)
		return -1;
	rt_batch_show_recent(r);
	st->events_size = (int64_t)r->lines.len;
	rt_status_write(st, &r->document);
	if (r->document.failed || r->log_text.failed || r->json_log_text.failed)
		return rt_err_set(err, RT_ERR_FAILURE, "out of memory");
	return 0;
}

int rt_record_create(struct rt_record **out, const struct rt_run_spec *spec,
		     const struct rt_record_opts *opts, struct rt_err *err)
{
	struct rt_rundir d = { .fd = -1 };
	struct rt_record *r = NULL;
	struct rt_buf metadata;
	int ret = -1;

	if (rt_id_check("run id", spec->id, err) < 0 ||
	    (spec->group && rt_id_check("group", spec->group, err) < 0))
		return -1;
	rt_buf_init(&metadata);
	r = rt_batch_new(opts);
	if (!r) {
		rt_err_set(err, RT_ERR_FAILURE, "out of memory");
		goto out;
	}
	if (conceive(r, spec, err) < 0)
		goto out;
	rt_buf_addv(&metadata, spec->metadata);
	if (metadata.len == 0)
		write_metadata(spec, &r->status, &metadata);
	const struct rt_file_text files[] = {
		{ RT_ALIVE_FILE, { "", 0 }, true },
		{ RT_METADATA_FILE, rt_buf_view(&metadata), false },
		{ RT_EVENTS_FILE, rt_buf_view(&r->lines), false },
		{ RT_STATUS_FILE, rt_buf_view(&r->document), false },
		/* What is added to the logs later is not synced either. */
		{ RT_LOG_FILE, rt_buf_view(&r->log_text), true },
		{ RT_JSON_LOG_FILE, rt_buf_view(&r->json_log_text), true },
	};
	ret = rt_rundir_create(&d, spec->runs_dir, spec->group, spec->id, files + !spec->supervised,
			       (size_t)4 + spec->supervised + spec->json_log,
			       r->opts.sync != RT_SYNC_NEVER && !spec->settle_later, err);
	if (ret == 0)
		ret = rt_record_open(out, d.path, opts, err);
	if (ret == 0)
		(*out)->unsettled = spec->settle_later && r->opts.sync != RT_SYNC_NEVER;
out:
	rt_rundir_release(&d);
	rt_record_close(r);
	rt_buf_release(&metadata);
	return ret;
}
