/*
 * How late events of many runs are printed by who follows all of them.
 *
 *   crowd RUNS A-SECOND SECONDS -- COMMAND [ARG...]
 *
 * Makes so many runs in $RT_RUNS_DIR, starts the command and appends so many
 * events a second to each of them, evenly, as rt-emit does: with a line in
 * logs.txt, and with a new status.json ten times a second at most. Prints,
 * separated by tabs, the number of events that were written, that were printed,
 * the median, the 99th percentile and the maximum of the time in between in
 * milliseconds, and of the command the most memory it had in MB and the share of a
 * processor that it took in percent.
 */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define SETTLE_S 3.0

struct run {
	int dir, events, log;
	double status_s; /* when status.json was written last */
};

struct lags {
	float *ms;
	size_t n, cap;
};

static void fail(const char *what)
{
	perror(what);
	exit(1);
}

static double now_s(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void write_status(struct run *r)
{
	static const char text[] =
		"{\"run_id\":\"x\",\"status\":\"running\",\"created_at\":\"2026-07-01T12:00:00.000+00:00\","
		"\"updated_at\":\"2999-07-01T12:00:00.000+00:00\",\"events\":[]}\n";
	int fd = openat(r->dir, ".status.json.tmp", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);

	if (fd < 0 || write(fd, text, sizeof(text) - 1) < 0)
		fail("status.json");
	close(fd);
	if (renameat(r->dir, ".status.json.tmp", r->dir, "status.json") < 0)
		fail("status.json");
}

static int open_log(struct run *r, const char *name)
{
	int fd = openat(r->dir, name, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0666);

	if (fd < 0)
		fail(name);
	return fd;
}

static void make_run(struct run *r, const char *runs, int i)
{
	char path[4096];

	snprintf(path, sizeof(path), "%s/run%d", runs, i);
	if (mkdir(path, 0777) < 0)
		fail(path);
	r->dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (r->dir < 0)
		fail(path);
	r->events = open_log(r, "events.jsonl");
	r->log = open_log(r, "logs.txt");
	r->status_s = 0;
	write_status(r);
}

static void emit(struct run *r)
{
	double s = now_s();
	char line[200];
	int n;

	n = snprintf(
		line, sizeof(line),
		"{\"ts\":\"2026-07-01T12:00:00.000+00:00\",\"type\":\"info\",\"message\":\"an event\",\"at\":%.6f}\n",
		s);
	if (write(r->events, line, (size_t)n) != n ||
	    write(r->log, "2026-07-01T12:00:00.000+00:00 [INFO] an event\n", 46) != 46)
		fail("write");
	if (s - r->status_s < 0.1)
		return;
	r->status_s = s;
	write_status(r);
}

static pid_t start(char **argv, int *out)
{
	int fds[2];
	pid_t pid;

	if (pipe2(fds, O_CLOEXEC) < 0 || (pid = fork()) < 0)
		fail("fork");
	if (pid == 0) {
		dup2(fds[1], STDOUT_FILENO);
		execvp(argv[0], argv);
		fail(argv[0]);
	}
	close(fds[1]);
	fcntl(fds[0], F_SETPIPE_SZ, 1 << 20);
	fcntl(fds[0], F_SETFL, O_NONBLOCK);
	*out = fds[0];
	return pid;
}

/* Note how old the lines are that have been printed. */
static void take(int out, struct lags *lags)
{
	static char buf[1 << 20];
	static size_t kept;
	ssize_t n;

	while ((n = read(out, buf + kept, sizeof(buf) - 1 - kept)) > 0) {
		double s = now_s();
		char *p = buf, *nl;

		kept += (size_t)n;
		buf[kept] = '\0';
		for (; (nl = memchr(p, '\n', kept - (size_t)(p - buf))) != NULL; p = nl + 1) {
			char *at = strstr(p, "\"at\":");

			if (at && at < nl && lags->n < lags->cap)
				lags->ms[lags->n++] = (float)((s - atof(at + 5)) * 1e3);
		}
		kept -= (size_t)(p - buf);
		memmove(buf, p, kept);
	}
}

static int compare(const void *a, const void *b)
{
	float x = *(const float *)a, y = *(const float *)b;

	return x < y ? -1 : x > y;
}

static void wait_readable(int out, double s)
{
	struct timespec t = { 0, (long)(s * 1e9) };
	struct pollfd fd = { .fd = out, .events = POLLIN };

	if (s > 0)
		ppoll(&fd, 1, &t, NULL);
}

static double cpu_s(pid_t pid)
{
	char path[64], text[1024];
	unsigned long user = 0, sys = 0;
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? 0 : read(fd, text, sizeof(text) - 1);
	close(fd);
	text[n > 0 ? n : 0] = '\0';
	sscanf(strrchr(text, ')') + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu",
	       &user, &sys);
	return (double)(user + sys) / (double)sysconf(_SC_CLK_TCK);
}

int main(int argc, char **argv)
{
	const char *runs_dir = getenv("RT_RUNS_DIR");
	int runs = argc > 5 ? atoi(argv[1]) : 0, out;
	double rate, seconds, began, cpu;
	struct lags lags = { 0 };
	size_t written = 0, all;
	struct rusage used;
	struct run *r;
	pid_t pid;

	if (runs < 1 || !runs_dir)
		return 2;
	rate = atof(argv[2]) * runs;
	seconds = atof(argv[3]);
	all = (size_t)(rate * seconds);
	lags.cap = all + 1;
	lags.ms = malloc(lags.cap * sizeof(*lags.ms));
	r = calloc((size_t)runs, sizeof(*r));
	if (!r || !lags.ms)
		fail("malloc");
	for (int i = 0; i < runs; i++)
		make_run(&r[i], runs_dir, i);
	pid = start(argv + 5, &out);
	for (began = now_s(); now_s() < began + SETTLE_S;)
		wait_readable(out, 0.1);
	cpu = cpu_s(pid);
	for (began = now_s(); written < all; written++) {
		double due = began + (double)written / rate;

		while (now_s() < due) {
			wait_readable(out, due - now_s());
			take(out, &lags);
		}
		emit(&r[written % (size_t)runs]);
		if (written % 16 == 0)
			take(out, &lags);
	}
	for (double end = now_s() + 2; now_s() < end && lags.n < all;) {
		wait_readable(out, 0.01);
		take(out, &lags);
	}
	cpu = (cpu_s(pid) - cpu) / (now_s() - began) * 100;
	kill(pid, SIGKILL);
	if (wait4(pid, NULL, 0, &used) < 0)
		fail("wait");
	qsort(lags.ms, lags.n, sizeof(*lags.ms), compare);
	printf("%zu\t%zu\t%.1f\t%.1f\t%.1f\t%.1f\t%.1f\n", written, lags.n,
	       lags.n ? (double)lags.ms[lags.n / 2] : 0,
	       lags.n ? (double)lags.ms[lags.n - 1 - lags.n / 100] : 0,
	       lags.n ? (double)lags.ms[lags.n - 1] : 0, (double)used.ru_maxrss / 1024, cpu);
	return 0;
}
