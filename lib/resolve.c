/*
 * What a RUN argument means. Exact beats prefix, a name in the runs folder
 * beats a path, a directory's name beats the id that is stored in it.
 */
#include "packed.h"
#include "catalog.h"
#include "catalog_scan.h"
#include "fdio.h"
#include "rundir.h"
#include "scan.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define NAMED_MAX 10          /* runs that the message about an ambiguous prefix names */
#define STORED_MAX (1u << 20) /* bytes of a status.json that is looked into for its id */
#define LATEST_MAX 1000000    /* @latest~N */

void rt_found_release(struct rt_found *f)
{
	free(f->path);
	f->path = NULL;
}

static int no_memory(struct rt_err *err)
{
	return rt_err_set(err, RT_ERR_FAILURE, "out of memory");
}

static int found_at(struct rt_found *found, char *path, bool file, struct rt_err *err)
{
	if (!path)
		return no_memory(err);
	found->path = path;
	found->file = file;
	return 0;
}

static int no_runs(const char *runs_dir, struct rt_err *err)
{
	return rt_err_set(err, RT_ERR_NOTFOUND, "no runs in \"%s\"; rt-run -- CMD records one",
			  runs_dir);
}

/* The N of "~N"; false: it is none. */
static bool parse_index(const char *text, size_t *index)
{
	char *end;

	if (text[0] != '~' || text[1] < '0' || text[1] > '9')
		return false;
	*index = strtoul(text + 1, &end, 10);
	return !*end && *index < LATEST_MAX;
}

/* Which runs @latest stands for: the one that has so many later ones, of that name if there is one. */
struct latest {
	struct rt_str name; /* p is NULL: any */
	size_t index;
};

/* @latest, @latest~N, @latest:NAME, @latest:NAME~N. */
static int parse_latest(const char *run, struct latest *l, struct rt_err *err)
{
	const char *rest = run + strlen("@latest");

	*l = (struct latest){ { NULL, 0 }, 0 };
	if (strncmp(run, "@latest", strlen("@latest")) == 0) {
		if (rest[0] == ':' && rest[1])
			l->name = rt_str(rest + 1);
		if (!*rest || l->name.n || parse_index(rest, &l->index))
			return 0;
	}
	return rt_err_set(err, RT_ERR_USAGE,
			  "bad run \"%s\": @latest, @latest~2, @latest:NAME and @latest:NAME~2 "
			  "are known",
			  run);
}

/* NULL: there is none; *n: how many there are that are not it. */
static const struct rt_row *find_latest(const struct rt_catalog *c, const struct latest *l,
					size_t *n)
{
	*n = 0;
	for (size_t i = 0; i < c->n; i++) {
		if (l->name.p && !rt_str_is(l->name, c->rows[i].name))
			continue;
		if (*n == l->index)
			return &c->rows[i];
		++*n;
	}
	return NULL;
}

/* NAME~N is a name, or else the N-th run before the latest of NAME. */
static const struct rt_row *find_named(const struct rt_catalog *c, struct latest *l, size_t *n)
{
	const struct rt_row *row = find_latest(c, l, n);
	const char *tilde = l->name.p ? strrchr(l->name.p, '~') : NULL;

	if (row || !tilde || tilde == l->name.p || !parse_index(tilde, &l->index))
		return row;
	l->name.n = (size_t)(tilde - l->name.p);
	return find_latest(c, l, n);
}

static int resolve_latest(const char *runs_dir, const char *run, const struct rt_unpacker *unpacker,
			  struct rt_found *found, struct rt_err *err)
{
	const struct rt_row *row;
	struct rt_catalog c;
	struct latest l;
	int ret = -1;
	size_t n;

	if (parse_latest(run, &l, err) < 0 ||
	    rt_catalog_list(&c, runs_dir, NULL, unpacker, err) < 0)
		return -1;
	row = find_named(&c, &l, &n);
	if (row)
		ret = found_at(found, strdup(row->path), false, err);
	else if (l.name.p && !n)
		rt_err_set(err, RT_ERR_NOTFOUND, "no run named \"%.*s\" in \"%s\"", (int)l.name.n,
			   l.name.p, runs_dir);
	else if (c.n)
		rt_err_set(err, RT_ERR_NOTFOUND, "no run \"%s\": \"%s\" holds only %zu%s", run,
			   runs_dir, n, l.name.p ? " of that name" : "");
	else
		no_runs(runs_dir, err);
	rt_catalog_release(&c);
	return ret;
}

/* Whether `run` is "ID" or "GROUP/ID". */
static bool is_name(const char *run)
{
	const char *slash = strchr(run, '/');
	struct rt_str group = { run, slash ? (size_t)(slash - run) : 0 };

	return rt_id_valid(rt_str(slash ? slash + 1 : run)) && (!slash || rt_id_valid(group));
}

/* How well a place fits: 0 not at all, 1 its name begins so, 2 exactly. */
static int fit_name(const char *runs_dir, const struct rt_place *e, const char *run)
{
	const char *name = strchr(run, '/') ? e->name : rt_place_id(e);
	size_t n = strlen(run);

	(void)runs_dir;
	if (strncmp(name, run, n) != 0)
		return 0;
	return name[n] ? 1 : 2;
}

/* The same for the id that is stored in the run, where a directory was renamed. */
static int fit_stored(const char *runs_dir, const struct rt_place *e, const char *run)
{
	char *path = rt_place_path(runs_dir, e->name);
	struct rt_buf text;
	struct rt_json id;
	int fit = 0, fd = path ? open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;

	rt_buf_init(&text);
	if (fd >= 0 && rt_file_read(fd, RT_STATUS_FILE, &text, STORED_MAX) == 0 &&
	    rt_scan_find(rt_buf_view(&text), rt_str("run_id"), &id) && rt_json_is(&id, run))
		fit = 2;
	if (fd >= 0)
		close(fd);
	rt_buf_release(&text);
	free(path);
	return fit;
}

/* The places that fit best stand first in *e; how many they are is returned. */
static size_t choose(struct rt_places *e, const char *runs_dir, const char *run,
		     int (*fit)(const char *, const struct rt_place *, const char *))
{
	size_t n = 0;
	int best = 1;

	for (size_t i = 0; i < e->n; i++) {
		struct rt_place place = e->v[i];
		int quality = fit(runs_dir, &place, run);

		if (quality < best)
			continue;
		if (quality > best)
			n = 0;
		best = quality;
		e->v[i] = e->v[n];
		e->v[n++] = place;
	}
	return n;
}

static int compare_places(const void *a, const void *b)
{
	return strcmp(((const struct rt_place *)a)->name, ((const struct rt_place *)b)->name);
}

static int ambiguous(struct rt_places *e, size_t n, const char *run, struct rt_err *err)
{
	struct rt_buf names;

	rt_buf_init(&names);
	qsort(e->v, n, sizeof(*e->v), compare_places);
	for (size_t i = 0; i < n && i < NAMED_MAX; i++)
		rt_buf_addf(&names, "%s%s", i ? ", " : "", e->v[i].name);
	if (n > NAMED_MAX)
		rt_buf_addf(&names, " and %zu more", n - NAMED_MAX);
	rt_err_set(err, RT_ERR_USAGE, "\"%s\" is ambiguous: %s", run, names.s);
	rt_buf_release(&names);
	return -1;
}

static bool is_file(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISREG(st.st_mode);
}

static int resolve_name(const char *runs_dir, const char *run, bool files, struct rt_found *found,
			struct rt_err *err)
{
	struct rt_cache cache;
	struct rt_places e;
	int ret = 0;
	size_t n;

	rt_cache_init(&cache, runs_dir);
	if (rt_places_scan(&e, runs_dir, cache.there ? &cache : NULL, err) < 0) {
		rt_cache_release(&cache);
		return -1;
	}
	n = choose(&e, runs_dir, run, fit_name);
	if (n == 0 && !(files && is_file(run)))
		n = choose(&e, runs_dir, run, fit_stored);
	if (n > 1)
		ret = ambiguous(&e, n, run, err);
	else if (n == 1)
		ret = found_at(found, rt_place_path(runs_dir, e.v[0].name), false, err) < 0 ? -1 :
											      1;
	rt_places_release(&e);
	rt_cache_release(&cache);
	return ret;
}

/* Whether a regular file begins as archives do. */
static bool is_archive(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	char head[512];
	ssize_t n;

	if (fd < 0)
		return false;
	n = read(fd, head, sizeof(head));
	close(fd);
	return n > 0 && rt_packed_is((struct rt_str){ head, (size_t)n });
}

/* What a path to something that is no directory means. */
static int resolve_file(const char *path, char *real, bool regular, bool files, bool archives,
			struct rt_found *found, struct rt_err *err)
{
	bool archive = regular && is_archive(real);

	if (archive ? archives : files)
		return found_at(found, real, !archive, err) < 0 ? -1 : 1;
	free(real);
	if (archive)
		return rt_err_set(err, RT_ERR_FAILURE,
				  "\"%s\" is an archive: it cannot be written to", path);
	return rt_err_set(err, RT_ERR_NOTFOUND, "\"%s\" is no run directory", path);
}

/*
 * A path to a run directory, an archive or a file. 1: found, 0: there is nothing,
 * -1: error.
 */
static int resolve_path(const char *path, bool files, const struct rt_unpacker *unpacker,
			struct rt_found *found, struct rt_err *err)
{
	char *real = realpath(path, NULL);
	struct stat st;
	int ret = -1;

	if (!real || stat(real, &st) < 0) {
		ret = errno == ENOENT || errno == ENOTDIR || errno == ENAMETOOLONG ?
			      0 :
			      rt_err_sys(err, "cannot open \"%s\"", path);
	} else if (S_ISDIR(st.st_mode) && rt_rundir_is_run(AT_FDCWD, real)) {
		found_at(found, real, false, err);
		return 1;
	} else if (S_ISDIR(st.st_mode)) {
		rt_err_set(err, RT_ERR_NOTFOUND, "\"%s\" holds no run: neither %s nor %s", path,
			   RT_STATUS_FILE, RT_EVENTS_FILE);
	} else {
		return resolve_file(path, real, S_ISREG(st.st_mode), files, unpacker != NULL, found,
				    err);
	}
	free(real);
	return ret;
}

static int not_found(const char *runs_dir, const char *run, struct rt_err *err)
{
	if (strchr(run, '/') && !is_name(run))
		return rt_err_set(err, RT_ERR_NOTFOUND, "no run \"%s\": there is no such file",
				  run);
	return rt_err_set(err, RT_ERR_NOTFOUND, "no run \"%.200s\" in \"%s\"", run, runs_dir);
}

int rt_catalog_resolve(const char *runs_dir, const char *run, bool files,
		       const struct rt_unpacker *unpacker, struct rt_found *found,
		       struct rt_err *err)
{
	bool named = is_name(run), path = strchr(run, '/') != NULL;
	char *direct;
	int ret;

	if (!*run)
		return rt_err_set(err, RT_ERR_USAGE, "the run's name is empty");
	if (*run == '@')
		return resolve_latest(runs_dir, run, unpacker, found, err);
	if (named) {
		direct = rt_place_path(runs_dir, run);
		if (!direct || rt_rundir_is_run(AT_FDCWD, direct))
			return found_at(found, direct, false, err);
		free(direct);
	}
	/* "a/b" may be both a prefix here and a path: what exists whole goes first */
	ret = path ? resolve_path(run, files, unpacker, found, err) : 0;
	if (ret == 0 && named)
		ret = resolve_name(runs_dir, run, files, found, err);
	if (ret == 0 && files && !path)
		ret = resolve_path(run, files, unpacker, found, err);
	if (ret)
		return ret < 0 ? -1 : 0;
	return not_found(runs_dir, run, err);
}
