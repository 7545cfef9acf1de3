/* The artifact store: putting, removing, opening. What keys there are is artifact_keys.c. */
#include "artifact.h"
#include "clock.h"
#include "draft.h"
#include "fdio.h"
#include "record_batch.h"
#include "text.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#define PIECE 65536

/* Open a folder, or make it: no link that somebody put there is followed. */
static int enter(int dirfd, const char *name, bool make, struct rt_err *err)
{
	int fd;

	if (make)
		return rt_dir_make(dirfd, name, err);
	fd = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 && (errno == ENOENT || errno == ENOTDIR))
		return rt_err_set(err, RT_ERR_NOTFOUND, "there is no folder \"%s\"", name);
	return fd < 0 ? rt_err_sys(err, "cannot open folder \"%s\"", name) : fd;
}

/* Open the folder that the artifact is in; *name is what it is called there. */
static int open_folder(const struct rt_rundir *d, const char *key, bool make, const char **name,
		       struct rt_err *err)
{
	const char *slash = strchr(key, '/');
	int store = enter(d->fd, RT_ARTIFACTS_DIR, make, err), folder;
	char first[RT_ID_MAX + 1];

	*name = key;
	if (store < 0 || !slash)
		return store;
	snprintf(first, sizeof(first), "%.*s", (int)(slash - key), key);
	*name = slash + 1;
	folder = enter(store, first, make, err);
	close(store);
	return folder;
}

/* Read `from` to its end: *a gets size and sum. What is read goes to `to` (-1: nowhere). */
static int digest(int from, int to, struct rt_artifact *a, struct rt_err *err)
{
	struct rt_sha256 h;
	char piece[PIECE];
	ssize_t n;

	rt_sha256_init(&h);
	a->size = 0;
	for (;;) {
		n = read(from, piece, sizeof(piece));
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		rt_sha256_add(&h, piece, (size_t)n);
		a->size += n;
		if (to >= 0 && rt_fd_write(to, piece, (size_t)n) < 0)
			return rt_err_sys(err, "cannot write artifact \"%s\"", a->key);
	}
	if (n < 0)
		return rt_err_sys(err, "cannot read what artifact \"%s\" is to be", a->key);
	rt_sha256_end(&h, a->sha256);
	return 0;
}

static int queue_event(struct rt_record *r, struct rt_event *ev, enum rt_type type,
		       const struct rt_artifact *a, struct rt_err *err)
{
	struct rt_buf metadata;
	int ret;

	rt_buf_init(&metadata);
	rt_buf_adds(&metadata, "{\"key\":");
	rt_json_quote(&metadata, rt_str(a->key));
	rt_buf_addf(&metadata, ",\"size_bytes\":%lld,\"sha256\":\"%s\"}", (long long)a->size,
		    a->sha256);
	rt_event_set_text(ev, RT_F_TYPE, rt_str(rt_type_name(type)));
	rt_event_set_text(ev, RT_F_RESULT, rt_str(a->key));
	rt_event_set_json(ev, RT_F_METADATA, rt_json_of(rt_buf_view(&metadata), RT_JSON_OBJECT));
	rt_event_derive(ev);
	ret = rt_record_queue(r, ev, err);
	rt_event_unset(ev, RT_F_METADATA);
	rt_buf_release(&metadata);
	return ret;
}

static void take_key(struct rt_artifact *a, const char *key)
{
	memset(a, 0, sizeof(*a));
	snprintf(a->key, sizeof(a->key), "%s", key);
}

static int check_idle(const struct rt_record *r, const char *key, struct rt_err *err)
{
	if (rt_key_check(key, err) < 0)
		return -1;
	if (rt_record_queued(r))
		return rt_err_set(err, RT_ERR_REFUSED, "events of run \"%s\" wait to be recorded",
				  r->dir.id);
	return 0;
}

/* Under the lock: put the file in place and say so. */
static int publish(struct rt_record *r, struct rt_draft *draft, struct rt_event *ev,
		   const struct rt_artifact *a, struct rt_err *warning, struct rt_err *err)
{
	bool sync = r->opts.sync != RT_SYNC_NEVER, exists;
	int ret = -1;

	if (rt_batch_begin(r, err) < 0)
		return -1;
	exists = faccessat(draft->dirfd, draft->name, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
	if (queue_event(r, ev, exists ? RT_T_ARTIFACT_UPDATED : RT_T_ARTIFACT_CREATED, a, err) ==
		    0 &&
	    rt_draft_put(draft, sync, err) == 0)
		ret = rt_batch_commit(r, COMMIT_PROGRESS, warning, err);
	rt_batch_end(r);
	return ret;
}

int rt_artifact_put(struct rt_record *r, const char *key, int from, struct rt_event *ev,
		    struct rt_artifact *a, struct rt_err *warning, struct rt_err *err)
{
	struct rt_draft draft = { .fd = -1 };
	const char *name;
	struct stat st;
	int folder, ret = -1;

	if (check_idle(r, key, err) < 0)
		return -1;
	take_key(a, key);
	folder = open_folder(&r->dir, key, true, &name, err);
	if (folder < 0)
		return -1;
	if (rt_draft_open(&draft, folder, name, err) == 0 && digest(from, draft.fd, a, err) == 0 &&
	    rt_draft_finish(&draft, r->opts.sync != RT_SYNC_NEVER, err) == 0) {
		if (fstat(draft.fd, &st) == 0)
			a->modified_ns = rt_mtime_ns(&st);
		ret = publish(r, &draft, ev, a, warning, err);
	}
	rt_draft_close(&draft);
	close(folder);
	return ret;
}

static int not_found(const struct rt_rundir *d, const char *key, struct rt_err *err)
{
	return rt_err_set(err, RT_ERR_NOTFOUND, "run \"%s\" has no artifact \"%s\"", d->id, key);
}

/* Remove the file that was read. 1: meanwhile it became another one. */
static int unpublish(struct rt_record *r, int folder, const char *name, int fd, struct rt_event *ev,
		     const struct rt_artifact *a, struct rt_err *warning, struct rt_err *err)
{
	int ret = -1;

	if (rt_batch_begin(r, err) < 0)
		return -1;
	if (!rt_file_named(fd, folder, name))
		ret = 1;
	else if (queue_event(r, ev, RT_T_ARTIFACT_DELETED, a, err) == 0) {
		if (unlinkat(folder, name, 0) < 0)
			rt_err_sys(err, "cannot remove artifact \"%s\"", a->key);
		else
			ret = rt_batch_commit(r, COMMIT_PROGRESS, warning, err);
	}
	rt_batch_end(r);
	return ret;
}

int rt_artifact_remove(struct rt_record *r, const char *key, struct rt_event *ev,
		       struct rt_artifact *a, struct rt_err *warning, struct rt_err *err)
{
	const char *name;
	int folder, fd, ret;

	if (check_idle(r, key, err) < 0)
		return -1;
	take_key(a, key);
	folder = open_folder(&r->dir, key, false, &name, err);
	if (folder < 0)
		return err && err->kind == RT_ERR_NOTFOUND ? not_found(&r->dir, key, err) : -1;
	do {
		fd = rt_file_open(folder, name, O_RDONLY, 0);
		if (fd < 0 && errno == ENOENT)
			ret = not_found(&r->dir, key, err);
		else if (fd < 0)
			ret = rt_err_sys(err, "cannot read artifact \"%s\"", key);
		else if ((ret = digest(fd, -1, a, err)) == 0)
			ret = unpublish(r, folder, name, fd, ev, a, warning, err);
		if (fd >= 0)
			close(fd);
	} while (ret > 0);
	close(folder);
	return ret;
}

/* Open exactly that one: 1; 0: it is not there. */
static int open_one(struct rt_runfile *f, struct rt_artifact *a, const struct rt_rundir *d,
		    const char *key, struct rt_err *err)
{
	char path[sizeof(RT_ARTIFACTS_DIR) + RT_KEY_MAX + 1];
	struct stat st;

	take_key(a, key);
	snprintf(path, sizeof(path), "%s/%s", RT_ARTIFACTS_DIR, key);
	if (rt_runfile_open(f, d, path) < 0)
		return errno == ENOENT || errno == ENOTDIR ? 0 : rt_runfile_failed(d, path, err);
	a->size = f->size;
	/* Out of an archive it has no time that says anything. */
	if (d->fd >= 0 && rt_file_named(f->fd, d->fd, path) && fstat(f->fd, &st) == 0)
		a->modified_ns = rt_mtime_ns(&st);
	return 1;
}

int rt_artifact_open(struct rt_runfile *f, struct rt_artifact *a, const struct rt_rundir *d,
		     const char *key, struct rt_err *err)
{
	char json[RT_KEY_MAX + sizeof(".json")];
	int ret;

	if (rt_key_check(key, err) < 0)
		return -1;
	ret = open_one(f, a, d, key, err);
	snprintf(json, sizeof(json), "%s.json", key);
	if (ret == 0 && rt_key_check(json, NULL) == 0)
		ret = open_one(f, a, d, json, err);
	if (ret == 0)
		return not_found(d, key, err);
	return ret < 0 ? -1 : 0;
}

int rt_artifact_stat(struct rt_artifact *a, const struct rt_rundir *d, const char *key, bool sum,
		     struct rt_err *err)
{
	struct rt_runfile f;
	int ret = 0;

	if (rt_artifact_open(&f, a, d, key, err) < 0)
		return -1;
	if (sum)
		ret = digest(f.fd, -1, a, err);
	if (rt_runfile_close(&f) < 0 && ret == 0 && sum)
		return rt_err_set(err, RT_ERR_FAILURE, "artifact \"%s\" cannot be read to its end",
				  a->key);
	return ret;
}

void rt_artifact_json(const struct rt_artifact *a, struct rt_buf *out)
{
	char modified[RT_TS_LEN + 1];

	rt_buf_adds(out, "{\"key\":");
	rt_json_quote(out, rt_str(a->key));
	rt_buf_addf(out, ",\"size_bytes\":%lld", (long long)a->size);
	if (a->modified_ns) {
		rt_clock_format(modified, a->modified_ns);
		rt_buf_addf(out, ",\"modified_at\":\"%s\"", modified);
	}
	if (*a->sha256)
		rt_buf_addf(out, ",\"sha256\":\"%s\"", a->sha256);
	rt_buf_addc(out, '}');
}
