/*
 * Summaries of runs that other systems left as a tree of files: every file of
 * JSON lines in it, at any depth, in the order of their paths. What a line does
 * not say of its sprint and step, the path does: sprint_002/logs/step_001/x.log.
 * Nothing in the tree is changed.
 */
#include "summary_model.h"

#include "fdio.h"
#include "tree.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define FILES_MAX 100000

struct files {
	char **v;
	size_t n, cap;
	size_t more;
	size_t text;     /* logs without JSON lines, or that cannot be opened */
	char *text_path; /* the first of these by name */
	bool failed;
};

static bool may_be_log(const char *name)
{
	static const char *const endings[] = { ".log", ".jsonl", ".ndjson" };
	size_t n = strlen(name);

	for (size_t i = 0; i < sizeof(endings) / sizeof(*endings); i++) {
		size_t m = strlen(endings[i]);

		if (n > m && strcmp(name + n - m, endings[i]) == 0)
			return true;
	}
	return false;
}

/* Whether the line begins as an object with members, or is an empty one. */
static bool is_object(struct rt_str line)
{
	size_t i = 0;

	while (i < line.n && memchr(" \t\r", line.p[i], 3))
		i++;
	if (i == line.n || line.p[i++] != '{')
		return false;
	while (i < line.n && memchr(" \t\r", line.p[i], 3))
		i++;
	return i < line.n && (line.p[i] == '"' || line.p[i] == '}');
}

/* Whether JSON lines are in the beginning of it, be it behind a banner or a warning in plain text. */
static bool has_json(int fd)
{
	char head[65536];
	ssize_t got = pread(fd, head, sizeof(head), 0);
	struct rt_str rest = { head, got > 0 ? (size_t)got : 0 };

	if (rest.n >= 3 && memcmp(head, "\xef\xbb\xbf", 3) == 0)
		rest = (struct rt_str){ rest.p + 3, rest.n - 3 };
	while (rest.n) {
		const char *end = memchr(rest.p, '\n', rest.n);
		struct rt_str line = { rest.p, end ? (size_t)(end - rest.p) : rest.n };

		if (is_object(line))
			return true;
		line.n += end != NULL;
		rest = (struct rt_str){ rest.p + line.n, rest.n - line.n };
	}
	return false;
}

bool rt_summary_is_log(int dirfd, const char *name)
{
	int fd = may_be_log(name) ? rt_file_open(dirfd, name, O_RDONLY, 0) : -1;
	bool is = fd >= 0 && has_json(fd);

	if (fd >= 0)
		close(fd);
	return is;
}

/* The same events for people, beside events.jsonl. */
static bool is_copy(const struct rt_tree_item *item)
{
	return strcmp(item->name, RT_JSON_LOG_FILE) == 0 &&
	       faccessat(item->dirfd, RT_EVENTS_FILE, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

/* One that is not read; who reads the summary should know that there is more. */
static void leave_out(struct files *f, const char *path)
{
	if (!f->text++ || (f->text_path && strcmp(path, f->text_path) < 0)) {
		free(f->text_path);
		f->text_path = strdup(path);
		f->failed |= !f->text_path;
	}
}

static int visit(void *arg, const struct rt_tree_item *item)
{
	struct files *f = arg;
	void *v = f->v;

	if (S_ISDIR(item->st.st_mode))
		return !item->left && item->name[0] == '.';
	if (!S_ISREG(item->st.st_mode) || is_copy(item))
		return 0;
	if (strcmp(item->name, RT_METRICS_FILE) != 0 &&
	    !rt_summary_is_log(item->dirfd, item->name)) {
		if (may_be_log(item->name) && item->st.st_size)
			leave_out(f, item->path);
		return 0;
	}
	if (f->n == FILES_MAX) {
		f->more++;
		return 0;
	}
	f->failed |= !rt_sum_grow(&v, &f->cap, f->n, sizeof(*f->v));
	if (f->failed)
		return 0;
	f->v = v;
	f->v[f->n] = strdup(item->path);
	f->failed |= !f->v[f->n];
	f->n += f->v[f->n] != NULL;
	return 0;
}

static int compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The number behind "/step_" or the like in a path; -1: there is none. */
static int64_t number_in(const char *path, const char *word)
{
	const char *p = path, *at = NULL;
	char *end;
	long n;

	while ((p = strstr(p, word))) {
		if (p == path || p[-1] == '/')
			at = p;
		p++;
	}
	if (!at)
		return -1;
	n = strtol(at + strlen(word), &end, 10);
	return end != at + strlen(word) && *end == '/' && n >= 0 && n < 1000000 ? n : -1;
}

/*
 * One file. Its events are in an order of their own: that the next file begins
 * before this one ended is no contradiction.
 */
static int read_log(struct rt_summary *s, int fd, const char *path)
{
	struct sum_story *story = &s->story;
	int64_t first_ns = story->first_ns, last_ns = story->last_ns, sprint;
	int ret;

	sprint = number_in(path, "sprint_");
	s->part = sprint > 0 ? (unsigned)sprint : 0;
	s->in_step = number_in(path, "step_");
	story->first_ns = story->last_ns = 0;
	ret = rt_sum_read_events(s, fd, true);
	if (first_ns && (!story->first_ns || first_ns < story->first_ns))
		story->first_ns = first_ns;
	if (last_ns > story->last_ns)
		story->last_ns = last_ns;
	return ret;
}

/* Figures that the other system computed, as it calls them. */
static void read_metrics(struct rt_summary *s, int fd, const char *path)
{
	struct rt_buf b;
	char above[128];

	rt_buf_init(&b);
	snprintf(above, sizeof(above), "%.*s", (int)(strlen(path) - strlen(".json")), path);
	if (rt_fd_read(fd, &b, SUM_FILE) == 0 && rt_scan_valid(rt_buf_view(&b)))
		rt_sum_add_members(s, rt_buf_view(&b), above);
	rt_buf_release(&b);
}

static int read_files(struct rt_summary *s, int dirfd, const struct files *f, struct rt_err *err)
{
	int ret = 0;

	for (size_t i = 0; i < f->n && ret == 0; i++) {
		int fd = rt_file_open(dirfd, f->v[i], O_RDONLY, 0);

		if (fd < 0 && errno == ENOENT)
			continue;
		if (fd < 0)
			return rt_err_sys(err, "cannot open \"%s\"", f->v[i]);
		if (!may_be_log(f->v[i]))
			read_metrics(s, fd, f->v[i]);
		else if (read_log(s, fd, f->v[i]) < 0)
			ret = rt_err_sys(err, "cannot read \"%s\"", f->v[i]);
		close(fd);
	}
	return ret;
}

/* The id is the folder's name, also where "." or ".." was said; and what a command calls it. */
static void name_tree(struct rt_summary *s, const char *path)
{
	size_t n = strlen(path), from;
	char *real = NULL, *slash = NULL;
	struct rt_str base;

	while (n > 1 && path[n - 1] == '/')
		n--;
	for (from = n; from > 0 && path[from - 1] != '/';)
		from--;
	base = (struct rt_str){ path + from, n - from };
	if (rt_str_is(base, ".") || rt_str_is(base, ".."))
		real = realpath(path, NULL);
	if (real)
		slash = strrchr(real, '/');
	s->id = rt_sum_keep(s, slash && slash[1] ? rt_str(slash + 1) : base, SUM_KEY);
	free(real);
	rt_buf_clear(&s->scratch);
	rt_buf_addf(&s->scratch, "./%.*s", (int)(n - from), path + from);
	s->ref = rt_sum_keep(s, rt_buf_view(&s->scratch), SUM_TEXT);
}

int rt_sum_read_tree(struct rt_summary *s, const char *path, struct rt_err *err)
{
	int dirfd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC), ret = -1;
	struct files f = { .n = 0 };

	if (dirfd < 0)
		return rt_err_sys(err, "cannot open \"%s\"", path);
	s->foreign = s->tree = true;
	name_tree(s, path);
	if (rt_tree_walk(dirfd, visit, &f, err) < 0)
		goto out;
	if (f.failed) {
		rt_err_set(err, RT_ERR_FAILURE, "out of memory");
		goto out;
	}
	if (f.n)
		qsort(f.v, f.n, sizeof(*f.v), compare);
	ret = read_files(s, dirfd, &f, err);
	s->more_files = f.more;
	s->text_files = f.text;
	s->text_file = f.text_path ? rt_sum_keep(s, rt_str(f.text_path), SUM_KEY) : NULL;
out:
	for (size_t i = 0; i < f.n; i++)
		free(f.v[i]);
	free(f.v);
	free(f.text_path);
	close(dirfd);
	return ret;
}
