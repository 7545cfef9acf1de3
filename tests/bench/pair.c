/*
 * Time two commands in turn: `pair [-n TIMES] [-i INPUT] [-o OUTPUT] A... --- B...`
 * runs each TIMES times (200), A B, then B A, and so on, so that whatever else
 * the machine does meets both. Prints, tab separated, in microseconds: median,
 * 10th and 90th percentile of A's wall time, the median of its processor time,
 * the same four of B, and A's median wall time as a multiple of B's. What they
 * print goes nowhere without -o (to which grep counts nothing, hence the
 * option); one that fails ends the measurement.
 */
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define WARM 3

/* What a command took, in nanoseconds, each time. */
struct times {
	int64_t *wall, *cpu;
};

static int64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * INT64_C(1000000000) + ts.tv_nsec;
}

static void die(const char *what, const char *why)
{
	fprintf(stderr, "pair: %s: %s\n", what, why);
	exit(2);
}

static int64_t timeval_ns(struct timeval tv)
{
	return tv.tv_sec * INT64_C(1000000000) + tv.tv_usec * INT64_C(1000);
}

/* Run it once, and note how long it took as its ith time. */
static void run(char **argv, const char *input, const char *output, struct times *t, size_t i)
{
	posix_spawn_file_actions_t files;
	struct rusage used;
	int64_t start;
	int err, status;
	pid_t pid;

	posix_spawn_file_actions_init(&files);
	posix_spawn_file_actions_addopen(&files, 0, input, O_RDONLY, 0);
	posix_spawn_file_actions_addopen(&files, 1, output, O_WRONLY | O_CREAT | O_TRUNC, 0666);
	start = now_ns();
	err = posix_spawnp(&pid, argv[0], &files, NULL, argv, environ);
	if (err)
		die(argv[0], strerror(err));
	while (wait4(pid, &status, 0, &used) < 0 && errno == EINTR)
		;
	t->wall[i] = now_ns() - start;
	t->cpu[i] = timeval_ns(used.ru_utime) + timeval_ns(used.ru_stime);
	posix_spawn_file_actions_destroy(&files);
	if (status != 0)
		die(argv[0], "it failed");
}

static int compare(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

static double median(int64_t *ns, size_t n)
{
	qsort(ns, n, sizeof(*ns), compare);
	return n % 2 ? (double)ns[n / 2] : (double)(ns[n / 2 - 1] + ns[n / 2]) / 2;
}

static double show(struct times *t, size_t n)
{
	double wall = median(t->wall, n);

	printf("%.1f\t%.1f\t%.1f\t%.1f\t", wall / 1e3, (double)t->wall[n / 10] / 1e3,
	       (double)t->wall[n - 1 - n / 10] / 1e3, median(t->cpu, n) / 1e3);
	return wall;
}

int main(int argc, char **argv)
{
	const char *input = "/dev/null", *output = "/dev/null";
	char **cmd[2] = { NULL, NULL };
	struct times times[2];
	double wall[2];
	size_t n = 200;
	int opt;

	while ((opt = getopt(argc, argv, "+n:i:o:")) > 0) {
		if (opt == 'n')
			n = strtoul(optarg, NULL, 10);
		else if (opt == 'i')
			input = optarg;
		else if (opt == 'o')
			output = optarg;
		else
			return 2;
	}
	cmd[0] = argv + optind;
	for (char **word = cmd[0]; *word && !cmd[1]; word++) {
		if (strcmp(*word, "---") == 0 && word > cmd[0] && word[1]) {
			*word = NULL;
			cmd[1] = word + 1;
		}
	}
	if (!cmd[1] || n == 0)
		die("usage", "pair [-n TIMES] [-i INPUT] [-o OUTPUT] A... --- B...");
	for (int c = 0; c < 2; c++) {
		times[c].wall = calloc(n, sizeof(int64_t));
		times[c].cpu = calloc(n, sizeof(int64_t));
		if (!times[c].wall || !times[c].cpu)
			die("calloc", strerror(errno));
		for (int i = 0; i < WARM && n > 10; i++)
			run(cmd[c], input, output, &times[c], 0);
	}
	for (size_t i = 0; i < n; i++) {
		for (size_t turn = 0; turn < 2; turn++) {
			size_t c = (i + turn) % 2;

			run(cmd[c], input, output, &times[c], i);
		}
	}
	for (int c = 0; c < 2; c++) {
		wall[c] = show(&times[c], n);
		free(times[c].wall);
		free(times[c].cpu);
	}
	printf("%.3f\n", wall[0] / wall[1]);
	return 0;
}
