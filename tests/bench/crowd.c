/*
 * How late events of many runs are printed by who follows all of them.
 *
 *   crowd RUNS A-SECOND SECONDS -- COMMAND [ARG...]
 *
 * Makes so many runs in $RT_RUNS_DIR, starts the command and appends so many
 * events a second to each of them, evenly, as rt-emit does: with a line in
 * logs.txt, and with a new status.json ten times a second at most. What is
 * printed is read by a thread of its own: a file system that lets a write wait
 * makes no event late that was written before. Prints, separated by tabs, the number of events that were written, that were printed,
 * the median, the 99th percentile and the maximum of the time from the end of the
 * write to the line in milliseconds, and of the command the most memory it had in MB and the share of a
 * processor that it took in percent.
 */
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
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

/* Of each event when it was written, in microseconds; of each line how late it was. */
struct lags {
	_Atomic int64_t *written_us;
	float *ms;
	size_t cap;
	atomic_size_t n;
	int out; /* what the command prints */
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

static void emit(struct run *r, struct lags *lags, size_t event)
{
	char line[200];
	double s;
	int n;

	n = snprintf(
		line, sizeof(line),
		"{\"ts\":\"2026-07-01T12:00:00.000+00:00\",\"type\":\"info\",\"message\":\"an event\",\"n\":%zu}\n",
		event);
	if (write(r->events, line, (size_t)n) != n)
		fail("write");
	s = now_s();
	lags->written_us[event] = (int64_t)(s * 1e6);
	if (write(r->log, "2026-07-01T12:00:00.000+00:00 [INFO] an event\n", 46) != 46)
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
	*out = fds[0];
	return pid;
}

/* The event of a line; lags->cap when it is none of ours. */
static size_t event_of(const struct lags *lags, const char *line, const char *end)
{
	const char *n = strstr(line, "\"n\":");
	unsigned long event = n && n < end ? strtoul(n + 4, NULL, 10) : lags->cap;

	return event < lags->cap ? event : lags->cap;
}

/* Note how old the lines are that are printed, until there are no more. */
static void *take(void *arg)
{
	static char buf[1 << 20];
	struct lags *lags = arg;
	size_t kept = 0, n = 0;
	ssize_t got;

	while ((got = read(lags->out, buf + kept, sizeof(buf) - 1 - kept)) > 0) {
		double s = now_s();
		char *p = buf, *nl;

		kept += (size_t)got;
		buf[kept] = '\0';
		for (; (nl = memchr(p, '\n', kept - (size_t)(p - buf))) != NULL; p = nl + 1) {
			size_t event = event_of(lags, p, nl);
			int64_t us = event < lags->cap ? lags->written_us[event] : 0;

			if (event == lags->cap || n == lags->cap)
				continue;
			/* it may be printed before the write has returned */
			us = us ? (int64_t)(s * 1e6) - us : 0;
			lags->ms[n++] = us > 0 ? (float)us / 1e3F : 0;
		}
		kept -= (size_t)(p - buf);
		memmove(buf, p, kept);
		lags->n = n;
	}
	return NULL;
}

static int compare(const void *a, const void *b)
{
	float x = *(const float *)a, y = *(const float *)b;

	return x < y ? -1 : x > y;
}

static void sleep_s(double s)
{
	struct timespec t = { (time_t)s, (long)((s - (double)(time_t)s) * 1e9) };

	if (s > 0)
		nanosleep(&t, NULL);
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
	int runs = argc > 5 ? atoi(argv[1]) : 0;
	double rate, seconds, began, cpu;
	struct lags lags = { 0 };
	size_t written = 0, all;
	struct rusage used;
	pthread_t taker;
	struct run *r;
	pid_t pid;

	if (runs < 1 || !runs_dir)
		return 2;
	rate = atof(argv[2]) * runs;
	seconds = atof(argv[3]);
	all = (size_t)(rate * seconds);
	lags.cap = all;
	lags.ms = malloc(all * sizeof(*lags.ms));
	lags.written_us = calloc(all, sizeof(*lags.written_us));
	r = calloc((size_t)runs, sizeof(*r));
	if (!r || !lags.ms || !lags.written_us)
		fail("malloc");
	for (int i = 0; i < runs; i++)
		make_run(&r[i], runs_dir, i);
	pid = start(argv + 5, &lags.out);
	if (pthread_create(&taker, NULL, take, &lags) != 0)
		fail("thread");
	sleep_s(SETTLE_S);
	cpu = cpu_s(pid);
	for (began = now_s(); written < all; written++) {
		sleep_s(began + (double)written / rate - now_s());
		emit(&r[written % (size_t)runs], &lags, written);
	}
	for (double end = now_s() + 2; now_s() < end && lags.n < all;)
		sleep_s(0.01);
	cpu = (cpu_s(pid) - cpu) / (now_s() - began) * 100;
	kill(pid, SIGKILL);
	if (wait4(pid, NULL, 0, &used) < 0 || pthread_join(taker, NULL) != 0)
		fail("wait");
	qsort(lags.ms, lags.n, sizeof(*lags.ms), compare);
	printf("%zu\t%zu\t%.1f\t%.1f\t%.1f\t%.1f\t%.1f\n", written, (size_t)lags.n,
	       lags.n ? (double)lags.ms[lags.n / 2] : 0,
	       lags.n ? (double)lags.ms[lags.n - 1 - lags.n / 100] : 0,
	       lags.n ? (double)lags.ms[lags.n - 1] : 0, (double)used.ru_maxrss / 1024, cpu);
	return 0;
}
