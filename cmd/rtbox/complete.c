/*
 * Shell completion. A shell's function hands over the words typed so far and
 * prints what comes back, so that all three shells know the same: candidates as
 * "WORD<tab>DESCRIPTION", and a last line ":file", ":dir" or ":command" where
 * the shell's own completion shall take over.
 *
 * It must be quick and must never say anything on standard error: what cannot
 * be read has no candidates.
 */
#include "common.h"
#include "opt.h"
#include "out.h"
#include "record.h"
#include "rundir.h"
#include "scan.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RUNS_MAX 50  /* run ids that are offered: the newest */
#define STAGE_RUNS 8 /* runs whose stages and steps are looked at */

/* What is to be completed: `head` is kept, what follows it begins with `part`. */
struct request {
	struct rt_str head;
	struct rt_str part;
	const char *runs_dir; /* of -d; NULL: as everywhere */
	struct rt_buf seen;   /* words offered so far, each with a newline around it */
	size_t n;
};

static bool printable(struct rt_str word)
{
	for (size_t i = 0; i < word.n; i++)
		if ((unsigned char)word.p[i] < 0x20 || word.p[i] == 0x7f)
			return false;
	return word.n > 0;
}

static bool seen_before(struct request *q, struct rt_str word)
{
	struct rt_buf key;
	bool seen;

	rt_buf_init(&key);
	rt_buf_addc(&key, '\n');
	rt_buf_addv(&key, word);
	rt_buf_addc(&key, '\n');
	seen = strstr(q->seen.s, key.s) != NULL;
	if (!seen)
		rt_buf_addv(&q->seen, rt_buf_view(&key));
	rt_buf_release(&key);
	return seen;
}

static void offer(struct request *q, struct rt_str word, struct rt_str text)
{
	struct rt_buf line;

	if (word.n < q->part.n || memcmp(word.p, q->part.p, q->part.n) != 0)
		return;
	if (!printable(word) || seen_before(q, word))
		return;
	rt_buf_init(&line);
	rt_buf_addv(&line, q->head);
	rt_buf_addv(&line, word);
	rt_buf_addc(&line, '\t');
	rt_inert_add(&line, text);
	puts(line.s);
	rt_buf_release(&line);
	q->n++;
}

static void offer_choices(struct request *q, const char *choices)
{
	while (*choices) {
		struct rt_str word = { choices, strcspn(choices, "|") };

		offer(q, word, rt_str(""));
		choices += word.n + (choices[word.n] == '|');
	}
}

static void list_runs(struct request *q, struct rt_catalog *c)
{
	struct common_opts common = { .runs_dir = q->runs_dir };
	char *runs_dir = common_runs_dir(&common);

	if (rt_catalog_list(c, runs_dir, NULL, NULL, NULL) < 0)
		memset(c, 0, sizeof(*c));
	free(runs_dir);
}

static void offer_run(struct request *q, const struct rt_row *row)
{
	struct rt_buf word, text;

	rt_buf_init(&word);
	rt_buf_init(&text);
	rt_buf_addf(&text, "%s%s%s", row->name, *row->name ? ", " : "", rt_state_name(row->state));
	offer(q, rt_str(row->id), rt_buf_view(&text));
	if (*row->group && memchr(q->part.p, '/', q->part.n)) {
		rt_buf_addf(&word, "%s/%s", row->group, row->id);
		offer(q, rt_buf_view(&word), rt_buf_view(&text));
	}
	if (*row->name && q->part.n && q->part.p[0] == '@') {
		rt_buf_addf(&word, "@latest:%s", row->name);
		offer(q, rt_buf_view(&word), rt_buf_view(&text));
	}
	rt_buf_release(&word);
	rt_buf_release(&text);
}

static void offer_runs(struct request *q)
{
	struct rt_catalog c;

	offer(q, rt_str("@latest"), rt_str("the run that began last"));
	list_runs(q, &c);
	for (size_t i = 0; i < c.n && i < RUNS_MAX; i++)
		offer_run(q, &c.rows[i]);
	rt_catalog_release(&c);
}

static void offer_names(struct request *q, bool groups)
{
	struct rt_catalog c;

	list_runs(q, &c);
	for (size_t i = 0; i < c.n; i++)
		offer(q, rt_str(groups ? c.rows[i].group : c.rows[i].name), rt_str(""));
	rt_catalog_release(&c);
}

/* The `name` of each entry of a table of status.json. */
static void offer_table(struct request *q, const struct rt_table *table)
{
	struct rt_str entry;
	size_t at = 0;

	while (rt_table_next(table, &at, &entry)) {
		struct rt_json name;
		struct rt_buf text;

		rt_buf_init(&text);
		if (rt_scan_find(entry, rt_str("name"), &name))
			rt_json_text(&name, &text);
		offer(q, rt_buf_view(&text), rt_str(""));
		rt_buf_release(&text);
	}
}

static void offer_stages(struct request *q, bool steps)
{
	struct rt_catalog c;

	list_runs(q, &c);
	for (size_t i = 0; i < c.n && i < STAGE_RUNS; i++) {
		struct rt_rundir dir;
		struct rt_status st;

		if (rt_rundir_open(&dir, c.rows[i].path, NULL) < 0)
			continue;
		if (rt_status_init(&st) == 0) {
			if (rt_status_load(&st, &dir, NULL) == 0)
				offer_table(q, steps ? &st.steps : &st.stages);
			rt_status_release(&st);
		}
		rt_rundir_release(&dir);
	}
	rt_catalog_release(&c);
}

static void offer_types(struct request *q, bool new)
{
	for (int t = RT_T_OTHER + 1; t < RT_TYPE_COUNT; t++) {
		const char *name = rt_type_name((enum rt_type)t);

		if (!new || strncmp(name, "run_", 4) != 0)
			offer(q, rt_str(name), rt_str(""));
	}
}

static void offer_kind(struct request *q, enum opt_complete kind)
{
	switch (kind) {
	case COMPLETE_RUN:
		offer_runs(q);
		if (q->n == 0)
			puts(":file");
		break;
	case COMPLETE_STAGE:
	case COMPLETE_STEP:
		offer_stages(q, kind == COMPLETE_STEP);
		break;
	case COMPLETE_NAME:
	case COMPLETE_GROUP:
		offer_names(q, kind == COMPLETE_GROUP);
		break;
	case COMPLETE_TYPE:
	case COMPLETE_NEW_TYPE:
		offer_types(q, kind == COMPLETE_NEW_TYPE);
		break;
	case COMPLETE_STATE:
		for (int s = RT_PENDING; s < RT_STATE_COUNT; s++)
			offer(q, rt_str(rt_state_name((enum rt_state)s)), rt_str(""));
		break;
	case COMPLETE_LEVEL:
		for (int l = RT_DEBUG; l <= RT_CRITICAL; l++)
			offer(q, rt_str(rt_level_name((enum rt_level)l)), rt_str(""));
		break;
	case COMPLETE_FILE:
		puts(":file");
		break;
	case COMPLETE_DIR:
		puts(":dir");
		break;
	case COMPLETE_COMMAND:
		puts(":command");
		break;
	case COMPLETE_FORM:
	case COMPLETE_NONE:
		break;
	}
}

/* An option's argument; lists take several with commas between them. */
static void offer_argument(struct request *q, const struct rt_applet *a, const struct opt *o)
{
	for (size_t i = q->part.n; o->kind == OPT_LIST && i > 0; i--) {
		if (q->part.p[i - 1] != ',')
			continue;
		q->head.n += i;
		q->part.p += i;
		q->part.n -= i;
		break;
	}
	if (o->kind == OPT_COUNT)
		offer(q, rt_str("all"), rt_str(""));
	if (o->complete == COMPLETE_FORM)
		offer_choices(q, a->forms ? a->forms : "");
	else if (o->choices)
		offer_choices(q, o->choices);
	else
		offer_kind(q, o->complete);
}

static void offer_options(struct request *q, const struct rt_applet *a)
{
	struct opt_ref ref = { NULL, NULL };

	while (opt_next(a, &ref)) {
		const struct opt *o = ref.opt;
		char word[64];

		if (o->kind == OPT_HEADING)
			continue;
		snprintf(word, sizeof(word), "--%s", o->name);
		offer(q, rt_str(word), rt_str(o->help));
		snprintf(word, sizeof(word), "-%c", o->letter);
		if (o->letter && q->part.n <= 1)
			offer(q, rt_str(word), rt_str(o->help));
	}
	offer(q, rt_str("--help"), rt_str("show how it is called"));
	offer(q, rt_str("--version"), rt_str("show the version"));
}

/* The option whose argument the word after this one is, or NULL. */
static const struct opt *wants_next(const struct rt_applet *a, const char *word)
{
	struct opt_ref ref;

	if (word[0] != '-' || !word[1])
		return NULL;
	if (word[1] == '-') {
		ref = opt_find_long(a, word + 2, strlen(word + 2));
		return ref.opt && opt_takes_arg(ref.opt) ? ref.opt : NULL;
	}
	for (const char *s = word + 1; *s; s++) {
		ref = opt_find_short(a, *s);
		if (!ref.opt)
			return NULL;
		if (opt_takes_arg(ref.opt))
			return s[1] ? NULL : ref.opt;
	}
	return NULL;
}

/* What the words before the last one say. */
struct context {
	const struct rt_applet *a;
	const struct opt *pending; /* the last word is its argument */
	bool operands_only;        /* after "--" */
	bool command;              /* and they are a command */
	int operands;              /* how many there were */
};

/* --shell of a step stands in place of "--". */
static bool ends_options(const struct rt_applet *a, const char *word)
{
	return strcmp(word, "--") == 0 || (a->command && strcmp(word, "--shell") == 0);
}

static void read_words(struct context *c, struct request *q, int argc, char **argv)
{
	for (int i = 0; i + 1 < argc; i++) {
		const char *word = argv[i];
		const struct rt_applet *sub;

		if (c->pending) {
			if (strcmp(c->pending->name, "runs-dir") == 0)
				q->runs_dir = word;
			c->pending = NULL;
		} else if (c->operands_only) {
			c->operands++;
		} else if (ends_options(c->a, word)) {
			c->operands_only = true;
			c->command = c->a->command;
			if (c->command)
				c->operands = 0;
		} else if (word[0] == '-' && word[1]) {
			c->pending = wants_next(c->a, word);
			if (strncmp(word, "--runs-dir=", 11) == 0)
				q->runs_dir = word + 11;
		} else if (!c->operands && (sub = opt_find_sub(c->a, word)) != NULL) {
			c->a = sub;
		} else {
			c->operands++;
			c->operands_only = c->a->operands_last;
		}
	}
}

/* A word that is no option: a subcommand, or what the operands of the applet are. */
static void offer_operand(struct request *q, const struct context *c)
{
	const struct rt_applet *const *sub = c->a->subs;
	enum opt_complete kind;

	if (sub && !c->operands && !c->operands_only) {
		for (; *sub; sub++)
			offer(q, rt_str((*sub)->name), rt_str((*sub)->summary));
		return;
	}
	kind = c->command ? COMPLETE_COMMAND : c->a->operands;
	if (kind == COMPLETE_COMMAND && c->operands)
		puts(":file");
	else
		offer_kind(q, kind);
}

int opt_complete(const struct rt_applet *a, int argc, char **argv)
{
	const char *word = argc > 0 ? argv[argc - 1] : "";
	const char *eq = strchr(word, '=');
	struct context c = { .a = a };
	struct request q = { .head = { word, 0 }, .part = rt_str(word) };
	struct opt_ref ref = { NULL, NULL };

	rt_buf_init(&q.seen);
	read_words(&c, &q, argc, argv);
	if (!c.pending && !c.operands_only && word[0] == '-' && word[1] == '-' && eq)
		ref = opt_find_long(c.a, word + 2, (size_t)(eq - word) - 2);
	if (ref.opt && opt_takes_arg(ref.opt)) {
		q.head.n = (size_t)(eq - word) + 1;
		q.part = rt_str(eq + 1);
		c.pending = ref.opt;
	}
	if (c.pending)
		offer_argument(&q, c.a, c.pending);
	else if (!c.operands_only && word[0] == '-')
		offer_options(&q, c.a);
	else
		offer_operand(&q, &c);
	rt_buf_release(&q.seen);
	return 0;
}
