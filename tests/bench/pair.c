/*
 * Time two commands in turn: `pair [-n TIMES] [-i INPUT] [-o OUTPUT] A... --- B...`
 * runs each TIMES times (200), A B, then B A, and so on, so that whatever else
 * the machine does meets both. Prints, tab separated, in microseconds of wall
 * time: the median, 10th and 90th percentile of A, those of B, and the ratio of
 * the medians. What they print goes nowhere without -o (to which grep counts
 * nothing, hence the option); one that fails ends the measurement.
 */
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define WARM 3

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

/* Run it once: how long it took, in nanoseconds. */
static int64_t run(char **argv, const char *input, const char *output)
{
	posix_spawn_file_actions_t files;
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
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	start = now_ns() - start;
	posix_spawn_file_actions_destroy(&files);
	if (status != 0)
		die(argv[0], "it failed");
	return start;
}

static int compare(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

static double show(int64_t *ns, size_t n)
{
	double median;

	qsort(ns, n, sizeof(*ns), compare);
	median = n % 2 ? (double)ns[n / 2] : (double)(ns[n / 2 - 1] + ns[n / 2]) / 2;
	printf("%.1f\t%.1f\t%.1f\t", median / 1e3, (double)ns[n / 10] / 1e3,
	       (double)ns[n - 1 - n / 10] / 1e3);
	return median;
}

int main(int argc, char **argv)
{
	const char *input = "/dev/null", *output = "/dev/null";
	char **cmd[2] = { NULL, NULL };
	double median[2];
	int64_t *ns[2];
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
		ns[c] = calloc(n, sizeof(**ns));
		if (!ns[c])
			die("calloc", strerror(errno));
		for (int i = 0; i < WARM && n > 10; i++)
			run(cmd[c], input, output);
	}
	for (size_t i = 0; i < n; i++) {
		for (size_t c = 0; c < 2; c++)
			ns[(i + c) % 2][i] = run(cmd[(i + c) % 2], input, output);
	}
	for (int c = 0; c < 2; c++) {
		median[c] = show(ns[c], n);
		free(ns[c]);
	}
	printf("%.3f\n", median[0] / median[1]);
	return 0;
}
