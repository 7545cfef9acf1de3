/* How a command ended. See outcome.h. */
#include "outcome.h"
#include "clock.h"
#include "die.h"
#include "spawn.h"

#include <stdio.h>
#include <unistd.h>

bool outcome_stopped(const struct outcome *end)
{
	return (end->why == STOP_TIMEOUT || end->why == STOP_IDLE) && end->status != 0;
}

/* By the signal itself, or as shells report it, or not at all well after rt-run cancel. */
bool outcome_cancelled(const struct outcome *end)
{
	int code = rt_wait_code(end->status);

	if (end->why == STOP_CANCEL)
		return true;
	return end->why == STOP_SIGNAL &&
	       (code == 128 + end->signal || (end->told && code == 128 + SIGKILL));
}

void outcome_text(const struct outcome *end, const struct limits *limits, char text[OUTCOME_TEXT])
{
	char span[32];

	if (end->why == STOP_CANCEL) {
		snprintf(text, OUTCOME_TEXT, "%s", end->cancelled);
		return;
	}
	if (!outcome_stopped(end)) {
		rt_wait_text(text, end->status);
		return;
	}
	rt_duration_format(span, end->why == STOP_IDLE ? limits->idle_ns : limits->timeout_ns);
	snprintf(text, OUTCOME_TEXT,
		 end->why == STOP_IDLE ? "no output for %s" : "timed out after %s", span);
}

_Noreturn void outcome_end_like(const struct outcome *end)
{
	if (outcome_stopped(end))
		_exit(EXIT_TIMEOUT);
	rt_end_like(end->status);
}
