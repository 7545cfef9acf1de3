/* Telling somebody how a run ended. See notify.h. */
#include "notify.h"
#include "clock.h"
#include "common.h"
#include "die.h"
#include "environ.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define DEFAULT_ON "failed,lost"
#define DEFAULT_TIMEOUT "10s"

static bool is_wanted(enum rt_state state)
{
	const char *on = env_value("RT_NOTIFY_ON");
	bool wanted = false;

	if (!on)
		on = DEFAULT_ON;
	while (*on) {
		struct rt_str word = { on, strcspn(on, ",") };
		enum rt_state s;

		on += word.n + (on[word.n] == ',');
		word = rt_str_trim(word);
		if (word.n && rt_state_find(word, &s) && rt_state_over(s))
			wanted |= s == state;
		else if (word.n)
			warn("RT_NOTIFY_ON: \"%.*s\" is none of failed, lost, completed, cancelled",
			     (int)word.n, word.p);
	}
	return wanted;
}

static void add_number(struct env_list *env, const char *name, int64_t n, int64_t none)
{
	char text[32] = "";

	if (n != none)
		snprintf(text, sizeof(text), "%lld", (long long)n);
	env_add(env, name, text);
}

static void add_time(struct env_list *env, const char *name, int64_t ns)
{
	char text[RT_TS_LEN + 1] = "";

	if (ns)
		rt_clock_format(text, ns);
	env_add(env, name, text);
}

/* All of it is always set: what an outer notification left is none of this run's. */
static void describe(const struct notice *n, struct env_list *env)
{
	const struct rt_status *st = rt_record_status(n->record);
	int64_t ended_ns = rt_state_over(st->state) ? st->finished_ns : rt_clock_now_ns();
	const char *error = rt_state_over(st->state) ? st->error.s : n->change->error;

	env_of_run(env, rt_record_dir(n->record), NULL, NULL, NULL);
	env_add(env, "RT_STATUS", rt_state_name(n->state));
	add_number(env, "RT_EXIT_CODE", n->change->exit_code, -1);
	add_number(env, "RT_SIGNAL", n->change->signal, 0);
	env_add(env, "RT_ERROR", error ? error : "");
	env_add(env, "RT_NAME", st->name.len || !n->name ? st->name.s : n->name);
	env_add(env, "RT_GROUP", st->group.s);
	env_add(env, "RT_HOST", st->host.s);
	add_time(env, "RT_STARTED_AT", st->started_ns);
	add_time(env, "RT_FINISHED_AT", ended_ns);
	add_number(env, "RT_DURATION_MS",
		   st->started_ns ? rt_clock_span(st->started_ns, ended_ns) / RT_NS_PER_MS : -1,
		   -1);
	/* A run that the notification makes must not tell of itself. */
	env_add(env, "RT_NOTIFY_CMD", "");
}

_Noreturn static void become(const char *command, char **env, const struct rt_inherited *in)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	int out = prog_verbosity() > 0 ? STDERR_FILENO : null;

	setpgid(0, 0);
	if (null >= 0 && dup2(null, STDIN_FILENO) >= 0 && dup2(out, STDOUT_FILENO) >= 0 &&
	    (out == STDERR_FILENO || dup2(out, STDERR_FILENO) >= 0)) {
		rt_inherited_restore(in);
		environ = env;
		execl("/bin/sh", "sh", "-c", command, (char *)NULL);
	}
	_exit(EXIT_NO_COMMAND);
}

/* Wait for its end: what wait(2) says, -1: time is up, -2: a signal wants us to go. */
static int wait_for(pid_t pid, int64_t timeout_ns, const sigset_t *signals)
{
	int64_t until = rt_clock_later(rt_clock_monotonic_ns(), timeout_ns);
	int status;

	for (;;) {
		int64_t left = until - rt_clock_monotonic_ns();
		struct timespec pause = { left / RT_NS_PER_S, left % RT_NS_PER_S };
		int got = waitpid(pid, &status, WNOHANG);

		if (got == pid)
			return status;
		if (got < 0 && errno != EINTR)
			return 0; /* somebody else has waited for it */
		if (left <= 0)
			return -1;
		got = sigtimedwait(signals, NULL, &pause);
		if (got > 0 && got != SIGCHLD)
			return -2;
	}
}

static void run(const char *command, char **env, const struct notice *n, int64_t timeout_ns)
{
	static const int enders[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT };
	struct rt_inherited own;
	sigset_t signals;
	char text[64], limit[32];
	int status;
	pid_t pid;

	rt_inherited_get(&own);
	sigemptyset(&signals);
	sigaddset(&signals, SIGCHLD);
	for (size_t i = 0; i < sizeof(enders) / sizeof(*enders); i++)
		sigaddset(&signals, enders[i]);
	sigprocmask(SIG_BLOCK, &signals, NULL);
	signal(SIGCHLD, SIG_DFL);
	pid = fork();
	if (pid == 0)
		become(command, env, n->in ? n->in : &own);
	if (pid < 0) {
		warn("cannot start the notification: %s", strerror(errno));
	} else {
		setpgid(pid, pid);
		status = wait_for(pid, timeout_ns, &signals);
		if (status < 0) {
			kill(-pid, SIGKILL);
			waitpid(pid, NULL, 0);
			rt_duration_format(limit, timeout_ns);
			warn("the notification was killed%s%s", status == -1 ? " after " : "",
			     status == -1 ? limit : "");
		} else if (status) {
			rt_wait_text(text, status);
			warn("the notification failed: %s%s", text,
			     prog_verbosity() > 0 ? "" : " (-v shows what it says)");
		}
	}
	rt_inherited_restore(&own);
}

void notify(const struct notice *n)
{
	const char *command = env_value("RT_NOTIFY_CMD"), *shown = env_value("RT_NOTIFY_TIMEOUT");
	struct rt_err err = RT_ERR_INIT;
	struct env_list ours, all;
	int64_t timeout_ns;

	if (!command || !is_wanted(n->state))
		return;
	if (!shown)
		shown = DEFAULT_TIMEOUT;
	if (rt_duration_parse(shown, &timeout_ns, &err) < 0) {
		warn("RT_NOTIFY_TIMEOUT: %s; %s it is", err.msg, DEFAULT_TIMEOUT);
		rt_duration_parse(DEFAULT_TIMEOUT, &timeout_ns, NULL);
	}
	describe(n, &ours);
	env_merged(&all, &ours);
	run(command, all.v, n, timeout_ns);
	env_free(&ours);
	env_free(&all);
}
