/* Files of a run, in its directory or its archive. See runfile.h. */
#include "runfile.h"
#include "fdio.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* The directory's file; -1 and errno. */
static int open_file(struct rt_runfile *f, const struct rt_rundir *d, const char *name)
{
	struct stat st;

	*f = (struct rt_runfile){ .fd = -1, .size = -1 };
	errno = ENOENT;
	if (d->fd >= 0)
		f->fd = rt_file_open(d->fd, name, O_RDONLY, 0);
	if (f->fd < 0)
		return -1;
	if (fstat(f->fd, &st) == 0)
		f->size = st.st_size;
	return 0;
}

/* What the index has told already, as a file; -1 where such files are not to be had. */
static int open_text(struct rt_str text)
{
#ifdef MFD_CLOEXEC
	int fd = memfd_create("member", MFD_CLOEXEC);

	if (fd < 0)
		return -1;
	if (rt_fd_write(fd, text.p, text.n) == 0 && lseek(fd, 0, SEEK_SET) == 0)
		return fd;
	close(fd);
#else
	(void)text;
#endif
	return -1;
}

static int start(struct rt_runfile *f, struct rt_packed *a, const char *name)
{
	const struct rt_unpacker *u = a->unpacker;
	struct rt_err err = RT_ERR_INIT;

	f->fd = u->start(u->arg, a->path, name, &f->job, &err);
	if (f->fd < 0) {
		a->err = err;
		errno = EIO;
		return -1;
	}
	f->unpacker = u;
	return 0;
}

int rt_runfile_open(struct rt_runfile *f, const struct rt_rundir *d, const char *name)
{
	const struct rt_packed_file *m;

	if (open_file(f, d, name) == 0)
		return 0;
	if (errno != ENOENT || !d->archive)
		return -1;
	m = rt_packed_find(d->archive, name);
	if (!m) {
		errno = d->archive->err.kind == RT_ERR_NONE ? ENOENT : EIO;
		return -1;
	}
	f->size = m->size;
	if (m->text.p)
		f->fd = open_text(m->text);
	return f->fd >= 0 ? 0 : start(f, d->archive, name);
}

int rt_runfile_stream(struct rt_runfile *f, const struct rt_rundir *d, const char *name)
{
	if (open_file(f, d, name) == 0)
		return 0;
	if (errno != ENOENT || !d->archive)
		return -1;
	return start(f, d->archive, name);
}

int rt_runfile_close(struct rt_runfile *f)
{
	int ret = 0;

	if (f->fd >= 0 && f->unpacker)
		ret = f->unpacker->end(f->unpacker->arg, f->fd, f->job);
	else if (f->fd >= 0)
		close(f->fd);
	f->fd = -1;
	f->unpacker = NULL;
	return ret;
}

int rt_runfile_read(const struct rt_rundir *d, const char *name, struct rt_buf *b, size_t limit)
{
	struct rt_runfile f;
	int ret, saved;

	if (rt_runfile_open(&f, d, name) < 0)
		return -1;
	ret = rt_fd_read(f.fd, b, limit);
	saved = errno;
	if (rt_runfile_close(&f) < 0 && ret == 0) {
		ret = -1;
		saved = EIO;
	}
	errno = saved;
	return ret;
}

int rt_runfile_failed(const struct rt_rundir *d, const char *name, struct rt_err *err)
{
	if (errno != EIO || !d->archive || d->archive->err.kind == RT_ERR_NONE)
		return rt_err_sys(err, "cannot read \"%s/%s\"", d->path, name);
	if (err)
		*err = d->archive->err;
	return -1;
}
