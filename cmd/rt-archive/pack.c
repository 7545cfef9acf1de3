/*
 * Writing an archive. The same files give the same bytes: sorted by name, without
 * owners, times in whole seconds, no time in gzip's header, one level of
 * compression. The format is GNU tar's, which takes any name as the bytes it is.
 */
#include "pack.h"
#include "die.h"
#include "fdio.h"
#include "packed.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PIECE (64u << 10)
#define GZIP_OPTIONS "gzip:!timestamp,gzip:compression-level=6"
#define ZSTD_OPTIONS "zstd:compression-level=3"

/* An archive that is written. */
struct writer {
	struct archive *a;
	const struct rt_rundir *dir;
	const char *name;
	time_t newest; /* the time of folders, whose own changes with every look into them */
	struct rt_err *err;
};

static int cannot_write(struct writer *w)
{
	const char *why = archive_error_string(w->a);

	return rt_err_set(w->err, RT_ERR_FAILURE, "cannot write \"%s/%s\": %s", w->dir->path,
			  w->name, why ? why : "libarchive does not say why");
}

/* ".NAME.tmp", as every next version of a file. */
static void name_draft(char draft[32], const char *name)
{
	snprintf(draft, 32, ".%s.tmp", name);
}

void pack_remove_drafts(const struct rt_rundir *d)
{
	static const char *const names[] = { RT_PACKED_GZ, RT_PACKED_ZST };
	char draft[32];

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		name_draft(draft, names[i]);
		unlinkat(d->fd, draft, 0);
	}
}

static int begin(struct writer *w, int fd)
{
	bool zstd = strcmp(w->name, RT_PACKED_ZST) == 0;

	w->a = archive_write_new();
	if (!w->a)
		return rt_err_set(w->err, RT_ERR_FAILURE, "out of memory");
	if (archive_write_set_format_gnutar(w->a) != ARCHIVE_OK ||
	    (zstd ? archive_write_add_filter_zstd(w->a) : archive_write_add_filter_gzip(w->a)) !=
		    ARCHIVE_OK ||
	    archive_write_set_options(w->a, zstd ? ZSTD_OPTIONS : GZIP_OPTIONS) != ARCHIVE_OK ||
	    archive_write_open_fd(w->a, fd) != ARCHIVE_OK)
		return cannot_write(w);
	return 0;
}

static int write_header(struct writer *w, const char *path, const struct stat *st)
{
	bool folder = S_ISDIR(st->st_mode);
	struct archive_entry *e = archive_entry_new();
	int ret;

	if (!e)
		return rt_err_set(w->err, RT_ERR_FAILURE, "out of memory");
	archive_entry_set_pathname(e, path);
	archive_entry_set_filetype(e, folder ? AE_IFDIR : AE_IFREG);
	archive_entry_set_perm(e, st->st_mode & 0777);
	archive_entry_set_size(e, folder ? 0 : st->st_size);
	archive_entry_set_mtime(e, folder ? w->newest : st->st_mtime, 0);
	ret = archive_write_header(w->a, e) == ARCHIVE_OK ? 0 : cannot_write(w);
	archive_entry_free(e);
	return ret;
}

static int changed(struct writer *w, const char *path)
{
	return rt_err_set(w->err, RT_ERR_FAILURE, "\"%s/%s\" changed while it was archived",
			  w->dir->path, path);
}

static int write_contents(struct writer *w, const struct file *file, int fd)
{
	int64_t left = file->st.st_size;
	char piece[PIECE];

	while (left > 0) {
		ssize_t n = read(fd, piece, left < (int64_t)PIECE ? (size_t)left : PIECE);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return rt_err_sys(w->err, "cannot read \"%s/%s\"", w->dir->path,
					  file->path);
		if (n == 0)
			return changed(w, file->path);
		if (archive_write_data(w->a, piece, (size_t)n) != n)
			return cannot_write(w);
		left -= n;
	}
	return 0;
}

static int write_file(struct writer *w, const struct file *file)
{
	int fd, ret;

	if (file_is_folder(file))
		return write_header(w, file->path, &file->st);
	fd = files_open(w->dir, file);
	if (fd < 0 && (errno == ESTALE || errno == ENOENT))
		return changed(w, file->path);
	if (fd < 0)
		return rt_err_sys(w->err, "cannot open \"%s/%s\"", w->dir->path, file->path);
	ret = write_header(w, file->path, &file->st);
	if (ret == 0)
		ret = write_contents(w, file, fd);
	close(fd);
	return ret;
}

/* All of it; the run's own folder first, which says that no other folder is it. */
static int write_archive(struct writer *w, const struct files *f, int fd)
{
	struct stat top;
	int ret = 0;

	for (size_t i = 0; i < f->n; i++)
		if (!file_is_folder(&f->v[i]) && f->v[i].st.st_mtime > w->newest)
			w->newest = f->v[i].st.st_mtime;
	if (fstat(w->dir->fd, &top) < 0)
		return rt_err_sys(w->err, "cannot look at \"%s\"", w->dir->path);
	if (begin(w, fd) < 0 || write_header(w, ".", &top) < 0)
		return -1;
	for (size_t i = 0; i < f->n && ret == 0; i++)
		ret = write_file(w, &f->v[i]);
	if (ret == 0 && archive_write_close(w->a) != ARCHIVE_OK)
		ret = cannot_write(w);
	return ret;
}

/* Read it back: it has these files, and nothing else. */
static int check(struct pack *p, struct files *f, struct rt_err *err)
{
	struct members m;
	size_t lacking, i = 0;
	int got = -1;

	for (i = 0; i < f->n; i++)
		f->v[i].seen = f->v[i].same = false;
	facts_init(&p->facts, p->name);
	if (lseek(p->fd, 0, SEEK_SET) == 0 && members_open_fd(&m, p->fd, p->draft, false) == 0) {
		got = files_compare(f, p->dir, &m, &p->facts, &lacking);
		members_close(&m);
	}
	for (i = 0; got == 0 && i < f->n && f->v[i].same; i++)
		;
	if (got == 0 && i == f->n && lacking == 0)
		return facts_hash(&p->facts, p->fd, err);
	return rt_err_set(err, RT_ERR_FAILURE,
			  "what was written to \"%s/%s\" is not what is in the run%s%s",
			  p->dir->path, p->draft, i < f->n ? ": see " : "",
			  i < f->n ? f->v[i].path : "");
}

/* As open as the least open of the files: who may not read one of them may not read it here. */
static mode_t mode_of(const struct files *f)
{
	mode_t mode = 0666;

	for (size_t i = 0; i < f->n; i++) {
		mode_t has = f->v[i].st.st_mode;

		/* into a folder leads its x */
		mode &= file_is_folder(&f->v[i]) ? (has & 0111) << 2 | 0222 : has;
	}
	return mode | 0600;
}

int pack_make(struct pack *p, const struct rt_rundir *d, const char *name, struct files *f,
	      struct rt_err *err)
{
	struct writer w = { .dir = d, .name = name, .err = err };
	int ret;

	*p = (struct pack){ .dir = d, .name = name, .fd = -1 };
	pack_remove_drafts(d);
	name_draft(p->draft, name);
	p->fd = openat(d->fd, p->draft, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (p->fd < 0)
		return rt_err_sys(err, "cannot write \"%s/%s\"", d->path, p->draft);
	rt_give_to_owner_of(d->fd, p->fd);
	ret = write_archive(&w, f, p->fd);
	archive_write_free(w.a);
	if (ret == 0)
		ret = check(p, f, err);
	if (ret == 0 && fchmod(p->fd, mode_of(f)) < 0)
		ret = rt_err_sys(err, "cannot set the mode of \"%s/%s\"", d->path, p->draft);
	return ret;
}

int pack_commit(struct pack *p, struct rt_err *err)
{
	if (fsync(p->fd) < 0 || renameat(p->dir->fd, p->draft, p->dir->fd, p->name) < 0)
		return rt_err_sys(err, "cannot write \"%s/%s\"", p->dir->path, p->name);
	p->draft[0] = '\0';
	if (fsync(p->dir->fd) < 0)
		return rt_err_sys(err, "cannot sync \"%s\"", p->dir->path);
	return facts_write(&p->facts, p->dir, err);
}

void pack_release(struct pack *p)
{
	if (p->fd >= 0)
		close(p->fd);
	if (p->fd >= 0 && p->draft[0])
		unlinkat(p->dir->fd, p->draft, 0);
	facts_release(&p->facts);
}
