/* rt-run as a process beside the screen. See ask.h. */
#include "ask.h"
#include "die.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#define SAID_MAX 4096

/* rtbox as it is installed, or built, beside this program; NULL: it is looked for in PATH. */
static char *find_rtbox(void)
{
	static const char *const places[] = { "rtbox", "../../bin/rtbox" };
	char self[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);

	while (n > 0 && self[n - 1] != '/')
		n--;
	for (size_t i = 0; n > 0 && i < 2; i++) {
		char *path = xasprintf("%.*s%s", (int)n, self, places[i]);

		if (access(path, X_OK) == 0)
			return path;
		free(path);
	}
	return NULL;
}

static _Noreturn void become(const char *path, char **argv, int out, const sigset_t *mask)
{
	int null = open("/dev/null", O_RDONLY | O_CLOEXEC);

	/* Ctrl-C at the screen is not for it */
	setpgid(0, 0);
	if (null >= 0 && dup2(null, STDIN_FILENO) >= 0 && dup2(out, STDOUT_FILENO) >= 0 &&
	    dup2(out, STDERR_FILENO) >= 0) {
		sigprocmask(SIG_SETMASK, mask, NULL);
		if (path)
			execv(path, argv);
		else
			execvp(argv[0], argv);
		error("cannot execute rtbox: %s", strerror(errno));
	}
	_exit(EXIT_FAIL);
}

int ask_start(struct ask *a, const char *verb, const char *path, const char *text,
	      const sigset_t *mask, struct rt_err *err)
{
	const char *argv[] = { "rtbox", "run", verb, "--", path, text, NULL };
	char *rtbox;
	int pipes[2];

	if (a->pid)
		return rt_err_set(err, RT_ERR_REFUSED, "%s is still being done", a->verb);
	if (pipe2(pipes, O_CLOEXEC | O_NONBLOCK) < 0)
		return rt_err_sys(err, "cannot make a pipe");
	rtbox = find_rtbox();
	a->pid = fork();
	if (a->pid == 0) {
		fcntl(pipes[1], F_SETFL, 0);
		become(rtbox, (char **)argv, pipes[1], mask);
	}
	free(rtbox);
	close(pipes[1]);
	if (a->pid < 0) {
		a->pid = 0;
		rt_err_sys(err, "cannot start rt-run");
		close(pipes[0]);
		return -1;
	}
	a->fd = pipes[0];
	a->verb = verb;
	rt_buf_clear(&a->said);
	return 0;
}

/* Only the last line: what comes before it is a warning, at the most. */
static void keep_last_line(struct rt_buf *b)
{
	char *line;

	while (b->len && b->s[b->len - 1] == '\n')
		b->s[--b->len] = '\0';
	line = b->len ? memrchr(b->s, '\n', b->len) : NULL;
	if (line)
		rt_buf_splice(b, 0, (size_t)(line + 1 - b->s), "", 0);
}

bool ask_read(struct ask *a, bool *done)
{
	char text[512];
	int status = 0;
	ssize_t n;

	while ((n = read(a->fd, text, sizeof(text))) > 0)
		if (a->said.len < SAID_MAX)
			rt_buf_add(&a->said, text, (size_t)n);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return false;
	close(a->fd);
	while (waitpid(a->pid, &status, 0) < 0 && errno == EINTR)
		;
	a->pid = 0;
	keep_last_line(&a->said);
	*done = status == 0;
	if (!a->said.len)
		rt_buf_addf(&a->said, "%s: %s", a->verb, *done ? "done" : "failed");
	return true;
}
