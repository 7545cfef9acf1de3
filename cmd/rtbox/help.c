/* --help: the text that an applet's tables make, 80 columns wide. */
#include "buf.h"
#include "die.h"
#include "opt.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HELP_AT 28 /* the column where an option's text begins */
#define WIDTH 79

/* Print text from column `at` on, wrapped at spaces; the cursor stands at `at`. */
static void print_wrapped(const char *text, int at)
{
	while (*text) {
		size_t room = (size_t)(WIDTH - at), n = strlen(text);

		if (n > room) {
			for (n = room; n && text[n] != ' '; n--)
				;
			if (n == 0)
				n = strcspn(text, " ");
		}
		printf("%.*s\n", (int)n, text);
		text += n;
		text += strspn(text, " ");
		if (*text)
			printf("%*s", at, "");
	}
}

/* "  -s, --stage STAGE   its text": `left` is the part before the text. */
static void print_entry(const char *left, const char *text)
{
	int n = (int)strlen(left);

	fputs(left, stdout);
	if (n > HELP_AT - 2) {
		putchar('\n');
		n = 0;
	}
	printf("%*s", HELP_AT - n, "");
	print_wrapped(text, HELP_AT);
}

/* What -o does, with the forms that this program has. */
static char *form_help(const struct rt_applet *a, const struct opt *o)
{
	struct rt_buf b;

	rt_buf_init(&b);
	rt_buf_addf(&b, "%s: ", o->help);
	for (const char *s = a->forms; *s; s++) {
		rt_buf_addc(&b, *s == '|' ? ',' : *s);
		if (*s == '|')
			rt_buf_addc(&b, ' ');
	}
	return rt_buf_detach(&b);
}

static void print_option(const struct rt_applet *a, const struct opt *o)
{
	char letter[8] = "    ", left[128], *forms;

	if (o->letter)
		snprintf(letter, sizeof(letter), "-%c, ", o->letter);
	snprintf(left, sizeof(left), "  %s--%s%s%s%s%s", letter, o->name, o->alias ? ", --" : "",
		 o->alias ? o->alias : "", opt_takes_arg(o) ? " " : "",
		 opt_takes_arg(o) ? (o->arg ? o->arg : "VALUE") : "");
	forms = o->complete == COMPLETE_FORM && a->forms ? form_help(a, o) : NULL;
	print_entry(left, forms ? forms : o->help);
	free(forms);
}

static void print_options(const struct rt_applet *a)
{
	struct opt_ref ref = { NULL, NULL };
	bool first = true;

	while (opt_next(a, &ref)) {
		if (ref.opt->kind == OPT_HEADING) {
			printf("\n%s:\n", ref.opt->help);
		} else {
			if (first)
				putchar('\n');
			print_option(a, ref.opt);
		}
		first = false;
	}
	if (first)
		putchar('\n');
	print_entry("  -h, --help", "show this text");
	print_entry("      --version", "show the version");
}

static void print_usage(const struct rt_applet *a)
{
	const char *line = a->usage, *before = "usage:";

	do {
		size_t n = strcspn(line, "\n");

		printf("%s %s%s%.*s\n", before, prog_name(), n ? " " : "", (int)n, line);
		line += n;
		before = "      ";
	} while (*line++);
}

void opt_help(const struct rt_applet *a)
{
	print_usage(a);
	printf("\n%c%s.\n", toupper((unsigned char)a->summary[0]), a->summary + 1);
	print_options(a);
	if (a->subs)
		printf("\nCommands (each has its own --help):\n");
	for (const struct rt_applet *const *sub = a->subs; sub && *sub; sub++) {
		char left[64];

		snprintf(left, sizeof(left), "  %s", (*sub)->name);
		print_entry(left, (*sub)->summary);
	}
	if (a->more)
		printf("\n%s%s", a->more, a->more[strlen(a->more) - 1] == '\n' ? "" : "\n");
}
