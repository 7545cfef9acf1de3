/* The list of runs to pick from. */
#ifndef RT_RUNS_H
#define RT_RUNS_H

#include "catalog.h"
#include "list.h"
#include "unpack.h"
#include "watch.h"

struct runs {
	const char *dir; /* the runs folder */
	const struct rt_selection *selection;
	struct rt_catalog catalog;
	struct list list;
	bool active; /* one of them goes on: how long it takes changes with time */
};

/* List them anew; the selected one stays so. Watch the folders in which that can change. */
void runs_load(struct runs *r, const struct unpack *unpack, struct rt_watch *w, void *tag);
void runs_release(struct runs *r);

/* The selected one, or NULL. */
const struct rt_row *runs_selected(const struct runs *r);

#endif
