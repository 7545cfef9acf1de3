/*
 * The socket in a run's directory, by which its supervisor is spoken to. What
 * is said is whole messages, with descriptors where those are wanted: steps
 * hand over their output (handoff.h), people steer the run (steer.h).
 */
#ifndef RT_SOCK_H
#define RT_SOCK_H

#include "rundir.h"

#include <sys/types.h>

#define RT_SOCK_MAX 256 /* bytes of a message */

struct rt_sock_message {
	char text[RT_SOCK_MAX + 1]; /* a NUL after its end */
	size_t n;
	int fds[2]; /* that came along, the caller's; -1: none */
};

/*
 * The supervisor's side: a listening socket, -1 where there can be none, for the
 * caller to close and to remove (RT_SOCKET_FILE). Who may write the run may
 * connect: it has the group and mode of events.jsonl.
 */
int rt_sock_listen(const struct rt_rundir *d);

/* Somebody who has connected, -1: nobody. Neither reading nor writing it waits. */
int rt_sock_accept(int fd);

/* Who it is that connected; false when that is not known. */
bool rt_sock_peer(int conn, uid_t *uid, pid_t *pid);

/*
 * The other side. Each of connecting, sending and receiving waits for the
 * supervisor, at most so long; 0: for ever. -1 and errno.
 */
int rt_sock_connect(const struct rt_rundir *d, int timeout_ms);

/* Send a message, with the descriptors that are not -1. -1 and errno. */
int rt_sock_send(int conn, struct rt_str text, const int fds[2]);

/* Receive one. 0: the other side has gone; -1 and errno: nothing (EAGAIN), or no message of ours. */
int rt_sock_receive(int conn, struct rt_sock_message *m);

/* Close what came along. */
void rt_sock_message_release(struct rt_sock_message *m);

#endif
