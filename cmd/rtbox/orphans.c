/* What a command left behind. See orphans.h. */
#include "orphans.h"
#include "clock.h"
#include "die.h"
#include "fdio.h"
#include "text.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define ENVIRON_MAX (4u << 20)
#define TERM_NS (10 * RT_NS_PER_S)
#define KILL_NS (2 * RT_NS_PER_S)

/* Whether a process began with this NAME=value in its environment. */
static bool began_with(pid_t pid, struct rt_str entry)
{
	char path[64];
	struct rt_buf b;
	bool found = false;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/environ", (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	rt_buf_init(&b);
	rt_fd_read(fd, &b, ENVIRON_MAX);
	for (size_t at = 0; at < b.len && !found; at += strlen(b.s + at) + 1)
		found = rt_str_eq(rt_str(b.s + at), entry);
	rt_buf_release(&b);
	close(fd);
	return found;
}

static ssize_t index_of(const struct rt_proctree *t, pid_t pid)
{
	for (size_t i = 0; i < t->n; i++) {
		if (t->v[i].pid == pid)
			return (ssize_t)i;
	}
	return -1;
}

/* Keep those of the run. A parent stands before its children. */
static void keep_marked(struct rt_proctree *t, struct rt_str entry)
{
	bool *spared = xcalloc(t->n + 1, sizeof(*spared));
	struct rt_proctree kept = { t->v, 0 };

	for (ssize_t i = index_of(t, getpid()); i >= 0; i = index_of(t, t->v[i].parent))
		spared[i] = true;
	for (size_t i = 0; i < t->n; i++) {
		struct rt_process p = t->v[i];

		if (!spared[i] && (index_of(&kept, p.parent) >= 0 || began_with(p.pid, entry)))
			kept.v[kept.n++] = p;
	}
	t->n = kept.n;
	free(spared);
}

int orphans_find(struct rt_proctree *t, const char *path)
{
	char *entry;

	/* 0 is the parent of whatever has none here. */
	if (rt_proctree_list(t, 0) < 0)
		return -1;
	entry = xasprintf("RT_RUN=%s", path);
	keep_marked(t, rt_str(entry));
	free(entry);
	return 0;
}

/* {"processes":[{"pid":12,"name":"sleep"},...]} */
static void write_processes(const struct rt_proctree *t, struct rt_buf *out)
{
	rt_buf_adds(out, "{\"processes\":[");
	for (size_t i = 0; i < t->n && i < RT_PROCTREE_NAMED; i++) {
		const struct rt_process *p = &t->v[i];

		rt_buf_addf(out, "%s{\"pid\":%d,\"name\":", i ? "," : "", (int)p->pid);
		rt_json_quote(out, rt_str(p->name));
		rt_buf_addc(out, '}');
	}
	rt_buf_adds(out, "]}");
}

void orphans_record(struct rt_record *record, const struct rt_proctree *t,
		    const struct annotate_step *step, bool end)
{
	struct rt_err err = RT_ERR_INIT;
	struct rt_buf text, json;
	struct rt_event ev;

	rt_buf_init(&text);
	rt_buf_init(&json);
	rt_buf_adds(&text,
		    end ? "ending what is left in the background: " : "left in the background: ");
	rt_proctree_name(t, &text);
	write_processes(t, &json);
	rt_event_init(&ev);
	rt_event_set_text(&ev, RT_F_TYPE, rt_str("info"));
	rt_event_set_text(&ev, RT_F_MESSAGE, rt_buf_view(&text));
	rt_event_set_json(&ev, RT_F_METADATA, rt_json_of(rt_buf_view(&json), RT_JSON_OBJECT));
	annotate_set_step(&ev, step);
	if (rt_record_emit(record, &ev, NULL, &err) < 0)
		warn("not recorded: %s", err.msg);
	rt_buf_release(&text);
	rt_buf_release(&json);
}

/* Send it to those that are there; how many these are. */
static size_t signal_all(const char *path, int sig)
{
	struct rt_proctree t;
	size_t n;

	if (orphans_find(&t, path) < 0)
		return 0;
	n = t.n;
	for (size_t i = 0; sig && i < n; i++) {
		kill(t.v[i].pid, sig);
		/* one that is stopped would not hear of it */
		kill(t.v[i].pid, SIGCONT);
	}
	rt_proctree_release(&t);
	return n;
}

/* Wait for them to go; `sig` (0: none) is sent again and again to those that come. */
static size_t wait_gone(const char *path, int sig, int64_t ns)
{
	const struct timespec pause = { 0, 20 * RT_NS_PER_MS };
	int64_t until = rt_clock_monotonic_ns() + ns;
	size_t n;

	while ((n = signal_all(path, sig)) && rt_clock_monotonic_ns() < until)
		nanosleep(&pause, NULL);
	return n;
}

size_t orphans_end(const char *path)
{
	signal_all(path, SIGTERM);
	return wait_gone(path, 0, TERM_NS) ? wait_gone(path, SIGKILL, KILL_NS) : 0;
}
