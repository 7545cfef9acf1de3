/*
 * Start a command and kill it at a random moment: `killer MAX_US SEED CMD...`
 * waits up to MAX_US microseconds after it has become the command, sends SIGKILL
 * and prints "killed", or "exit N" when that was faster. MAX_US 0: it is not
 * killed, and how long it took is printed in microseconds. What it left behind is
 * waited for.
 */
#include <errno.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static int64_t now_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * INT64_C(1000000) + ts.tv_nsec / 1000;
}

/* splitmix64, http://prng.di.unimi.it/splitmix64.c */
static uint64_t mix(uint64_t x)
{
	x += UINT64_C(0x9e3779b97f4a7c15);
	x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
	return x ^ (x >> 31);
}

int main(int argc, char **argv)
{
	int64_t max_us, start, wait_us;
	int status = 0, err;
	pid_t pid;

	if (argc < 4) {
		fprintf(stderr, "usage: killer MAX_US SEED COMMAND...\n");
		return 2;
	}
	max_us = atoll(argv[1]);
	wait_us = max_us ? (int64_t)(mix(strtoull(argv[2], NULL, 10)) % (uint64_t)max_us) : 0;
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	err = posix_spawnp(&pid, argv[3], NULL, NULL, argv + 3, environ);
	start = now_us();
	if (err) {
		fprintf(stderr, "killer: %s: %s\n", argv[3], strerror(err));
		return 2;
	}
	/* Not asleep: a sleep is 50 us too long, and an emit takes 500. */
	while (max_us && now_us() - start < wait_us)
		;
	if (max_us)
		kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	if (!max_us)
		printf("%lld\n", (long long)(now_us() - start));
	else if (WIFSIGNALED(status))
		printf("%s\n", WTERMSIG(status) == SIGKILL ? "killed" : "died of another signal");
	else
		printf("exit %d\n", WEXITSTATUS(status));
	fflush(stdout);
	while (wait(NULL) > 0 || errno == EINTR)
		;
	return 0;
}
