/* The list of runs. See runs.h. */
#include "runs.h"
#include "die.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

/* False: there is none. */
static bool watch_dir(struct rt_watch *w, const char *path, void *tag)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return false;
	rt_watch_add(w, fd, tag);
	close(fd);
	return true;
}

/* The runs folder, or the one in which it is going to be made. */
static void watch_root(const struct runs *r, struct rt_watch *w, void *tag)
{
	const char *slash = strrchr(r->dir, '/');
	char *above;

	if (watch_dir(w, r->dir, tag) || !slash)
		return;
	above = xstrndup(r->dir, slash == r->dir ? 1 : (size_t)(slash - r->dir));
	watch_dir(w, above, tag);
	free(above);
}

/* The folders of runs that go on, and of groups, in which a new one can appear. */
static void watch(const struct runs *r, struct rt_watch *w, void *tag)
{
	const char *group = "";

	for (size_t i = 0; i < r->catalog.n; i++) {
		const struct rt_row *row = &r->catalog.rows[i];

		if (!rt_state_over(row->state))
			watch_dir(w, row->path, tag);
		if (*row->group && strcmp(row->group, group) != 0) {
			char *path = xasprintf("%s/%s", r->dir, row->group);

			watch_dir(w, path, tag);
			free(path);
			group = row->group;
		}
	}
}

const struct rt_row *runs_selected(const struct runs *r)
{
	return r->list.selected < r->catalog.n ? &r->catalog.rows[r->list.selected] : NULL;
}

void runs_load(struct runs *r, const struct unpack *unpack, struct rt_watch *w, void *tag)
{
	const struct rt_row *old = runs_selected(r);
	char *path = old && r->list.selected ? xstrdup(old->path) : NULL;
	struct rt_err err = RT_ERR_INIT;
	struct rt_catalog catalog;

	watch_root(r, w, tag);
	if (rt_catalog_list(&catalog, r->dir, r->selection, &unpack->unpacker, &err) < 0)
		die_err(&err);
	rt_catalog_release(&r->catalog);
	r->catalog = catalog;
	r->active = false;
	for (size_t i = 0; i < catalog.n; i++) {
		r->active |= catalog.rows[i].state == RT_RUNNING ||
			     catalog.rows[i].state == RT_PAUSED;
		if (path && strcmp(catalog.rows[i].path, path) == 0)
			r->list.selected = i;
	}
	list_set(&r->list, catalog.n);
	watch(r, w, tag);
	free(path);
}

void runs_release(struct runs *r)
{
	rt_catalog_release(&r->catalog);
}
