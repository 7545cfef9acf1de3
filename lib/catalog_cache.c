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

#define CACHE_MAX (1u << 30)
#define NEAR 4 /* lines in which a name is expected before it is looked up */
/*
 * A directory that changed so lately may change again without its mtime being
 * another one: clocks of file systems are coarse. Such a run is cached later.
 */
#define DOUBTFUL_NS (2 * RT_NS_PER_S)

struct rt_dir_mark rt_dir_mark(const struct stat *st)
{
	return (struct rt_dir_mark){ (uint64_t)st->st_ino, rt_mtime_ns(st) };
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

/* Words and numbers at *p, which goes behind them. */
static inline bool take_word(const char **p, const char *end, const char *word, size_t n)
{
	if ((size_t)(end - *p) < n || memcmp(*p, word, n) != 0)
		return false;
	*p += n;
	return true;
}

#define TAKE(p, end, word) take_word(p, end, word, sizeof(word) - 1)

static bool take_number(const char **p, const char *end, uint64_t *number)
{
	const char *s = *p;
	uint64_t n = 0;

	/* 20 digits hold the largest; what wraps round is a mark that fits nothing. */
	for (; s < end && s - *p < 20 && *s >= '0' && *s <= '9'; s++)
		n = n * 10 + (uint64_t)(*s - '0');
	if (s == *p)
		return false;
	*p = s;
	*number = n;
	return true;
}

static bool take_time(const char **p, const char *end, int64_t *ns)
{
	bool minus = *p < end && **p == '-';
	uint64_t n;

	*p += minus;
	if (!take_number(p, end, &n) || n > INT64_MAX)
		return false;
	*ns = minus ? -(int64_t)n : (int64_t)n;
	return true;
}

/* The text up to the next quote. */
static bool take_text(const char **p, const char *end, struct rt_str *text)
{
	const char *quote = memchr(*p, '"', (size_t)(end - *p));

	if (!quote)
		return false;
	*text = (struct rt_str){ *p, (size_t)(quote - *p) };
	*p = quote;
	return true;
}

static bool take_state(struct rt_str name, enum rt_state *state)
{
	static const enum rt_state over[] = { RT_COMPLETED, RT_FAILED, RT_CANCELLED };

	for (size_t i = 0; i < sizeof(over) / sizeof(*over); i++) {
		*state = over[i];
		if (rt_str_is(name, rt_state_name(over[i])))
			return true;
	}
	return false;
}

/*
 * A line of the file; false when it is none of those that add_line writes. The
 * row is taken as it is: who needs it finds out whether it is one.
 */
static bool parse_line(struct rt_cached *run, const char *p, const char *end)
{
	struct rt_str state;

	run->used = false;
	if (!TAKE(&p, end, "{\"dir\":\"") || !take_text(&p, end, &run->name) ||
	    !TAKE(&p, end, "\",\"inode\":") || !take_number(&p, end, &run->mark.inode) ||
	    !TAKE(&p, end, ",\"mtime_ns\":") || !take_time(&p, end, &run->mark.mtime_ns) ||
	    !TAKE(&p, end, ",\"created_ns\":") || !take_time(&p, end, &run->created_ns) ||
	    !TAKE(&p, end, ",\"started_ns\":") || !take_time(&p, end, &run->started_ns) ||
	    !TAKE(&p, end, ",\"status\":\"") || !take_text(&p, end, &state) ||
	    !TAKE(&p, end, "\",\"row\":") || end - p < 3 || end[-1] != '}')
		return false;
	run->row = (struct rt_str){ p, (size_t)(end - p) - 1 };
	return take_state(state, &run->state);
}

static bool make_room(struct rt_cache *c)
{
	size_t cap = c->cap ? 2 * c->cap : 64;
	struct rt_cached *v;

	if (c->n < c->cap)
		return true;
	v = realloc(c->v, cap * sizeof(*v));
	if (!v)
		return false;
	c->v = v;
	c->cap = cap;
	return true;
}

static void take_lines(struct rt_cache *c)
{
	const char *p = c->text.s, *end = p + c->text.len, *nl;

	for (; (nl = memchr(p, '\n', (size_t)(end - p))) && make_room(c); p = nl + 1) {
		c->lines++;
		c->n += parse_line(&c->v[c->n], p, nl);
	}
}

void rt_cache_init(struct rt_cache *c, const char *runs_dir)
{
	int fd = rt_rundir_open_private(runs_dir);

	memset(c, 0, sizeof(*c));
	rt_buf_init(&c->text);
	pthread_mutex_init(&c->lock, NULL);
	c->now_ns = rt_clock_now_ns();
	c->there = fd >= 0;
	if (fd >= 0)
		close(fd);
}

size_t rt_cache_size(const char *runs_dir)
{
	int fd = rt_rundir_open_private(runs_dir);
	struct stat st;
	size_t size = 0;

	if (fd < 0)
		return 0;
	if (fstatat(fd, RT_CATALOG_FILE, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode))
		size = (size_t)st.st_size;
	close(fd);
	return size;
}

void rt_cache_load(struct rt_cache *c, const char *runs_dir)
{
	int fd = rt_rundir_open_private(runs_dir);

	if (fd < 0)
		return;
	c->too_large = rt_cache_size(runs_dir) > CACHE_MAX;
	if (c->too_large || rt_file_read(fd, RT_CATALOG_FILE, &c->text, CACHE_MAX) < 0)
		rt_buf_clear(&c->text);
	close(fd);
	take_lines(c);
}

/* Of a run that was cached twice the later line counts. */
static void make_index(struct rt_cache *c)
{
	size_t cap = 64;

	while (cap < 2 * c->n)
		cap *= 2;
	c->index = calloc(cap, sizeof(*c->index));
	if (!c->index)
		return;
	c->index_cap = cap;
	for (size_t i = 0; i < c->n; i++) {
		uint64_t h = hash(c->v[i].name);
		struct rt_cache_slot *slot = slot_of(c, c->v[i].name, h);

		slot->hash = (uint32_t)(h >> 32);
		slot->place = (uint32_t)i + 1;
	}
}

/* The place of the name in v, from 1; 0: it is not there. */
static size_t look_up(struct rt_cache *c, struct rt_str name)
{
	if (c->n == 0)
		return 0;
	pthread_mutex_lock(&c->lock);
	if (!c->index)
		make_index(c);
	pthread_mutex_unlock(&c->lock);
	return c->index ? slot_of(c, name, hash(name))->place : 0;
}

static bool is_same(const struct rt_cached *run, struct rt_dir_mark mark)
{
	return run->mark.inode == mark.inode && run->mark.mtime_ns == mark.mtime_ns;
}

/*
 * A directory is read in much the same order each time, in which the cache was
 * written: the name mostly stands where it is expected, or soon after, where
 * runs are gone.
 */
struct rt_cached *rt_cache_find(struct rt_cache *c, struct rt_str name, struct rt_dir_mark mark,
				size_t *hint)
{
	struct rt_cached *run = NULL;
	size_t place;

	for (size_t i = *hint; i < c->n && i < *hint + NEAR && !run; i++)
		if (rt_str_eq(c->v[i].name, name) && is_same(&c->v[i], mark))
			run = &c->v[i];
	if (!run) {
		place = look_up(c, name);
		if (place == 0 || !is_same(&c->v[place - 1], mark))
			return NULL;
		run = &c->v[place - 1];
	}
	*hint = (size_t)(run - c->v) + 1;
	run->used = true;
	return run;
}

void rt_cache_drop(struct rt_cache_news *news, struct rt_cached *run)
{
	run->used = false;
	news->damaged = true;
}

static void add_line(struct rt_buf *out, const struct rt_cached *run)
{
	rt_buf_adds(out, "{\"dir\":");
	rt_json_quote(out, run->name);
	rt_buf_addf(out,
		    ",\"inode\":%" PRIu64 ",\"mtime_ns\":%" PRId64 ",\"created_ns\":%" PRId64
		    ",\"started_ns\":%" PRId64 ",\"status\":\"%s\",\"row\":",
		    run->mark.inode, run->mark.mtime_ns, run->created_ns, run->started_ns,
		    rt_state_name(run->state));
	rt_buf_addv(out, run->row);
	rt_buf_adds(out, "}\n");
}

void rt_cache_add(const struct rt_cache *c, struct rt_cache_news *news, const struct rt_cached *run)
{
	if (run->mark.mtime_ns > c->now_ns - DOUBTFUL_NS)
		return;
	add_line(&news->lines, run);
	news->n++;
}

/* All that is of use, as a new file. */
static void rewrite(const struct rt_cache *c, int fd, const struct rt_cache_news *news)
{
	struct rt_buf all;

	rt_buf_init(&all);
	for (size_t i = 0; i < c->n; i++)
		if (c->v[i].used)
			add_line(&all, &c->v[i]);
	rt_buf_addv(&all, rt_buf_view(&news->lines));
	if (!all.failed)
		rt_file_replace(fd, RT_CATALOG_FILE, rt_buf_view(&all), RT_REPLACE_RENAME, NULL);
	rt_buf_release(&all);
}

/* Under the lock of the file, which another process that adds to it waits for in vain. */
static void write_news(const struct rt_cache *c, int dirfd, int fd,
		       const struct rt_cache_news *news)
{
	bool torn = c->text.len && c->text.s[c->text.len - 1] != '\n';
	size_t useful = news->n;

	for (size_t i = 0; i < c->n; i++)
		useful += c->v[i].used;
	if (torn || c->too_large || news->damaged || c->lines > 2 * useful + 100)
		rewrite(c, dirfd, news);
	else
		rt_fd_write(fd, news->lines.s, news->lines.len);
}

void rt_cache_save(struct rt_cache *c, const char *runs_dir, const struct rt_cache_news *news)
{
	int dirfd, fd;

	if (news->n == 0 || news->lines.failed)
		return;
	dirfd = rt_rundir_open_private(runs_dir);
	if (dirfd < 0)
		return;
	/* For its owner only: runs may be, whose names and errors it repeats. */
	fd = rt_file_open(dirfd, RT_CATALOG_FILE, O_WRONLY | O_APPEND | O_CREAT, 0600);
	if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0)
		write_news(c, dirfd, fd, news);
	if (fd >= 0)
		close(fd);
	close(dirfd);
}

void rt_cache_release(struct rt_cache *c)
{
	rt_buf_release(&c->text);
	free(c->v);
	free(c->index);
	pthread_mutex_destroy(&c->lock);
	memset(c, 0, sizeof(*c));
}
