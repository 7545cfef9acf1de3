/*
 * rt-summarize: what a run was, for people and for git. The summary itself is
 * made in lib/summary*.c; here is only which form it has, and where it goes.
 */
#include "summarize.h"
#include "applets.h"
#include "die.h"

#include <stdio.h>
#include <string.h>

struct summarize_opts {
	struct common_opts common;
	struct select_opts select;
	const char *form, *regression, *import;
	bool write, git_add, index, compare;
};

/* clang-format off */
static const struct opt summarize_opts[] = {
	{ 'w', "write", NULL, OPT_FLAG, offsetof(struct summarize_opts, write), NULL,
	  "write logs_summary.txt, summary.md and metrics.json into the run, and print their paths",
	  NULL, COMPLETE_NONE },
	{ 0, "git-add", NULL, OPT_FLAG, offsetof(struct summarize_opts, git_add), NULL,
	  "the same, and git add the first two where the run is over", NULL, COMPLETE_NONE },
	{ 0, "index", NULL, OPT_FLAG, offsetof(struct summarize_opts, index), NULL,
	  "write INDEX.md into the runs folder: how each name does, and the latest runs", NULL,
	  COMPLETE_NONE },
	{ 0, "compare", NULL, OPT_FLAG, offsetof(struct summarize_opts, compare), NULL,
	  "show two runs, RUN and RUN, side by side: state, time, cost, and each step", NULL,
	  COMPLETE_NONE },
	{ 0, "regression", NULL, OPT_STRING, offsetof(struct summarize_opts, regression), "NAME",
	  "exit 1 if the last 3 runs of NAME are slower, costlier or redder than 20 before",
	  NULL, COMPLETE_NAME },
	{ 0, "import", NULL, OPT_STRING, offsetof(struct summarize_opts, import), "DIR",
	  "the runs that other systems left in DIR: trees of logs, sessions, files of JSON lines",
	  NULL, COMPLETE_DIR },
	{ 'o', "output", NULL, OPT_CHOICE, offsetof(struct summarize_opts, form), "FORM",
	  "text (80 columns), md (Markdown), html (a page), junit (steps as test cases), json, jsonl",
	  "text|md|html|junit|json|jsonl", COMPLETE_NONE },
	{ 0, "json", NULL, OPT_SET, offsetof(struct summarize_opts, form), NULL,
	  "the same as -o json", "json", COMPLETE_NONE },
	{ .name = NULL },
};

static const struct opt_group summarize_groups[] = {
	{ summarize_opts, 0 },
	{ select_opts, offsetof(struct summarize_opts, select) },
	{ common_opts, offsetof(struct summarize_opts, common) },
	{ NULL, 0 },
};
/* clang-format on */

/* The document of several lines in one: line ends stand between its tokens only. */
static void join_lines(struct rt_buf *b)
{
	size_t n = 0;

	for (size_t i = 0; i < b->len; i++) {
		if (b->s[i] != '\n')
			b->s[n++] = b->s[i];
	}
	b->len = n;
	rt_buf_addc(b, '\n');
}

static void render(const struct rt_summary *s, const char *form, struct rt_buf *b)
{
	if (strcmp(form, "md") == 0)
		rt_summary_markdown(s, b);
	else if (strcmp(form, "html") == 0)
		rt_summary_html(s, b);
	else if (strcmp(form, "junit") == 0)
		rt_summary_junit(s, b);
	else if (strncmp(form, "json", 4) == 0)
		rt_summary_metrics(s, b);
	else
		rt_summary_text(s, b);
	if (strcmp(form, "jsonl") == 0)
		join_lines(b);
	if (b->failed)
		die(EXIT_FAIL, "out of memory");
}

void summarize_tell_skipped(const struct rt_summary *s, const char *path)
{
	size_t skipped = rt_summary_skipped(s);

	if (skipped)
		warn("%zu %s skipped in \"%s\"", skipped, skipped == 1 ? "line" : "lines", path);
}

/* Print the i-th of them; returns the exit code. */
static int print_run(const struct summarized *run, const char *form, const char *before,
		     struct unpack *unpack)
{
	const struct rt_found *found = &run->found;
	struct rt_err err = RT_ERR_INIT;
	struct rt_summary *s;
	struct rt_buf b;
	int ret;

	if (run->tree)
		ret = rt_summary_new_tree(&s, found->path, run->group, &err);
	else
		ret = rt_summary_new(&s, found->path, found->file, &unpack->unpacker, &err);
	if (ret < 0) {
		error("%s", err.msg);
		return err_exit_code(&err);
	}
	rt_buf_init(&b);
	render(s, form, &b);
	fputs(before, stdout);
	fwrite(b.s, 1, b.len, stdout);
	summarize_tell_skipped(s, found->path);
	rt_buf_release(&b);
	rt_summary_free(s);
	return 0;
}

/* Several runs: text has an empty line between them, JSON is one array. */
static int print_runs(const struct summarized_runs *runs, const char *form, struct unpack *unpack)
{
	bool document = strcmp(form, "html") == 0 || strcmp(form, "junit") == 0;
	bool json = strcmp(form, "json") == 0, array = json && (runs->selected || runs->n != 1);
	const char *before = array ? "[" : "";
	int code = 0;

	if (document && runs->n > 1)
		die_usage("-o %s is a document of one run, not of %zu", form, runs->n);
	for (size_t i = 0; i < runs->n; i++) {
		int failure = print_run(&runs->v[i], form, before, unpack);

		code = code ? code : failure;
		if (!failure)
			before = array ? "," : strcmp(form, "jsonl") == 0 ? "" : "\n";
	}
	if (runs->n == 0)
		warn("no runs of that selection");
	if (array)
		fputs(*before == '[' ? "[]\n" : "]\n", stdout);
	return code;
}

/* What excludes each other. */
static void check(const struct summarize_opts *o, int argc)
{
	if (o->import && (argc || o->write || o->git_add || o->index || o->compare ||
			  o->regression || o->common.run || selection_given(&o->select)))
		die_usage("--import only reads, and takes a folder: it goes with -o");
	if (o->index && (argc || o->form || o->compare || o->common.run))
		die_usage(
			"--index is of a whole folder: it goes with a selection, -w and --git-add");
	if (o->regression && (argc || o->write || o->git_add || o->index || o->compare || o->form ||
			      o->common.run || selection_given(&o->select)))
		die_usage("--regression takes a name and nothing else");
	if ((o->write || o->git_add) && o->form)
		die_usage("-w writes every form: it goes without -o");
	if ((o->write || o->git_add) && o->compare)
		die_usage("--compare prints, it goes without -w");
	if (o->compare && o->form && strcmp(o->form, "text") != 0 && strcmp(o->form, "json") != 0)
		die_usage("--compare prints text or json, not %s", o->form);
}

/* What is asked of runs, one by one or two by two. */
static int do_runs(const struct summarize_opts *o, int argc, char **argv, struct unpack *unpack)
{
	struct summarized_runs runs;
	int code;

	if (o->import)
		summarized_import(&runs, o->import);
	else
		summarized_find(&runs, &o->common, &o->select, argc, argv, unpack);
	if (o->write)
		code = summarize_write(&runs, o->git_add, unpack);
	else if (o->compare)
		code = summarize_compare(&runs, o->form && strcmp(o->form, "json") == 0, unpack);
	else
		code = print_runs(&runs, o->form ? o->form : "text", unpack);
	summarized_release(&runs);
	return code;
}

/* After the summaries, which it links to. */
static int do_index(const struct summarize_opts *o, struct unpack *unpack)
{
	int code = o->write ? do_runs(o, 0, NULL, unpack) : 0;
	int failure = summarize_index(&o->common, &o->select, o->git_add, unpack);

	return code ? code : failure;
}

static int summarize_run(const struct rt_applet *self, int argc, char **argv)
{
	struct summarize_opts o = { .form = NULL };
	struct unpack unpack;
	int code;

	argc = opt_parse(self, argc, argv, &o, &argv, NULL);
	common_apply(&o.common, NULL);
	check(&o, argc);
	o.write |= o.git_add;
	o.select.all |= o.index;
	unpack_init(&unpack);
	if (o.regression)
		code = summarize_regression(&o.common, o.regression, &unpack);
	else if (o.index)
		code = do_index(&o, &unpack);
	else
		code = do_runs(&o, argc, argv, &unpack);
	opt_release(self, &o);
	code = unpack_exit_code(&unpack, code);
	unpack_release(&unpack);
	return code;
}

const struct rt_applet rt_applet_summarize = {
	.name = "summarize",
	.summary = "write the summary of a run",
	.usage = "[-o text|md|html|junit|json|jsonl] [RUN... | -a | SELECTION]\n"
		 "--import DIR [-o FORM]\n"
		 "-w [--git-add] [RUN... | -a | SELECTION]\n"
		 "--compare [-o text|json] RUN RUN\n"
		 "--regression NAME\n"
		 "--index [-w] [--git-add] [SELECTION]",
	.groups = summarize_groups,
	.operands = COMPLETE_RUN,
	.more = "RUN is the latest one unless it is given here, with -r or in $RT_RUN. It may be\n"
		"a file of events, too. The same run gives the same bytes, whenever and wherever.\n"
		"-w of runs that are selected leaves alone what has not changed.",
	.run = summarize_run,
};
