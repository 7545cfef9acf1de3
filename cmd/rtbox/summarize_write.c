/*
 * rt-summarize -w: summaries in the directories of their runs, and --git-add,
 * which hands them to git. A summary that is younger than all that it is made
 * of need not be made again.
 */
#include "summarize.h"
#include "die.h"
#include "fdio.h"
#include "rundir.h"
#include "spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *const written[] = { RT_SUMMARY_FILE, RT_SUMMARY_MD_FILE, RT_METRICS_FILE };
#define WRITTEN (sizeof(written) / sizeof(*written))
#define STAGED 2 /* of them: git ignores metrics.json */

/* When a file in the run was written; 0: there is none. */
static int64_t written_ns(int fd, const char *name)
{
	struct stat st;

	return fstatat(fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 ? rt_mtime_ns(&st) : 0;
}

/* A file that was written in the same tick of the clock may have come later. */
static bool is_fresh(const char *path)
{
	static const char *const sources[] = { RT_EVENTS_FILE, RT_STATUS_FILE, RT_METADATA_FILE,
					       RT_ARCHIVE_FILE };
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int64_t oldest_ns = INT64_MAX;
	bool fresh = fd >= 0;

	for (size_t i = 0; i < WRITTEN && fresh; i++) {
		int64_t ns = written_ns(fd, written[i]);

		oldest_ns = ns < oldest_ns ? ns : oldest_ns;
	}
	for (size_t i = 0; i < sizeof(sources) / sizeof(*sources) && fresh; i++)
		fresh = written_ns(fd, sources[i]) < oldest_ns;
	if (fd >= 0)
		close(fd);
	return fresh;
}

/* Say that it failed, which for the other runs does not matter. */
static int failed(const struct rt_err *err)
{
	error("%s", err->msg);
	return err_exit_code(err);
}

static int write_run(const struct rt_found *found, bool *over, struct unpack *unpack)
{
	struct rt_err err = RT_ERR_INIT;
	struct rt_summary *s;
	struct rt_rundir d;
	int code = 0;

	if (rt_summary_new(&s, found->path, false, &unpack->unpacker, &err) < 0)
		return failed(&err);
	if (rt_rundir_open(&d, found->path, &err) < 0) {
		rt_summary_free(s);
		return failed(&err);
	}
	*over = rt_state_over(rt_summary_state(s));
	if (rt_summary_write(s, &d, &err) < 0)
		code = failed(&err);
	for (size_t i = 0; i < WRITTEN && code == 0 && prog_verbosity() >= 0; i++)
		printf("%s/%s\n", d.path, written[i]);
	summarize_tell_skipped(s, found->path);
	rt_rundir_release(&d);
	rt_summary_free(s);
	return code;
}

/* Its paths, with a NUL behind each, as git reads them. */
static void add_paths(struct rt_buf *paths, const char *path)
{
	char *real = realpath(path, NULL);

	for (size_t i = 0; i < STAGED; i++) {
		rt_buf_addf(paths, "%s/%s", real ? real : path, written[i]);
		rt_buf_addc(paths, '\0');
	}
	free(real);
}

int summarize_git_add(const char *where, const struct rt_buf *paths)
{
	const char *const argv[] = { "git",
				     "--literal-pathspecs",
				     "-C",
				     where,
				     "add",
				     "--pathspec-from-file=-",
				     "--pathspec-file-nul",
				     NULL };
	struct rt_err err = RT_ERR_INIT;
	struct rt_inherited in;
	struct rt_spawn how = { .argv = (char *const *)(uintptr_t)argv, .envp = environ };
	int code, status;
	pid_t pid;

	how.input = memfd_create("paths", MFD_CLOEXEC);
	if (how.input < 0 || rt_fd_write(how.input, paths->s, paths->len) < 0 ||
	    lseek(how.input, 0, SEEK_SET) < 0)
		die(EXIT_FAIL, "out of memory");
	rt_inherited_get(&in);
	/* inherited as ignored, it would leave no exit status to wait for */
	signal(SIGCHLD, SIG_DFL);
	how.in = &in;
	how.out = STDERR_FILENO; /* what is printed are paths */
	how.err = STDERR_FILENO;
	pid = rt_child_start(&how, &code, &err);
	close(how.input);
	if (pid < 0) {
		error("--git-add: %s", err.msg);
		return EXIT_FAIL;
	}
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			die(EXIT_FAIL, "cannot wait for git: %s", strerror(errno));
	if (rt_wait_code(status) == 0)
		return 0;
	error("--git-add: git could not add them");
	return EXIT_FAIL;
}

static void check(const struct rt_found *found)
{
	if (found->file)
		die_usage("\"%s\" is a file, no run: -w has no directory to write to", found->path);
	if (summarized_is_archive(found->path))
		die_usage("\"%s\" is an archive: -w has no directory to write to", found->path);
}

int summarize_write(const struct summarized_runs *runs, bool stage, struct unpack *unpack)
{
	const char *where = NULL;
	struct rt_buf paths;
	int code = 0;

	rt_buf_init(&paths);
	for (size_t i = 0; i < runs->n; i++) {
		const struct rt_found *found = &runs->v[i].found;
		bool over = runs->v[i].over;
		int failure = 0;

		if (runs->selected && (!over || summarized_is_archive(found->path)))
			continue;
		if (!runs->selected)
			check(found);
		if (!runs->selected || !is_fresh(found->path))
			failure = write_run(found, &over, unpack);
		code = code ? code : failure;
		if (!stage || failure)
			continue;
		if (!over) {
			warn("--git-add: \"%s\" is not over", found->path);
			continue;
		}
		add_paths(&paths, found->path);
		where = where ? where : found->path;
	}
	if (where && paths.failed)
		die(EXIT_FAIL, "out of memory");
	if (where && summarize_git_add(where, &paths) != 0)
		code = EXIT_FAIL;
	rt_buf_release(&paths);
	return code;
}
