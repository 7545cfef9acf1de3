/*
 * Parsing a command line by an applet's tables. Help is in help.c, completion
 * in complete.c, suggestions in suggest.c: all read the same tables.
 */
#include "opt.h"
#include "clock.h"
#include "die.h"
#include "out.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Where in a command line the parser stands. */
struct parser {
	const struct rt_applet *a;
	char *values;
	char **argv;
	int argc, next; /* next: index of what was not looked at yet */
};

bool opt_next(const struct rt_applet *a, struct opt_ref *ref)
{
	if (ref->group) {
		ref->opt++;
	} else if (a->groups) {
		ref->group = a->groups;
		ref->opt = ref->group->opts;
	}
	while (ref->opt && !ref->opt->name) {
		ref->group++;
		ref->opt = ref->group->opts;
	}
	return ref->opt != NULL;
}

static bool name_is(const char *name, const char *word, size_t n)
{
	return name && *name && strlen(name) == n && memcmp(name, word, n) == 0;
}

struct opt_ref opt_find_long(const struct rt_applet *a, const char *name, size_t n)
{
	struct opt_ref ref = { NULL, NULL };

	while (opt_next(a, &ref))
		if (name_is(ref.opt->name, name, n) || name_is(ref.opt->alias, name, n))
			break;
	return ref;
}

struct opt_ref opt_find_short(const struct rt_applet *a, char letter)
{
	struct opt_ref ref = { NULL, NULL };

	while (opt_next(a, &ref))
		if (ref.opt->letter == letter)
			break;
	return ref;
}

bool opt_takes_arg(const struct opt *o)
{
	return o->kind != OPT_FLAG && o->kind != OPT_SET && o->kind != OPT_HEADING;
}

static bool is_choice(const char *choices, const char *arg)
{
	size_t len = strlen(arg);

	for (const char *p = choices; p; p = strchr(p, '|')) {
		p += *p == '|';
		if (len && strncmp(p, arg, len) == 0 && (p[len] == '|' || !p[len]))
			return true;
	}
	return false;
}

void opt_check_choice(const char *shown, const char *arg, const char *choices)
{
	char *list, *d;

	if (is_choice(choices, arg))
		return;
	d = list = xmalloc(2 * strlen(choices) + 1);
	for (const char *s = choices; *s; s++) {
		*d++ = *s == '|' ? ',' : *s;
		if (*s == '|')
			*d++ = ' ';
	}
	*d = '\0';
	die_usage("bad %s \"%s\": one of %s", shown, arg, list);
}

static bool parse_number(const char *text, int64_t *number)
{
	long long n;
	char *end;

	if (*text < '0' || *text > '9')
		return false;
	errno = 0;
	n = strtoll(text, &end, 10);
	if (errno || *end)
		return false;
	*number = n;
	return true;
}

static void add_to_list(struct opt_list *list, const char *arg)
{
	list->v = xrealloc(list->v, (list->n + 1) * sizeof(*list->v));
	list->v[list->n++] = arg;
}

/* Store an option's argument (NULL where it takes none); `shown` is how it was typed. */
static void store(const struct parser *p, struct opt_ref ref, const char *shown, const char *arg)
{
	const struct opt *o = ref.opt;
	void *slot = p->values + ref.group->offset + o->offset;
	struct rt_err err = RT_ERR_INIT;

	switch (o->kind) {
	case OPT_FLAG:
		*(bool *)slot = true;
		break;
	case OPT_SET:
		*(const char **)slot = o->choices;
		break;
	case OPT_LIST:
		add_to_list(slot, arg);
		break;
	case OPT_COUNT:
		if (strcmp(arg, "all") == 0)
			*(int64_t *)slot = -1;
		else if (!parse_number(arg, slot))
			die_usage("bad count \"%s\": a number or \"all\"", arg);
		break;
	case OPT_INT:
		if (!parse_number(arg, slot))
			die_usage("bad %s \"%s\": a number from 0", shown, arg);
		break;
	case OPT_DURATION:
		if (rt_duration_parse(arg, slot, &err) < 0)
			die_usage("bad %s: %s", shown, err.msg);
		break;
	case OPT_CHOICE:
		opt_check_choice(shown, arg, o->choices);
		/* fall through */
	case OPT_STRING:
		*(const char **)slot = arg;
		break;
	case OPT_HEADING:
		break;
	}
}

/* The argument of an option that takes one and stands alone: the next word. */
static const char *next_word(struct parser *p, const struct opt *o, const char *shown)
{
	if (p->next == p->argc)
		die_usage("\"%s\" needs an argument: %s", shown, o->arg ? o->arg : "VALUE");
	return p->argv[p->next++];
}

_Noreturn static void die_unknown(const struct parser *p, const char *name, size_t n)
{
	struct opt_ref ref = { NULL, NULL };
	struct opt_guess guess;

	opt_guess_init(&guess, name, n);
	while (opt_next(p->a, &ref)) {
		opt_guess_try(&guess, ref.opt->name);
		if (ref.opt->alias)
			opt_guess_try(&guess, ref.opt->alias);
	}
	opt_guess_try(&guess, "help");
	opt_guess_try(&guess, "version");
	if (guess.best)
		die_usage("unknown option \"--%.*s\"; did you mean \"--%s\"?", (int)n, name,
			  guess.best);
	die_usage("unknown option \"--%.*s\"", (int)n, name);
}

_Noreturn static void show_help(const struct rt_applet *a)
{
	opt_help(a);
	exit(out_finish(0));
}

_Noreturn static void show_version(void)
{
	printf("rtbox %s\n", RT_VERSION);
	exit(out_finish(0));
}

/* "--name", "--name=x" */
static void parse_long(struct parser *p)
{
	const char *name = p->argv[p->next++] + 2;
	size_t n = strcspn(name, "=");
	const char *arg = name[n] ? name + n + 1 : NULL;
	struct opt_ref ref = opt_find_long(p->a, name, n);
	char shown[64];

	if (!ref.opt) {
		if (name_is("help", name, n))
			show_help(p->a);
		if (name_is("version", name, n))
			show_version();
		die_unknown(p, name, n);
	}
	snprintf(shown, sizeof(shown), "--%.*s", (int)n, name);
	if (arg && !opt_takes_arg(ref.opt))
		die_usage("\"%s\" takes no argument", shown);
	if (!arg && opt_takes_arg(ref.opt))
		arg = next_word(p, ref.opt, shown);
	store(p, ref, shown, arg);
}

/* "-q", "-qv", "-n5", "-n 5" */
static void parse_short(struct parser *p)
{
	const char *word = p->argv[p->next++];

	for (const char *s = word + 1; *s; s++) {
		struct opt_ref ref = opt_find_short(p->a, *s);
		char shown[] = { '-', *s, '\0' };

		if (!ref.opt) {
			if (*s == 'h')
				show_help(p->a);
			die_usage("unknown option \"%s\"", s == word + 1 && s[1] ? word : shown);
		}
		if (opt_takes_arg(ref.opt)) {
			store(p, ref, shown, s[1] ? s + 1 : next_word(p, ref.opt, shown));
			return;
		}
		store(p, ref, shown, NULL);
	}
}

int opt_parse(const struct rt_applet *a, int argc, char **argv, void *values, char ***operands,
	      int *dashdash)
{
	struct parser p = { .a = a, .values = values, .argv = argv, .argc = argc, .next = 1 };
	int n = 0, rest;

	prog_set_usage_exit(a->usage_exit ? a->usage_exit : EXIT_USAGE);
	if (dashdash)
		*dashdash = -1;
	while (p.next < argc) {
		char *word = argv[p.next];

		if (word[0] != '-' || !word[1]) {
			if (a->operands_last)
				break;
			argv[1 + n++] = word;
			p.next++;
		} else if (word[1] != '-') {
			parse_short(&p);
		} else if (word[2]) {
			parse_long(&p);
		} else {
			if (dashdash)
				*dashdash = n;
			p.next++;
			break;
		}
	}
	/* operands move together at the front, over options that were dealt with */
	rest = argc - p.next;
	if (rest > 0)
		memmove(argv + 1 + n, argv + p.next, (size_t)rest * sizeof(*argv));
	argv[1 + n + rest] = NULL;
	*operands = argv + 1;
	return n + rest;
}

void opt_release(const struct rt_applet *a, void *values)
{
	struct opt_ref ref = { NULL, NULL };

	while (opt_next(a, &ref)) {
		void *slot = (char *)values + ref.group->offset + ref.opt->offset;

		if (ref.opt->kind == OPT_LIST) {
			struct opt_list *list = slot;

			free(list->v);
			list->v = NULL;
			list->n = 0;
		}
	}
}

const struct rt_applet *opt_find_sub(const struct rt_applet *a, const char *word)
{
	for (const struct rt_applet *const *sub = a->subs; sub && *sub; sub++)
		if (strcmp((*sub)->name, word) == 0)
			return *sub;
	return NULL;
}

int opt_run_sub(const struct rt_applet *sub, int argc, char **argv)
{
	char *name = xasprintf("%s %s", prog_name(), sub->name), *longer;
	const struct rt_applet *below;

	while (argc > 1 && (below = opt_find_sub(sub, argv[1])) != NULL) {
		longer = xasprintf("%s %s", name, below->name);
		free(name);
		name = longer;
		sub = below;
		argc--;
		argv++;
	}
	prog_set_name(name); /* kept to the end: messages at exit use it, too */
	return sub->run(sub, argc, argv);
}
