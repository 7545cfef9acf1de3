/* Going on without the caller and his terminal. See detach.h. */
#include "detach.h"
#include "buf.h"
#include "die.h"
#include "fdio.h"
#include "out.h"
#include "spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* Until it has begun, or ended. */
_Noreturn static void wait_for(pid_t pid, int fd)
{
	struct rt_buf id;
	int status, code;

	rt_buf_init(&id);
	if (rt_fd_read(fd, &id, RT_ID_MAX + 1) == 0 && id.len) {
		fwrite(id.s, 1, id.len, stdout);
		code = out_finish(0);
		if (code)
			error("run \"%.*s\" goes on all the same", (int)id.len - 1, id.s);
		exit(code);
	}
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	rt_end_like(status);
}

static void become_nobody(int fd)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (null < 0)
		die(EXIT_NOT_RUN, "cannot open \"/dev/null\": %s", strerror(errno));
	dup2(null, fd);
	close(null);
}

int detach(void)
{
	/* Whose children are ignored is not told how they end. */
	void (*chld)(int) = signal(SIGCHLD, SIG_DFL);
	int fds[2];
	pid_t pid = -1;

	if (pipe2(fds, O_CLOEXEC) == 0)
		pid = fork();
	if (pid < 0)
		die(EXIT_NOT_RUN, "cannot go on by itself: %s", strerror(errno));
	if (pid > 0) {
		close(fds[1]);
		wait_for(pid, fds[0]);
	}
	signal(SIGCHLD, chld);
	close(fds[0]);
	setsid();
	become_nobody(STDIN_FILENO);
	become_nobody(STDOUT_FILENO);
	return fds[1];
}

void detach_done(int fd, const char *id)
{
	char line[RT_ID_MAX + 2];
	int n = snprintf(line, sizeof(line), "%s\n", id);

	/* With nobody left to be told it goes on all the same. */
	rt_fd_write(fd, line, (size_t)n);
	close(fd);
	become_nobody(STDERR_FILENO);
}
