/* Steering a run over its socket. See steer.h. */
#include "steer.h"
#include "clock.h"
#include "text.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

static const char *const verbs[] = { "pause", "resume", "cancel" };
static const int no_fds[2] = { -1, -1 };

void rt_steer_name(struct rt_steer *steer, const char *user)
{
	size_t n = rt_utf8_cut(rt_str(user), sizeof(steer->user) - 1);

	snprintf(steer->user, sizeof(steer->user), "%.*s", (int)n, user);
}

/* VERB SIGNAL KILL_AFTER_NS [USER] */
static bool parse(const char *text, struct rt_steer *steer)
{
	char verb[8];
	int at = 0;

	if (sscanf(text, "%7s %d %" SCNd64 "%n", verb, &steer->signal, &steer->kill_after_ns,
		   &at) != 3 ||
	    steer->signal < 0 || steer->signal >= NSIG || steer->kill_after_ns < -1)
		return false;
	rt_steer_name(steer, text[at] == ' ' ? text + at + 1 : "");
	for (int i = 0; i < 3; i++) {
		if (strcmp(verb, verbs[i]) == 0) {
			steer->verb = (enum rt_steer_verb)i;
			return true;
		}
	}
	return false;
}

bool rt_steer_hear(int conn, const struct rt_sock_message *m, struct rt_steer *steer)
{
	uid_t uid;
	pid_t pid;

	if (!parse(m->text, steer))
		return false;
	steer->uid = steer->pid = -1;
	if (rt_sock_peer(conn, &uid, &pid)) {
		steer->uid = (long)uid;
		steer->pid = (long)pid;
	}
	return true;
}

void rt_steer_answer(int conn, bool done, const char *text)
{
	char line[RT_SOCK_MAX];
	int n = snprintf(line, sizeof(line), "%c%s", done ? '+' : '-', text);

	if (n > 0)
		rt_sock_send(conn,
			     (struct rt_str){ line, (size_t)n < sizeof(line) ? (size_t)n :
									       sizeof(line) - 1 },
			     no_fds);
	close(conn);
}

/* In milliseconds, rounded up; what does not fit is for ever. */
static int socket_timeout(int64_t ns)
{
	int64_t ms = ns ? (ns - 1) / RT_NS_PER_MS + 1 : 0;

	return ms > INT_MAX ? 0 : (int)ms;
}

int rt_steer_ask(const struct rt_rundir *d, const struct rt_steer *steer, int64_t timeout_ns,
		 enum rt_steer_answer *answer, char text[RT_SOCK_MAX])
{
	int conn = rt_sock_connect(d, socket_timeout(timeout_ns)), got;
	struct rt_sock_message m = { .fds = { -1, -1 } };
	char line[RT_SOCK_MAX];

	if (conn < 0)
		return -1;
	snprintf(line, sizeof(line), "%s %d %" PRId64 " %s", verbs[steer->verb], steer->signal,
		 steer->kill_after_ns, steer->user);
	got = rt_sock_send(conn, rt_str(line), no_fds) < 0 ? -1 : rt_sock_receive(conn, &m);
	text[0] = '\0';
	if (got > 0 && (m.text[0] == '+' || m.text[0] == '-')) {
		*answer = m.text[0] == '+' ? RT_STEER_DONE : RT_STEER_REFUSED;
		memcpy(text, m.text + 1, m.n); /* with its NUL */
	} else {
		*answer = got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK) ? RT_STEER_LATE :
										 RT_STEER_GONE;
	}
	rt_sock_message_release(&m);
	close(conn);
	return 0;
}

void rt_steer_write(const struct rt_steer *steer, struct rt_buf *out)
{
	const char *sep = "";

	rt_buf_addc(out, '{');
	if (*steer->user) {
		rt_buf_adds(out, "\"user\":");
		rt_json_quote(out, rt_str(steer->user));
		sep = ",";
	}
	if (steer->uid >= 0) {
		rt_buf_addf(out, "%s\"uid\":%ld", sep, steer->uid);
		sep = ",";
	}
	if (steer->pid > 0)
		rt_buf_addf(out, "%s\"pid\":%ld", sep, steer->pid);
	rt_buf_addc(out, '}');
}

void rt_steer_cancelled(const struct rt_steer *steer, char text[RT_CANCELLED_TEXT])
{
	if (*steer->user)
		snprintf(text, RT_CANCELLED_TEXT, "cancelled by %s", steer->user);
	else if (steer->uid >= 0)
		snprintf(text, RT_CANCELLED_TEXT, "cancelled by user %ld", steer->uid);
	else
		snprintf(text, RT_CANCELLED_TEXT, "cancelled by somebody");
}
