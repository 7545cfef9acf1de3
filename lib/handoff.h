/*
 * A step inside a run writes to the pipe that the run's supervisor reads. To be
 * captured once, in the step's own log, its output must not pass there: over
 * the run's socket (sock.h) the step shows its descriptors (SCM_RIGHTS), and
 * for those that are the supervisor's own pipes it gets what lies behind them.
 * The supervisor first passes on what stands in the pipes, so order is kept.
 */
#ifndef RT_HANDOFF_H
#define RT_HANDOFF_H

#include "sock.h"

/*
 * The supervisor's side: whether that is a step that shows its descriptors, which
 * are in shown then (-1: none). Descriptors are for the run's own user, and root.
 */
bool rt_handoff_hear(int conn, struct rt_sock_message *m, int shown[2]);

/* Give descriptors (-1: none) and close the connection; shown are closed too. */
void rt_handoff_answer(int conn, int shown[2], const int given[2]);

/*
 * The step's side: descriptors to write standard output and error to, owned by
 * the caller; a copy of its own where there is nobody of the same user to ask.
 */
void rt_handoff_ask(const struct rt_rundir *d, int own[2]);

#endif
