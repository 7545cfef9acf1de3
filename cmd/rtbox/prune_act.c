/*
 * Deleting and archiving a run. What is deleted is moved out of sight first, into
 * .rt/trash, so that nobody sees half a run; what is left there the next rt-prune
 * removes. Archiving is done by rt-archive(1).
 */
#include "prune.h"
#include "common.h"
#include "die.h"
#include "fdio.h"
#include "helper.h"
#include "claim.h"
#include "id.h"
#include "rundir.h"
#include "tree.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define DIR_FLAGS (O_RDONLY | O_DIRECTORY | O_CLOEXEC)
#define LOCK_TIMEOUT_MS 1000 /* a run that is over is held by nobody for long */

static void open_for_writing(struct prune *p)
{
	struct rt_err err = RT_ERR_INIT;

	if (rt_runs_create(p->runs_dir, &err) < 0)
		die_err(&err);
	p->private_fd = rt_rundir_open_private(p->runs_dir);
	if (p->private_fd >= 0)
		p->lock_fd = rt_file_open(p->private_fd, RT_PRUNE_LOCK_FILE, O_RDWR | O_CREAT,
					  0666);
	if (p->lock_fd < 0)
		die(EXIT_FAIL, "cannot open \"%s/%s/%s\": %s", p->runs_dir, RT_PRIVATE_DIR,
		    RT_PRUNE_LOCK_FILE, strerror(errno));
}

int prune_open(struct prune *p, const char *runs_dir, bool look)
{
	*p = (struct prune){ .runs_dir = runs_dir, .private_fd = -1, .lock_fd = -1 };
	unpack_init(&p->unpack);
	p->runs_fd = open(runs_dir, DIR_FLAGS);
	if (p->runs_fd < 0)
		die(EXIT_FAIL, "cannot open the runs folder \"%s\": %s", runs_dir, strerror(errno));
	if (look)
		return 1;
	open_for_writing(p);
	if (rt_lock(p->lock_fd, 0) == 0)
		return 1;
	if (errno != EWOULDBLOCK)
		die(EXIT_FAIL, "cannot lock \"%s/%s/%s\": %s", runs_dir, RT_PRIVATE_DIR,
		    RT_PRUNE_LOCK_FILE, strerror(errno));
	return 0;
}

void prune_close(struct prune *p)
{
	unpack_release(&p->unpack);
	if (p->lock_fd >= 0)
		close(p->lock_fd);
	if (p->private_fd >= 0)
		close(p->private_fd);
	close(p->runs_fd);
}

int prune_empty_trash(struct prune *p)
{
	struct rt_err err = RT_ERR_INIT;

	if (rt_tree_remove(p->private_fd, RT_TRASH_DIR, &err) == 0)
		return 0;
	error("%s/%s/%s: %s", p->runs_dir, RT_PRIVATE_DIR, RT_TRASH_DIR, err.msg);
	return -1;
}

static int open_run(const struct rt_row *row)
{
	return open(row->path, DIR_FLAGS | O_NOFOLLOW);
}

/* A file that the archive should hold instead. */
static int find_leftover(void *arg, const struct rt_tree_item *item)
{
	(void)arg;
	return S_ISREG(item->st.st_mode) && rt_rundir_part(item->path) == RT_PART_PACKED ? -1 : 0;
}

bool prune_is_archived(const struct rt_row *row)
{
	int fd = open_run(row);
	bool is;

	if (fd < 0)
		return false;
	is = rt_rundir_archive(fd) && faccessat(fd, RT_ARCHIVE_FILE, F_OK, 0) == 0 &&
	     faccessat(fd, RT_EVENTS_FILE, F_OK, AT_SYMLINK_NOFOLLOW) < 0 &&
	     rt_tree_walk(fd, find_leftover, NULL, NULL) == 0;
	close(fd);
	return is;
}

int64_t prune_run_bytes(const struct rt_row *row)
{
	int fd = open_run(row);
	struct stat st;
	int64_t bytes = 0;

	if (fd < 0)
		return 0;
	if (fstat(fd, &st) == 0)
		bytes = (int64_t)st.st_blocks * 512 + rt_tree_bytes(fd);
	close(fd);
	return bytes;
}

int64_t prune_all_bytes(const struct prune *p)
{
	return rt_tree_bytes(p->runs_fd);
}

static int open_trash(struct prune *p, struct rt_err *err)
{
	int fd;

	if (mkdirat(p->private_fd, RT_TRASH_DIR, 0700) < 0 && errno != EEXIST)
		return rt_err_sys(err, "cannot make \"%s/%s/%s\"", p->runs_dir, RT_PRIVATE_DIR,
				  RT_TRASH_DIR);
	fd = openat(p->private_fd, RT_TRASH_DIR, DIR_FLAGS | O_NOFOLLOW);
	return fd >= 0 ? fd :
			 rt_err_sys(err, "cannot open \"%s/%s/%s\"", p->runs_dir, RT_PRIVATE_DIR,
				    RT_TRASH_DIR);
}

/* Move the run that is claimed to the trash; it is called `to` there. */
static int throw_away(struct prune *p, const struct rt_claim *claim, const char *name, int trash,
		      const char *to, struct rt_err *err)
{
	const char *base;
	struct stat held, named;
	int home = rt_file_parent(p->runs_fd, name, &base), ret = -1;

	if (home < 0 || fstat(claim->dir.fd, &held) < 0 ||
	    fstatat(home, base, &named, AT_SYMLINK_NOFOLLOW) < 0)
		rt_err_sys(err, "cannot look at \"%s\"", claim->dir.path);
	else if (held.st_ino != named.st_ino || held.st_dev != named.st_dev)
		rt_err_set(err, RT_ERR_NOTFOUND, "run \"%s\" was replaced", claim->dir.id);
	else if (rt_file_move(home, base, trash, to) < 0)
		rt_err_sys(err, "cannot move \"%s\" to the trash", claim->dir.path);
	else
		ret = 0;
	if (home >= 0 && home != p->runs_fd)
		close(home);
	return ret;
}

/* A group without runs is removed. */
static void leave_group(struct prune *p, const char *name)
{
	const char *slash = strchr(name, '/');
	char group[RT_ID_MAX + 1];

	if (!slash || slash - name > RT_ID_MAX)
		return;
	memcpy(group, name, (size_t)(slash - name));
	group[slash - name] = '\0';
	unlinkat(p->runs_fd, group, AT_REMOVEDIR);
}

/* The run is claimed until all of it is gone: who waits to write to it finds nothing then. */
int prune_delete(struct prune *p, const struct rt_row *row)
{
	const char *name = row->path + strlen(p->runs_dir) + 1;
	struct rt_err err = RT_ERR_INIT;
	struct rt_claim claim;
	char to[37];
	int trash = -1, ret = -1;

	rt_id_make(to);
	if (rt_claim_take(&claim, row->path, &p->unpack.unpacker, LOCK_TIMEOUT_MS, &err) == 0) {
		trash = open_trash(p, &err);
		if (trash >= 0 && throw_away(p, &claim, name, trash, to, &err) == 0)
			ret = rt_tree_remove(trash, to, &err);
		rt_claim_release(&claim);
	}
	if (trash >= 0)
		close(trash);
	leave_group(p, name);
	if (ret == 0)
		return 1;
	if (err.kind == RT_ERR_REFUSED) /* it was taken up again meanwhile */
		return 0;
	error("%s", err.msg);
	return -1;
}

int prune_archive(struct prune *p, const struct rt_row *row)
{
	const char *const argv[] = { "rt-archive", "--prune", "--", row->path, NULL };
	struct helper_process process;
	struct rt_err err = RT_ERR_INIT;
	struct rt_buf made;
	int ret = -1;

	rt_buf_init(&made);
	if (helper_start(&process, helper_of("archive"), (char **)argv, &p->unpack.mask, &err) ==
	    0) {
		rt_fd_read(process.fd, &made, 1 << 20);
		ret = helper_end(&process, &err);
		if (ret < 0 && !process.killed) /* else it said why */
			err.msg[0] = '\0';
	}
	if (ret < 0 && err.msg[0])
		error("%s", err.msg);
	rt_buf_release(&made);
	return ret < 0 ? -1 : 1;
}
