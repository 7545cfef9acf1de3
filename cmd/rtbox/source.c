/* Where events come from: what arguments mean, opening them, torn last lines. See source.h. */
#include "source.h"
#include "clock.h"
#include "die.h"
#include "fdio.h"
#include "record.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static struct source *add_source(struct sources *s, const char *name)
{
	struct source *v = xrealloc(s->v, (s->n + 1) * sizeof(*v));

	s->v = v;
	v += s->n++;
	memset(v, 0, sizeof(*v));
	v->name = xstrdup(name);
	v->fd = v->file.fd = -1;
	v->to = -1;
	v->unpack = &s->unpack;
	return v;
}

static void add_run(struct sources *s, const char *path)
{
	size_t n = strlen(path);
	struct source *v;
	char *dir, *name;

	while (n > 1 && path[n - 1] == '/')
		n--;
	dir = xstrndup(path, n);
	name = xasprintf("%s/%s", dir, RT_EVENTS_FILE);
	v = add_source(s, name);
	v->dir = dir;
	v->run_id = xstrdup(strrchr(dir, '/') ? strrchr(dir, '/') + 1 : dir);
	free(name);
}

/* A run that is nothing but an archive. */
static void add_packed(struct sources *s, const char *path)
{
	struct source *v = add_source(s, path);
	char id[256];

	rt_packed_id(path, id);
	v->dir = xstrdup(path);
	v->run_id = xstrdup(id);
}

/* The directory that a path to events.jsonl of a run lies in, or NULL. Free it. */
static char *run_of_file(const char *path)
{
	const char *slash = strrchr(path, '/');
	char *dir;

	if (!slash || slash == path || strcmp(slash + 1, RT_EVENTS_FILE) != 0)
		return NULL;
	dir = xstrndup(path, (size_t)(slash - path));
	if (rt_rundir_is_run(AT_FDCWD, dir))
		return dir;
	free(dir);
	return NULL;
}

static void add_file(struct sources *s, const char *name, const char *path)
{
	char *dir = run_of_file(path);

	if (dir)
		add_run(s, dir);
	else
		add_source(s, path);
	free(s->v[s->n - 1].name);
	s->v[s->n - 1].name = xstrdup(name);
	free(dir);
}

static void add_found(struct sources *s, const char *name, const struct rt_found *found)
{
	struct stat st;

	if (found->file)
		add_file(s, name, found->path);
	else if (stat(found->path, &st) == 0 && S_ISREG(st.st_mode))
		add_packed(s, found->path);
	else
		add_run(s, found->path);
}

static void add_operand(struct sources *s, const char *runs_dir, const char *arg)
{
	struct rt_err err = RT_ERR_INIT;
	struct rt_found found;

	if (strcmp(arg, "-") == 0) {
		struct source *v = add_source(s, "standard input");
		off_t at = lseek(STDIN_FILENO, 0, SEEK_CUR);

		v->standard = true;
		v->from = at > 0 ? at : 0; /* what others left of it */
		return;
	}
	if (rt_catalog_resolve(runs_dir, arg, true, &s->unpack.unpacker, &found, &err) < 0) {
		error("%s", err.msg);
		if (!s->code)
			s->code = err_exit_code(&err);
		return;
	}
	add_found(s, arg, &found);
	rt_found_release(&found);
}

static void add_selected(struct sources *s, const char *runs_dir, const struct select_opts *select,
			 bool rows)
{
	struct rt_err err = RT_ERR_INIT;
	struct rt_selection sel;
	struct rt_catalog c;
	size_t i;

	selection_init(&sel, select);
	if (rt_catalog_list(&c, runs_dir, &sel, &s->unpack.unpacker, &err) < 0)
		die_err(&err);
	selection_release(&sel);
	selection_tell_unreadable(&c, runs_dir);
	if (c.n == 0)
		warn("no runs%s in \"%s\"", selection_given(select) ? " of that selection" : "",
		     runs_dir);
	for (i = c.n; i-- > 0;) {
		add_run(s, c.rows[i].path);
		s->v[s->n - 1].row = rows ? &c.rows[i] : NULL;
	}
	if (rows)
		s->listed = c;
	else
		rt_catalog_release(&c);
}

static void find(struct sources *s, const struct common_opts *c, const struct select_opts *select,
		 int argc, char **argv, bool rows)
{
	struct rt_found found;
	int i;

	memset(s, 0, sizeof(*s));
	unpack_init(&s->unpack);
	if (argc && (c->run || selection_given(select)))
		die_usage("name runs or select them, not both");
	if (!argc && !selection_given(select) && common_resolve(c, NULL, USE_READ, &found)) {
		add_found(s, found.path, &found);
		rt_found_release(&found);
		s->runs_dir = common_runs_dir(c);
		return;
	}
	s->runs_dir = common_runs_dir(c);
	for (i = 0; i < argc; i++)
		add_operand(s, s->runs_dir, argv[i]);
	if (!argc)
		add_selected(s, s->runs_dir, select, rows);
	s->across = argc != 1;
}

void sources_find(struct sources *s, const struct common_opts *c, const struct select_opts *select,
		  int argc, char **argv)
{
	find(s, c, select, argc, argv, false);
}

void sources_find_rows(struct sources *s, const struct common_opts *c,
		       const struct select_opts *select, int argc, char **argv)
{
	find(s, c, select, argc, argv, true);
}

static void source_release(struct source *s)
{
	size_t i;

	source_close(s);
	for (i = 0; i < s->n_kept; i++)
		rt_buf_release(&s->kept[i]);
	free(s->kept);
	free(s->name);
	free(s->dir);
	free(s->run_id);
}

void sources_release(struct sources *s)
{
	size_t i;

	for (i = 0; i < s->n; i++)
		source_release(&s->v[i]);
	free(s->v);
	rt_catalog_release(&s->listed);
	free(s->runs_dir);
	unpack_release(&s->unpack);
}

static void cannot_open(const struct source *s)
{
	error("cannot open \"%s\": %s", s->name,
	      errno == ELOOP ? "it is a symbolic link" : rt_err_text(errno));
}

int source_peek(const struct source *s)
{
	int dirfd, fd;

	if (s->standard)
		return -1;
	if (!s->dir)
		return open(s->name, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	dirfd = open(s->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dirfd < 0)
		return -1;
	fd = rt_file_open(dirfd, RT_EVENTS_FILE, O_RDONLY, 0);
	close(dirfd);
	return fd;
}

/*
 * A run's events.jsonl: a regular file in the directory itself, nothing that a
 * link leads to, or in its archive. A run without one has no events.
 */
static bool open_events(struct source *s)
{
	struct rt_err err = RT_ERR_INIT;
	struct rt_rundir d;
	bool opened, unreadable;

	/* Nearly always the file is there. */
	s->fd = source_peek(s);
	if (s->fd >= 0) {
		s->file = (struct rt_runfile){ .fd = s->fd, .size = -1 };
		return true;
	}
	if (rt_rundir_open_reader(&d, s->dir, &s->unpack->unpacker, &err) < 0) {
		errno = err.sys;
		if (err.sys)
			cannot_open(s);
		else
			error("%s", err.msg);
		return false;
	}
	opened = rt_runfile_stream(&s->file, &d, RT_EVENTS_FILE) == 0;
	unreadable = !opened && errno == EIO && d.archive; /* told once for all of them */
	if (!opened && errno == ENOENT) {
		s->file.fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
		opened = s->file.fd >= 0;
	}
	if (!opened && !unreadable)
		cannot_open(s);
	rt_rundir_release(&d);
	s->fd = s->file.fd;
	return opened;
}

bool source_open(struct source *s)
{
	struct stat st;

	if (s->dir && !open_events(s))
		return false;
	if (s->standard)
		s->fd = STDIN_FILENO;
	else if (!s->dir)
		s->fd = open(s->name, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (s->fd < 0 || fstat(s->fd, &st) < 0) {
		cannot_open(s);
		return false;
	}
	s->stream = !S_ISREG(st.st_mode);
	return true;
}

void source_close(struct source *s)
{
	if (s->dir)
		rt_runfile_close(&s->file);
	else if (s->fd >= 0 && !s->standard)
		close(s->fd);
	s->fd = -1;
}

bool source_is_packed(const struct source *s)
{
	struct stat st;
	bool packed;
	int fd;

	if (!s->dir || lstat(s->name, &st) == 0) /* an archive is called as itself */
		return s->dir && strcmp(s->dir, s->name) == 0;
	fd = open(s->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return false;
	packed = rt_rundir_archive(fd) != NULL;
	close(fd);
	return packed;
}

bool source_is_written(const struct source *s)
{
	struct rt_rundir dir;
	struct rt_status st;
	enum rt_state state = RT_COMPLETED;

	if (!s->dir || rt_rundir_open(&dir, s->dir, NULL) < 0)
		return false;
	if (rt_status_init(&st) == 0) {
		/* other systems leave out the last newline, and say nothing of the end */
		if (rt_status_load(&st, &dir, NULL) == 0 && !st.foreign)
			state = rt_status_derive(&st, dir.fd, rt_clock_now_ns());
		rt_status_release(&st);
	}
	rt_rundir_release(&dir);
	return !rt_state_over(state) && state != RT_STALE;
}

void sources_tell_skipped(const struct sources *s)
{
	size_t i;

	unpack_tell(&s->unpack);
	for (i = 0; i < s->n; i++) {
		const struct source *v = &s->v[i];

		if (v->skipped)
			warn("%zu line%s skipped in \"%s\" (rt-query --check says why)", v->skipped,
			     v->skipped == 1 ? "" : "s", v->name);
	}
}
