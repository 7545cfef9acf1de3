/*
 * Going on as things happen. A follower sleeps until something changes in the
 * run's folders, its owner ends or its own reader goes away; it asks the clock
 * only where nothing of that can be had. Folders are watched before they are
 * read, so that nothing falls between the two.
 */
#include "tail.h"
#include "clock.h"
#include "die.h"

#include <errno.h>

#define LOOK_MS 200   /* between two looks at the state of a run that writes all the time */
#define OWNER_MS 2000 /* between two looks at an owner whose end is not reported */

static void all_dirty(struct tail *t)
{
	for (size_t i = 0; i < t->n; i++)
		t->v[i]->dirty = true;
}

/* A change in the run's own folder, or in that of a file. */
static void take_top(struct tail *t, const char *name)
{
	const char *log = t->file ? t->file : RT_EVENTS_FILE;
	bool all = !name;

	if (all || strncmp(name, log, strlen(log)) == 0)
		t->v[0]->dirty = true;
	if (all || strcmp(name, RT_STATUS_FILE) == 0)
		t->status_changed = true;
	if (all || strcmp(name, RT_LOGS_DIR) == 0)
		tail_discover(t);
}

static void take_changes(struct tail *t)
{
	struct rt_watch_change c;

	while (rt_watch_next(t->watch, &c)) {
		if (c.tag == t)
			take_top(t, c.name);
		else if (c.tag == &t->logs_tag)
			tail_discover_one(t, c.name);
		else
			((struct tail_source *)c.tag)->dirty = true;
	}
	if (!t->polls)
		return;
	tail_discover(t);
	all_dirty(t); /* nobody says which of them it is */
}

/*
 * Wait for the end of the owner. It is looked at once more after that was asked
 * for: a process of the same number that lives now is the one that is watched.
 */
static void watch_owner(struct tail *t)
{
	int64_t pid = t->st.owner.pid;

	if (pid == t->owner_pid)
		return;
	t->owner_pid = pid;
	t->owner_timed = pid && rt_watch_process(t->watch, pid, t) < 0 && errno != ESRCH;
	t->look_now = pid != 0;
}

/* How long it may be until the next look at the state; -1: until something happens. */
static int wait_ms(const struct tail *t)
{
	int64_t since;

	if (t->look_now)
		return 0;
	if (!t->status_changed)
		return t->owner_timed ? OWNER_MS : -1;
	since = (rt_clock_monotonic_ns() - t->looked_ns) / RT_NS_PER_MS;
	return since < LOOK_MS ? (int)(LOOK_MS - since) : 0;
}

/* Sleep, and learn what happened. False when nobody reads any more. */
static bool wait_for_change(struct tail *t)
{
	int ms = wait_ms(t), why = rt_watch_wait(t->watch, ms);

	if (why < 0)
		die(EXIT_FAIL, "cannot wait for changes: %s", strerror(errno));
	if (why & RT_WATCH_CHANGE)
		take_changes(t);
	if ((why & RT_WATCH_EXIT) || (why == 0 && ms >= 0))
		t->look_now = true;
	if (why & RT_WATCH_EXIT) /* it may still be there, a zombie that nobody has waited for */
		t->owner_timed = true;
	return !(why & RT_WATCH_HANGUP);
}

/* What was written before the end, to the last byte. */
static void finish(struct tail *t)
{
	tail_discover(t);
	all_dirty(t);
	tail_pass(t);
	if (t->state == RT_LOST)
		warn("run \"%s\" is lost: its owner, process %lld, has died", t->dir.id,
		     (long long)t->st.owner.pid);
}

void tail_follow(struct tail *t)
{
	t->look_now = true; /* it may have ended since that was looked at */
	while (!tail_is_over(t)) {
		if (fflush(t->printer.out->f) != 0 || !wait_for_change(t))
			return;
		tail_pass(t);
		if (wait_ms(t) != 0)
			continue;
		tail_look(t);
		if (!tail_is_over(t))
			watch_owner(t);
	}
	finish(t);
}
