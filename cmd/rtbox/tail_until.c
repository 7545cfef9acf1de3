/*
 * When a follower ends before the runs do: at an event that was asked for, or
 * when its time is up.
 */
#include "tail.h"
#include "clock.h"
#include "die.h"
#include "fdio.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

bool tail_until_meets(struct tail *t, const struct rt_event *ev)
{
	for (size_t i = 0; i < TAIL_UNTIL; i++)
		if (t->until[i] && rt_filter_match(t->until[i], ev, &t->printer.scratch))
			return true;
	return false;
}

static int open_events(const struct tail_run *run, struct rt_runfile *f)
{
	*f = (struct rt_runfile){ .fd = -1 };
	if (!run->file)
		return rt_runfile_stream(f, &run->dir, RT_EVENTS_FILE);
	f->fd = rt_file_open(run->dir.fd, run->file, O_RDONLY, 0);
	return f->fd < 0 ? -1 : 0;
}

/* Whether it is among the events up to `end` (-1: all). */
static bool is_met(struct tail_run *run, off_t end)
{
	struct rt_runfile f;
	struct rt_reader r;
	struct rt_event ev;
	struct rt_str line;
	bool met = false;

	tail_run_wake(run);
	if (open_events(run, &f) < 0)
		return false;
	if (rt_reader_init(&r, f.fd, 0, end, false) == 0) {
		while (!met && rt_reader_next(&r, &line) > 0)
			met = rt_event_parse(&ev, line) == 0 && tail_until_meets(run->t, &ev);
		rt_reader_release(&r);
	}
	rt_runfile_close(&f);
	return met;
}

void tail_until_look_back(struct tail *t)
{
	for (size_t i = 0; i < t->n_runs && !t->met; i++) {
		struct tail_run *run = t->runs[i];

		t->met = is_met(run, run->packed ? -1 : run->v[0]->at);
	}
}

int tail_time_left_ms(const struct tail *t)
{
	return t->end_ns < 0 ? -1 : rt_clock_ms_until(t->end_ns);
}

void tail_until_tell(struct tail *t)
{
	size_t n = 0;

	if (t->timed_out) {
		for (size_t i = 0; i < t->n_runs; i++)
			n += !tail_is_over(t->runs[i]);
		if (n == 1 && !t->printer.across && !t->runs[0]->file)
			warn("time is up: run \"%s\" is still %s", t->runs[0]->dir.id,
			     rt_state_name(t->runs[0]->state));
		else
			warn("time is up");
		t->code = EXIT_TIMEOUT;
	} else if ((t->until[0] || t->until[1]) && !t->met && t->code != EXIT_FAIL &&
		   !tail_is_stopped(t)) {
		warn("nothing more comes, and no event met %s",
		     !t->until[1] ? "--until-type" :
		     !t->until[0] ? "--until-stage" :
				    "--until-type or --until-stage");
		t->code = EXIT_NO;
	}
}
