/* The index of a run's archive. See packed.h. */
#include "packed.h"
#include "fdio.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

struct rt_packed *rt_packed_new(const struct rt_unpacker *unpacker, char *path)
{
	struct rt_packed *a = path ? calloc(1, sizeof(*a)) : NULL;

	if (!a) {
		free(path);
		return NULL;
	}
	a->unpacker = unpacker;
	a->path = path;
	rt_buf_init(&a->index);
	return a;
}

void rt_packed_free(struct rt_packed *a)
{
	if (!a)
		return;
	rt_buf_release(&a->index);
	free(a->v);
	free(a->path);
	free(a);
}

/* A number and the character behind it; false when there is none. */
static bool take_number(struct rt_str *rest, char end, int64_t *n)
{
	bool negative = rest->n && *rest->p == '-';
	size_t i = negative;
	uint64_t value = 0;

	for (; i < rest->n && i < 20 && rest->p[i] >= '0' && rest->p[i] <= '9'; i++)
		value = value * 10 + (uint64_t)(rest->p[i] - '0');
	if (i == (size_t)negative || i >= rest->n || rest->p[i] != end || value > INT64_MAX)
		return false;
	rest->p += i + 1;
	rest->n -= i + 1;
	*n = negative ? -(int64_t)value : (int64_t)value;
	return true;
}

/* So many bytes and the line end behind them. */
static bool take_bytes(struct rt_str *rest, int64_t n, struct rt_str *bytes)
{
	if (n < 0 || (uint64_t)n >= rest->n || rest->p[n] != '\n')
		return false;
	*bytes = (struct rt_str){ rest->p, (size_t)n };
	rest->p += n + 1;
	rest->n -= (size_t)n + 1;
	return true;
}

static bool take_member(struct rt_str *rest, struct rt_packed_file *m)
{
	int64_t name, text;

	*m = (struct rt_packed_file){ .text = { NULL, 0 } };
	return take_number(rest, ' ', &m->size) && take_number(rest, ' ', &name) &&
	       take_number(rest, '\n', &text) && m->size >= 0 && take_bytes(rest, name, &m->name) &&
	       (text < 0 || take_bytes(rest, text, &m->text));
}

static void too_many(struct rt_packed *a)
{
	rt_err_set(&a->err, RT_ERR_FAILURE, "there are too many files in \"%s\"", a->path);
}

/* What is whole of the index; false when memory runs out. */
static bool parse(struct rt_packed *a)
{
	struct rt_str rest = rt_buf_view(&a->index);
	struct rt_packed_file m, *v;
	size_t cap = 0;

	while (take_member(&rest, &m)) {
		if (a->n == RT_PACKED_FILES_MAX) {
			too_many(a);
			break;
		}
		if (a->n == cap) {
			cap = cap ? 2 * cap : 32;
			v = realloc(a->v, cap * sizeof(*v));
			if (!v)
				return false;
			a->v = v;
		}
		a->v[a->n++] = m;
	}
	return true;
}

/* Read the index as far as it goes. */
static int read_index(struct rt_packed *a)
{
	const struct rt_unpacker *u = a->unpacker;
	void *job;
	int fd = u->start(u->arg, a->path, NULL, &job, &a->err), got;

	if (fd < 0)
		return -1;
	got = rt_fd_read(fd, &a->index, RT_PACKED_INDEX_MAX);
	if (got < 0 && errno == EFBIG)
		too_many(a);
	else if (got < 0)
		rt_err_sys(&a->err, "cannot read \"%s\"", a->path);
	if (u->end(u->arg, fd, job) < 0 && got == 0)
		rt_err_set(&a->err, RT_ERR_FAILURE, "cannot read \"%s\"", a->path);
	return 0;
}

int rt_packed_load(struct rt_packed *a)
{
	if (!a->loaded) {
		a->loaded = true;
		if (read_index(a) == 0 && !parse(a))
			rt_err_set(&a->err, RT_ERR_FAILURE, "out of memory");
	}
	return a->n == 0 && a->err.kind != RT_ERR_NONE ? -1 : 0;
}

const struct rt_packed_file *rt_packed_find(struct rt_packed *a, const char *name)
{
	if (rt_packed_load(a) < 0)
		return NULL;
	for (size_t i = 0; i < a->n; i++)
		if (rt_str_is(a->v[i].name, name))
			return &a->v[i];
	return NULL;
}

bool rt_packed_is(struct rt_str head)
{
	static const char gzip[] = { '\x1f', '\x8b', '\x08' };
	static const char zstd[] = { '\x28', '\xb5', '\x2f', '\xfd' };

	return (head.n >= 3 && memcmp(head.p, gzip, 3) == 0) ||
	       (head.n >= 4 && memcmp(head.p, zstd, 4) == 0) ||
	       (head.n >= 262 && memcmp(head.p + 257, "ustar", 5) == 0);
}

void rt_packed_id(const char *path, char id[256])
{
	static const char *const endings[] = { ".tar.gz", ".tar.zst", ".tgz", ".tzst", ".tar" };
	const char *slash = strrchr(path, '/'), *base = slash ? slash + 1 : path;
	struct rt_str name = rt_str(base);

	/* in its place it is called as the run's directory is */
	if (slash && (strcmp(base, RT_PACKED_GZ) == 0 || strcmp(base, RT_PACKED_ZST) == 0)) {
		for (base = slash; base > path && base[-1] != '/'; base--)
			;
		if (base < slash)
			name = (struct rt_str){ base, (size_t)(slash - base) };
	}
	for (size_t i = 0; i < sizeof(endings) / sizeof(*endings); i++) {
		size_t n = strlen(endings[i]);

		if (name.n > n && memcmp(name.p + name.n - n, endings[i], n) == 0) {
			name.n -= n;
			break;
		}
	}
	snprintf(id, 256, "%.*s", (int)(name.n < 255 ? name.n : 255), name.p);
}
