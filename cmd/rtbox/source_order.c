/*
 * Whether the events of a large file stand in the order of time, so that
 * --since and --until may halve it. Where nobody says so the file is read once,
 * and what was found is kept in .rt/files.jsonl of the runs folder: a cache, for
 * whoever may write there, that can be deleted. Of a file that grew only what is
 * new is read.
 */
#include "clock.h"
#include "die.h"
#include "fdio.h"
#include "scan.h"
#include "source.h"
#include "text.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILES_FILE "files.jsonl"
#define FILES_MAX (256u << 10) /* a larger cache is begun anew */
#define LARGE_BYTES (4u << 20) /* a smaller file is sooner read than known */
#define TAIL 32                /* bytes at the end of what is known, by which it is told again */

/* What is known of a file. */
struct order {
	uint64_t inode;
	int64_t mtime_ns;
	int64_t size;    /* so much of it was looked at */
	int64_t last_ns; /* the time of the last event there */
	bool ordered;
	char tail[2 * TAIL + 1]; /* the last bytes there, in hexadecimal digits */
};

/* The folder of the cache; -1: there is none. */
static int open_cache(const char *runs_dir)
{
	char *path = xasprintf("%s/%s", runs_dir, RT_PRIVATE_DIR);
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);

	free(path);
	return fd;
}

static bool get_tail(int fd, off_t size, char *tail)
{
	static const char digits[] = "0123456789abcdef";
	unsigned char bytes[TAIL];

	if (size < TAIL || pread(fd, bytes, TAIL, size - TAIL) != TAIL)
		return false;
	for (size_t i = 0; i < TAIL; i++) {
		tail[2 * i] = digits[bytes[i] >> 4];
		tail[2 * i + 1] = digits[bytes[i] & 15];
	}
	tail[2 * TAIL] = '\0';
	return true;
}

/* Whether this line of the cache is about the file; *o is filled in then. */
static bool read_line(struct rt_str line, const char *path, struct order *o)
{
	struct rt_json name, inode, mtime, size, last, ordered, tail;
	struct rt_buf plain;
	int64_t n = 0;
	bool same;

	if (!rt_scan_valid(line) || !rt_scan_find(line, rt_str("path"), &name) ||
	    !rt_scan_find(line, rt_str("inode"), &inode) ||
	    !rt_scan_find(line, rt_str("mtime_ns"), &mtime) ||
	    !rt_scan_find(line, rt_str("size"), &size) ||
	    !rt_scan_find(line, rt_str("last_ns"), &last) ||
	    !rt_scan_find(line, rt_str("ordered"), &ordered) ||
	    !rt_scan_find(line, rt_str("tail"), &tail))
		return false;
	rt_buf_init(&plain);
	same = rt_str_is(rt_json_plain(&name, &plain), path) && tail.text.n == 2 * TAIL &&
	       rt_json_int(&inode, &n) && rt_json_int(&mtime, &o->mtime_ns) &&
	       rt_json_int(&size, &o->size) && rt_json_int(&last, &o->last_ns);
	rt_buf_release(&plain);
	if (!same)
		return false;
	o->inode = (uint64_t)n;
	o->ordered = ordered.type == RT_JSON_TRUE;
	memcpy(o->tail, tail.text.p, 2 * TAIL);
	o->tail[2 * TAIL] = '\0';
	return true;
}

/* What the cache has of the file, as long as it is the one that it was, or that one grown. */
static bool recall(int cache, const char *path, int fd, const struct stat *st, struct order *o)
{
	struct rt_buf text;
	char tail[2 * TAIL + 1];
	bool known = false;

	rt_buf_init(&text);
	if (rt_file_read(cache, FILES_FILE, &text, FILES_MAX) == 0) {
		const char *p = text.s, *end = text.s + text.len, *nl;

		/* the last line about it counts */
		for (; p < end && (nl = memchr(p, '\n', (size_t)(end - p))); p = nl + 1)
			known |= read_line((struct rt_str){ p, (size_t)(nl - p) }, path, o);
	}
	rt_buf_release(&text);
	return known && o->inode == (uint64_t)st->st_ino &&
	       (o->mtime_ns == rt_mtime_ns(st) || o->size < st->st_size) &&
	       o->size <= st->st_size && get_tail(fd, o->size, tail) && strcmp(tail, o->tail) == 0;
}

static void keep(int cache, const char *path, const struct order *o)
{
	struct rt_buf line;
	struct stat st;
	int fd;

	rt_buf_init(&line);
	rt_buf_adds(&line, "{\"path\":");
	rt_json_quote(&line, rt_str(path));
	rt_buf_addf(&line, ",\"inode\":%" PRId64 ",\"mtime_ns\":%" PRId64, (int64_t)o->inode,
		    o->mtime_ns);
	rt_buf_addf(&line, ",\"size\":%" PRId64 ",\"last_ns\":%" PRId64, o->size, o->last_ns);
	rt_buf_addf(&line, ",\"ordered\":%s,\"tail\":\"%s\"}\n", o->ordered ? "true" : "false",
		    o->tail);
	/* For its owner only: it tells which files there are. */
	fd = rt_file_open(cache, FILES_FILE, O_WRONLY | O_APPEND | O_CREAT, 0600);
	if (fd >= 0 && fstat(fd, &st) == 0 && !line.failed) {
		if (st.st_size + (off_t)line.len > FILES_MAX && ftruncate(fd, 0) < 0)
			note("cannot shorten \"%s\"", FILES_FILE);
		else if (rt_fd_write(fd, line.s, line.len) < 0)
			note("cannot write \"%s\"", FILES_FILE);
	}
	if (fd >= 0)
		close(fd);
	rt_buf_release(&line);
}

/* Look at the lines from o->size on, as long as they are in order. */
static bool look(int fd, off_t end, struct order *o)
{
	struct rt_wanted wanted;
	struct rt_event ev;
	struct rt_reader r;
	struct rt_str line;
	int got = 0;
	int64_t ns;

	if (rt_reader_init(&r, fd, o->size, end, false) < 0)
		return false;
	r.whole_only = true;
	rt_wanted_init(&wanted);
	rt_wanted_add(&wanted, RT_FIELD(RT_F_TS));
	while (o->ordered && (got = rt_reader_next(&r, &line)) > 0) {
		if (rt_event_parse_for(&ev, line, &wanted) < 0 || !rt_event_time(&ev, &ns))
			continue;
		o->ordered = ns >= o->last_ns;
		o->last_ns = ns;
	}
	o->size = r.pos - (off_t)(r.end - r.start);
	rt_reader_release(&r);
	return got >= 0 && get_tail(fd, o->size, o->tail);
}

void source_find_order(struct source *s, const struct rt_filter *f, const char *runs_dir)
{
	struct order o;
	int64_t since, until;
	char *path = NULL;
	struct stat st;
	int cache = -1;
	off_t known;

	if (s->standard || !rt_filter_span(f, &since, &until) || stat(s->name, &st) < 0 ||
	    !S_ISREG(st.st_mode) || st.st_size < LARGE_BYTES || source_says_order(s, st.st_size) ||
	    !source_open(s))
		return;
	cache = open_cache(runs_dir);
	path = realpath(s->name, NULL);
	if (cache < 0 || !path || fstat(s->fd, &st) < 0)
		goto out;
	if (!recall(cache, path, s->fd, &st, &o))
		o = (struct order){ .last_ns = INT64_MIN, .ordered = true };
	known = o.size;
	o.inode = (uint64_t)st.st_ino;
	o.mtime_ns = rt_mtime_ns(&st);
	if (o.ordered && !look(s->fd, st.st_size, &o))
		goto out;
	if (o.size - known >= LARGE_BYTES / 4 || (known == 0 && !o.ordered))
		keep(cache, path, &o);
	s->ordered = o.ordered ? o.size : 0;
out:
	if (cache >= 0)
		close(cache);
	free(path);
	source_close(s);
}
