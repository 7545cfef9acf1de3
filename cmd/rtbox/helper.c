/* Finding helper programs, becoming one, and reading what one prints. See helper.h. */
#include "helper.h"
#include "common.h"
#include "die.h"
#include "spawn.h"
#include "start.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define LIBEXEC "../libexec/rtbox"

const struct helper helpers[] = {
	{ "sql", "ask runs and their events in SQL", "rtbox-sql", "libsqlite3-dev" },
	{ "archive", "archive a run, bring it back, look into its archive", "rtbox-archive",
	  "libarchive-dev" },
	{ "monitor", "watch and steer a run on the whole screen", "rtbox-monitor",
	  "libncurses-dev" },
	{ .name = NULL },
};

const struct helper *helper_of(const char *name)
{
	if (strncmp(name, "rt-", 3) == 0)
		name += 3;
	for (const struct helper *h = helpers; h->name; h++)
		if (strcmp(h->name, name) == 0)
			return h;
	return NULL;
}

/* The helper's path in `dir` (n bytes of it), if it is there. */
static char *find_in(const char *dir, size_t n, const struct helper *h)
{
	char *path = xasprintf("%.*s/rt-%s", (int)n, dir, h->name);

	if (access(path, X_OK) == 0)
		return path;
	free(path);
	return NULL;
}

/* From where this program lies, links to it followed. */
static char *find_beside(const struct helper *h)
{
	char self[PATH_MAX], *libexec, *path;
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);

	while (n > 0 && self[n - 1] != '/')
		n--;
	if (n <= 0)
		return NULL;
	libexec = xasprintf("%.*s%s", (int)n, self, LIBEXEC);
	path = find_in(libexec, strlen(libexec), h);
	free(libexec);
	return path ? path : find_in(self, (size_t)n - 1, h);
}

static char *find_in_path(const struct helper *h)
{
	const char *p = env_value("PATH");
	char *path = NULL;

	while (!path && p) {
		size_t n = strcspn(p, ":");

		if (n) /* none means the current folder, in which nothing is to be found */
			path = find_in(p, n, h);
		p = p[n] ? p + n + 1 : NULL;
	}
	return path;
}

char *helper_find(const struct helper *h)
{
	const char *dir = env_value("RT_LIBEXEC_DIR");
	char *path;

	if (dir)
		return find_in(dir, strlen(dir), h);
	path = find_beside(h);
	return path ? path : find_in_path(h);
}

static int not_installed(const struct helper *h, struct rt_err *err)
{
	return rt_err_set(err, RT_ERR_FAILURE,
			  "rt-%s is not installed: install the package %s (from source: %s, then "
			  "make install)",
			  h->name, h->package, h->library);
}

char *helper_need(const struct helper *h)
{
	struct rt_err err = RT_ERR_INIT;
	char *path = helper_find(h);

	if (path)
		return path;
	not_installed(h, &err);
	die_err(&err);
}

void helper_exec(const struct helper *h, char **argv)
{
	char *path = helper_need(h);

	/* else each would go on executing the other, that is itself */
	if (start_is_passed())
		die(EXIT_FAIL, "\"%s\" is a link to rtbox, not the helper program", path);
	argv[0] = xstrdup(prog_name());
	start_pass_config();
	execv(path, argv);
	die(EXIT_FAIL, "cannot execute \"%s\": %s", path, strerror(errno));
}

/* What a new process needs to become the helper. */
struct birth {
	char *path, **argv, **env;
	const sigset_t *mask;
	int out[2];    /* its standard output */
	int report[2]; /* closed by its exec, or there is an errno in it */
};

/*
 * In the child, in which what other threads of this program were about stays half
 * done: nothing is called that could wait for them, and nothing allocated.
 */
_Noreturn static void become(const struct birth *b)
{
	int why;

	if (dup2(b->out[1], STDOUT_FILENO) >= 0) {
		sigprocmask(SIG_SETMASK, b->mask, NULL);
		execve(b->path, b->argv, b->env);
	}
	why = errno;
	while (write(b->report[1], &why, sizeof(why)) < 0 && errno == EINTR)
		;
	_exit(EXIT_FAIL);
}

static void close_end(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

/* The process id, or -1 and errno. */
static pid_t give_birth(struct birth *b)
{
	pid_t pid = fork();
	int why = errno;
	ssize_t n;

	if (pid == 0)
		become(b);
	close_end(&b->report[1]);
	if (pid > 0) {
		do
			n = read(b->report[0], &why, sizeof(why));
		while (n < 0 && errno == EINTR);
		if (n <= 0)
			return pid;
		while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
			;
	}
	errno = why;
	return -1;
}

int helper_start(struct helper_process *p, const struct helper *h, char **argv,
		 const sigset_t *mask, struct rt_err *err)
{
	struct birth b = { helper_find(h), argv, NULL, mask, { -1, -1 }, { -1, -1 } };
	int ret = -1;

	if (!b.path)
		return not_installed(h, err);
	b.env = start_passed_environ();
	/* inherited as ignored, it would leave no exit status to wait for */
	signal(SIGCHLD, SIG_DFL);
	if (pipe2(b.out, O_CLOEXEC) < 0 || pipe2(b.report, O_CLOEXEC) < 0) {
		rt_err_sys(err, "cannot make a pipe");
	} else if ((p->pid = give_birth(&b)) < 0) {
		rt_err_sys(err, "cannot start \"%s\"", b.path);
	} else {
		p->fd = b.out[0];
		b.out[0] = -1;
		p->helper = h;
		ret = 0;
	}
	for (int i = 0; i < 2; i++) {
		close_end(&b.out[i]);
		close_end(&b.report[i]);
	}
	free(b.env);
	free(b.path);
	return ret;
}

int helper_end(struct helper_process *p, struct rt_err *err)
{
	char text[64];
	int status;

	close(p->fd);
	while (waitpid(p->pid, &status, 0) < 0)
		if (errno != EINTR)
			return rt_err_sys(err, "cannot wait for rt-%s", p->helper->name);
	if (status == 0 || rt_wait_code(status) == 128 + SIGPIPE)
		return 0;
	p->killed = WIFSIGNALED(status);
	rt_wait_text(text, status);
	return rt_err_set(err, RT_ERR_FAILURE, "rt-%s failed: %s", p->helper->name, text);
}
