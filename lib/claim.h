/*
 * A run that is over, claimed so that nobody writes to it: to be archived, brought
 * back or deleted. Writers wait for the lock of events.jsonl, as they do for each
 * other; who claims runs keeps the others out by a lock of the directory, because
 * of an archived run there is no events.jsonl.
 */
#ifndef RT_CLAIM_H
#define RT_CLAIM_H

#include "evlog.h"
#include "packed.h"
#include "rundir.h"

struct rt_claim {
	struct rt_rundir dir; /* with its archive */
	struct rt_evlog log;  /* fd -1: there is none */
};

/*
 * Claim the run directory `path`. RT_ERR_REFUSED when the run is not over,
 * RT_ERR_LOCKED when somebody else has it for more than timeout_ms. Release it.
 */
int rt_claim_take(struct rt_claim *c, const char *path, const struct rt_unpacker *unpacker,
		  int timeout_ms, struct rt_err *err);
void rt_claim_release(struct rt_claim *c);

#endif
