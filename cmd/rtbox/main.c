/*
 * rtbox: which applet is meant, or which helper program. What stands before an
 * applet is paid by every rt-emit: no locale, no allocation, one system call and
 * the look for configuration files.
 */
#include "applets.h"
#include "common.h"
#include "die.h"
#include "helper.h"
#include "out.h"
#include "start.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* clang-format off */
static const struct rt_applet *const applets[] = {
	&rt_applet_run,
	&rt_applet_emit,
	&rt_applet_tail,
	&rt_applet_status,
	&rt_applet_query,
	&rt_applet_summarize,
	&rt_applet_prune,
	NULL,
};
/* clang-format on */

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

/* The next helper after h (begin with NULL) that is installed, or NULL. */
static const struct helper *next_helper(const struct helper *h)
{
	for (h = h ? h + 1 : helpers; h->name; h++) {
		char *path = helper_find(h);

		free(path);
		if (path)
			return h;
	}
	return NULL;
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
	for (const struct helper *h = next_helper(NULL); h; h = next_helper(h))
		printf("  rt-%-14s %s\n", h->name, h->summary);
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
	for (const struct helper *h = next_helper(NULL); h; h = next_helper(h))
		printf("rt-%s\n", h->name);
	return out_finish(0);
}

/* What becomes of the first word of a command line of rtbox itself. */
static int complete_program(const char *word)
{
	size_t n = strlen(word);

	for (const struct rt_applet *const *p = applets; *p; p++)
		if (strncmp((*p)->name, word, n) == 0)
			printf("%s\t%s\n", (*p)->name, (*p)->summary);
	for (const struct helper *h = next_helper(NULL); h; h = next_helper(h))
		if (strncmp(h->name, word, n) == 0)
			printf("%s\t%s\n", h->name, h->summary);
	return out_finish(0);
}

/* `rtbox --complete WORDS...`: argv has --complete and the words. */
static int complete(int argc, char **argv)
{
	const struct rt_applet *a = argc > 2 ? find_applet(argv[1]) : NULL;
	const struct helper *h = argc > 2 ? helper_of(argv[1]) : NULL;

	if (a)
		return out_finish(opt_complete(a, argc - 2, argv + 2));
	if (h) {
		config_load();
		argv[1] = argv[0];
		helper_exec(h, argv);
	}
	return argc == 2 ? complete_program(argv[1]) : out_finish(0);
}

_Noreturn static void die_no_program(const char *word)
{
	struct opt_guess guess;

	opt_guess_init(&guess, word, strlen(word));
	for (const struct rt_applet *const *a = applets; *a; a++)
		opt_guess_try(&guess, (*a)->name);
	for (const struct helper *h = helpers; h->name; h++)
		opt_guess_try(&guess, h->name);
	if (guess.best)
		die_usage("no program \"%s\"; did you mean \"%s\"?", word, guess.best);
	die_usage("no program \"%s\"", word);
}

/* The program of this name, "emit" or "rt-emit", with its arguments from argv[1] on. */
static int run_program(const char *word, int argc, char **argv)
{
	const struct rt_applet *a = find_applet(word);
	const struct helper *h = a ? NULL : helper_of(word);
	char name[32];

	if (!a && !h)
		die_no_program(word);
	if (strncmp(word, "rt-", 3) != 0) {
		snprintf(name, sizeof(name), "rt-%s", a ? a->name : h->name);
		word = name;
	}
	prog_set_name(word);
	if (a)
		return start_applet(a, argc, argv);
	config_load();
	helper_exec(h, argv);
}

/* Called as rtbox: argv[1] says what is wanted. */
static int run_named(int argc, char **argv)
{
	const char *word = argc > 1 ? argv[1] : "--help";

	if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0)
		return print_help();
	if (strcmp(word, "--list") == 0)
		return print_list();
	if (strcmp(word, "--complete") == 0)
		return complete(argc - 1, argv + 1);
	if (strcmp(word, "--version") == 0) {
		puts("rtbox " RT_VERSION);
		return out_finish(0);
	}
	if (word[0] == '-')
		die_usage("unknown option \"%s\"", word);
	return run_program(word, argc - 1, argv + 1);
}

int main(int argc, char **argv)
{
	const char *slash = argc ? strrchr(argv[0], '/') : NULL;
	const char *name = slash ? slash + 1 : argc ? argv[0] : "rtbox";

	start_guard_fds();
	if (strncmp(name, "rt-", 3) == 0)
		return run_program(name, argc, argv);
	return run_named(argc, argv);
}
