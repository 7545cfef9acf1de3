/* The socket in a run's directory. See sock.h. */
#include "sock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

/*
 * Socket names are short. By way of the directory's descriptor any run can be
 * named; where there is no /proc, a run with a long path has no socket.
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

/* Who may write the run may connect. Where that cannot be arranged, its owner alone may. */
static void open_to_writers(const struct rt_rundir *d)
{
	struct stat st;

	if (fstatat(d->fd, RT_EVENTS_FILE, &st, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISREG(st.st_mode))
		return;
	if (st.st_gid != getegid() &&
	    fchownat(d->fd, RT_SOCKET_FILE, (uid_t)-1, st.st_gid, AT_SYMLINK_NOFOLLOW) < 0)
		return;
	fchmodat(d->fd, RT_SOCKET_FILE, st.st_mode & 0666, AT_SYMLINK_NOFOLLOW);
}

int rt_sock_listen(const struct rt_rundir *d)
{
	struct sockaddr_un name;
	mode_t old;
	int fd = -1, bound;

	if (!socket_name(d, &name))
		return -1;
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -1;
	old = umask(0177);
	bound = bind(fd, (struct sockaddr *)&name, sizeof(name));
	umask(old);
	if (bound < 0 || listen(fd, 64) < 0) {
		close(fd);
		return -1;
	}
	open_to_writers(d);
	return fd;
}

int rt_sock_accept(int fd)
{
	return accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
}

bool rt_sock_peer(int conn, uid_t *uid, pid_t *pid)
{
#ifdef SO_PEERCRED
	struct ucred who;
	socklen_t size = sizeof(who);

	if (getsockopt(conn, SOL_SOCKET, SO_PEERCRED, &who, &size) < 0)
		return false;
	*uid = who.uid;
	*pid = who.pid;
	return true;
#else
	(void)conn, (void)uid, (void)pid;
	return false;
#endif
}

static void set_patience(int conn, int timeout_ms)
{
	const struct timeval limit = { timeout_ms / 1000, timeout_ms % 1000 * 1000 };

	setsockopt(conn, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	setsockopt(conn, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
}

int rt_sock_connect(const struct rt_rundir *d, int timeout_ms)
{
	struct sockaddr_un name;
	int conn, saved;

	if (faccessat(d->fd, RT_SOCKET_FILE, F_OK, 0) < 0 || !socket_name(d, &name))
		return -1;
	conn = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (conn < 0)
		return -1;
	set_patience(conn, timeout_ms);
	if (connect(conn, (struct sockaddr *)&name, sizeof(name)) < 0) {
		saved = errno;
		close(conn);
		errno = saved;
		return -1;
	}
	return conn;
}

int rt_sock_send(int conn, struct rt_str text, const int fds[2])
{
	union {
		struct cmsghdr align;
		char space[CMSG_SPACE(2 * sizeof(int))];
	} control;
	struct iovec iov = { (void *)(uintptr_t)text.p, text.n };
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
	return sendmsg(conn, &msg, MSG_NOSIGNAL) == (ssize_t)text.n ? 0 : -1;
}

int rt_sock_receive(int conn, struct rt_sock_message *m)
{
	union {
		struct cmsghdr align;
		char space[CMSG_SPACE(2 * sizeof(int))];
	} control;
	struct iovec iov = { m->text, RT_SOCK_MAX };
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control.space,
		.msg_controllen = sizeof(control.space),
	};
	ssize_t got;

	m->n = 0;
	m->fds[0] = m->fds[1] = -1;
	do
		got = recvmsg(conn, &msg, MSG_CMSG_CLOEXEC);
	while (got < 0 && errno == EINTR);
	for (struct cmsghdr *c = got < 0 ? NULL : CMSG_FIRSTHDR(&msg); c;
	     c = CMSG_NXTHDR(&msg, c)) {
		size_t size = c->cmsg_len - CMSG_LEN(0);

		if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS &&
		    size <= sizeof(m->fds))
			memcpy(m->fds, CMSG_DATA(c), size);
	}
	if (got > 0 && msg.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) {
		rt_sock_message_release(m);
		errno = EMSGSIZE;
		return -1;
	}
	m->n = got < 0 ? 0 : (size_t)got;
	m->text[m->n] = '\0';
	return got < 0 ? -1 : got > 0;
}

void rt_sock_message_release(struct rt_sock_message *m)
{
	for (int i = 0; i < 2; i++) {
		if (m->fds[i] >= 0)
			close(m->fds[i]);
		m->fds[i] = -1;
	}
}
