/*
 * --since and --until in a file whose events are known to be in order of time:
 * where they begin and end is found by halving, and the rest is not read.
 */
#include "source.h"
#include "clock.h"
#include "fdio.h"
#include "scan.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#define NEAR_BYTES (256 << 10) /* so much is sooner read than halved */

/* How much of events.jsonl is in order, as status.json says; 0: that is not known. */
static off_t ordered_size(const char *dir)
{
	int dirfd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct rt_json ordered, size;
	struct rt_buf text;
	int64_t n = 0;

	if (dirfd < 0)
		return 0;
	rt_buf_init(&text);
	if (rt_file_read(dirfd, RT_STATUS_FILE, &text, RT_STATUS_MAX) == 0 &&
	    rt_scan_valid(rt_buf_view(&text)) &&
	    rt_scan_find(rt_buf_view(&text), rt_str("ordered"), &ordered) &&
	    ordered.type == RT_JSON_TRUE &&
	    rt_scan_find(rt_buf_view(&text), rt_str("events_size"), &size))
		rt_json_int(&size, &n);
	rt_buf_release(&text);
	close(dirfd);
	return n > 0 ? (off_t)n : 0;
}

bool source_says_order(const struct source *s, off_t size)
{
	/* of what came later, or in its place, the order is not known */
	return s->dir && ordered_size(s->dir) == size;
}

/* An event that begins in [from, end): where it and what follows it begin, and its time. */
struct sight {
	off_t at, next;
	int64_t ns;
};

static bool find_event(int fd, off_t from, off_t end, struct sight *p)
{
	struct rt_reader r;
	struct rt_str line;
	struct rt_wanted wanted;
	struct rt_event ev;
	bool found = false;

	rt_wanted_init(&wanted);
	rt_wanted_add(&wanted, RT_FIELD(RT_F_TS));
	/* What is left of the line before is no line. */
	if (rt_reader_init(&r, fd, from - 1, end, false) < 0)
		return false;
	if (rt_reader_next(&r, &line) > 0) {
		while (!found && rt_reader_next(&r, &line) > 0)
			found = rt_event_parse_for(&ev, line, &wanted, NULL) == 0 &&
				rt_event_time(&ev, &p->ns);
		p->at = r.line_at;
		p->next = r.pos - (off_t)(r.end - r.start);
	}
	rt_reader_release(&r);
	return found;
}

/*
 * Where the events begin that are not before `ns`, with `after` those that are
 * after it: order is known by the millisecond only, so events of that
 * millisecond are on the side that is read.
 */
static off_t find_time(int fd, off_t from, off_t end, int64_t ns, bool after)
{
	while (end - from > NEAR_BYTES) {
		struct sight p;
		int64_t ms, wanted = ns / RT_NS_PER_MS;

		if (!find_event(fd, from + (end - from) / 2, end, &p)) {
			/* nothing there has a time */
			return after ? end : from;
		}
		ms = p.ns / RT_NS_PER_MS;
		if (after ? ms <= wanted : ms < wanted)
			from = p.next;
		else
			end = p.at;
	}
	return after ? end : from;
}

void source_narrow(struct source *s, const struct rt_filter *f)
{
	int64_t since, until;
	off_t size, end;
	struct stat st;
	int fd;

	if ((!s->dir && !s->ordered) || !rt_filter_span(f, &since, &until) ||
	    stat(s->name, &st) < 0 || st.st_size <= NEAR_BYTES)
		return;
	fd = source_peek(s);
	size = fd < 0 ? 0 : lseek(fd, 0, SEEK_END);
	if (size > NEAR_BYTES) {
		off_t known = source_says_order(s, size) ? size : s->ordered;

		if (known && since > INT64_MIN)
			s->from = find_time(fd, 0, known, since, false);
		if (known == size && until < INT64_MAX) {
			end = find_time(fd, s->from, size, until, true);
			s->to = end < size ? end : s->to;
		}
	}
	if (fd >= 0)
		close(fd);
}
