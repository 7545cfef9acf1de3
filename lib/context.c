/* Texts of people for the next step of a run. See context.h. */
#include "context.h"
#include "fdio.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define SHOWN_MAX 1024 /* of the latest text */
#define NAME_SIZE 32

static void text_name(char out[NAME_SIZE], int number)
{
	snprintf(out, NAME_SIZE, "%03d.txt", number);
}

/* Its presence says that a step has the text. */
static void mark_name(char out[NAME_SIZE], int number)
{
	snprintf(out, NAME_SIZE, "%03d.step", number);
}

static int open_folder(const struct rt_rundir *d)
{
	return openat(d->fd, RT_CONTEXT_DIR, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

static int failed(const struct rt_rundir *d, struct rt_err *err)
{
	return rt_err_sys(err, "cannot use \"%s/%s\"", d->path, RT_CONTEXT_DIR);
}

/* The numbers of the texts that there are. */
struct numbers {
	int *v;
	size_t n;
};

static int number_of(const char *name)
{
	char again[NAME_SIZE];
	long n = strtol(name, NULL, 10);

	if (n < 1 || n > 99999999)
		return 0;
	text_name(again, (int)n);
	return strcmp(again, name) == 0 ? (int)n : 0;
}

static int compare(const void *a, const void *b)
{
	return *(const int *)a - *(const int *)b;
}

/* In order, to be freed. -1 and errno. */
static int list(int folder, struct numbers *l)
{
	int fd = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), *more;
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *e;

	*l = (struct numbers){ NULL, 0 };
	if (!dir) {
		if (fd >= 0)
			close(fd);
		return -1;
	}
	while ((e = readdir(dir)) != NULL) {
		int number = number_of(e->d_name);

		if (!number)
			continue;
		more = realloc(l->v, (l->n + 1) * sizeof(*l->v));
		if (!more)
			break;
		l->v = more;
		l->v[l->n++] = number;
	}
	closedir(dir);
	if (e) {
		free(l->v);
		errno = ENOMEM;
		return -1;
	}
	if (l->n)
		qsort(l->v, l->n, sizeof(*l->v), compare);
	return 0;
}

/* Give the file the first free number from here on: as a link, which replaces nothing. */
static int take_number(int folder, const char *tmp, int from)
{
	char name[NAME_SIZE];

	for (int n = from;; n++) {
		text_name(name, n);
		if (linkat(folder, tmp, folder, name, 0) == 0)
			return n;
#ifdef RENAME_NOREPLACE
		/* Where there are no links. */
		if (errno != EEXIST && renameat2(folder, tmp, folder, name, RENAME_NOREPLACE) == 0)
			return n;
#endif
		if (errno != EEXIST)
			return -1;
	}
}

static int write_tmp(int folder, const char *tmp, struct rt_str text)
{
	int fd = openat(folder, tmp, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666);
	int ret, why;

	if (fd < 0)
		return -1;
	rt_give_to_owner_of(folder, fd);
	ret = rt_fd_write(fd, text.p, text.n);
	why = errno;
	close(fd);
	errno = why;
	return ret;
}

int rt_context_add(const struct rt_rundir *d, struct rt_str text, int *number, struct rt_err *err)
{
	bool made = mkdirat(d->fd, RT_CONTEXT_DIR, 0777) == 0;
	char tmp[NAME_SIZE + 37] = ".";
	struct numbers l;
	int fd = made || errno == EEXIST ? open_folder(d) : -1, n = -1;

	if (fd < 0)
		return failed(d, err);
	if (made)
		rt_give_to_owner_of(d->fd, fd);
	rt_id_make(tmp + 1);
	if (write_tmp(fd, tmp, text) == 0 && list(fd, &l) == 0) {
		n = take_number(fd, tmp, l.n ? l.v[l.n - 1] + 1 : 1);
		free(l.v);
	}
	if (n < 0)
		failed(d, err);
	unlinkat(fd, tmp, 0);
	close(fd);
	if (n < 0)
		return -1;
	*number = n;
	return 0;
}

static bool is_claimed(int folder, int number)
{
	char mark[NAME_SIZE];

	mark_name(mark, number);
	return faccessat(folder, mark, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

void rt_context_remove(const struct rt_rundir *d, int number)
{
	char text[NAME_SIZE];
	int fd = open_folder(d);

	if (fd < 0)
		return;
	text_name(text, number);
	if (!is_claimed(fd, number))
		unlinkat(fd, text, 0);
	close(fd);
}

/* Whoever makes the mark has the text. */
static bool claim(int folder, int number, int step)
{
	char mark[NAME_SIZE], id[RT_STEP_ID_SIZE];
	int fd;

	mark_name(mark, number);
	fd = openat(folder, mark, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666);
	if (fd < 0)
		return false;
	rt_give_to_owner_of(folder, fd);
	/* Which one it is is for people: that it is there is what counts. */
	rt_rundir_step_id(id, step);
	dprintf(fd, "%s\n", id);
	close(fd);
	return true;
}

static void unclaim(int folder, const struct numbers *taken)
{
	char mark[NAME_SIZE];

	for (size_t i = 0; i < taken->n; i++) {
		mark_name(mark, taken->v[i]);
		unlinkat(folder, mark, 0);
	}
}

/* What can be read and is still to be had. *l is left with the numbers that were taken. */
static void collect(int folder, struct numbers *l, int step, struct rt_buf *out,
		    struct rt_err *warning)
{
	char name[NAME_SIZE];
	size_t taken = 0;

	for (size_t i = 0; i < l->n; i++) {
		size_t at = out->len;
		bool good;

		if (is_claimed(folder, l->v[i]))
			continue;
		text_name(name, l->v[i]);
		good = rt_file_read(folder, name, out, RT_CONTEXT_MAX) == 0;
		/* One that is gone was taken back. */
		if (!good && errno != ENOENT)
			rt_err_sys(warning, "cannot read \"%s/%s\"", RT_CONTEXT_DIR, name);
		if (!good || !claim(folder, l->v[i], step)) {
			out->len = at;
			continue;
		}
		if (out->len > at && out->s[out->len - 1] != '\n')
			rt_buf_addc(out, '\n');
		l->v[taken++] = l->v[i];
	}
	l->n = taken;
}

static int write_given(const struct rt_rundir *d, int step, struct rt_str text, struct rt_err *err)
{
	char id[RT_STEP_ID_SIZE], path[sizeof(id) + sizeof(RT_LOGS_DIR RT_STEP_CONTEXT) + 1];
	int fd, ret;

	rt_rundir_step_id(id, step);
	snprintf(path, sizeof(path), "%s/%s/%s", RT_LOGS_DIR, id, RT_STEP_CONTEXT);
	fd = rt_file_open(d->fd, path, O_WRONLY | O_CREAT | O_TRUNC, 0666);
	ret = fd < 0 ? -1 : rt_fd_write(fd, text.p, text.n);
	if (ret < 0)
		rt_err_sys(err, "cannot write \"%s/%s\"", d->path, path);
	if (fd >= 0)
		close(fd);
	return ret;
}

int rt_context_give(const struct rt_rundir *d, int step, struct rt_err *warning, struct rt_err *err)
{
	int fd = open_folder(d), ret;
	struct numbers l;
	struct rt_buf text;

	if (fd < 0)
		return errno == ENOENT ? 0 : failed(d, err);
	if (list(fd, &l) < 0) {
		failed(d, err);
		close(fd);
		return -1;
	}
	rt_buf_init(&text);
	collect(fd, &l, step, &text, warning);
	ret = l.n > 0;
	if (ret && (text.failed || write_given(d, step, rt_buf_view(&text), err) < 0)) {
		unclaim(fd, &l);
		ret = text.failed ? rt_err_set(err, RT_ERR_FAILURE, "out of memory") : -1;
	}
	rt_buf_release(&text);
	free(l.v);
	close(fd);
	return ret;
}

static bool read_latest(int folder, struct rt_context_latest *c)
{
	char name[NAME_SIZE];
	struct stat st;
	ssize_t n = -1;
	char *to;
	int fd;

	text_name(name, c->number);
	fd = rt_file_open(folder, name, O_RDONLY, 0);
	if (fd < 0)
		return false;
	rt_buf_init(&c->text);
	to = rt_buf_extend(&c->text, SHOWN_MAX);
	if (to && fstat(fd, &st) == 0)
		n = pread(fd, to, SHOWN_MAX, 0);
	close(fd);
	if (n < 0) {
		rt_buf_release(&c->text);
		return false;
	}
	c->text.len = (size_t)n;
	c->text.s[n] = '\0';
	c->added_ns = rt_mtime_ns(&st);
	c->given = is_claimed(folder, c->number);
	return true;
}

bool rt_context_latest(const struct rt_rundir *d, struct rt_context_latest *c)
{
	int fd = d->fd < 0 ? -1 : open_folder(d);
	bool there = false;
	struct numbers l;

	if (fd < 0)
		return false;
	if (list(fd, &l) == 0) {
		c->number = l.n ? l.v[l.n - 1] : 0;
		there = l.n && read_latest(fd, c);
		free(l.v);
	}
	close(fd);
	return there;
}
