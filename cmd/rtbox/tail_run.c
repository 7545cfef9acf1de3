/* A run that is shown: the logs that it has, its steps' names, and where it stands. */
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

static struct tail_source *add_source(struct tail_run *run, const char *path, bool events,
				      const char *step_id)
{
	run->v = xrealloc(run->v, (run->n + 1) * sizeof(*run->v));
	return run->v[run->n++] = tail_source_new(run, path, events, step_id);
}

static struct tail_source *find_step(const struct tail_run *run, struct rt_str id)
{
	for (size_t i = 0; i < run->n; i++)
		if (run->v[i]->step_id && rt_str_is(id, run->v[i]->step_id))
			return run->v[i];
	return NULL;
}

void tail_name_step(struct tail_run *run, struct rt_str id, const struct rt_json *name)
{
	struct tail_source *s = find_step(run, id);
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
static void name_steps(struct tail_run *run)
{
	struct rt_str entry;
	size_t at = 0;

	while (rt_table_next(&run->st.steps, &at, &entry)) {
		struct rt_json id, name;

		if (rt_scan_find(entry, rt_str("step_id"), &id) &&
		    rt_scan_find(entry, rt_str("name"), &name))
			tail_name_step(run, id.text, &name);
	}
}

void tail_watch(struct tail *t, int fd, const char *path, struct tail_place *place)
{
	if (!t->watch)
		return;
	if (rt_watch_add(t->watch, fd, place) < 0)
		die(EXIT_FAIL, "out of memory");
	if (rt_watch_polls(t->watch) && !t->polls)
		note("\"%s\": changes are not reported here, looking five times a second", path);
	t->polls = rt_watch_polls(t->watch);
}

static void watch(struct tail_run *run, int fd, struct tail_place *place)
{
	tail_watch(run->t, fd, run->dir.path, place);
}

static bool is_new_step(const struct tail_run *run, const char *name)
{
	return strncmp(name, "step_", 5) == 0 && rt_id_valid(rt_str(name)) &&
	       !find_step(run, rt_str(name));
}

struct tail_source *tail_add_step(struct tail_run *run, const char *step_id)
{
	char path[300];

	if (!is_new_step(run, step_id))
		return NULL;
	snprintf(path, sizeof(path), "%s/%s/%s", RT_LOGS_DIR, step_id, RT_STEP_LOG);
	return add_source(run, path, false, step_id);
}

/* The folder of a step, once it is there: watched first, read then. */
static void add_step(struct tail_run *run, int logs, const char *name)
{
	int fd = is_new_step(run, name) ? openat(logs, name, DIR_FLAGS) : -1;

	if (fd < 0)
		return;
	watch(run, fd, &tail_add_step(run, name)->place);
	close(fd);
}

static void add_steps(struct tail_run *run, int logs)
{
	int fd = openat(logs, ".", DIR_FLAGS);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *e;

	while (dir && (e = readdir(dir)) != NULL)
		add_step(run, logs, e->d_name);
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
static void sort_sources(struct tail_run *run, size_t from)
{
	qsort(run->v + from, run->n - from, sizeof(*run->v), compare_sources);
}

static int open_logs(const struct tail_run *run)
{
	return openat(run->dir.fd, RT_LOGS_DIR, DIR_FLAGS);
}

void tail_discover(struct tail_run *run)
{
	size_t before = run->n;
	int logs;

	if (run->packed && run->t->output) {
		tail_packed_discover(run);
		sort_sources(run, before);
	}
	logs = run->run_log && !run->packed ? open_logs(run) : -1;
	if (logs < 0)
		return;
	watch(run, logs, &run->logs);
	add_steps(run, logs);
	sort_sources(run, before);
	close(logs);
	run->run_log->dirty = true;
}

void tail_discover_one(struct tail_run *run, const char *name)
{
	int logs;

	if (!name) {
		tail_discover(run);
	} else if (strncmp(name, "step_", 5) != 0) {
		run->run_log->dirty = true;
	} else if ((logs = open_logs(run)) >= 0) {
		add_step(run, logs, name);
		close(logs);
	}
}

void tail_run_dirty(struct tail_run *run)
{
	for (size_t i = 0; i < run->n; i++)
		run->v[i]->dirty = true;
}

/*
 * Whether it is known where the run stands without reading its events. What
 * another program's status says stands; rt's own may be behind the events. With
 * no status at all they are read only where an answer is wanted.
 */
static bool look_quickly(struct tail_run *run)
{
	struct rt_buf text;
	bool known;

	rt_buf_init(&text);
	if (rt_runfile_read(&run->dir, RT_STATUS_FILE, &text, STATUS_MAX) == 0)
		known = rt_status_parse(&run->st, rt_buf_view(&text), NULL) == 0 &&
			run->st.events_size < 0;
	else
		known = run->st.foreign = errno == ENOENT && !run->t->follow &&
					  !run->t->exit_status;
	rt_buf_release(&text);
	return known;
}

int tail_look(struct tail_run *run, struct rt_err *err)
{
	run->status_changed = run->look_now = false;
	if (run->file) /* it does not say where it stands */
		return 0;
	if (!look_quickly(run) && rt_status_load(&run->st, &run->dir, err) < 0)
		return -1;
	run->state = rt_status_derive(&run->st, run->dir.fd, rt_clock_now_ns());
	run->looked_ns = rt_clock_monotonic_ns();
	name_steps(run);
	return 0;
}

/*
 * Other systems leave out the last newline and say nothing of the end, and what
 * nobody has written to for long will not go on either: but a follower waits.
 */
bool tail_is_over(const struct tail_run *run)
{
	bool follow = run->t->follow;

	if (run->file)
		return !follow;
	return run->packed || rt_state_over(run->state) ||
	       (!follow && (run->st.foreign || run->state == RT_STALE));
}

/* The run whose events a file is: it lies in the run's folder, by that name. */
static bool is_of_run(const struct tail_run *run)
{
	return strcmp(run->file, RT_EVENTS_FILE) == 0 &&
	       faccessat(run->dir.fd, RT_STATUS_FILE, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

static int check_file(const struct tail_run *run, const char *path, struct rt_err *err)
{
	int fd = rt_file_open(run->dir.fd, run->file, O_RDONLY, 0);

	if (fd < 0)
		return rt_err_set(err, RT_ERR_FAILURE, "cannot read \"%s\": %s", path,
				  rt_err_text(errno));
	close(fd);
	return 0;
}

/* A file is opened by the folder that it is in: that is watched. */
static int open_file(struct tail_run *run, const char *path, struct rt_err *err)
{
	const char *slash = strrchr(path, '/');
	char *folder = slash ? xstrndup(path, slash > path ? (size_t)(slash - path) : 1) :
			       xstrdup(".");
	int ret = rt_rundir_open(&run->dir, folder, err);

	free(folder);
	if (ret < 0)
		return -1;
	run->file = xstrdup(slash ? slash + 1 : path);
	if (check_file(run, path, err) < 0)
		return -1;
	if (is_of_run(run)) {
		free(run->file);
		run->file = NULL;
	} else if (!run->t->events) {
		return rt_err_set(err, RT_ERR_USAGE,
				  "\"%s\" is a file of events, there is no output", path);
	}
	return 0;
}

static int open_folder(struct tail_run *run, const struct rt_found *found, struct rt_err *err)
{
	if (found->file)
		return open_file(run, found->path, err);
	if (rt_rundir_open_reader(&run->dir, found->path, &run->t->unpack.unpacker, err) < 0)
		return -1;
	run->packed = rt_rundir_packed(&run->dir);
	return 0;
}

static void add_sources(struct tail_run *run, bool is_file)
{
	const struct tail *t = run->t;

	if (t->events || (t->follow && !run->packed)) /* a follower learns of the end from them */
		add_source(run, run->file ? run->file : RT_EVENTS_FILE, true, NULL)->silent =
			!t->events;
	/* who names the file of a run's events means these */
	if (t->output && !run->file && !(is_file && t->events))
		run->run_log = add_source(run, RT_RUN_LOG, false, NULL);
}

void tail_run_park(struct tail_run *run)
{
	if (run->t->follow || run->file || run->dir.fd < 0)
		return;
	for (size_t i = 0; i < run->n; i++)
		if (run->v[i]->fd >= 0)
			return;
	close(run->dir.fd);
	run->dir.fd = -1;
}

void tail_run_wake(struct tail_run *run)
{
	if (run->dir.fd < 0 && !run->packed)
		run->dir.fd = open(run->dir.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

struct tail_run *tail_run_open(struct tail *t, const struct rt_found *found, struct rt_err *err)
{
	struct tail_run *run = xcalloc(1, sizeof(*run));

	run->t = t;
	run->dir.fd = -1;
	run->state = RT_RUNNING;
	run->top = (struct tail_place){ .kind = TAIL_RUN, .run = run };
	run->logs = (struct tail_place){ .kind = TAIL_LOGS, .run = run };
	if (rt_status_init(&run->st) < 0)
		die(EXIT_FAIL, "out of memory");
	if (open_folder(run, found, err) == 0) {
		if (!run->packed)
			watch(run, run->dir.fd, &run->top);
		add_sources(run, found->file);
		tail_discover(run);
		if (tail_look(run, err) == 0) {
			tail_run_park(run);
			return run;
		}
	}
	tail_run_free(run);
	return NULL;
}

void tail_run_free(struct tail_run *run)
{
	struct rt_watch *w = run->t->watch;

	if (w) {
		rt_watch_drop(w, &run->top);
		rt_watch_drop(w, &run->logs);
		rt_watch_process(w, 0, run);
	}
	for (size_t i = 0; i < run->n; i++) {
		if (w)
			rt_watch_drop(w, &run->v[i]->place);
		tail_forget(run->t, run->v[i]);
		tail_source_free(run->v[i]);
	}
	free(run->v);
	free(run->file);
	rt_rundir_release(&run->dir);
	rt_status_release(&run->st);
	free(run);
}
