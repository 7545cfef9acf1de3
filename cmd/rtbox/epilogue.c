/* What belongs to the end of a run. See epilogue.h; who is told is notify.c. */
#include "epilogue.h"
#include "common.h"
#include "die.h"
#include "fdio.h"
#include "summary.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define PAGE_MAX (1000 * 1024) /* GitHub shows nothing of a page over 1 MiB */
#define PAGE_LOCK_MS 1000

const struct opt epilogue_opts[] = {
	{ 0, "", NULL, OPT_HEADING, 0, NULL, "At the end of the run", NULL, COMPLETE_NONE },
	{ 0, "summarize", NULL, OPT_FLAG, offsetof(struct epilogue_opts, summarize), NULL,
	  "write the summary of the run, as rt-summarize -w does", NULL, COMPLETE_NONE },
	{ 0, "github", NULL, OPT_FLAG, offsetof(struct epilogue_opts, github), NULL,
	  "add the summary to the page of a job on GitHub: $GITHUB_STEP_SUMMARY", NULL,
	  COMPLETE_NONE },
	{ 0 },
};

/* What stands between what is there and a heading. */
static const char *separator(int fd, off_t size)
{
	char last = '\n';

	if (size == 0)
		return "";
	return pread(fd, &last, 1, size - 1) == 1 && last != '\n' ? "\n\n" : "\n";
}

/* The whole text or nothing of it. */
static int add_to_page(int fd, const char *path, struct rt_str text, struct rt_err *err)
{
	struct rt_buf all;
	struct stat st;
	int ret = 0;

	if (fstat(fd, &st) < 0)
		return rt_err_sys(err, "cannot look at \"%s\"", path);
	if (!S_ISREG(st.st_mode))
		return rt_err_set(err, RT_ERR_FAILURE, "\"%s\" is no regular file", path);
	rt_buf_init(&all);
	rt_buf_adds(&all, separator(fd, st.st_size));
	rt_buf_addv(&all, text);
	if (st.st_size + (off_t)all.len > PAGE_MAX)
		ret = rt_err_set(err, RT_ERR_FAILURE,
				 "\"%s\" has no room for the summary: it is kept under %d KiB",
				 path, PAGE_MAX / 1024);
	else if (all.failed || rt_fd_write(fd, all.s, all.len) < 0) {
		ret = rt_err_sys(err, "cannot write \"%s\"", path);
		(void)!ftruncate(fd, st.st_size);
	}
	rt_buf_release(&all);
	return ret;
}

static void show_on_github(const struct rt_summary *s)
{
	const char *path = env_value("GITHUB_STEP_SUMMARY");
	struct rt_err err = RT_ERR_INIT;
	struct rt_buf text;
	int fd;

	if (!path) {
		warn("--github: GITHUB_STEP_SUMMARY is not set");
		return;
	}
	fd = open(path, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, 0666);
	if (fd < 0) {
		warn("--github: cannot open \"%s\": %s", path, strerror(errno));
		return;
	}
	rt_buf_init(&text);
	rt_summary_markdown(s, &text);
	/* Where there are no locks, several at once may pass the limit. */
	rt_lock(fd, PAGE_LOCK_MS);
	if (add_to_page(fd, path, rt_buf_view(&text), &err) < 0)
		warn("--github: %s", err.msg);
	rt_buf_release(&text);
	close(fd);
}

static void summarize(const struct rt_rundir *d, const struct epilogue_opts *o)
{
	struct rt_err err = RT_ERR_INIT;
	struct rt_summary *s;

	if (rt_summary_new(&s, d->path, false, NULL, &err) < 0) {
		warn("no summary: %s", err.msg);
		return;
	}
	if (o->summarize && rt_summary_write(s, d, &err) < 0)
		warn("no summary: %s", err.msg);
	if (o->github)
		show_on_github(s);
	rt_summary_free(s);
}

int end_run(struct rt_record *record, const struct rt_change *change, const struct epilogue_opts *o,
	    struct rt_err *err)
{
	const struct rt_rundir *d = rt_record_dir(record);
	struct rt_err warning = RT_ERR_INIT;
	int ret = rt_record_change(record, change, &warning, err);

	if (ret < 0)
		return -1;
	warn_err(&warning);
	/* The run's last word; it can be made again at any time. */
	if (!o->summarize && rt_summary_write_metrics(d, &warning) < 0)
		warn("%s", warning.msg);
	if (o->summarize || o->github)
		summarize(d, o);
	return ret;
}
