/*
 * rtbox: which applet is meant, and the end that all of them share. What stands
 * before an applet is paid by every rt-emit: no locale, no allocation, one
 * system call and the look for configuration files.
 */
#include "applets.h"
#include "common.h"
#include "die.h"
#include "out.h"

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const struct rt_applet *const applets[] = {
	&rt_applet_run,
	&rt_applet_emit,
	&rt_applet_tail,
	&rt_applet_status,
	&rt_applet_query,
	&rt_applet_summarize,
	NULL,
};

/*
 * A file opened by a program that was started with standard output closed would
 * become its standard output. So what is closed is taken by a descriptor that
 * only fails, and that children do not get to see.
 */
static void guard_standard_fds(void)
{
	struct pollfd fds[3] = { { .fd = 0 }, { .fd = 1 }, { .fd = 2 } };

	if (poll(fds, 3, 0) <= 0)
		return;
	for (int i = 0; i < 3; i++)
		if (fds[i].revents & POLLNVAL)
			(void)!open("/dev/null", (i ? O_RDONLY : O_WRONLY) | O_CLOEXEC);
}

/* "emit" and "rt-emit" both. */
static const struct rt_applet *find_applet(const char *word)
{
	if (strncmp(word, "rt-", 3) == 0)
		word += 3;
	for (const struct rt_applet *const *a = applets; *a; a++)
		if (strcmp((*a)->name, word) == 0)
			return *a;
	return NULL;
}

static int run_applet(const struct rt_applet *a, int argc, char **argv)
{
	config_load();
	if (argc > 1 && strcmp(argv[1], "--complete") == 0)
		return out_finish(opt_complete(a, argc - 2, argv + 2));
	return out_finish(a->run(a, argc, argv));
}

static int print_help(void)
{
	puts("usage: rtbox PROGRAM [ARGUMENT...]\n"
	     "       rt-PROGRAM [ARGUMENT...]\n"
	     "\n"
	     "Keep a record of what scripts, CI jobs and cron run.\n"
	     "\n"
	     "Programs (each has its own --help and man page):");
	for (const struct rt_applet *const *a = applets; *a; a++)
		printf("  rt-%-14s %s\n", (*a)->name, (*a)->summary);
	puts("\n"
	     "      --list        print the programs' names, one a line\n"
	     "  -h, --help        show this text\n"
	     "      --version     show the version");
	return out_finish(0);
}

static int print_list(void)
{
	for (const struct rt_applet *const *a = applets; *a; a++)
		printf("rt-%s\n", (*a)->name);
	return out_finish(0);
}

/* `rtbox --complete WORDS...`: of rtbox itself, or of the applet that the first word names. */
static int complete(int argc, char **argv)
{
	const struct rt_applet *a = argc > 1 ? find_applet(argv[0]) : NULL;

	if (a)
		return out_finish(opt_complete(a, argc - 1, argv + 1));
	for (const struct rt_applet *const *p = applets; argc == 1 && *p; p++)
		if (strncmp((*p)->name, argv[0], strlen(argv[0])) == 0)
			printf("%s\t%s\n", (*p)->name, (*p)->summary);
	return out_finish(0);
}

_Noreturn static void die_no_program(const char *word)
{
	struct opt_guess guess;

	opt_guess_init(&guess, word, strlen(word));
	for (const struct rt_applet *const *a = applets; *a; a++)
		opt_guess_try(&guess, (*a)->name);
	if (guess.best)
		die_usage("no program \"%s\"; did you mean \"%s\"?", word, guess.best);
	die_usage("no program \"%s\"", word);
}

/* Called as rtbox: argv[1] says what is wanted. */
static int run_named(int argc, char **argv)
{
	const struct rt_applet *a;
	const char *word = argc > 1 ? argv[1] : "--help";
	char name[32];

	if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0)
		return print_help();
	if (strcmp(word, "--list") == 0)
		return print_list();
	if (strcmp(word, "--complete") == 0)
		return complete(argc - 2, argv + 2);
	if (strcmp(word, "--version") == 0) {
		puts("rtbox " RT_VERSION);
		return out_finish(0);
	}
	if (word[0] == '-')
		die_usage("unknown option \"%s\"", word);
	a = find_applet(word);
	if (!a)
		die_no_program(word);
	snprintf(name, sizeof(name), "rt-%s", a->name);
	prog_set_name(name);
	return run_applet(a, argc - 1, argv + 1);
}

int main(int argc, char **argv)
{
	const char *slash = argc ? strrchr(argv[0], '/') : NULL;
	const char *name = slash ? slash + 1 : argc ? argv[0] : "rtbox";
	const struct rt_applet *a = NULL;

	guard_standard_fds();
	if (strncmp(name, "rt-", 3) == 0) {
		a = find_applet(name);
		if (!a)
			die_no_program(name);
	}
	if (!a)
		return run_named(argc, argv);
	prog_set_name(name);
	return run_applet(a, argc, argv);
}
