/* Loading a run for rt-status: a run directory, or any JSON-lines file, and its JSON form. */
#include "status_view.h"
#include "clock.h"
#include "evlog.h"
#include "record.h"
#include "rundir.h"
#include "text.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

/* A file has no run directory: what it is called says which run it is. */
static void name_file(struct status_view *v)
{
	const char *end = strrchr(v->path, '/'), *name = end ? end + 1 : v->path;

	if (v->st.run_id[0])
		return;
	if (end && end > v->path && strcmp(name, RT_EVENTS_FILE) == 0) {
		for (name = end; name > v->path && name[-1] != '/'; name--)
			;
		snprintf(v->st.run_id, sizeof(v->st.run_id), "%.*s", (int)(end - name), name);
	} else {
		snprintf(v->st.run_id, sizeof(v->st.run_id), "%s", name);
	}
}

static void take_run_id(struct status_view *v, const struct rt_event *ev)
{
	struct rt_buf id;

	if (v->st.run_id[0] || !rt_event_has(ev, RT_F_RUN_ID))
		return;
	rt_buf_init(&id);
	rt_event_text(ev, RT_F_RUN_ID, &id);
	if (rt_id_valid(rt_buf_view(&id)))
		snprintf(v->st.run_id, sizeof(v->st.run_id), "%s", id.s);
	rt_buf_release(&id);
}

static int read_lines(struct status_view *v, struct rt_reader *r)
{
	struct rt_event ev;
	struct rt_str line;
	int got;

	while ((got = rt_reader_next(r, &line)) > 0) {
		if (rt_event_parse(&ev, line) < 0) {
			v->skipped++;
			continue;
		}
		take_run_id(v, &ev);
		rt_status_apply(&v->st, &ev);
		rt_status_push(&v->st, &ev);
	}
	v->skipped += r->skipped;
	return got;
}

static int load_file(struct status_view *v, struct rt_err *err)
{
	struct rt_reader r;
	int fd = open(v->path, O_RDONLY | O_CLOEXEC | O_NOCTTY), ret = -1;

	if (fd < 0)
		return rt_err_sys(err, "cannot open \"%s\"", v->path);
	v->st.foreign = true;
	if (rt_reader_init(&r, fd, 0, -1, false) < 0) {
		rt_err_sys(err, "cannot read \"%s\"", v->path);
		goto out;
	}
	ret = read_lines(v, &r);
	if (ret < 0)
		rt_err_sys(err, "cannot read \"%s\"", v->path);
	rt_reader_release(&r);
	name_file(v);
	v->state = rt_status_derive(&v->st, -1, v->now_ns);
out:
	close(fd);
	return ret;
}

static int load_dir(struct status_view *v, const struct rt_unpacker *unpacker, struct rt_err *err)
{
	if (rt_rundir_open_reader(&v->dir, v->path, unpacker, err) < 0)
		return -1;
	if (rt_status_load(&v->st, &v->dir, err) < 0) {
		rt_rundir_release(&v->dir);
		return -1;
	}
	v->state = rt_status_derive(&v->st, v->dir.fd, v->now_ns);
	rt_status_settle(&v->st, v->state);
	/* the directory's name is the id, whatever was stored before it was renamed */
	snprintf(v->st.run_id, sizeof(v->st.run_id), "%s", v->dir.id);
	return 0;
}

int status_view_load(struct status_view *v, const struct rt_found *found,
		     const struct rt_unpacker *unpacker, struct rt_err *err)
{
	memset(v, 0, sizeof(*v));
	v->path = found->path;
	v->file = found->file;
	v->now_ns = rt_clock_now_ns();
	if (rt_status_init(&v->st) < 0)
		return rt_err_set(err, RT_ERR_FAILURE, "out of memory");
	if ((v->file ? load_file(v, err) : load_dir(v, unpacker, err)) == 0)
		return 0;
	rt_status_release(&v->st);
	return -1;
}

void status_view_release(struct status_view *v)
{
	rt_status_release(&v->st);
	if (!v->file)
		rt_rundir_release(&v->dir);
}

/* Put a document on one line: a line end can only stand between two tokens. */
static void join_lines(struct rt_buf *b, size_t from)
{
	size_t to = from;

	for (size_t i = from; i < b->len; i++)
		if (b->s[i] != '\n')
			b->s[to++] = b->s[i];
	b->len = to;
}

void status_view_json(struct status_view *v, bool one_line, struct rt_buf *out)
{
	enum rt_state stored = v->st.state;
	size_t from = out->len;

	v->st.state = v->state;
	rt_status_write(&v->st, out);
	v->st.state = stored;
	while (out->len > from && out->s[out->len - 1] != '}')
		out->len--;
	out->len -= out->len > from;
	rt_buf_adds(out, ",\"path\":");
	rt_json_quote(out, rt_str(v->path));
	rt_buf_addc(out, '}');
	if (one_line)
		join_lines(out, from);
}
