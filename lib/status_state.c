/* The states of a run: their names, and which follows which. See status.h. */
#include "status.h"

#include <strings.h>

static const char *const state_names[RT_STATE_COUNT] = {
	"pending", "running", "paused", "completed", "failed", "cancelled", "lost", "stale",
};

const char *rt_state_name(enum rt_state s)
{
	return state_names[s];
}

static const struct {
	const char *name;
	enum rt_state state;
} state_aliases[] = {
	{ "canceled", RT_CANCELLED },  { "aborted", RT_CANCELLED },   { "succeeded", RT_COMPLETED },
	{ "success", RT_COMPLETED },   { "passed", RT_COMPLETED },    { "failure", RT_FAILED },
	{ "in-progress", RT_RUNNING }, { "in_progress", RT_RUNNING }, { "queued", RT_PENDING },
};

bool rt_state_find(struct rt_str name, enum rt_state *s)
{
	for (int i = 0; i < RT_STATE_COUNT; i++) {
		if (name.n == strlen(state_names[i]) &&
		    strncasecmp(name.p, state_names[i], name.n) == 0) {
			*s = (enum rt_state)i;
			return true;
		}
	}
	for (size_t i = 0; i < sizeof(state_aliases) / sizeof(*state_aliases); i++) {
		if (name.n == strlen(state_aliases[i].name) &&
		    strncasecmp(name.p, state_aliases[i].name, name.n) == 0) {
			*s = state_aliases[i].state;
			return true;
		}
	}
	return false;
}

bool rt_state_allows(enum rt_state from, enum rt_state to, bool resume)
{
	switch (from) {
	case RT_PENDING:
		return to == RT_RUNNING || to == RT_FAILED || to == RT_CANCELLED;
	case RT_RUNNING:
		return to == RT_PAUSED || to == RT_COMPLETED || to == RT_FAILED ||
		       to == RT_CANCELLED;
	case RT_PAUSED:
		return to == RT_RUNNING || to == RT_COMPLETED || to == RT_FAILED ||
		       to == RT_CANCELLED;
	case RT_COMPLETED:
	case RT_FAILED:
	case RT_CANCELLED:
		return to == RT_RUNNING && resume;
	default:
		return false;
	}
}
