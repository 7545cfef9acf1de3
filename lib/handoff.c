/* Passing descriptors from a supervisor to the steps inside its run. See handoff.h. */
#include "handoff.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#define ANSWER_MS 5000 /* a supervisor that takes longer is stopped, or gone */

/* A message is one byte a descriptor: whether it comes along. */
static int send_fds(int conn, const int fds[2])
{
	const char which[2] = { fds[0] >= 0, fds[1] >= 0 };

	return rt_sock_send(conn, (struct rt_str){ which, 2 }, fds);
}

/* Take them out of a message; false when it is none of those. */
static bool take_fds(struct rt_sock_message *m, int fds[2])
{
	int next = 0;

	fds[0] = fds[1] = -1;
	if (m->n != 2 || (unsigned char)m->text[0] > 1 || (unsigned char)m->text[1] > 1)
		return false;
	for (int i = 0; i < 2; i++) {
		if (!m->text[i])
			continue;
		fds[i] = m->fds[next];
		m->fds[next++] = -1;
	}
	/* What was sent beside what was announced is nobody's. */
	rt_sock_message_release(m);
	return true;
}

static bool is_ours(int conn)
{
	uid_t uid;
	pid_t pid;

	return rt_sock_peer(conn, &uid, &pid) && (uid == geteuid() || uid == 0);
}

bool rt_handoff_hear(int conn, struct rt_sock_message *m, int shown[2])
{
	return is_ours(conn) && take_fds(m, shown);
}

void rt_handoff_answer(int conn, int shown[2], const int given[2])
{
	send_fds(conn, given);
	for (int i = 0; i < 2; i++) {
		if (shown[i] >= 0)
			close(shown[i]);
		shown[i] = -1;
	}
	close(conn);
}

/* Another user's supervisor would give nothing, and a terminal shown to it could be read. */
static bool may_be_shown(int conn)
{
	uid_t uid;
	pid_t pid;

	return rt_sock_peer(conn, &uid, &pid) && (uid == geteuid() || geteuid() == 0);
}

/* Only a pipe or terminal can be a supervisor's; most often nobody has to be asked. */
static bool may_be_captured(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && !S_ISREG(st.st_mode);
}

void rt_handoff_ask(const struct rt_rundir *d, int own[2])
{
	const int mine[2] = { STDOUT_FILENO, STDERR_FILENO };
	int given[2] = { -1, -1 }, conn = -1;
	struct rt_sock_message m;

	if (may_be_captured(STDOUT_FILENO) || may_be_captured(STDERR_FILENO))
		conn = rt_sock_connect(d, ANSWER_MS);
	if (conn >= 0) {
		if (may_be_shown(conn) && send_fds(conn, mine) == 0 &&
		    rt_sock_receive(conn, &m) > 0 && !take_fds(&m, given))
			rt_sock_message_release(&m);
		close(conn);
	}
	for (int i = 0; i < 2; i++)
		own[i] = given[i] >= 0 ? given[i] : fcntl(mine[i], F_DUPFD_CLOEXEC, 3);
}
