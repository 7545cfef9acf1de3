/* rt-summarize --index: INDEX.md in the runs folder. */
#include "summarize.h"
#include "die.h"
#include "fdio.h"
#include "rundir.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LOCK_TIMEOUT_MS 10000

/* Two that write it must not use one temporary file; where there are no locks it goes without. */
static void replace(const char *runs_dir, const struct rt_buf *text)
{
	int fd = open(runs_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct rt_err err = RT_ERR_INIT;

	if (fd < 0)
		die(EXIT_FAIL, "cannot open the runs folder \"%s\": %s", runs_dir, strerror(errno));
	if (rt_lock(fd, LOCK_TIMEOUT_MS) < 0 && errno == EWOULDBLOCK)
		die(EXIT_FAIL, "another %s of \"%s\" is being written", RT_INDEX_FILE, runs_dir);
	if (rt_file_replace(fd, RT_INDEX_FILE, rt_buf_view(text), RT_REPLACE_RENAME, &err) < 0)
		die_err(&err);
	close(fd);
}

int summarize_index(const struct common_opts *c, const struct select_opts *select, bool stage,
		    struct unpack *unpack)
{
	char *runs_dir = common_runs_dir(c), *real = realpath(runs_dir, NULL);
	struct rt_err err = RT_ERR_INIT;
	struct rt_selection sel;
	struct rt_catalog list;
	struct rt_buf text;
	int code = 0;

	if (!real)
		die(EXIT_FAIL, "cannot open the runs folder \"%s\": %s", runs_dir, strerror(errno));
	selection_init(&sel, select);
	if (rt_catalog_list(&list, real, &sel, &unpack->unpacker, &err) < 0)
		die_err(&err);
	rt_buf_init(&text);
	rt_summary_index(&list, real, &text);
	if (text.failed)
		die(EXIT_FAIL, "out of memory");
	replace(real, &text);
	if (prog_verbosity() >= 0)
		printf("%s/%s\n", real, RT_INDEX_FILE);
	if (stage) {
		rt_buf_clear(&text);
		rt_buf_addf(&text, "%s/%s", real, RT_INDEX_FILE);
		rt_buf_addc(&text, '\0');
		code = summarize_git_add(real, &text);
	}
	rt_buf_release(&text);
	rt_catalog_release(&list);
	selection_release(&sel);
	free(runs_dir);
	free(real);
	return code;
}
