/* Telling somebody how a run ended: RT_NOTIFY_CMD. */
#ifndef RT_NOTIFY_H
#define RT_NOTIFY_H

#include "record.h"
#include "spawn.h"

/* How it ended: what could not be recorded is to be told all the same. */
struct notice {
	const struct rt_record *record;
	enum rt_state state;            /* RT_LOST of one that was reaped */
	const struct rt_change *change; /* exit code, signal, error */
	const char *name;               /* where the record has none any more; may be NULL */
	const struct rt_inherited *in;  /* what the command has of signals; NULL: as they are now */
};

/*
 * Run the command, if there is one and RT_NOTIFY_ON has the state, and wait for
 * it at most RT_NOTIFY_TIMEOUT; then it is killed with its group. That it failed
 * is said, and nothing else comes of it.
 */
void notify(const struct notice *n);

#endif
