/* Steps that were begun and are not ended, a file for each. See begun.h. */
#include "begun.h"
#include "clock.h"
#include "fdio.h"
#include "scan.h"
#include "text.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define BEGUN_MAX 65536 /* bytes of a file */

void rt_begun_init(struct rt_begun *b)
{
	memset(b, 0, sizeof(*b));
	rt_buf_init(&b->name);
	rt_buf_init(&b->component);
}

void rt_begun_release(struct rt_begun *b)
{
	rt_buf_release(&b->name);
	rt_buf_release(&b->component);
}

static int open_folder(const struct rt_rundir *d)
{
	return openat(d->fd, RT_BEGUN_DIR, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

static int failed(const struct rt_rundir *d, struct rt_err *err)
{
	return rt_err_sys(err, "run \"%s\": cannot use \"%s\"", d->path, RT_BEGUN_DIR);
}

static void write_begun(const struct rt_begun *b, struct rt_buf *out)
{
	char started[RT_TS_LEN + 1];

	rt_clock_format(started, b->started_ns);
	rt_buf_addf(out, "{\"started_at\":\"%s\",\"name\":", started);
	rt_json_quote(out, rt_buf_view(&b->name));
	if (b->component.len) {
		rt_buf_adds(out, ",\"component\":");
		rt_json_quote(out, rt_buf_view(&b->component));
	}
	if (b->traced)
		rt_trace_write(&b->trace, out);
	rt_buf_adds(out, "}\n");
}

int rt_begun_add(const struct rt_rundir *d, const struct rt_begun *b, struct rt_err *err)
{
	struct rt_buf text;
	int fd, ret;

	if (mkdirat(d->fd, RT_BEGUN_DIR, 0777) < 0 && errno != EEXIST)
		return failed(d, err);
	fd = open_folder(d);
	if (fd < 0)
		return failed(d, err);
	rt_give_to_owner_of(d->fd, fd);
	rt_buf_init(&text);
	write_begun(b, &text);
	ret = text.failed ? rt_err_set(err, RT_ERR_FAILURE, "out of memory") :
			    rt_file_replace(fd, b->id, rt_buf_view(&text), RT_REPLACE_RENAME, err);
	rt_buf_release(&text);
	close(fd);
	return ret;
}

static void take_text(struct rt_str object, const char *key, struct rt_buf *to)
{
	struct rt_json v;

	rt_buf_clear(to);
	if (rt_scan_find(object, rt_str(key), &v))
		rt_json_text(&v, to);
}

/* Fill in what the file says; false when it says nothing. */
static bool read_begun(struct rt_begun *b, int folder, const char *file)
{
	struct rt_buf text;
	struct rt_json v;
	bool good;

	rt_buf_init(&text);
	good = rt_file_read(folder, file, &text, BEGUN_MAX) == 0 &&
	       rt_scan_valid(rt_buf_view(&text));
	if (good) {
		take_text(rt_buf_view(&text), "name", &b->name);
		take_text(rt_buf_view(&text), "component", &b->component);
		b->traced = rt_trace_find(&b->trace, rt_buf_view(&text));
		if (!rt_scan_find(rt_buf_view(&text), rt_str("started_at"), &v) ||
		    !rt_clock_parse(v.text, &b->started_ns))
			b->started_ns = 0;
	}
	rt_buf_release(&text);
	return good;
}

/* Those with a number above that of *b are looked at, so that the newest is left in it. */
static void look(struct rt_begun *b, int folder, const char *file, const char *which)
{
	struct rt_begun other;
	int number = rt_rundir_step_number(file);

	if (number <= b->number)
		return;
	rt_begun_init(&other);
	if (read_begun(&other, folder, file) &&
	    (!which || strcmp(which, file) == 0 || rt_str_is(rt_buf_view(&other.name), which))) {
		other.number = number;
		rt_rundir_step_id(other.id, number);
		rt_begun_release(b);
		*b = other;
	} else {
		rt_begun_release(&other);
	}
}

int rt_begun_find(const struct rt_rundir *d, const char *which, struct rt_begun *b,
		  struct rt_err *err)
{
	int fd = open_folder(d);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *e;

	if (!dir) {
		int why = errno;

		if (fd >= 0)
			close(fd);
		errno = why;
		return why == ENOENT ? 0 : failed(d, err);
	}
	while ((e = readdir(dir)) != NULL)
		look(b, dirfd(dir), e->d_name, which);
	closedir(dir);
	return b->number > 0;
}

int rt_begun_remove(const struct rt_rundir *d, const struct rt_begun *b, struct rt_err *err)
{
	int fd = open_folder(d), ret;

	if (fd < 0)
		return errno == ENOENT ? 0 : failed(d, err);
	ret = unlinkat(fd, b->id, 0) == 0 ? 1 : errno == ENOENT ? 0 : failed(d, err);
	close(fd);
	return ret;
}
