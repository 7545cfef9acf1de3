/*
 * rt-archive: makes the archive of a run, brings it back, looks into it. rtbox starts it
 * to read archived runs (cmd/rtbox/unpack.c), rt-prune to archive them.
 */
#include "archive.h"
#include "die.h"
#include "rundir.h"
#include "start.h"
#include "unpack.h"
#include "writer.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

/*
 * What an archive can make libarchive allocate is bounded, by this if by nothing
 * else: zstd's largest window is 128 MiB.
 */
#define MEMORY_MAX ((rlim_t)512 << 20)

#define LOCK_TIMEOUT_MS 10000 /* as other writers, where RT_LOCK_TIMEOUT says nothing */

/* clang-format off */
static const struct opt archive_opts[] = {
	{ 0, "", NULL, OPT_HEADING, 0, NULL, "Making archives", NULL, COMPLETE_NONE },
	{ 0, "prune", NULL, OPT_FLAG, offsetof(struct archive_opts, prune), NULL,
	  "remove from the run's directory what its archive holds", NULL, COMPLETE_NONE },
	{ 0, "zstd", NULL, OPT_FLAG, offsetof(struct archive_opts, zstd), NULL,
	  "make run.tar.zst, not run.tar.gz", NULL, COMPLETE_NONE },
	{ 0, "restore", NULL, OPT_FLAG, offsetof(struct archive_opts, restore), NULL,
	  "bring the files back; the archive stays", NULL, COMPLETE_NONE },
	{ 0, "check", NULL, OPT_FLAG, offsetof(struct archive_opts, check), NULL,
	  "read archives to their end and hold them against archive.json", NULL, COMPLETE_NONE },
	{ 0, "", NULL, OPT_HEADING, 0, NULL, "Looking into one", NULL, COMPLETE_NONE },
	{ 0, "list", NULL, OPT_FLAG, offsetof(struct archive_opts, list), NULL,
	  "list the files in the archive: size, time, name", NULL, COMPLETE_NONE },
	{ 0, "cat", NULL, OPT_STRING, offsetof(struct archive_opts, cat), "PATH",
	  "print one of them, named as in the run: events.jsonl, logs/run.log", NULL,
	  COMPLETE_NONE },
	{ 0, "optional", NULL, OPT_FLAG, offsetof(struct archive_opts, optional), NULL,
	  "with --cat: what is not in the archive is as good as empty", NULL, COMPLETE_NONE },
	{ 0, "index", NULL, OPT_FLAG, offsetof(struct archive_opts, index), NULL,
	  "for programs: names, sizes, and what stands in small files", NULL, COMPLETE_NONE },
	{ 0, "mute", NULL, OPT_FLAG, offsetof(struct archive_opts, mute), NULL,
	  "for programs: a damaged archive shows in the exit code only", NULL, COMPLETE_NONE },
	{ .name = NULL },
};

static const struct opt_group archive_groups[] = {
	{ archive_opts, 0 },
	{ output_opts, offsetof(struct archive_opts, output) },
	{ common_opts, offsetof(struct archive_opts, common) },
	{ NULL, 0 },
};
/* clang-format on */

static void limit_memory(void)
{
#if !defined(__SANITIZE_ADDRESS__)
	struct rlimit limit;

	if (getrlimit(RLIMIT_AS, &limit) == 0 &&
	    (limit.rlim_cur == RLIM_INFINITY || limit.rlim_cur > MEMORY_MAX)) {
		limit.rlim_cur = MEMORY_MAX;
		setrlimit(RLIMIT_AS, &limit);
	}
#endif
}

/* The archive that the operand means: a file, or the archive of a run. Free it. */
static char *find_archive(const struct archive_opts *o, const char *arg)
{
	struct rt_err err = RT_ERR_INIT;
	struct unpack unpack; /* to be told of the archive: nothing is read with it */
	struct rt_found found;
	struct rt_rundir d;
	struct stat st;
	char *path;

	if (arg && stat(arg, &st) == 0 && S_ISREG(st.st_mode))
		return xstrdup(arg);
	common_resolve(&o->common, arg, USE_LATEST, &found);
	unpack_init(&unpack);
	if (rt_rundir_open_reader(&d, found.path, &unpack.unpacker, &err) < 0)
		die_err(&err);
	if (!d.archive)
		die(EXIT_FAIL, "run \"%s\" has no archive", d.id);
	path = xstrdup(d.archive->path);
	rt_rundir_release(&d);
	unpack_release(&unpack);
	rt_found_release(&found);
	return path;
}

static bool looks(const struct archive_opts *o)
{
	return o->list || o->index || o->cat;
}

static void check(const struct archive_opts *o, int argc, char **argv)
{
	if (o->list + o->index + (o->cat != NULL) + o->restore + o->check > 1)
		die_usage(
			"one of --restore, --check, --list, --cat PATH and --index says what to do");
	if ((o->prune || o->zstd) && (looks(o) || o->restore || o->check))
		die_usage("--prune and --zstd are of archives that are made");
	if (o->optional && !o->cat)
		die_usage("--optional goes with --cat");
	if (o->mute && !looks(o))
		die_usage("--mute goes with --list, --cat or --index");
	if (!o->list && (o->output.mode || o->output.format || o->output.columns))
		die_usage("a form of the output is of --list");
	if (looks(o) && argc > 1)
		die_usage("one archive at a time: \"%s\" is too much", argv[1]);
}

static int look(const struct archive_opts *o, const char *arg, struct out *out)
{
	char *path = find_archive(o, arg);
	int code;

	limit_memory();
	code = archive_look(path, o, out);
	free(path);
	return code;
}

static int do_run(const struct archive_opts *o, const char *path, int timeout_ms, struct out *out)
{
	if (o->restore)
		return archive_restore(path, timeout_ms);
	if (o->check)
		return archive_check(path, out);
	return archive_make(path, o, timeout_ms);
}

/* Every run that is named, whatever becomes of another; the worst exit code. */
static int do_runs(const struct archive_opts *o, int argc, char **argv, struct out *out)
{
	size_t n = argc ? (size_t)argc : 1;
	struct rt_found *runs = xcalloc(n, sizeof(*runs));
	struct rt_record_opts record;
	int code = 0, got;

	record_opts_init(&record, NULL);
	survive_limits();
	signal(SIGIO, SIG_IGN); /* see rt_file_written */
	for (size_t i = 0; i < n; i++)
		if (!common_resolve(&o->common, argc ? argv[i] : NULL, USE_READ, &runs[i]))
			die_usage("which run? give RUN, or set RT_RUN");
	limit_memory();
	for (size_t i = 0; i < n; i++) {
		got = do_run(o, runs[i].path,
			     record.lock_timeout_ms ? record.lock_timeout_ms : LOCK_TIMEOUT_MS,
			     out);
		code = got > code ? got : code;
		rt_found_release(&runs[i]);
	}
	free(runs);
	return code;
}

static int archive_run(const struct rt_applet *self, int argc, char **argv)
{
	struct archive_opts o = { .cat = NULL };
	struct out out;
	int code;

	argc = opt_parse(self, argc, argv, &o, &argv, NULL);
	common_apply(&o.common, &out);
	check(&o, argc, argv);
	if (looks(&o))
		code = look(&o, argc ? argv[0] : NULL, &out);
	else
		code = do_runs(&o, argc, argv, &out);
	opt_release(self, &o);
	return code;
}

static const struct rt_applet rt_applet_archive = {
	.name = "archive",
	.summary = "archive a run, bring it back, look into its archive",
	.usage = "[--prune] [--zstd] RUN...\n"
		 "--restore RUN...\n"
		 "--check RUN...\n"
		 "--list [OPTION...] [RUN|FILE]\n"
		 "--cat PATH [--optional] [RUN|FILE]",
	.groups = archive_groups,
	.forms = "pretty|jsonl|json|csv",
	.operands = COMPLETE_RUN,
	.more = "Archived is what git does not track, of a run that is over; everything reads\n"
		"such a run as before. To look into an archive RUN is the latest one unless it is\n"
		"given here, with -r or in $RT_RUN; FILE is an archive anywhere. Nothing is\n"
		"unpacked to a disk then.\n",
	.run = archive_run,
};

int main(int argc, char **argv)
{
	return start_helper(&rt_applet_archive, argc, argv);
}
