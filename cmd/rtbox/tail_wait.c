/*
 * Waiting for a run that is not there yet: the runs folder and the groups in it
 * are watched; a path is looked for, five times a second.
 */
#include "tail.h"
#include "die.h"

#include <errno.h>

#define LOOK_MS 200 /* between two looks where nothing says that it has come */

/* Sleep until something happens in the folders; false when time is up. */
static bool sleep_on(struct tail *t, bool watched)
{
	int left = tail_time_left_ms(t), ms = watched ? -1 : LOOK_MS;
	struct rt_watch_change c;

	if (left >= 0 && (ms < 0 || left < ms))
		ms = left;
	if (rt_watch_wait(t->watch, ms) < 0)
		die(EXIT_FAIL, "cannot wait for changes: %s", strerror(errno));
	while (rt_watch_next(t->watch, &c))
		;
	return left != 0;
}

bool tail_wait_for(struct tail *t, const struct common_opts *c, const char *arg,
		   struct rt_found *found)
{
	const char *name = arg ? arg : c->run;
	bool is_path = name && strchr(name, '/'), told = false;
	struct rt_err err = RT_ERR_INIT;

	for (;;) {
		bool watched = tail_watch_folders(t) && !is_path;

		if (common_find(c, arg, USE_LATEST, found, &err) == 0)
			return true;
		if (err.kind != RT_ERR_NOTFOUND)
			die_err(&err);
		if (!told)
			note("%s; waiting", err.msg);
		told = true;
		if (!sleep_on(t, watched)) {
			error("%s", err.msg);
			return false;
		}
	}
}
