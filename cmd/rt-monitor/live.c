/* The run on the screen. See live.h. */
#include "live.h"
#include "clock.h"
#include "common.h"
#include "die.h"
#include "fdio.h"
#include "runfile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

int live_open(struct live *l, const char *path, struct unpack *unpack, struct rt_err *err)
{
	*l = (struct live){ .unpack = unpack, .events = -1 };
	if (rt_rundir_open_reader(&l->dir, path, &unpack->unpacker, err) < 0)
		return -1;
	if (rt_status_init(&l->status) < 0 || rt_status_load(&l->status, &l->dir, err) < 0) {
		rt_status_release(&l->status);
		rt_rundir_release(&l->dir);
		return -1;
	}
	l->state = rt_status_derive(&l->status, l->dir.fd, rt_clock_now_ns());
	plan_init(&l->plan);
	l->events = live_file(l, RT_EVENTS_FILE);
	l->open = l->reading = true;
	return 0;
}

void live_close(struct live *l)
{
	if (!l->open)
		return;
	l->open = false;
	if (l->events >= 0)
		close(l->events);
	plan_release(&l->plan);
	rt_status_release(&l->status);
	rt_rundir_release(&l->dir);
}

static void watch_owner(struct live *l, struct rt_watch *w)
{
	int64_t pid = l->status.owner.pid;

	if (live_over(l) || pid == l->owner_pid)
		return;
	l->owner_pid = pid;
	rt_watch_process(w, pid, l);
}

void live_watch(struct live *l, struct rt_watch *w, void *tag)
{
	if (l->dir.fd >= 0)
		rt_watch_add(w, l->dir.fd, tag);
	l->owner_pid = 0;
	watch_owner(l, w);
}

bool live_over(const struct live *l)
{
	return rt_state_over(l->state);
}

void live_look(struct live *l, struct rt_watch *w)
{
	struct rt_status st;

	l->error = (struct rt_err)RT_ERR_INIT;
	if (rt_status_init(&st) < 0)
		die(EXIT_FAIL, "out of memory");
	if (rt_status_load(&st, &l->dir, &l->error) < 0) {
		rt_status_release(&st);
		return;
	}
	rt_status_release(&l->status);
	l->status = st;
	l->state = rt_status_derive(&l->status, l->dir.fd, rt_clock_now_ns());
	watch_owner(l, w);
	l->reading = true;
}

bool live_read(struct live *l)
{
	off_t before = l->plan.read;
	int got;

	if (l->events < 0)
		l->events = live_file(l, RT_EVENTS_FILE);
	got = l->events < 0 ? 0 : plan_read(&l->plan, l->events, live_over(l));
	l->reading = got > 0;
	if (!l->reading && live_over(l))
		plan_settle(&l->plan,
			    l->status.finished_ns ? l->status.finished_ns : l->status.updated_ns);
	return l->plan.read != before || !l->reading;
}

/* All of a stream in a file without a name. */
static int copy(int from)
{
	const char *dir = env_value("TMPDIR");
	int to = open(dir ? dir : "/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	char *buf;
	ssize_t n;

	if (to < 0)
		to = memfd_create("member", MFD_CLOEXEC);
	if (to < 0)
		return -1;
	buf = xmalloc(1 << 16);
	while ((n = read(from, buf, 1 << 16)) != 0)
		if ((n < 0 && errno != EINTR) || (n > 0 && rt_fd_write(to, buf, (size_t)n) < 0))
			break;
	free(buf);
	return to;
}

int live_file(struct live *l, const char *name)
{
	struct rt_runfile f;
	int fd;

	if (rt_runfile_open(&f, &l->dir, name) < 0)
		return -1;
	if (!f.unpacker)
		return f.fd;
	fd = copy(f.fd);
	rt_runfile_close(&f);
	return fd;
}

int64_t live_elapsed_ns(const struct live *l, int64_t now_ns)
{
	const struct rt_status *st = &l->status;
	int64_t from = st->started_ns ? st->started_ns : st->created_ns;
	int64_t to = st->finished_ns ? st->finished_ns : live_over(l) ? st->updated_ns : now_ns;

	return from && to >= from ? rt_clock_span(from, to) : -1;
}

double live_percent(const struct live *l)
{
	char *end;
	double percent;

	if (!l->status.percent.len)
		return -1;
	percent = strtod(l->status.percent.s, &end);
	return *end || !(percent >= 0 && percent <= 100) ? -1 : percent;
}

int64_t live_left_ns(const struct live *l, int64_t now_ns)
{
	double percent = live_percent(l), elapsed = (double)live_elapsed_ns(l, now_ns);

	if (live_over(l) || percent < 1 || elapsed < 0)
		return -1;
	elapsed *= (100 - percent) / percent;
	return elapsed < 9e18 ? (int64_t)elapsed : -1;
}
