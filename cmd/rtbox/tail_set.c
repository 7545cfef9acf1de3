/*
 * The runs that are shown: those that are named, or those that are selected. Of
 * a selection that is followed new ones join, and all leave when they are over.
 */
#include "tail.h"
#include "clock.h"
#include "die.h"
#include "fdio.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#define DIR_FLAGS (O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
#define KEPT_FILES 16 /* descriptors for what is neither a run nor a log */
#define OPEN_MIN 8    /* logs that are open at a time, of several runs */
#define OPEN_MAX 4096

/* Whether it is here for the first time; then it is remembered. */
static bool is_new(struct tail *t, const struct stat *st)
{
	for (size_t i = 0; i < t->n_seen; i++)
		if (t->seen[i].dev == st->st_dev && t->seen[i].ino == st->st_ino)
			return false;
	t->seen = xrealloc(t->seen, (t->n_seen + 1) * sizeof(*t->seen));
	t->seen[t->n_seen++] = (struct tail_seen){ st->st_dev, st->st_ino };
	return true;
}

static bool is_new_path(struct tail *t, const char *path)
{
	struct stat st;

	return stat(path, &st) < 0 || is_new(t, &st);
}

/* As many files as may be had. */
static void raise_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return;
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
}

/*
 * Each run that is followed takes two descriptors for good, and logs share what is
 * left; one that is not takes one while a log of it is open.
 */
static void share_files(struct tail *t)
{
	size_t taken = KEPT_FILES + (t->follow ? 2 * t->n_runs : 0), most;
	struct rlimit limit;

	if (t->packed || t->n_runs < 2 || getrlimit(RLIMIT_NOFILE, &limit) < 0) {
		t->open_max = t->packed ? TAIL_KEPT_MAX : TAIL_OPEN_MAX;
		return;
	}
	most = limit.rlim_cur > taken ? limit.rlim_cur - taken : 0;
	most = t->follow ? most : most / 2;
	t->open_max = most < OPEN_MIN ? OPEN_MIN : most < OPEN_MAX ? most : OPEN_MAX;
}

static void add(struct tail *t, struct tail_run *run)
{
	t->runs = xrealloc(t->runs, (t->n_runs + 1) * sizeof(*t->runs));
	t->runs[t->n_runs++] = run;
	run->number = t->n_joined++;
	t->packed |= run->packed;
	share_files(t);
}

static void open_named(struct tail *t, const struct common_opts *c, const char *arg)
{
	struct rt_err err = RT_ERR_INIT;
	struct tail_run *run;
	struct rt_found found;

	if (!t->wait) {
		common_resolve(c, arg, USE_LATEST, &found);
	} else if (!tail_wait_for(t, c, arg, &found)) {
		t->timed_out = true;
		return;
	}
	if (is_new_path(t, found.path)) {
		run = tail_run_open(t, &found, &err);
		if (!run)
			die_err(&err);
		run->named = true;
		add(t, run);
	}
	rt_found_release(&found);
}

/*
 * One of the selection. What cannot be opened is said; what was over before we
 * came (a directory that was renamed, say) does not join any more.
 */
static void open_selected(struct tail *t, const char *path, bool joins)
{
	struct rt_found found = { .path = xstrdup(path) };
	struct rt_err err = RT_ERR_INIT;
	struct tail_run *run = tail_run_open(t, &found, &err);

	rt_found_release(&found);
	if (!run) {
		warn("%s", err.msg);
	} else if (joins && tail_is_over(run) && run->st.updated_ns < t->began_ns) {
		tail_run_free(run);
	} else {
		add(t, run);
		if (joins)
			note("run \"%s\" joins", run->dir.id);
	}
}

static void join(struct tail *t, const char *name, const char *path)
{
	struct stat st;

	if (stat(path, &st) == 0 &&
	    rt_catalog_selects(t->runs_dir, name, &t->selection, &t->unpack.unpacker) &&
	    is_new(t, &st))
		open_selected(t, path, true);
}

static void join_folder(struct tail *t, int fd, struct tail_place *place)
{
	DIR *dir = fdopendir(fd);
	struct dirent *e;

	while (dir && (e = readdir(dir)) != NULL)
		tail_join(t, place, e->d_name);
	if (dir)
		closedir(dir);
	else
		close(fd);
}

/* A group, or the runs folder itself (""): watched first, looked into then if new ones join. */
static void add_place(struct tail *t, const char *group, bool joins)
{
	char *path = xasprintf("%s/%s", t->runs_dir, group);
	int fd = open(path, DIR_FLAGS);
	struct tail_place *place;

	free(path);
	if (fd < 0)
		return;
	place = xcalloc(1, sizeof(*place));
	place->kind = TAIL_RUNS;
	place->group = *group ? xasprintf("%s/", group) : xstrdup("");
	t->places = xrealloc(t->places, (t->n_places + 1) * sizeof(*t->places));
	t->places[t->n_places++] = place;
	tail_watch(t, fd, t->runs_dir, place);
	if (joins)
		join_folder(t, fd, place);
	else
		close(fd);
}

static bool has_place(const struct tail *t, const char *group)
{
	size_t n = strlen(group);

	for (size_t i = 0; i < t->n_places; i++) {
		const char *known = t->places[i]->group;

		if (strncmp(known, group, n) == 0 && strcmp(known + n, n ? "/" : "") == 0)
			return true;
	}
	return false;
}

void tail_join(struct tail *t, struct tail_place *place, const char *name)
{
	bool top = !*place->group;
	struct stat st;
	char *run, *path;

	if (!name) {
		path = xasprintf("%s/%s", t->runs_dir, place->group);
		join_folder(t, open(path, DIR_FLAGS), place);
		free(path);
		return;
	}
	if (!rt_id_valid(rt_str(name)))
		return;
	run = xasprintf("%s%s", place->group, name);
	path = xasprintf("%s/%s", t->runs_dir, run);
	if (lstat(path, &st) == 0 && S_ISDIR(st.st_mode)) {
		if (rt_rundir_is_run(AT_FDCWD, path))
			join(t, run, path);
		else if (top && !has_place(t, name))
			add_place(t, name, true);
	} else if (!top) { /* what was taken for a group may become a run */
		run[strlen(place->group) - 1] = '\0';
		path[strlen(path) - strlen(name) - 1] = '\0';
		if (rt_rundir_is_run(AT_FDCWD, path))
			join(t, run, path);
	}
	free(path);
	free(run);
}

void tail_join_all(struct tail *t)
{
	size_t n = t->n_places;

	if (n == 0)
		add_place(t, "", true);
	for (size_t i = 0; i < n; i++)
		tail_join(t, t->places[i], NULL);
}

bool tail_watch_folders(struct tail *t)
{
	DIR *dir;
	struct dirent *e;

	if (!has_place(t, ""))
		add_place(t, "", false);
	dir = opendir(t->runs_dir);
	while (dir && (e = readdir(dir)) != NULL) {
		char *path = xasprintf("%s/%s", t->runs_dir, e->d_name);

		if (rt_id_valid(rt_str(e->d_name)) && !has_place(t, e->d_name) &&
		    !rt_rundir_is_run(AT_FDCWD, path))
			add_place(t, e->d_name, false);
		free(path);
	}
	if (dir)
		closedir(dir);
	return t->n_places > 0;
}

/* Those that are named are all there: nobody joins. */
static void forget_folders(struct tail *t)
{
	for (size_t i = 0; i < t->n_places; i++) {
		if (t->watch)
			rt_watch_drop(t->watch, t->places[i]);
		free(t->places[i]->group);
		free(t->places[i]);
	}
	t->n_places = 0;
	free(t->runs_dir);
	t->runs_dir = NULL;
}

/* Those that are over are not followed; after a cursor there may be something left of them. */
static bool is_wanted(const struct tail *t, const struct rt_row *row)
{
	if (!rt_state_over(row->state))
		return true;
	return t->cursor.given ? tail_cursor_covers(t, row) : !t->follow;
}

static void select_runs(struct tail *t, const struct select_opts *select)
{
	struct rt_err err = RT_ERR_INIT;
	struct rt_catalog list;

	selection_init(&t->selection, select);
	if (t->follow)
		tail_watch_folders(t);
	if (rt_catalog_list(&list, t->runs_dir, &t->selection, &t->unpack.unpacker, &err) < 0)
		die_err(&err);
	if (list.n == 0 && !t->follow)
		warn("no runs of that selection in \"%s\"", t->runs_dir);
	selection_tell_unreadable(&list, t->runs_dir);
	for (size_t i = list.n; i-- > 0;) {
		struct rt_row *row = &list.rows[i];

		if (is_wanted(t, row) && is_new_path(t, row->path))
			open_selected(t, row->path, false);
	}
	rt_catalog_release(&list);
	if (t->follow) /* what began while the list was made */
		tail_join_all(t);
}

void tail_open(struct tail *t, const struct common_opts *c, const struct select_opts *select,
	       int argc, char **argv)
{
	bool selects = selection_given(select), waits = t->follow || t->wait;

	if (selects && (argc || c->run))
		die_usage("name runs or select them, not both");
	unpack_init(&t->unpack);
	t->began_ns = rt_clock_now_ns();
	t->open = xcalloc(OPEN_MAX, sizeof(*t->open));
	if (t->printer.across)
		raise_limit();
	if (waits) {
		t->watch = rt_watch_new();
		if (!t->watch)
			die(EXIT_FAIL, "cannot wait for changes: %s", strerror(errno));
		rt_watch_hangup(t->watch, STDOUT_FILENO);
	}
	if (selects || t->wait)
		t->runs_dir = common_runs_dir(c);
	if (selects)
		select_runs(t, select);
	else if (argc == 0)
		open_named(t, c, NULL);
	for (int i = 0; i < argc && !t->timed_out; i++)
		open_named(t, c, argv[i]);
	if (!selects)
		forget_folders(t);
}

/* The state that a file of events tells of. */
static enum rt_state state_of_file(struct tail_run *run)
{
	int fd = rt_file_open(run->dir.fd, run->file, O_RDONLY, 0);

	run->st.foreign = true;
	if (fd < 0 || rt_status_fold(&run->st, fd, 0, -1, true, NULL) < 0)
		die(EXIT_FAIL, "cannot read \"%s\": %s", run->file, strerror(errno));
	close(fd);
	return rt_status_derive(&run->st, -1, rt_clock_now_ns());
}

/* What its end makes of the exit code: one that failed counts more than one that is not over. */
static void take_code(struct tail *t, struct tail_run *run)
{
	int code = 0;

	if (run->removed && run->named)
		t->code = EXIT_FAIL;
	if (run->removed || !t->exit_status || t->code == EXIT_FAIL || t->timed_out)
		return;
	code = exit_status_of(run->file ? state_of_file(run) : run->state);
	if (code == EXIT_NO || t->code == 0)
		t->code = code;
}

static void tell_end(const struct tail *t, const struct tail_run *run)
{
	if (!t->follow)
		return;
	if (run->removed && run->named)
		error("run \"%s\" was removed", run->dir.id);
	else if (run->removed)
		warn("run \"%s\" was removed", run->dir.id);
	else if (run->state == RT_LOST)
		warn("run \"%s\" is lost: its owner, process %lld, has died", run->dir.id,
		     (long long)run->st.owner.pid);
	else if (t->printer.across && tail_is_over(run))
		warn("run \"%s\" is over: %s", run->dir.id, rt_state_name(run->state));
}

static void tell_skipped(const struct tail_run *run)
{
	const struct tail_source *s = run->n ? run->v[0] : NULL;

	if (s && s->events && !s->silent && s->skipped)
		warn("%zu %s skipped in \"%s\": no events", s->skipped,
		     s->skipped == 1 ? "line" : "lines", s->path);
}

void tail_leave(struct tail *t, struct tail_run *run)
{
	size_t i = 0;

	/* the end of a line that goes on is shown after the cursor, with its beginning */
	for (size_t k = 0; k < run->n && (tail_is_over(run) || !t->cursor.wanted); k++)
		tail_print_rest(&t->printer, run->v[k]);
	tail_cursor_leave(t, run);
	tell_end(t, run);
	tell_skipped(run);
	take_code(t, run);
	while (t->runs[i] != run)
		i++;
	memmove(t->runs + i, t->runs + i + 1, (--t->n_runs - i) * sizeof(*t->runs));
	tail_run_free(run);
}

void tail_close(struct tail *t)
{
	while (t->n_runs)
		tail_leave(t, t->runs[0]);
	if (t->runs_dir)
		selection_release(&t->selection);
	forget_folders(t);
	free(t->places);
	free(t->seen);
	free(t->runs);
	free(t->open);
	rt_watch_free(t->watch);
	t->watch = NULL;
}
