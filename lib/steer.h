/*
 * Steering a run from outside: what is asked of its supervisor over the run's
 * socket (sock.h), as a line of words, and what it answers when it has
 * happened. A cancel that is taken has no answer: the supervisor closes the
 * connection when the run is over, and the run says the rest.
 */
#ifndef RT_STEER_H
#define RT_STEER_H

#include "err.h"
#include "sock.h"

enum rt_steer_verb { RT_STEER_PAUSE, RT_STEER_RESUME, RT_STEER_CANCEL };

struct rt_steer {
	enum rt_steer_verb verb;
	int signal;            /* of cancel: what to send first; 0: SIGTERM */
	int64_t kill_after_ns; /* of cancel: then SIGKILL; -1: as the run was told */
	char user[64];         /* who asks, as that calls itself */
	long uid;              /* the same, as the kernel has it; -1: not known */
	long pid;
};

/* Say who asks; a name that is too long is cut between two characters. */
void rt_steer_name(struct rt_steer *steer, const char *user);

enum rt_steer_answer {
	RT_STEER_DONE,    /* text says what happened */
	RT_STEER_REFUSED, /* text says why */
	RT_STEER_GONE,    /* the supervisor has ended, or does not listen any more */
	RT_STEER_LATE,    /* no answer in time */
};

/* What a message asks; false when it is no such message. */
bool rt_steer_hear(int conn, const struct rt_sock_message *m, struct rt_steer *steer);

/* Answer, and close the connection. */
void rt_steer_answer(int conn, bool done, const char *text);

/*
 * The other side: ask and wait for the answer, at most timeout_ns (0: for ever).
 * -1: nobody is there to be asked, errno says why.
 */
int rt_steer_ask(const struct rt_rundir *d, const struct rt_steer *steer, int64_t timeout_ns,
		 enum rt_steer_answer *answer, char text[RT_SOCK_MAX]);

/* Who asks, as the metadata of an event. */
void rt_steer_write(const struct rt_steer *steer, struct rt_buf *out);

/* What a run that is cancelled so says of its end: "cancelled by jane". */
#define RT_CANCELLED_TEXT 80
void rt_steer_cancelled(const struct rt_steer *steer, char text[RT_CANCELLED_TEXT]);

#endif
