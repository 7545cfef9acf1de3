/* Commit, branch and changes of the work tree that a run was started in. */
#include "clock.h"
#include "metadata.h"
#include "text.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define ANSWER_MAX (1u << 20) /* changes are only counted as "some" */

/* Whether a work tree is around us, so that git is worth starting. */
static bool in_work_tree(void)
{
	char path[PATH_MAX + 8];
	size_t n;

	if (getenv("GIT_DIR"))
		return true;
	if (!getcwd(path, PATH_MAX))
		return false;
	for (n = strlen(path);; n--) {
		if (n == 0 || path[n] == '/' || path[n] == '\0') {
			snprintf(path + n, 8, "/.git");
			if (access(path, F_OK) == 0)
				return true;
			path[n] = '\0';
		}
		if (n == 0)
			return false;
	}
}

static void become_git(int out, const struct rt_inherited *in)
{
	static const char *const argv[] = { "git",          "--no-optional-locks",
					    "status",       "--porcelain=v2",
					    "--branch",     "--untracked-files=no",
					    "--no-renames", NULL };
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	rt_inherited_restore(in);
	if (null >= 0 && dup2(null, STDIN_FILENO) >= 0 && dup2(out, STDOUT_FILENO) >= 0 &&
	    dup2(null, STDERR_FILENO) >= 0)
		execvp(argv[0], (char *const *)(uintptr_t)argv);
	_exit(127);
}

static int git_ready(struct side_job *job)
{
	struct git_job *g = (struct git_job *)job;
	char piece[4096];
	ssize_t n = read(job->fd, piece, sizeof(piece));

	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return 1;
	if (n > 0 && g->text.len < ANSWER_MAX)
		rt_buf_add(&g->text, piece, (size_t)n);
	if (n > 0)
		return 1;
	close(job->fd);
	job->fd = -1;
	if (g->answered)
		g->answered(g);
	return 0;
}

void git_start(struct git_job *g, const struct rt_inherited *in)
{
	int fds[2];
	pid_t pid;

	g->job = (struct side_job){ .fd = -1, .ready = git_ready };
	rt_buf_init(&g->text);
	if (!in_work_tree() || pipe2(fds, O_CLOEXEC) < 0)
		return;
	pid = fork();
	if (pid == 0)
		become_git(fds[1], in);
	close(fds[1]);
	if (pid < 0) {
		close(fds[0]);
		return;
	}
	g->asked = true;
	g->job.pid = pid;
	fcntl(fds[0], F_SETFL, O_NONBLOCK);
	g->job.fd = fds[0];
}

void git_wait(struct git_job *g, int timeout_ms)
{
	int64_t until = rt_clock_monotonic_ns() + timeout_ms * RT_NS_PER_MS;

	while (g->job.fd >= 0) {
		struct pollfd in = { g->job.fd, POLLIN, 0 };
		int64_t left = (until - rt_clock_monotonic_ns()) / RT_NS_PER_MS;

		if (left < 0 || poll(&in, 1, (int)left) == 0)
			return;
		git_ready(&g->job);
	}
}

/* The rest of the line that begins with head; false when there is none. */
static bool value_after(struct rt_str text, const char *head, struct rt_str *value)
{
	const char *p = memmem(text.p, text.n, head, strlen(head)), *nl;

	if (!p)
		return false;
	p += strlen(head);
	nl = memchr(p, '\n', text.n - (size_t)(p - text.p));
	if (!nl)
		return false;
	*value = (struct rt_str){ p, (size_t)(nl - p) };
	return true;
}

/* A line that does not begin with "#" is a change. */
static bool has_change(struct rt_str text)
{
	for (size_t i = 0; i < text.n; i++) {
		if ((i == 0 || text.p[i - 1] == '\n') && text.p[i] != '#')
			return true;
	}
	return false;
}

bool git_finish(struct git_job *g, struct rt_buf *out)
{
	struct rt_str text = rt_buf_view(&g->text), commit, branch;
	bool said = false;

	if (!g->asked)
		return false;
	if (g->job.fd >= 0) {
		if (g->job.pid)
			kill(g->job.pid, SIGKILL);
		close(g->job.fd);
		g->job.fd = -1;
	}
	if (g->job.pid)
		waitpid(g->job.pid, &g->job.status, 0);
	g->job.pid = 0;
	if (g->job.status == 0 && value_after(text, "# branch.oid ", &commit) &&
	    value_after(text, "# branch.head ", &branch)) {
		rt_buf_adds(out, "{\"commit\":");
		rt_json_quote(out, commit);
		rt_buf_adds(out, ",\"branch\":");
		rt_json_quote(out, branch);
		rt_buf_addf(out, ",\"dirty\":%s}", has_change(text) ? "true" : "false");
		said = true;
	}
	g->asked = false;
	rt_buf_release(&g->text);
	return said;
}
