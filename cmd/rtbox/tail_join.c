/*
 * Runs that join a selection that is followed: the runs folder and the groups in it
 * are watched for what is new there.
 */
#include "tail.h"
#include "die.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define DIR_FLAGS (O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)

static void join(struct tail *t, const char *name, const char *path)
{
	if (rt_catalog_selects(t->runs_dir, name, &t->selection, &t->unpack.unpacker) &&
	    tail_is_new(t, path))
		tail_open_selected(t, path, true);
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void release_names(struct tail_names *names)
{
	for (size_t i = 0; i < names->n; i++)
		free(names->v[i]);
	free(names->v);
	*names = (struct tail_names){ NULL, 0 };
}

/* What there is in a folder, which is closed. */
static struct tail_names list_names(int fd)
{
	struct tail_names names = { NULL, 0 };
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *e;
	size_t cap = 0;

	while (dir && (e = readdir(dir)) != NULL) {
		if (!rt_id_valid(rt_str(e->d_name)))
			continue;
		if (names.n == cap) {
			cap = cap ? 2 * cap : 64;
			names.v = xrealloc(names.v, cap * sizeof(*names.v));
		}
		names.v[names.n++] = xstrdup(e->d_name);
	}
	if (dir)
		closedir(dir);
	else if (fd >= 0)
		close(fd);
	if (names.n)
		qsort(names.v, names.n, sizeof(*names.v), compare_names);
	return names;
}

static bool has_name(const struct tail_names *names, const char *name)
{
	return names->n &&
	       bsearch(&name, names->v, names->n, sizeof(*names->v), compare_names) != NULL;
}

/* What is there now and was not at the last look joins: years of runs are not looked at again. */
static void join_folder(struct tail *t, int fd, struct tail_place *place)
{
	struct tail_names before = place->names;

	place->names = list_names(fd);
	for (size_t i = 0; i < place->names.n; i++)
		if (!has_name(&before, place->names.v[i]))
			tail_join(t, place, place->names.v[i]);
	release_names(&before);
}

static int open_place(const struct tail *t, const char *group)
{
	char *path = xasprintf("%s/%s", t->runs_dir, group);
	int fd = open(path, DIR_FLAGS);

	free(path);
	return fd;
}

/* Of a group, or of the runs folder itself (""). */
static struct tail_place *find_place(const struct tail *t, const char *group)
{
	size_t n = strlen(group);

	for (size_t i = 0; i < t->n_places; i++) {
		const char *known = t->places[i]->group;

		if (strncmp(known, group, n) == 0 && strcmp(known + n, n ? "/" : "") == 0)
			return t->places[i];
	}
	return NULL;
}

static struct tail_place *new_place(struct tail *t, const char *group)
{
	struct tail_place *place = xcalloc(1, sizeof(*place));

	place->kind = TAIL_RUNS;
	place->group = *group ? xasprintf("%s/", group) : xstrdup("");
	t->places = xrealloc(t->places, (t->n_places + 1) * sizeof(*t->places));
	return t->places[t->n_places++] = place;
}

/*
 * Watched first, looked into then; what is there joins, or is known from now on.
 * A group that is there again, after its last run was pruned, is another folder.
 */
static void add_place(struct tail *t, const char *group, bool joins)
{
	struct tail_place *place = find_place(t, group);
	int fd = open_place(t, group);

	if (fd < 0)
		return;
	if (!place)
		place = new_place(t, group);
	release_names(&place->names);
	tail_watch(t, fd, t->runs_dir, place);
	if (joins)
		join_folder(t, fd, place);
	else
		place->names = list_names(fd);
}

void tail_join(struct tail *t, struct tail_place *place, const char *name)
{
	bool top = !*place->group;
	struct stat st;
	char *run, *path;

	if (!name) {
		join_folder(t, open_place(t, place->group), place);
		return;
	}
	if (!rt_id_valid(rt_str(name)))
		return;
	run = xasprintf("%s%s", place->group, name);
	path = xasprintf("%s/%s", t->runs_dir, run);
	if (lstat(path, &st) == 0 && S_ISDIR(st.st_mode)) {
		if (rt_rundir_is_run(AT_FDCWD, path))
			join(t, run, path);
		else if (top)
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
	struct tail_names names;

	if (!find_place(t, ""))
		add_place(t, "", false);
	names = list_names(open_place(t, ""));
	for (size_t i = 0; i < names.n; i++) {
		char *path = xasprintf("%s/%s", t->runs_dir, names.v[i]);

		if (!rt_rundir_is_run(AT_FDCWD, path) && !find_place(t, names.v[i]))
			add_place(t, names.v[i], false);
		free(path);
	}
	release_names(&names);
	return t->n_places > 0;
}

void tail_forget_folders(struct tail *t)
{
	for (size_t i = 0; i < t->n_places; i++) {
		if (t->watch)
			rt_watch_drop(t->watch, t->places[i]);
		free(t->places[i]->group);
		release_names(&t->places[i]->names);
		free(t->places[i]);
	}
	t->n_places = 0;
	free(t->runs_dir);
	t->runs_dir = NULL;
}
