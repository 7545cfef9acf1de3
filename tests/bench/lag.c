/*
 * How long it takes from a line's being appended to a file until who follows the
 * file has printed it, for two commands in turn: A B, B A, and so on.
 *
 *   lag [-n N] FILE-A FILE-B -- A [ARG...] --- B [ARG...]
 *
 * Prints, separated by tabs, the median, the 99th percentile and the maximum of
 * A and then those of B, in microseconds.
 */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PAUSE_NS 3000000 /* between two lines: both sleep then */
#define WAIT_MS 5000

struct follower {
	int file, out;
	pid_t pid;
	double *us;
};

static void fail(const char *what)
{
	perror(what);
	exit(1);
}

static double now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static void begin(struct follower *f, const char *file, char **argv)
{
	int fds[2];

	f->file = open(file, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0666);
	if (f->file < 0 || pipe2(fds, O_CLOEXEC) < 0)
		fail(file);
	f->pid = fork();
	if (f->pid < 0)
		fail("fork");
	if (f->pid == 0) {
		dup2(fds[1], STDOUT_FILENO);
		execvp(argv[0], argv);
		fail(argv[0]);
	}
	close(fds[1]);
	f->out = fds[0];
}

/* Take what is printed up to the end of a line; false when nothing comes. */
static int read_line(struct follower *f, int wait_ms)
{
	struct pollfd fd = { .fd = f->out, .events = POLLIN };
	char buf[65536];
	ssize_t n;

	do {
		if (poll(&fd, 1, wait_ms) <= 0)
			return 0;
		n = read(f->out, buf, sizeof(buf));
		if (n <= 0)
			fail("a follower has ended");
	} while (buf[n - 1] != '\n');
	return 1;
}

static double append(struct follower *f, int i, int wait_ms)
{
	struct timespec pause = { 0, PAUSE_NS };
	char line[128];
	int n = snprintf(line, sizeof(line),
			 "{\"ts\":\"2026-07-01T12:00:00.000+00:00\",\"message\":\"line %d\"}\n", i);
	double began, took;

	nanosleep(&pause, NULL);
	began = now_us();
	if (write(f->file, line, (size_t)n) != n)
		fail("write");
	took = read_line(f, wait_ms) ? now_us() - began : -1;
	return took;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

int main(int argc, char **argv)
{
	struct follower f[2];
	int n = 1000, at = 1, second;

	if (argc > 3 && strcmp(argv[1], "-n") == 0) {
		n = atoi(argv[2]);
		at = 3;
	}
	for (second = at + 3; second < argc && strcmp(argv[second], "---") != 0;)
		second++;
	if (second + 1 >= argc || n < 1 || strcmp(argv[at + 2], "--") != 0)
		return 2;
	argv[second] = NULL;
	begin(&f[0], argv[at], argv + at + 3);
	begin(&f[1], argv[at + 1], argv + second + 1);
	for (int i = 0; i < 2; i++) {
		f[i].us = malloc((size_t)n * sizeof(*f[i].us));
		if (!f[i].us)
			fail("malloc");
		while (append(&f[i], -1, 200) < 0)
			;
		while (read_line(&f[i], 500))
			;
	}
	for (int i = 0; i < n; i++) {
		for (int k = 0; k < 2; k++) {
			struct follower *one = &f[(i + k) % 2];

			one->us[i] = append(one, i, WAIT_MS);
			if (one->us[i] < 0)
				fail("a line was not printed");
		}
	}
	for (int i = 0; i < 2; i++) {
		kill(f[i].pid, SIGKILL);
		waitpid(f[i].pid, NULL, 0);
		qsort(f[i].us, (size_t)n, sizeof(*f[i].us), compare);
		printf("%.1f\t%.1f\t%.1f%c", f[i].us[n / 2], f[i].us[n - 1 - n / 100],
		       f[i].us[n - 1], i ? '\n' : '\t');
	}
	return 0;
}
