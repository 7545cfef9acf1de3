/*
 * The runs that are shown: those that are named, or those that are selected. When
 * they are over they leave.
 */
#include "tail.h"
#include "clock.h"
#include "die.h"
#include "fdio.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#define KEPT_FILES 16 /* descriptors for what is neither a run nor a log */
#define OPEN_MIN 8    /* logs that are open at a time, of several runs */
#define OPEN_MAX 4096

/* When it was made, 0 where the system does not say: the inode of what is removed is used again. */
static int64_t born_ns(const char *path)
{
#ifdef STATX_BTIME
	struct statx st;

	if (statx(AT_FDCWD, path, 0, STATX_BTIME, &st) == 0 && (st.stx_mask & STATX_BTIME))
		return st.stx_btime.tv_sec * RT_NS_PER_S + st.stx_btime.tv_nsec;
#else
	(void)path;
#endif
	return 0;
}

bool tail_is_new(struct tail *t, const char *path)
{
	struct tail_seen run = { .born_ns = born_ns(path) };
	struct stat st;

	if (stat(path, &st) < 0)
		return true;
	run.dev = st.st_dev;
	run.ino = st.st_ino;
	for (size_t i = 0; i < t->n_seen; i++)
		if (t->seen[i].dev == run.dev && t->seen[i].ino == run.ino &&
		    t->seen[i].born_ns == run.born_ns)
			return false;
	t->seen = xrealloc(t->seen, (t->n_seen + 1) * sizeof(*t->seen));
	t->seen[t->n_seen++] = run;
	return true;
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
	if (tail_is_new(t, found.path)) {
		run = tail_run_open(t, &found, &err);
		if (!run)
			die_err(&err);
		run->named = true;
		add(t, run);
	}
	rt_found_release(&found);
}

void tail_open_selected(struct tail *t, const char *path, bool joins)
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

		if (is_wanted(t, row) && (!t->follow || tail_is_new(t, row->path)))
			tail_open_selected(t, row->path, false);
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
		tail_forget_folders(t);
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
	tail_forget_folders(t);
	free(t->places);
	free(t->seen);
	free(t->runs);
	free(t->open);
	rt_watch_free(t->watch);
	t->watch = NULL;
}
