/* Which runs rt-summarize is about. */
#include "summarize.h"
#include "die.h"
#include "rundir.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* The events.jsonl of a run means that run. */
static void take_run_of_file(struct rt_found *found)
{
	char *slash = strrchr(found->path, '/');

	if (!found->file || !slash || slash == found->path ||
	    strcmp(slash + 1, RT_EVENTS_FILE) != 0)
		return;
	*slash = '\0';
	found->file = !rt_rundir_is_run(AT_FDCWD, found->path);
	if (found->file)
		*slash = '/';
}

bool summarized_is_archive(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && !S_ISDIR(st.st_mode);
}

static void add_selected(struct summarized_runs *runs, const struct common_opts *c,
			 const struct select_opts *select, struct unpack *unpack)
{
	char *runs_dir = common_runs_dir(c);
	struct rt_err err = RT_ERR_INIT;
	struct rt_selection sel;
	struct rt_catalog list;

	selection_init(&sel, select);
	if (rt_catalog_list(&list, runs_dir, &sel, &unpack->unpacker, &err) < 0)
		die_err(&err);
	selection_tell_unreadable(&list, runs_dir);
	runs->selected = true;
	runs->n = list.n;
	runs->v = xcalloc(list.n + 1, sizeof(*runs->v));
	for (size_t i = 0; i < list.n; i++) {
		const struct rt_row *row = &list.rows[list.n - 1 - i]; /* the oldest first */

		runs->v[i].found.path = xstrdup(row->path);
		runs->v[i].over = rt_state_over(row->state) && row->state != RT_LOST;
	}
	rt_catalog_release(&list);
	selection_release(&sel);
	free(runs_dir);
}

void summarized_find(struct summarized_runs *runs, const struct common_opts *c,
		     const struct select_opts *select, int argc, char **argv, struct unpack *unpack)
{
	*runs = (struct summarized_runs){ .n = 0 };
	if (argc && (c->run || selection_given(select)))
		die_usage("name runs or select them, not both");
	if (!argc && selection_given(select)) {
		add_selected(runs, c, select, unpack);
		return;
	}
	runs->n = argc ? (size_t)argc : 1;
	runs->v = xcalloc(runs->n, sizeof(*runs->v));
	for (size_t i = 0; i < runs->n; i++) {
		common_resolve(c, argc ? argv[i] : NULL, USE_LATEST, &runs->v[i].found);
		take_run_of_file(&runs->v[i].found);
	}
}

void summarized_release(struct summarized_runs *runs)
{
	for (size_t i = 0; i < runs->n; i++) {
		rt_found_release(&runs->v[i].found);
		free(runs->v[i].group);
	}
	free(runs->v);
}
