/*
 * Archiving a run. Nothing is removed before the archive holds it, was read back, and
 * is on the disk together with archive.json; so what breaks off anywhere leaves all
 * there was, and the next time goes on from there. An archive that lacks something is
 * made anew, of what it holds and what the directory has.
 */
#include "archive.h"
#include "die.h"
#include "claim.h"
#include "pack.h"
#include "restore.h"
#include "unpack.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TRIES 3 /* while files change */

struct job {
	struct rt_claim claim;
	struct unpack unpack;
	struct files files;
	struct rt_err err;
	bool prune, zstd;
};

/* An archive that is there already. */
struct old {
	const char *name;
	int fd;
	struct facts facts;
	size_t lacking; /* members that the directory lacks */
};

static int open_old(struct job *j, struct old *old)
{
	const struct rt_rundir *d = &j->claim.dir;

	old->fd = openat(d->fd, old->name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	return old->fd >= 0 ? 0 : rt_err_sys(&j->err, "cannot open \"%s/%s\"", d->path, old->name);
}

/*
 * Hold it against the directory. It has to be what archive.json says, unless all that is in
 * it is in the directory as well, as it is when archive.json could not be written any more.
 */
static int compare_old(struct job *j, struct old *old)
{
	const struct rt_rundir *d = &j->claim.dir;
	struct facts_told told;
	struct members m;
	int got = -1;

	facts_init(&old->facts, old->name);
	if (members_open_fd(&m, old->fd, d->archive->path, false) == 0) {
		got = files_compare(&j->files, d, &m, &old->facts, &old->lacking);
		members_close(&m);
	}
	if (got < 0)
		return rt_err_set(
			&j->err, RT_ERR_FAILURE,
			"\"%s\" is left as it is: move its archive away to make a new one", d->id);
	if (facts_hash(&old->facts, old->fd, &j->err) < 0)
		return -1;
	facts_read(&told, d);
	if (told.there && old->lacking && !facts_agree(&told, &old->facts))
		return rt_err_set(&j->err, RT_ERR_FAILURE,
				  "\"%s/%s\" is not the archive that archive.json speaks of",
				  d->path, old->name);
	return 0;
}

static bool all_same(const struct files *f)
{
	size_t i = 0;

	while (i < f->n && f->v[i].same)
		i++;
	return i == f->n;
}

/* What only the old archive has comes back to be archived again. */
static int borrow(struct job *j, const struct old *old)
{
	struct files before = j->files;
	int ret = restore_files(&j->claim.dir, old->fd, j->claim.dir.archive->path, &j->err);

	if (ret == 0)
		ret = files_scan(&j->files, &j->claim.dir, &j->err);
	else
		j->files = (struct files){ .v = NULL };
	for (size_t i = 0; ret == 0 && i < j->files.n; i++)
		j->files.v[i].borrowed = !files_find(&before, rt_str(j->files.v[i].path));
	files_release(&before);
	return ret;
}

static int make(struct job *j, const char *name)
{
	struct pack pack;
	int ret = pack_make(&pack, &j->claim.dir, name, &j->files, &j->err);

	if (ret == 0)
		ret = pack_commit(&pack, &j->err);
	if (ret == 0 && prog_verbosity() >= 0)
		printf("%s/%s\n", j->claim.dir.path, name);
	pack_release(&pack);
	return ret;
}

/* See to it that the archive has all that there is. */
static int update(struct job *j)
{
	const struct rt_rundir *d = &j->claim.dir;
	struct old old = { .name = rt_rundir_archive(d->fd), .fd = -1 };
	int ret;

	if (!old.name)
		return make(j, j->zstd ? RT_PACKED_ZST : RT_PACKED_GZ);
	if (!d->archive)
		return rt_err_set(&j->err, RT_ERR_FAILURE, "\"%s/%s\" is no regular file", d->path,
				  old.name);
	ret = open_old(j, &old);
	if (ret == 0)
		ret = compare_old(j, &old);
	if (ret == 0 && all_same(&j->files)) {
		note("nothing is new in \"%s\" since it was archived", d->id);
		ret = facts_write(&old.facts, d, &j->err);
	} else if (ret == 0) {
		if (old.lacking)
			ret = borrow(j, &old);
		if (ret == 0)
			ret = make(j, old.name);
	}
	if (old.fd >= 0)
		close(old.fd);
	facts_release(&old.facts);
	return ret;
}

/* Archive it as it is now; 1: something changed meanwhile, and is not in the archive. */
static int archive_once(struct job *j)
{
	const struct rt_rundir *d = &j->claim.dir;
	size_t changed = 0;
	int ret = files_scan(&j->files, d, &j->err);

	if (ret == 0)
		ret = update(j);
	if (ret == 0)
		ret = files_remove(&j->files, d, j->prune, &changed, &j->err);
	return ret < 0 ? -1 : changed > 0;
}

/*
 * Of a run that was archived and pruned the archive need not be read again: there is no file
 * that it could lack. Folders that were not removed any more are.
 */
static bool is_done(struct job *j)
{
	const struct rt_rundir *d = &j->claim.dir;
	bool done = rt_rundir_packed(d) &&
		    faccessat(d->fd, RT_ARCHIVE_FILE, F_OK, AT_SYMLINK_NOFOLLOW) == 0 &&
		    files_scan(&j->files, d, NULL) == 0;
	size_t changed;

	for (size_t i = 0; done && i < j->files.n; i++) {
		j->files.v[i].same = file_is_folder(&j->files.v[i]);
		done = j->files.v[i].same || rt_rundir_part(j->files.v[i].path) == RT_PART_KEPT;
	}
	if (done && j->prune)
		files_remove(&j->files, d, true, &changed, NULL);
	if (done)
		note("\"%s\" is archived", d->id);
	files_release(&j->files);
	return done;
}

static int archive_claimed(struct job *j)
{
	int ret = 1;

	restore_remove_drafts(&j->claim.dir);
	pack_remove_drafts(&j->claim.dir);
	if (is_done(j))
		return 0;
	for (int tries = 0; ret > 0 && tries < TRIES; tries++) {
		files_release(&j->files);
		ret = archive_once(j);
	}
	if (ret > 0)
		return rt_err_set(&j->err, RT_ERR_FAILURE,
				  "\"%s\" is not pruned: its files change all the time",
				  j->claim.dir.id);
	if (ret == 0 && j->files.others)
		warn("%zu links and other things that are no regular files stay in \"%s\"",
		     j->files.others, j->claim.dir.path);
	return ret;
}

int archive_make(const char *path, const struct archive_opts *o, int timeout_ms)
{
	struct job j = { .err = RT_ERR_INIT, .prune = o->prune, .zstd = o->zstd };
	int ret;

	unpack_init(&j.unpack);
	ret = rt_claim_take(&j.claim, path, &j.unpack.unpacker, timeout_ms, &j.err);
	if (ret == 0) {
		ret = archive_claimed(&j);
		files_release(&j.files);
		rt_claim_release(&j.claim);
	}
	unpack_release(&j.unpack);
	if (ret < 0)
		error("%s", j.err.msg);
	return ret < 0 ? err_exit_code(&j.err) : 0;
}
