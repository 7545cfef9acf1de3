/* The run that is shown: the logs that it has, its steps' names, and where it stands. */
#include "tail.h"
#include "clock.h"
#include "die.h"
#include "fdio.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#define STATUS_MAX (64u << 20) /* of another program: it may hold all its events */
#define DIR_FLAGS (O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)

static struct tail_source *add_source(struct tail *t, const char *path, bool events,
				      const char *step_id)
{
	struct tail_source *s = tail_source_new(t->dir.fd, path, events, step_id);

	s->packed = t->packed ? &t->dir : NULL;
	t->v = xrealloc(t->v, (t->n + 1) * sizeof(*t->v));
	t->v[t->n++] = s;
	return s;
}

static struct tail_source *find_step(const struct tail *t, struct rt_str id)
{
	for (size_t i = 0; i < t->n; i++)
		if (t->v[i]->step_id && rt_str_is(id, t->v[i]->step_id))
			return t->v[i];
	return NULL;
}

void tail_name_step(struct tail *t, struct rt_str id, const struct rt_json *name)
{
	struct tail_source *s = find_step(t, id);
	struct rt_buf text;

	if (!s || s->step_name)
		return;
	rt_buf_init(&text);
	rt_json_text(name, &text);
	if (text.len)
		s->step_name = rt_buf_detach(&text);
	rt_buf_release(&text);
}

/* Names from status.json. An id that has escapes in it is none of rt's. */
static void name_steps(struct tail *t)
{
	struct rt_str entry;
	size_t at = 0;

	while (rt_table_next(&t->st.steps, &at, &entry)) {
		struct rt_json id, name;

		if (rt_scan_find(entry, rt_str("step_id"), &id) &&
		    rt_scan_find(entry, rt_str("name"), &name))
			tail_name_step(t, id.text, &name);
	}
}

/* The end of a follow is near when there is nothing to be watched any more: polling goes on. */
static void watch(struct tail *t, int fd, void *tag)
{
	if (!t->watch)
		return;
	if (rt_watch_add(t->watch, fd, tag) < 0)
		die(EXIT_FAIL, "out of memory");
	if (rt_watch_polls(t->watch) && !t->polls)
		note("\"%s\": changes are not reported here, looking five times a second",
		     t->dir.path);
	t->polls = rt_watch_polls(t->watch);
}

static bool is_new_step(const struct tail *t, const char *name)
{
	return strncmp(name, "step_", 5) == 0 && rt_id_valid(rt_str(name)) &&
	       !find_step(t, rt_str(name));
}

struct tail_source *tail_add_step(struct tail *t, const char *step_id)
{
	char path[300];

	if (!is_new_step(t, step_id))
		return NULL;
	snprintf(path, sizeof(path), "%s/%s/%s", RT_LOGS_DIR, step_id, RT_STEP_LOG);
	return add_source(t, path, false, step_id);
}

/* The folder of a step, once it is there: watched first, read then. */
static void add_step(struct tail *t, int logs, const char *name)
{
	int fd = is_new_step(t, name) ? openat(logs, name, DIR_FLAGS) : -1;

	if (fd < 0)
		return;
	watch(t, fd, tail_add_step(t, name));
	close(fd);
}

static void add_steps(struct tail *t, int logs)
{
	int fd = openat(logs, ".", DIR_FLAGS);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *e;

	while (dir && (e = readdir(dir)) != NULL)
		add_step(t, logs, e->d_name);
	if (dir)
		closedir(dir);
	else if (fd >= 0)
		close(fd);
}

static int compare_sources(const void *a, const void *b)
{
	return strverscmp((*(struct tail_source *const *)a)->path,
			  (*(struct tail_source *const *)b)->path);
}

/* In the order in which they ran, where times do not tell. The events stay first. */
static void sort_sources(struct tail *t, size_t from)
{
	qsort(t->v + from, t->n - from, sizeof(*t->v), compare_sources);
}

static int open_logs(const struct tail *t)
{
	return openat(t->dir.fd, RT_LOGS_DIR, DIR_FLAGS);
}

void tail_discover(struct tail *t)
{
	size_t before = t->n;
	int logs;

	if (t->packed && t->output) {
		tail_packed_discover(t);
		sort_sources(t, before);
	}
	logs = t->output && !t->packed ? open_logs(t) : -1;
	if (logs < 0)
		return;
	watch(t, logs, &t->logs_tag);
	add_steps(t, logs);
	sort_sources(t, before);
	close(logs);
	t->run_log->dirty = true;
}

void tail_discover_one(struct tail *t, const char *name)
{
	int logs;

	if (!name) {
		tail_discover(t);
	} else if (strncmp(name, "step_", 5) != 0) {
		t->run_log->dirty = true;
	} else if ((logs = open_logs(t)) >= 0) {
		add_step(t, logs, name);
		close(logs);
	}
}

/*
 * Whether it is known where the run stands without reading its events. What
 * another program's status says stands; rt's own may be behind the events. With
 * no status at all they are read only where an answer is wanted.
 */
static bool look_quickly(struct tail *t)
{
	struct rt_buf text;
	bool known;

	rt_buf_init(&text);
	if (rt_runfile_read(&t->dir, RT_STATUS_FILE, &text, STATUS_MAX) == 0)
		known = rt_status_parse(&t->st, rt_buf_view(&text), NULL) == 0 &&
			t->st.events_size < 0;
	else
		known = t->st.foreign = errno == ENOENT && !t->wants_state;
	rt_buf_release(&text);
	return known;
}

void tail_look(struct tail *t)
{
	struct rt_err err = RT_ERR_INIT;

	t->status_changed = t->look_now = false;
	if (t->file) /* it does not say where it stands */
		return;
	if (!look_quickly(t) && rt_status_load(&t->st, &t->dir, &err) < 0) {
		if (err.kind == RT_ERR_NOTFOUND && t->looked_ns)
			die(EXIT_FAIL, "run \"%s\" was removed", t->dir.id);
		die_err(&err);
	}
	t->state = rt_status_derive(&t->st, t->dir.fd, rt_clock_now_ns());
	t->looked_ns = rt_clock_monotonic_ns();
	name_steps(t);
}

/*
 * Other systems leave out the last newline and say nothing of the end, and what
 * nobody has written to for long will not go on either: but a follower waits.
 */
bool tail_is_over(const struct tail *t)
{
	if (t->file)
		return !t->follow;
	return t->packed || rt_state_over(t->state) ||
	       (!t->follow && (t->st.foreign || t->state == RT_STALE));
}

/* The run whose events a file is: it lies in the run's folder, by that name. */
static bool is_of_run(const struct tail *t)
{
	return strcmp(t->file, RT_EVENTS_FILE) == 0 &&
	       faccessat(t->dir.fd, RT_STATUS_FILE, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

static void check_file(const struct tail *t, const char *path)
{
	int fd = rt_file_open(t->dir.fd, t->file, O_RDONLY, 0);

	if (fd < 0)
		die(EXIT_FAIL, "cannot read \"%s\": %s", path,
		    errno == ENXIO ? "it is no regular file" : strerror(errno));
	close(fd);
}

/* A file is opened by the folder that it is in: that is watched. */
static void open_folder(struct tail *t, const struct rt_found *found)
{
	const char *slash = found->file ? strrchr(found->path, '/') : NULL;
	struct rt_err err = RT_ERR_INIT;
	char *path = xstrdup(found->path);

	if (slash)
		path[slash > found->path ? slash - found->path : 1] = '\0';
	if (found->file ? rt_rundir_open(&t->dir, slash ? path : ".", &err) < 0 :
			  rt_rundir_open_reader(&t->dir, path, &t->unpack.unpacker, &err) < 0)
		die_err(&err);
	free(path);
	if (!found->file) {
		t->packed = rt_rundir_packed(&t->dir);
		t->follow = t->follow && !t->packed; /* nothing more comes */
		return;
	}
	t->output = t->output && !t->events;
	t->file = xstrdup(slash ? slash + 1 : found->path);
	check_file(t, found->path);
	if (is_of_run(t)) {
		free(t->file);
		t->file = NULL;
	} else if (!t->events) {
		die_usage("\"%s\" is a file of events, there is no output", found->path);
	}
}

void tail_open(struct tail *t, const struct rt_found *found)
{
	if (rt_status_init(&t->st) < 0)
		die(EXIT_FAIL, "out of memory");
	unpack_init(&t->unpack);
	open_folder(t, found);
	if (t->follow) {
		t->watch = rt_watch_new();
		if (!t->watch)
			die(EXIT_FAIL, "out of memory");
		rt_watch_hangup(t->watch, STDOUT_FILENO);
	}
	watch(t, t->dir.fd, t);
	if (t->events || t->follow) /* a follower learns of the end from them */
		add_source(t, t->file ? t->file : RT_EVENTS_FILE, true, NULL)->silent = !t->events;
	if (t->output)
		t->run_log = add_source(t, RT_RUN_LOG, false, NULL);
	tail_discover(t);
	tail_look(t);
}

size_t tail_skipped(const struct tail *t)
{
	return t->n && t->v[0]->events && !t->v[0]->silent ? t->v[0]->skipped : 0;
}

void tail_close(struct tail *t)
{
	for (size_t i = 0; i < t->n; i++)
		tail_source_free(t->v[i]);
	free(t->v);
	free(t->file);
	rt_watch_free(t->watch);
	rt_rundir_release(&t->dir);
	rt_status_release(&t->st);
}
