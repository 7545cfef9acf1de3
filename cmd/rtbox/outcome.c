/* How a command ended. See outcome.h. */
#include "outcome.h"
#include "clock.h"
#include "die.h"
#include "spawn.h"

#include <stdio.h>
#include <unistd.h>

static bool took_too_long(const struct outcome *end)
{
	return end->why == STOP_TIMEOUT || end->why == STOP_IDLE;
}

bool outcome_stopped(const struct outcome *end)
{
	return took_too_long(end) && end->status != 0;
}

bool outcome_forgiven(const struct outcome *end)
{
	return took_too_long(end) && end->status == 0;
}

/* A shell reports the signal that ended its command as 128 and its number. */
bool outcome_cancelled(const struct outcome *end)
{
	int code = rt_wait_code(end->status);

	if (end->why == STOP_CANCEL)
		return true;
	return end->why == STOP_SIGNAL &&
	       (code == 128 + end->signal || (end->told && code == 128 + SIGKILL));
}

void outcome_limit_text(const struct outcome *end, const struct limits *limits,
			char text[OUTCOME_TEXT])
{
	bool idle = end->why == STOP_IDLE;
	char span[32];

	rt_duration_format(span, idle ? limits->idle_ns : limits->timeout_ns);
	snprintf(text, OUTCOME_TEXT, idle ? "no output for %s" : "timed out after %s", span);
}

void outcome_text(const struct outcome *end, const struct limits *limits, char text[OUTCOME_TEXT])
{
	if (end->why == STOP_CANCEL)
		snprintf(text, OUTCOME_TEXT, "%s", end->cancelled);
	else if (outcome_stopped(end))
		outcome_limit_text(end, limits, text);
	else
		rt_wait_text(text, end->status);
}

_Noreturn void outcome_end_like(const struct outcome *end)
{
	if (outcome_stopped(end))
		_exit(EXIT_TIMEOUT);
	rt_end_like(end->status);
}
