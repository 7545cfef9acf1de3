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
#include <time.h>

#define LOOK_MS 200   /* between two looks at the state of a run that writes all the time, */
#define LOOK_RUNS 16  /* or of so many */
#define CALM_RUNS 32  /* so many make enough noise to wait a moment for more, */
#define CALM_MS 5     /* which is as long as this */
#define OWNER_MS 2000 /* between two looks at an owner whose end is not reported */
#define FOLDER_MS 200 /* between two looks for a runs folder that is not there */

/* A change in the run's own folder, or in that of a file. */
static void take_top(struct tail_run *run, const char *name)
{
	const char *log = run->file ? run->file : RT_EVENTS_FILE;
	bool all = !name;

	if (all || strncmp(name, log, strlen(log)) == 0)
		run->v[0]->dirty = true;
	if (all || strcmp(name, RT_STATUS_FILE) == 0)
		run->status_changed = true;
	if (all || strcmp(name, RT_LOGS_DIR) == 0)
		tail_discover(run);
}

static void take_change(struct tail *t, const struct rt_watch_change *c)
{
	struct tail_place *place = c->tag;

	switch (place->kind) {
	case TAIL_RUN:
		take_top(place->run, c->name);
		break;
	case TAIL_LOGS:
		tail_discover_one(place->run, c->name);
		break;
	case TAIL_STEP:
		place->source->dirty = true;
		break;
	case TAIL_RUNS:
		tail_join(t, place, c->name);
		break;
	}
}

static void take_changes(struct tail *t)
{
	struct rt_watch_change c;

	while (rt_watch_next(t->watch, &c))
		take_change(t, &c);
	for (size_t i = 0; t->polls && i < t->n_runs; i++) {
		tail_discover(t->runs[i]);
		tail_run_dirty(t->runs[i]); /* nobody says which of them it is */
	}
}

/*
 * Wait for the end of the owner. It is looked at once more after that was asked
 * for: a process of the same number that lives now is the one that is watched.
 */
static void watch_owner(struct tail_run *run)
{
	int64_t pid = run->st.owner.pid;

	if (pid == run->owner_pid)
		return;
	run->owner_pid = pid;
	run->owner_timed = pid && rt_watch_process(run->t->watch, pid, run) < 0 && errno != ESRCH;
	run->look_now = pid != 0;
}

/* How long it may be until the next look at the state; -1: until something happens. */
static int look_in_ms(const struct tail_run *run, int64_t now_ns)
{
	int64_t since, pause = LOOK_MS * (int64_t)(1 + run->t->n_runs / LOOK_RUNS);

	if (run->look_now)
		return 0;
	if (!run->status_changed && !run->owner_timed)
		return -1;
	if (!run->status_changed)
		pause = OWNER_MS;
	since = (now_ns - run->looked_ns) / RT_NS_PER_MS;
	return since < pause ? (int)(pause - since) : 0;
}

/* The sooner of two times to wait, of which -1 is for ever. */
static int sooner(int a, int b)
{
	return a < 0 || (b >= 0 && b < a) ? b : a;
}

/* The next of all that is due; -1: nothing is. */
static int wait_ms(const struct tail *t)
{
	int least = t->heard ? 0 : sooner(tail_time_left_ms(t), tail_line_ms(t));
	int64_t now_ns = rt_clock_monotonic_ns();

	if (t->runs_dir && t->n_places == 0)
		least = sooner(least, FOLDER_MS);
	for (size_t i = 0; i < t->n_runs && least != 0; i++)
		least = sooner(least, look_in_ms(t->runs[i], now_ns));
	return least;
}

static void take_ends(struct tail *t)
{
	void *tag;

	while (rt_watch_ended(t->watch, &tag)) {
		struct tail_run *run = tag;

		run->look_now = true;
		run->owner_timed =
			true; /* it may still be there, a zombie that nobody waited for */
	}
}

void tail_hear(struct tail *t)
{
	int why = rt_watch_wait(t->watch, 0);

	if (why > 0 && (why & RT_WATCH_EXIT))
		take_ends(t);
	if (why <= 0 || !(why & RT_WATCH_CHANGE))
		return;
	take_changes(t);
	t->heard = true;
}

/* Sleep, and learn what happened. False when nobody reads any more. */
static bool wait_for_change(struct tail *t)
{
	const struct timespec calm = { 0, CALM_MS * RT_NS_PER_MS };
	int why = rt_watch_wait(t->watch, wait_ms(t));

	if (why < 0)
		die(EXIT_FAIL, "cannot wait for changes: %s", strerror(errno));
	if (why & RT_WATCH_CHANGE)
		take_changes(t);
	if (why & RT_WATCH_EXIT)
		take_ends(t);
	if (why & RT_WATCH_INPUT)
		tail_signals_take(t);
	if (t->runs_dir && t->n_places == 0)
		tail_join_all(t);
	if ((why & RT_WATCH_CHANGE) && t->n_runs >= CALM_RUNS) {
		nanosleep(&calm, NULL);
		if (rt_watch_wait(t->watch, 0) & RT_WATCH_CHANGE)
			take_changes(t);
	}
	return !(why & RT_WATCH_HANGUP);
}

/* Look where the runs stand of which that may have changed. */
static void look(struct tail *t)
{
	struct rt_err err = RT_ERR_INIT;
	int64_t now_ns = rt_clock_monotonic_ns();

	for (size_t i = 0; i < t->n_runs; i++) {
		struct tail_run *run = t->runs[i];

		if (look_in_ms(run, now_ns) != 0)
			continue;
		if (tail_look(run, &err) == 0)
			watch_owner(run);
		else if (err.kind == RT_ERR_NOTFOUND && run->looked_ns)
			run->removed = true;
		else
			die_err(&err);
	}
}

static bool has_ended(const struct tail_run *run)
{
	return run->removed || tail_is_over(run);
}

/* Those that are over leave, after what was written before the end, to the last byte. */
static void let_go(struct tail *t)
{
	size_t n = 0;

	for (size_t i = 0; i < t->n_runs; i++) {
		if (!has_ended(t->runs[i]))
			continue;
		tail_discover(t->runs[i]);
		tail_run_dirty(t->runs[i]);
		n++;
	}
	if (n == 0)
		return;
	tail_pass(t);
	if (t->met || tail_is_stopped(t))
		return;
	for (size_t i = t->n_runs; i-- > 0;)
		if (has_ended(t->runs[i]))
			tail_leave(t, t->runs[i]);
}

void tail_follow(struct tail *t)
{
	bool news = true; /* something was shown since the cursor was kept */

	for (size_t i = 0; i < t->n_runs; i++)
		t->runs[i]->look_now = true; /* it may have ended since that was looked at */
	for (;;) {
		let_go(t);
		t->timed_out = tail_time_left_ms(t) == 0;
		if (t->met || t->timed_out || tail_is_stopped(t) ||
		    (t->n_runs == 0 && !t->runs_dir))
			return;
		tail_line_draw(t);
		if (fflush(t->printer.out->f) != 0)
			return;
		if (news)
			tail_cursor_save(t, false);
		if (!wait_for_change(t))
			return;
		news = tail_pass(t);
		/* what was shown is not kept back by what is only good to know */
		if (news && fflush(t->printer.out->f) != 0)
			return;
		look(t);
	}
}
