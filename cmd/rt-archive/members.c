/*
 * Reading an archive. It may be anybody's: only tar is understood, plain or
 * compressed by gzip or zstd; of its entries only regular files exist; names are
 * compared, never opened; and whatever its contents say, it is read in pieces.
 */
#include "members.h"
#include "die.h"
#include "fdio.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define BLOCK (256u << 10)

/* What libarchive has to say; its messages begin with a capital. */
static void complain(const struct members *m)
{
	const char *why = archive_error_string(m->a);

	if (!m->mute)
		error("\"%s\" is damaged or cut off: %s", m->path, why ? why : "it cannot be read");
}

static int open_file(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0) {
		error("cannot open \"%s\": %s", path, strerror(errno));
	} else if (!S_ISREG(st.st_mode)) {
		error("\"%s\" is no regular file", path);
	} else {
		return fd;
	}
	if (fd >= 0)
		close(fd);
	return -1;
}

int members_open_fd(struct members *m, int fd, const char *path, bool mute)
{
	const char *why;

	memset(m, 0, sizeof(*m));
	m->path = path;
	m->mute = mute;
	m->fd = -1;
	rt_buf_init(&m->root);
	m->a = archive_read_new();
	if (!m->a || archive_read_support_filter_gzip(m->a) != ARCHIVE_OK ||
	    archive_read_support_filter_zstd(m->a) != ARCHIVE_OK ||
	    archive_read_support_format_tar(m->a) != ARCHIVE_OK)
		die(EXIT_FAIL, "libarchive cannot read tar, gzip and zstd here");
	if (archive_read_open_fd(m->a, fd, BLOCK) == ARCHIVE_OK)
		return 0;
	why = archive_error_string(m->a);
	if (!mute)
		error("cannot read \"%s\" as an archive: %s", path,
		      why ? why : "it is damaged or cut off");
	members_close(m);
	return -1;
}

int members_open(struct members *m, const char *path, bool mute)
{
	int fd = open_file(path);

	if (fd < 0)
		return -1;
	if (members_open_fd(m, fd, path, mute) == 0) {
		m->fd = fd;
		return 0;
	}
	close(fd);
	return -1;
}

void members_close(struct members *m)
{
	archive_read_free(m->a);
	if (m->fd >= 0)
		close(m->fd);
	rt_buf_release(&m->root);
}

struct rt_str members_stored_name(const struct members *m)
{
	const char *name = archive_entry_pathname_utf8(m->entry);

	return rt_str(name ? name : archive_entry_pathname(m->entry));
}

static struct rt_str skip_dots(struct rt_str name)
{
	while (name.n >= 2 && name.p[0] == '.' && name.p[1] == '/') {
		name.p += 2;
		name.n -= 2;
	}
	return name;
}

/* Whether a name stays where it is put: no part of it is empty, "." or "..". */
static bool is_below(struct rt_str name)
{
	const char *p = name.p, *end = name.p + name.n;

	while (p < end) {
		const char *slash = memchr(p, '/', (size_t)(end - p));
		struct rt_str part = { p, (size_t)((slash ? slash : end) - p) };

		if (part.n == 0 || rt_str_is(part, ".") || rt_str_is(part, ".."))
			return false;
		if (!slash)
			return true;
		p = slash + 1;
	}
	return false;
}

/* A folder that runs have themselves. */
static bool is_of_run(struct rt_str folder)
{
	static const char *const names[] = { "logs", "artifacts", "context" };

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (rt_str_is(folder, names[i]))
			return true;
	return false;
}

/*
 * Whether the run was packed as a folder is told by the first entry: it is that
 * folder, or something in it; "./" says that it was not. Names without it are
 * taken as they are.
 */
static void find_root(struct members *m, struct rt_str first)
{
	const char *slash = first.n ? memchr(first.p, '/', first.n) : NULL;
	struct rt_str folder = { first.p, slash ? (size_t)(slash - first.p) : 0 };

	m->begun = true;
	if (!folder.n || is_of_run(folder))
		return;
	rt_buf_addv(&m->root, folder);
	rt_buf_addc(&m->root, '/');
}

static void take_name(struct members *m)
{
	struct rt_str name = skip_dots(members_stored_name(m));
	size_t n;

	if (rt_str_is(name, "."))
		name.n = 0;
	if (!m->begun)
		find_root(m, name);
	n = m->root.len;
	if (n && name.n >= n && memcmp(name.p, m->root.s, n) == 0) {
		name.p += n;
		name.n -= n;
	}
	m->top = m->kind == MEMBER_FOLDER && name.n == 0;
	if (m->kind == MEMBER_FOLDER && name.n && name.p[name.n - 1] == '/')
		name.n--;
	m->name = is_below(name) ? name : rt_str("");
}

static enum member_kind kind_of(const struct members *m)
{
	if (archive_entry_hardlink(m->entry) || m->size < 0)
		return MEMBER_OTHER;
	return archive_entry_filetype(m->entry) == AE_IFREG ? MEMBER_FILE :
	       archive_entry_filetype(m->entry) == AE_IFDIR ? MEMBER_FOLDER :
							      MEMBER_OTHER;
}

int members_step(struct members *m)
{
	int got = archive_read_next_header(m->a, &m->entry);

	if (got == ARCHIVE_EOF)
		return 0;
	if (got != ARCHIVE_OK && got != ARCHIVE_WARN) {
		complain(m);
		return -1;
	}
	m->size = archive_entry_size(m->entry);
	m->kind = kind_of(m);
	take_name(m);
	return 1;
}

int members_next(struct members *m)
{
	int got;

	while ((got = members_step(m)) > 0 && m->kind != MEMBER_FILE)
		m->others++;
	return got;
}

/* What a hole in a sparse file reads as. */
static bool feed_hole(int64_t n, bool (*take)(void *arg, const char *data, size_t n), void *arg)
{
	static const char zeros[4096];

	for (; n > 0; n -= sizeof(zeros))
		if (!take(arg, zeros, n < (int64_t)sizeof(zeros) ? (size_t)n : sizeof(zeros)))
			return false;
	return true;
}

int members_feed(struct members *m, bool (*take)(void *arg, const char *data, size_t n), void *arg)
{
	int64_t at = 0, offset;
	const void *data;
	size_t n;
	int got;

	while ((got = archive_read_data_block(m->a, &data, &n, &offset)) == ARCHIVE_OK ||
	       got == ARCHIVE_WARN) {
		if (!feed_hole(offset - at, take, arg) || !take(arg, data, n))
			return 1;
		at = offset + (int64_t)n;
	}
	if (got != ARCHIVE_EOF) {
		complain(m);
		return -1;
	}
	return feed_hole(m->size - at, take, arg) ? 0 : 1;
}

/* A reader who goes away ends the program, silently, as it does where SIGPIPE is not ignored. */
_Noreturn static void cannot_write(void)
{
	if (errno == EPIPE)
		exit(0);
	die(EXIT_FAIL, "cannot write standard output: %s", strerror(errno));
}

/* Whether the file goes on with these bytes. */
static bool is_next(void *arg, const char *data, size_t n)
{
	char piece[64 << 10];
	const int *fd = arg;

	while (n) {
		ssize_t got = read(*fd, piece, n < sizeof(piece) ? n : sizeof(piece));

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0 || memcmp(piece, data, (size_t)got) != 0)
			return false;
		data += got;
		n -= (size_t)got;
	}
	return true;
}

int members_compare(struct members *m, int fd)
{
	int got = members_feed(m, is_next, &fd);
	char more;

	if (got)
		return got < 0 ? -1 : 0;
	return read(fd, &more, 1) == 0;
}

static bool print_piece(void *arg, const char *data, size_t n)
{
	(void)arg;
	return rt_fd_write(STDOUT_FILENO, data, n) == 0;
}

int members_print(struct members *m)
{
	int got = members_feed(m, print_piece, NULL);

	if (got > 0)
		cannot_write();
	return got;
}

int members_read(struct members *m, struct rt_buf *b)
{
	size_t size = (size_t)m->size, n = 0;
	char *to = rt_buf_extend(b, size);
	ssize_t got = 0;

	if (!to)
		die(EXIT_FAIL, "out of memory");
	while (n < size && (got = archive_read_data(m->a, to + n, size - n)) > 0)
		n += (size_t)got;
	if (got < 0) {
		b->len -= size;
		complain(m);
		return -1;
	}
	/* A sparse file may end with a hole. */
	memset(to + n, 0, size - n);
	return 0;
}
