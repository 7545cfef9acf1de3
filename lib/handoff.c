/* Passing descriptors from a supervisor to the steps inside its run. See handoff.h. */
#include "handoff.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#define ANSWER_S 5 /* a supervisor that takes longer is stopped, or gone */

/*
 * Socket names are short. By way of the directory's descriptor any run can be
 * named; where there is no /proc, a run with a long path has no handoff.
 */
static bool socket_name(const struct rt_rundir *d, struct sockaddr_un *name)
{
	int n;

	memset(name, 0, sizeof(*name));
	name->sun_family = AF_UNIX;
	n = snprintf(name->sun_path, sizeof(name->sun_path), "%s/%s", d->path, RT_SOCKET_FILE);
	if (n > 0 && (size_t)n < sizeof(name->sun_path))
		return true;
	snprintf(name->sun_path, sizeof(name->sun_path), "/proc/self/fd/%d/%s", d->fd,
		 RT_SOCKET_FILE);
	return access("/proc/self/fd", X_OK) == 0;
}

int rt_handoff_listen(const struct rt_rundir *d)
{
	struct sockaddr_un name;
	mode_t old;
	int fd = -1, bound;

	if (!socket_name(d, &name))
		return -1;
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -1;
	/* What can be had through it is for the owner alone. */
	old = umask(0177);
	bound = bind(fd, (struct sockaddr *)&name, sizeof(name));
	umask(old);
	if (bound < 0 || listen(fd, 64) < 0) {
		close(fd);
		return -1;
	}
	return fd;
}

void rt_handoff_close(const struct rt_rundir *d, int fd)
{
	if (fd < 0)
		return;
	close(fd);
	unlinkat(d->fd, RT_SOCKET_FILE, 0);
}

/* One byte a descriptor: whether it comes along. */
static int send_fds(int conn, const int fds[2])
{
	union {
		struct cmsghdr align;
		char space[CMSG_SPACE(2 * sizeof(int))];
	} control;
	char which[2] = { fds[0] >= 0, fds[1] >= 0 };
	struct iovec iov = { which, sizeof(which) };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
	int list[2], n = 0;

	for (int i = 0; i < 2; i++) {
		if (fds[i] >= 0)
			list[n++] = fds[i];
	}
	if (n) {
		struct cmsghdr *c;

		memset(&control, 0, sizeof(control));
		msg.msg_control = control.space;
		msg.msg_controllen = CMSG_SPACE((size_t)n * sizeof(int));
		c = CMSG_FIRSTHDR(&msg);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN((size_t)n * sizeof(int));
		memcpy(CMSG_DATA(c), list, (size_t)n * sizeof(int));
	}
	return sendmsg(conn, &msg, MSG_NOSIGNAL) == (ssize_t)sizeof(which) ? 0 : -1;
}

static int receive_fds(int conn, int fds[2])
{
	union {
		struct cmsghdr align;
		char space[CMSG_SPACE(2 * sizeof(int))];
	} control;
	char which[2] = { 0, 0 };
	struct iovec iov = { which, sizeof(which) };
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control.space,
		.msg_controllen = sizeof(control.space),
	};
	int list[2] = { -1, -1 }, n = 0;
	ssize_t got;

	fds[0] = fds[1] = -1;
	do
		got = recvmsg(conn, &msg, MSG_CMSG_CLOEXEC);
	while (got < 0 && errno == EINTR);
	for (struct cmsghdr *c = got < 0 ? NULL : CMSG_FIRSTHDR(&msg); c;
	     c = CMSG_NXTHDR(&msg, c)) {
		size_t size = c->cmsg_len - CMSG_LEN(0);

		if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS &&
		    size <= sizeof(list)) {
			memcpy(list, CMSG_DATA(c), size);
			n = (int)(size / sizeof(int));
		}
	}
	for (int i = 0, next = 0; i < 2; i++) {
		if (which[i] && next < n && got == (ssize_t)sizeof(which)) {
			fds[i] = list[next];
			list[next++] = -1;
		}
	}
	/* What was sent beside what was announced is nobody's. */
	for (int i = 0; i < n; i++) {
		if (list[i] >= 0)
			close(list[i]);
	}
	return got == (ssize_t)sizeof(which) ? 0 : -1;
}

static void set_patience(int conn)
{
	const struct timeval limit = { ANSWER_S, 0 };

	setsockopt(conn, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	setsockopt(conn, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
}

int rt_handoff_accept(int fd, int shown[2])
{
	const struct timeval brief = { 0, 200000 };
	int conn = accept4(fd, NULL, NULL, SOCK_CLOEXEC);

	if (conn < 0)
		return -1;
	/* A step sends at once; who does not must not hold up the run. */
	setsockopt(conn, SOL_SOCKET, SO_RCVTIMEO, &brief, sizeof(brief));
	if (receive_fds(conn, shown) < 0) {
		close(conn);
		return -1;
	}
	return conn;
}

void rt_handoff_answer(int conn, int shown[2], const int given[2])
{
	send_fds(conn, given);
	for (int i = 0; i < 2; i++) {
		if (shown[i] >= 0)
			close(shown[i]);
	}
	close(conn);
}

/* Only a pipe or terminal can be a supervisor's; most often nobody has to be asked. */
static bool may_be_captured(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && !S_ISREG(st.st_mode);
}

static int connect_to(const struct rt_rundir *d)
{
	struct sockaddr_un name;
	int conn;

	if (faccessat(d->fd, RT_SOCKET_FILE, F_OK, 0) < 0 || !socket_name(d, &name))
		return -1;
	conn = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (conn < 0)
		return -1;
	set_patience(conn);
	if (connect(conn, (struct sockaddr *)&name, sizeof(name)) < 0) {
		close(conn);
		return -1;
	}
	return conn;
}

void rt_handoff_ask(const struct rt_rundir *d, int own[2])
{
	const int mine[2] = { STDOUT_FILENO, STDERR_FILENO };
	int given[2] = { -1, -1 }, conn = -1;

	if (may_be_captured(STDOUT_FILENO) || may_be_captured(STDERR_FILENO))
		conn = connect_to(d);
	if (conn >= 0) {
		if (send_fds(conn, mine) == 0)
			receive_fds(conn, given);
		close(conn);
	}
	for (int i = 0; i < 2; i++)
		own[i] = given[i] >= 0 ? given[i] : fcntl(mine[i], F_DUPFD_CLOEXEC, 3);
}
