/*
 * rt-summarize: what a run was, for people and for git. The summary itself is
 * made in lib/summary*.c; here is only which run, which form, and where it goes.
 */
#include "applets.h"
#include "common.h"
#include "die.h"
#include "rundir.h"
#include "summary.h"
#include "unpack.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

struct summarize_opts {
	struct common_opts common;
	const char *form;
	bool write;
};

/* clang-format off */
static const struct opt summarize_opts[] = {
	{ 'w', "write", NULL, OPT_FLAG, offsetof(struct summarize_opts, write), NULL,
	  "write logs_summary.txt, summary.md and metrics.json into the run, and print their paths",
	  NULL, COMPLETE_NONE },
	{ 'o', "output", NULL, OPT_CHOICE, offsetof(struct summarize_opts, form), "FORM",
	  "text (80 columns), md (Markdown) or json", "text|md|json", COMPLETE_NONE },
	{ 0, "json", NULL, OPT_SET, offsetof(struct summarize_opts, form), NULL,
	  "the same as -o json", "json", COMPLETE_NONE },
	{ .name = NULL },
};

static const struct opt_group summarize_groups[] = {
	{ summarize_opts, 0 },
	{ common_opts, offsetof(struct summarize_opts, common) },
	{ NULL, 0 },
};
/* clang-format on */

/* The events.jsonl of a run means that run. */
static void take_run_of_file(struct rt_found *found)
{
	char *slash = strrchr(found->path, '/');

	if (!found->file || !slash || slash == found->path ||
	    strcmp(slash + 1, RT_EVENTS_FILE) != 0)
		return;
	*slash = '\0';
	found->file = !rt_rundir_is_run(AT_FDCWD, found->path);
	if (found->file)
		*slash = '/';
}

/* A run is a directory, or an archive of one. */
static bool is_archive(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && !S_ISDIR(st.st_mode);
}

static void write_files(const struct rt_summary *s, const struct rt_found *found)
{
	static const char *const names[] = { RT_SUMMARY_FILE, RT_SUMMARY_MD_FILE, RT_METRICS_FILE };
	struct rt_err err = RT_ERR_INIT;
	struct rt_rundir d;

	if (found->file)
		die_usage("\"%s\" is a file, no run: -w has no directory to write to", found->path);
	if (is_archive(found->path))
		die_usage("\"%s\" is an archive: -w has no directory to write to", found->path);
	if (rt_rundir_open(&d, found->path, &err) < 0 || rt_summary_write(s, &d, &err) < 0)
		die_err(&err);
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		printf("%s/%s\n", d.path, names[i]);
	rt_rundir_release(&d);
}

static void print(const struct rt_summary *s, const char *form)
{
	struct rt_buf b;

	rt_buf_init(&b);
	if (strcmp(form, "md") == 0)
		rt_summary_markdown(s, &b);
	else if (strcmp(form, "json") == 0)
		rt_summary_metrics(s, &b);
	else
		rt_summary_text(s, &b);
	if (b.failed)
		die(EXIT_FAIL, "out of memory");
	fwrite(b.s, 1, b.len, stdout);
	rt_buf_release(&b);
}

static int summarize_run(const struct rt_applet *self, int argc, char **argv)
{
	struct summarize_opts o = { .form = NULL };
	struct rt_err err = RT_ERR_INIT;
	struct rt_summary *s;
	struct unpack unpack;
	struct rt_found found;
	size_t skipped;
	int code;

	argc = opt_parse(self, argc, argv, &o, &argv, NULL);
	common_apply(&o.common, NULL);
	if (argc > 1)
		die_usage("one run at a time: \"%s\" is too much", argv[1]);
	if (o.write && o.form)
		die_usage("-w writes every form: it goes without -o");
	common_resolve(&o.common, argc ? argv[0] : NULL, USE_LATEST, &found);
	unpack_init(&unpack);
	take_run_of_file(&found);
	if (rt_summary_new(&s, found.path, found.file, &unpack.unpacker, &err) < 0)
		die_err(&err);
	if (o.write)
		write_files(s, &found);
	else
		print(s, o.form ? o.form : "text");
	skipped = rt_summary_skipped(s);
	if (skipped)
		warn("%zu %s skipped in \"%s\"", skipped, skipped == 1 ? "line" : "lines",
		     found.path);
	rt_summary_free(s);
	rt_found_release(&found);
	opt_release(self, &o);
	code = unpack_exit_code(&unpack, 0);
	unpack_release(&unpack);
	return code;
}

const struct rt_applet rt_applet_summarize = {
	.name = "summarize",
	.summary = "write the summary of a run",
	.usage = "[-o text|md|json] [RUN]\n"
		 "-w [RUN]",
	.groups = summarize_groups,
	.operands = COMPLETE_RUN,
	.more = "RUN is the latest one unless it is given here, with -r or in $RT_RUN. It may be\n"
		"a file of events, too. The same run gives the same bytes, whenever and wherever.",
	.run = summarize_run,
};
