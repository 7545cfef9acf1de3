/*
 * Applets and their options. An applet describes itself in one const struct;
 * parsing, --help, shell completion and the man page check all read the same
 * tables and run nothing.
 *
 * An option's value is stored in the applet's own options struct, a local of
 * its run function: the table names the member with offsetof. Options that
 * several applets share are tables of their own (common.h) with a struct of
 * their own, which the applet's struct embeds.
 */
#ifndef RT_OPT_H
#define RT_OPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum opt_kind {
	OPT_FLAG,     /* bool: true when given; --no-NAME is not made up */
	OPT_STRING,   /* const char *: the argument as it stands (the last one wins) */
	OPT_LIST,     /* struct opt_list: every argument, in order */
	OPT_COUNT,    /* int64_t: a number from 0, or "all" (-1) */
	OPT_INT,      /* int64_t: a number from 0 */
	OPT_DURATION, /* int64_t: nanoseconds; 90s 15m 2h 7d 250ms, a bare number is seconds */
	OPT_CHOICE,   /* const char *: one of `choices`; a unique prefix will not do */
	OPT_SET,      /* const char *: takes no argument, stores `choices` (--json = -o json) */
	OPT_HEADING,  /* no option: `help` stands above what follows in --help; name is "" */
};

/* What an argument is completed to. */
enum opt_complete {
	COMPLETE_NONE,
	COMPLETE_FILE,
	COMPLETE_DIR,
	COMPLETE_COMMAND,
	COMPLETE_RUN,   /* run ids and @latest */
	COMPLETE_STAGE, /* stages seen in the latest runs */
	COMPLETE_TYPE,  /* known event types */
	COMPLETE_STATE, /* run states */
	COMPLETE_LEVEL,
	COMPLETE_NAME, /* names of runs */
	COMPLETE_GROUP,
	COMPLETE_STEP,     /* step names seen in the latest runs */
	COMPLETE_NEW_TYPE, /* types that rt-emit takes: none of a run's own */
	COMPLETE_FORM,     /* the applet's `forms` */
};

struct opt_list {
	const char **v; /* n arguments; the array is malloc'ed, freed by opt_release */
	size_t n;
};

struct opt {
	char letter;       /* 0: none */
	const char *name;  /* long name without dashes; NULL ends a table */
	const char *alias; /* a second long name, or NULL */
	enum opt_kind kind;
	size_t offset;
	const char *arg;     /* what --help calls the argument, NULL where there is none */
	const char *help;    /* one line, no full stop */
	const char *choices; /* OPT_CHOICE: "a|b|c"; OPT_SET: the value; else: for completion */
	enum opt_complete complete;
};

/* A table and where its struct lies in the applet's. */
struct opt_group {
	const struct opt *opts; /* NULL ends the list */
	size_t offset;
};

struct rt_applet {
	const char *name;    /* "emit": rt-emit, rtbox emit; in a subcommand "step" */
	const char *summary; /* one line for lists, no full stop */
	const char *usage; /* what follows the name: "[-s STAGE] MESSAGE..." ; lines split by \n */
	const struct opt_group *groups;
	const struct rt_applet *const *subs; /* subcommands, NULL-terminated, or NULL */
	const char *forms; /* of -o, "table|jsonl|json": for help and completion */
	enum opt_complete operands;
	bool operands_last; /* stop at the first operand: what follows belongs to a command */
	bool command;       /* what follows "--" is a command, whatever the operands are */
	const char *more;   /* further help text, or NULL */
	int usage_exit;     /* what a wrong command line exits with; 0: EXIT_USAGE */
	/* argv[0] is the first operand; what it returns is the exit code */
	int (*run)(const struct rt_applet *self, int argc, char **argv);
};

/*
 * Parse argv (argv[0]: the program) into *values, which the caller set to its
 * defaults. Short options combine (-qv), take their argument joined or apart;
 * long ones take --name=X or --name X, unambiguous abbreviations are not
 * taken. "--" ends options. --help and --version print and exit 0; anything
 * wrong is said, exit 2.
 *
 * Returns the number of operands and sets *operands to the first one: they
 * stand in argv in order, a NULL after the last; argv's other places are of no
 * use any more. *dashdash (may be NULL) gets the index in them of the first one
 * after "--", or -1 without one.
 */
int opt_parse(const struct rt_applet *a, int argc, char **argv, void *values, char ***operands,
	      int *dashdash);

/* Die of an argument that is none of "a|b|c", naming them; `shown` is the option. */
void opt_check_choice(const char *shown, const char *arg, const char *choices);

/* Free what lists hold. */
void opt_release(const struct rt_applet *a, void *values);

/* The subcommand called `word`, or NULL. */
const struct rt_applet *opt_find_sub(const struct rt_applet *a, const char *word);

/*
 * Run it, or the subcommand of it that argv[1] names: messages start with
 * "rt-run step" from here on. argv[0] is its name.
 */
int opt_run_sub(const struct rt_applet *sub, int argc, char **argv);

/* Print the help text of an applet, as --help does. */
void opt_help(const struct rt_applet *a);

/*
 * Shell completion: print, one a line, what the last of argv's words may become
 * ("WORD\tdescription"). argv holds the words after "rtbox NAME --complete". A
 * last line ":file", ":dir" or ":command" asks the shell for those as well.
 */
int opt_complete(const struct rt_applet *a, int argc, char **argv);

/* What parsing, help and completion share: looking through an applet's tables. */

/* An option and the table that it is of. */
struct opt_ref {
	const struct opt *opt; /* NULL: there is none */
	const struct opt_group *group;
};

/* The next option after *ref (begin with NULLs), headings included; false at the end. */
bool opt_next(const struct rt_applet *a, struct opt_ref *ref);
struct opt_ref opt_find_long(const struct rt_applet *a, const char *name, size_t n);
struct opt_ref opt_find_short(const struct rt_applet *a, char letter);
bool opt_takes_arg(const struct opt *o);

/* The nearest of some names to what was typed; each is offered with opt_guess_try. */
struct opt_guess {
	const char *word; /* what was typed */
	size_t n;
	const char *best; /* NULL: nothing is near */
	size_t distance;
};
void opt_guess_init(struct opt_guess *g, const char *word, size_t n);
void opt_guess_try(struct opt_guess *g, const char *candidate);

#endif
