/* The cache of runs that are over. See catalog_cache.h. */
#include "catalog_cache.h"
#include "clock.h"
#include "fdio.h"
#include "hash.h"
#include "rundir.h"
#include "scan.h"
#include "text.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <sys/file.h>
#include <unistd.h>

#define CACHE_FILE "catalog.jsonl"
#define CACHE_MAX (1u << 30)
/*
 * A directory that changed so lately may change again without its mtime being
 * another one: clocks of file systems are coarse. Such a run is cached later.
 */
#define DOUBTFUL_NS (2 * RT_NS_PER_S)

static int open_private(const char *runs_dir)
{
	int runs = open(runs_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC), fd;

	if (runs < 0)
		return -1;
	fd = openat(runs, RT_PRIVATE_DIR, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	close(runs);
	return fd;
}

struct rt_dir_mark rt_dir_mark(const struct stat *st)
{
#ifdef __APPLE__
	const struct timespec *t = &st->st_mtimespec;
#else
	const struct timespec *t = &st->st_mtim;
#endif
	return (struct rt_dir_mark){ (uint64_t)st->st_ino, t->tv_sec * RT_NS_PER_S + t->tv_nsec };
}

static uint64_t hash(struct rt_str name)
{
	uint64_t h = rt_hash(name, RT_HASH_SEED);

	return h ^ h >> 32;
}

/* Where the name stands in the index, or is to stand. */
static struct rt_cache_slot *slot_of(const struct rt_cache *c, struct rt_str name, uint64_t h)
{
	size_t i = (size_t)h & (c->index_cap - 1);
	const struct rt_cache_slot *slot;

	while ((slot = &c->index[i])->place) {
		if (slot->hash == (uint32_t)(h >> 32) &&
		    rt_str_eq(c->v[slot->place - 1].name, name))
			break;
		i = (i + 1) & (c->index_cap - 1);
	}
	return &c->index[i];
}

static bool take_member(struct rt_cached *run, const struct rt_member *m)
{
	int64_t n = 0;

	if (m->value.type == RT_JSON_INT && !rt_json_int(&m->value, &n))
		return false;
	if (rt_json_is(&m->key, "dir"))
		run->name = m->value.text;
	else if (rt_json_is(&m->key, "inode"))
		run->mark.inode = (uint64_t)n;
	else if (rt_json_is(&m->key, "mtime_ns"))
		run->mark.mtime_ns = n;
	else if (rt_json_is(&m->key, "created_ns"))
		run->created_ns = n;
	else if (rt_json_is(&m->key, "started_ns"))
		run->started_ns = n;
	else if (rt_json_is(&m->key, "status"))
		return rt_state_find(m->value.text, &run->state);
	else if (rt_json_is(&m->key, "row"))
		run->row = m->value.text;
	return true;
}

/* A line of the file; false when it is none. */
static bool parse_line(struct rt_cached *run, struct rt_str line)
{
	struct rt_scan s;
	struct rt_member m;
	int got;

	*run = (struct rt_cached){ .state = RT_PENDING };
	if (rt_scan_init(&s, line) < 0)
		return false;
	while ((got = rt_scan_next(&s, &m)) > 0)
		if (!take_member(run, &m))
			return false;
	return got == 0 && run->name.n && run->row.n && rt_state_over(run->state) &&
	       run->created_ns >= 0 && run->started_ns >= 0;
}

/* Of a run that was cached twice the later line counts. */
static void put(struct rt_cache *c, const struct rt_cached *run)
{
	uint64_t h = hash(run->name);
	struct rt_cache_slot *slot = slot_of(c, run->name, h);

	if (!slot->place) {
		slot->hash = (uint32_t)(h >> 32);
		slot->place = (uint32_t)++c->n;
	}
	c->v[slot->place - 1] = *run;
}

static size_t count_lines(struct rt_str text)
{
	size_t n = 0;

	for (const char *p = text.p, *end = p + text.n; (p = memchr(p, '\n', (size_t)(end - p)));
	     p++)
		n++;
	return n;
}

static void take_lines(struct rt_cache *c)
{
	const char *p = c->text.s, *end = p + c->text.len, *nl;
	struct rt_cached run;

	c->lines = count_lines(rt_buf_view(&c->text));
	for (c->index_cap = 64; c->index_cap < 2 * c->lines; c->index_cap *= 2)
		;
	c->index = calloc(c->index_cap, sizeof(*c->index));
	c->v = malloc((c->lines ? c->lines : 1) * sizeof(*c->v));
	if (!c->index || !c->v) {
		c->index_cap = 0;
		return;
	}
	for (; (nl = memchr(p, '\n', (size_t)(end - p))); p = nl + 1)
		if (parse_line(&run, (struct rt_str){ p, (size_t)(nl - p) }))
			put(c, &run);
}

bool rt_cache_load(struct rt_cache *c, const char *runs_dir)
{
	int fd = open_private(runs_dir);

	memset(c, 0, sizeof(*c));
	rt_buf_init(&c->text);
	rt_buf_init(&c->fresh);
	c->now_ns = rt_clock_now_ns();
	if (fd < 0)
		return false;
	if (rt_file_read(fd, CACHE_FILE, &c->text, CACHE_MAX) < 0)
		rt_buf_clear(&c->text);
	close(fd);
	take_lines(c);
	return true;
}

const struct rt_cached *rt_cache_find(struct rt_cache *c, struct rt_str name,
				      struct rt_dir_mark mark)
{
	const struct rt_cache_slot *slot;
	struct rt_cached *run;

	if (!c->n)
		return NULL;
	slot = slot_of(c, name, hash(name));
	if (!slot->place)
		return NULL;
	run = &c->v[slot->place - 1];
	if (run->mark.inode != mark.inode || run->mark.mtime_ns != mark.mtime_ns)
		return NULL;
	c->used += !run->used;
	run->used = true;
	return run;
}

static void add_line(struct rt_buf *out, const struct rt_cached *run)
{
	rt_buf_adds(out, "{\"dir\":");
	rt_json_quote(out, run->name);
	rt_buf_addf(out,
		    ",\"inode\":%" PRId64 ",\"mtime_ns\":%" PRId64 ",\"created_ns\":%" PRId64
		    ",\"started_ns\":%" PRId64 ",\"status\":\"%s\",\"row\":",
		    (int64_t)run->mark.inode, run->mark.mtime_ns, run->created_ns, run->started_ns,
		    rt_state_name(run->state));
	rt_buf_addv(out, run->row);
	rt_buf_adds(out, "}\n");
}

void rt_cache_add(struct rt_cache *c, const struct rt_cached *run)
{
	if (run->mark.mtime_ns > c->now_ns - DOUBTFUL_NS)
		return;
	add_line(&c->fresh, run);
	c->n_fresh++;
}

/* All that is of use, as a new file. */
static void rewrite(struct rt_cache *c, int fd)
{
	struct rt_buf all;

	rt_buf_init(&all);
	for (size_t i = 0; i < c->n; i++)
		if (c->v[i].used)
			add_line(&all, &c->v[i]);
	rt_buf_addv(&all, rt_buf_view(&c->fresh));
	if (!all.failed)
		rt_file_replace(fd, CACHE_FILE, rt_buf_view(&all), RT_REPLACE_RENAME, NULL);
	rt_buf_release(&all);
}

/* Under the lock of the file, which another process that adds to it waits for in vain. */
static void write_fresh(struct rt_cache *c, int dirfd, int fd)
{
	size_t useful = c->used + c->n_fresh;
	bool torn = c->text.len && c->text.s[c->text.len - 1] != '\n';

	if (torn || c->lines > 2 * useful + 100)
		rewrite(c, dirfd);
	else
		rt_fd_write(fd, c->fresh.s, c->fresh.len);
}

void rt_cache_save(struct rt_cache *c, const char *runs_dir)
{
	int dirfd, fd;

	if (c->n_fresh == 0 || c->fresh.failed)
		return;
	dirfd = open_private(runs_dir);
	if (dirfd < 0)
		return;
	/* For its owner only: runs may be, whose names and errors it repeats. */
	fd = rt_file_open(dirfd, CACHE_FILE, O_WRONLY | O_APPEND | O_CREAT, 0600);
	if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0)
		write_fresh(c, dirfd, fd);
	if (fd >= 0)
		close(fd);
	close(dirfd);
}

void rt_cache_release(struct rt_cache *c)
{
	rt_buf_release(&c->text);
	rt_buf_release(&c->fresh);
	free(c->v);
	free(c->index);
	memset(c, 0, sizeof(*c));
}
