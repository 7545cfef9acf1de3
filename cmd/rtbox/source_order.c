/*
 * Whether the events of a large file stand in the order of time, so that
 * --since and --until may halve it. Where nobody says so the file is read once,
 * and what was found is kept in .rt/files.jsonl of the runs folder: a cache, for
 * whoever may write there, that can be deleted. It holds as long as the file has
 * the same inode, size and mtime; one that is being written is not looked at.
 */
#include "clock.h"
#include "die.h"
#include "fdio.h"
#include "rundir.h"
#include "scan.h"
#include "source.h"
#include "text.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILES_MAX (256u << 10)     /* a larger cache is begun anew */
#define LARGE_BYTES (4u << 20)     /* a smaller file is sooner read than known */
#define REST_NS (10 * RT_NS_PER_S) /* so long nobody wrote to it */

/* What is known of a file. */
struct order {
	int64_t inode, size, mtime_ns;
	int64_t known; /* so much of it are whole lines, in order; 0: they are in none */
};

static bool get(struct rt_str line, const char *key, int64_t *n)
{
	struct rt_json v;

	return rt_scan_find(line, rt_str(key), &v) && rt_json_int(&v, n);
}

/* Whether this line of the cache is about the file as it is now. */
static bool is_about(struct rt_str line, const char *path, struct order *o)
{
	struct order was;
	struct rt_json name;
	struct rt_buf plain;
	bool same;

	if (!rt_scan_valid(line) || !rt_scan_find(line, rt_str("path"), &name) ||
	    !get(line, "inode", &was.inode) || !get(line, "size", &was.size) ||
	    !get(line, "mtime_ns", &was.mtime_ns) || !get(line, "known", &was.known))
		return false;
	rt_buf_init(&plain);
	same = rt_str_is(rt_json_plain(&name, &plain), path) && was.inode == o->inode &&
	       was.size == o->size && was.mtime_ns == o->mtime_ns && was.known >= 0 &&
	       was.known <= o->size;
	rt_buf_release(&plain);
	if (same)
		o->known = was.known;
	return same;
}

static bool recall(int cache, const char *path, struct order *o)
{
	struct rt_buf text;
	bool known = false;

	rt_buf_init(&text);
	if (rt_file_read(cache, RT_ORDER_FILE, &text, FILES_MAX) == 0) {
		const char *p = text.s, *end = text.s + text.len, *nl;

		for (; p < end && (nl = memchr(p, '\n', (size_t)(end - p))); p = nl + 1)
			known |= is_about((struct rt_str){ p, (size_t)(nl - p) }, path, o);
	}
	rt_buf_release(&text);
	return known;
}

static void keep(int cache, const char *path, const struct order *o)
{
	struct rt_buf line;
	struct stat st;
	int fd;

	rt_buf_init(&line);
	rt_buf_adds(&line, "{\"path\":");
	rt_json_quote(&line, rt_str(path));
	rt_buf_addf(&line, ",\"inode\":%" PRId64 ",\"size\":%" PRId64, o->inode, o->size);
	rt_buf_addf(&line, ",\"mtime_ns\":%" PRId64 ",\"known\":%" PRId64 "}\n", o->mtime_ns,
		    o->known);
	/* For its owner only: it tells which files there are. */
	fd = rt_file_open(cache, RT_ORDER_FILE, O_WRONLY | O_APPEND | O_CREAT, 0600);
	if (fd >= 0 && fstat(fd, &st) == 0 && !line.failed) {
		if (st.st_size + (off_t)line.len > FILES_MAX && ftruncate(fd, 0) < 0)
			note("cannot shorten \"%s\"", RT_ORDER_FILE);
		else if (rt_fd_write(fd, line.s, line.len) < 0)
			note("cannot write \"%s\"", RT_ORDER_FILE);
	}
	if (fd >= 0)
		close(fd);
	rt_buf_release(&line);
}

/* Look at the lines as long as they are in order. False when the file cannot be read. */
static bool look(int fd, struct order *o)
{
	struct rt_wanted wanted;
	struct rt_event ev;
	struct rt_reader r;
	struct rt_str line;
	int64_t ns, last = INT64_MIN;
	bool ordered = true;
	int got = 0;

	if (rt_reader_init(&r, fd, 0, o->size, false) < 0)
		return false;
	r.whole_only = true;
	rt_wanted_init(&wanted);
	rt_wanted_add(&wanted, RT_FIELD(RT_F_TS));
	while (ordered && (got = rt_reader_next(&r, &line)) > 0) {
		if (rt_event_parse_for(&ev, line, &wanted, NULL) < 0 || !rt_event_time(&ev, &ns))
			continue;
		ordered = ns >= last;
		last = ns;
	}
	o->known = ordered ? r.pos - (off_t)(r.end - r.start) : 0;
	rt_reader_release(&r);
	return got >= 0;
}

static bool describe(int fd, struct order *o)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return false;
	o->inode = (int64_t)st.st_ino;
	o->size = st.st_size;
	o->mtime_ns = rt_mtime_ns(&st);
	return true;
}

void source_find_order(struct source *s, const struct rt_filter *f, const char *runs_dir)
{
	struct order o = { .known = 0 }, after;
	int64_t since, until;
	int fd = -1, cache = -1;
	char *path = NULL;
	struct stat st;

	if (s->standard || !rt_filter_span(f, &since, &until) || stat(s->name, &st) < 0 ||
	    !S_ISREG(st.st_mode) || st.st_size < LARGE_BYTES || source_says_order(s, st.st_size))
		return;
	fd = source_peek(s);
	cache = rt_rundir_open_private(runs_dir);
	path = realpath(s->name, NULL);
	if (fd < 0 || cache < 0 || !path || !describe(fd, &o) ||
	    rt_clock_now_ns() - o.mtime_ns < REST_NS)
		goto out;
	if (!recall(cache, path, &o)) {
		if (!look(fd, &o) || !describe(fd, &after) || after.size != o.size ||
		    after.mtime_ns != o.mtime_ns)
			goto out;
		keep(cache, path, &o);
	}
	s->ordered = o.known;
out:
	if (fd >= 0)
		close(fd);
	if (cache >= 0)
		close(cache);
	free(path);
}
