/* A run and its archive: bringing the files back, and whether it still is as it was made. */
#include "archive.h"
#include "die.h"
#include "facts.h"
#include "claim.h"
#include "pack.h"
#include "restore.h"
#include "unpack.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

static int open_archive(const struct rt_rundir *d, struct rt_err *err)
{
	int fd;

	if (!d->archive)
		return rt_err_set(err, RT_ERR_NOTFOUND, "run \"%s\" has no archive", d->id);
	fd = open(d->archive->path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	return fd >= 0 ? fd : rt_err_sys(err, "cannot open \"%s\"", d->archive->path);
}

int archive_restore(const char *path, int timeout_ms)
{
	struct rt_err err = RT_ERR_INIT;
	struct unpack unpack;
	struct rt_claim claim;
	int fd = -1, ret;

	unpack_init(&unpack);
	ret = rt_claim_take(&claim, path, &unpack.unpacker, timeout_ms, &err);
	if (ret == 0) {
		fd = open_archive(&claim.dir, &err);
		pack_remove_drafts(&claim.dir);
		ret = fd < 0 ? -1 : restore_files(&claim.dir, fd, claim.dir.archive->path, &err);
	}
	if (fd >= 0)
		close(fd);
	if (ret == 0 && prog_verbosity() >= 0)
		printf("%s\n", claim.dir.path);
	rt_claim_release(&claim);
	unpack_release(&unpack);
	if (ret < 0)
		error("%s", err.msg);
	return ret < 0 ? err_exit_code(&err) : 0;
}

/* Read it to its end. False when it breaks off, which was said. */
static bool is_whole(int fd, const char *path)
{
	struct members m;
	int got;

	if (members_open_fd(&m, fd, path, false) < 0)
		return false;
	while ((got = members_step(&m)) > 0)
		;
	members_close(&m);
	return got == 0;
}

/* What is wrong with it; NULL where nothing is. *code: when that could not be found out. */
static const char *find_damage(const struct rt_rundir *d, int fd, int *code)
{
	struct rt_err err = RT_ERR_INIT;
	struct facts_told told;
	struct facts found;

	facts_read(&told, d);
	facts_init(&found, d->archive->path);
	if (facts_hash(&found, fd, &err) < 0) {
		error("%s", err.msg);
		*code = EXIT_FAIL;
		return "it cannot be read";
	}
	if (!told.there) {
		*code = EXIT_FAIL;
		return "there is no sha256 in archive.json to hold it against";
	}
	if (!facts_agree(&told, &found))
		return "it is not what archive.json says";
	return lseek(fd, 0, SEEK_SET) == 0 && is_whole(fd, d->archive->path) ?
		       NULL :
		       "it cannot be unpacked";
}

int archive_check(const char *path, struct out *out)
{
	struct rt_err err = RT_ERR_INIT;
	struct rt_rundir d = { .fd = -1 };
	struct unpack unpack;
	const char *damage;
	int code = EXIT_FAIL, fd = -1;

	unpack_init(&unpack);
	if (rt_rundir_open(&d, path, &err) == 0 && rt_rundir_adopt(&d, &unpack.unpacker, &err) == 0)
		fd = open_archive(&d, &err);
	if (fd < 0) {
		error("%s", err.msg);
	} else {
		code = EXIT_NO;
		damage = find_damage(&d, fd, &code);
		code = damage ? code : 0;
		if (prog_verbosity() >= 0) {
			out_text(out, rt_str(d.id));
			fprintf(out->f, ": %s\n", damage ? damage : "ok");
		}
		close(fd);
	}
	rt_rundir_release(&d);
	unpack_release(&unpack);
	return code;
}
