/*
 * pair [-i FILE] N COMMAND COMMAND: run two commands in turn, N times each, and
 * print their median wall times and the ratio, so that what else the machine
 * does hits both. A command is words split at blanks, without a shell; its input
 * is FILE (or nothing), its output goes nowhere.
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

#define WORDS 32
#define WARM_UP 5

static int64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * INT64_C(1000000000) + t.tv_nsec;
}

static void split(char *text, char *words[WORDS])
{
	char *rest = text;
	int n = 0;

	while (n < WORDS - 1 && (words[n] = strsep(&rest, " ")))
		n += words[n][0] != '\0';
	words[n] = NULL;
}

static int64_t run(char *const *argv, const char *input)
{
	posix_spawn_file_actions_t files;
	int64_t start;
	int status, why;
	pid_t pid;

	posix_spawn_file_actions_init(&files);
	posix_spawn_file_actions_addopen(&files, 0, input, O_RDONLY, 0);
	posix_spawn_file_actions_addopen(&files, 1, "/dev/null", O_WRONLY, 0);
	start = now_ns();
	why = posix_spawnp(&pid, argv[0], &files, NULL, argv, environ);
	if (why) {
		fprintf(stderr, "pair: cannot run %s: %s\n", argv[0], strerror(why));
		exit(2);
	}
	waitpid(pid, &status, 0);
	start = now_ns() - start;
	posix_spawn_file_actions_destroy(&files);
	if (status) {
		fprintf(stderr, "pair: %s failed\n", argv[0]);
		exit(1);
	}
	return start;
}

static int by_size(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

int main(int argc, char **argv)
{
	const char *input = "/dev/null";
	char *first[WORDS], *second[WORDS];
	int64_t *a, *b;
	int n;

	if (argc > 2 && strcmp(argv[1], "-i") == 0) {
		input = argv[2];
		argv += 2;
		argc -= 2;
	}
	n = argc == 4 ? (int)strtol(argv[1], NULL, 10) : 0;
	a = calloc((size_t)(n > 0 ? n : 1), sizeof(*a));
	b = calloc((size_t)(n > 0 ? n : 1), sizeof(*b));
	if (n < 1 || !a || !b) {
		fputs("usage: pair [-i FILE] N COMMAND COMMAND\n", stderr);
		return 2;
	}
	split(argv[2], first);
	split(argv[3], second);
	for (int i = 0; i < WARM_UP && n > WARM_UP; i++) {
		run(first, input);
		run(second, input);
	}
	for (int i = 0; i < n; i++) {
		a[i] = run(first, input);
		b[i] = run(second, input);
	}
	qsort(a, (size_t)n, sizeof(*a), by_size);
	qsort(b, (size_t)n, sizeof(*b), by_size);
	printf("%.3f %.3f %.3f\n", (double)a[n / 2] / 1e6, (double)b[n / 2] / 1e6,
	       (double)a[n / 2] / (double)b[n / 2]);
	return 0;
}
