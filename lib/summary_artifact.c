/*
 * What a run made, for its summary: as artifact_* events tell it, and where no
 * event does, the files of the artifact store.
 */
#include "summary_model.h"

#include "packed.h"
#include "text.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

const char *rt_sum_made(enum sum_made made)
{
	static const char *const names[] = {
		[SUM_CREATED] = "created",
		[SUM_UPDATED] = "updated",
		[SUM_DELETED] = "deleted",
		[SUM_FOUND] = "",
	};

	return names[made];
}

static struct sum_artifact *add(struct rt_summary *s, struct rt_str key)
{
	struct sum_artifact *a;
	void *v = s->artifacts;

	if (!rt_sum_grow(&v, &s->cap_artifacts, s->n_artifacts, sizeof(*a))) {
		s->failed = true;
		return NULL;
	}
	s->artifacts = v;
	a = &s->artifacts[s->n_artifacts];
	*a = (struct sum_artifact){ .size = -1 };
	a->key = rt_sum_keep(s, key, SUM_KEY);
	s->n_artifacts += a->key != NULL;
	return a->key ? a : NULL;
}

/* Which artifact an event is about: its key, or whatever names it; to s->scratch. */
static struct rt_str key_of(struct rt_summary *s, const struct rt_event *ev)
{
	static const char *const names[] = { "key",  "artifact", "path",
					     "name", "file",     "artifact_id" };
	struct rt_json v;

	rt_buf_clear(&s->scratch);
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		if (rt_sum_metadata(ev, names[i], &v) && v.type == RT_JSON_STRING && v.text.n) {
			rt_json_text(&v, &s->scratch);
			return rt_buf_view(&s->scratch);
		}
	}
	if (!rt_event_text(ev, RT_F_RESULT, &s->scratch))
		rt_event_text(ev, RT_F_MESSAGE, &s->scratch);
	return rt_buf_view(&s->scratch);
}

void rt_sum_artifact(struct rt_summary *s, const struct rt_event *ev)
{
	struct rt_str key = key_of(s, ev);
	struct sum_artifact *a;
	struct rt_json v;
	size_t at;

	key.n = rt_utf8_cut(key, SUM_KEY);
	if (rt_sum_find(&s->artifact_index, key, &at)) {
		a = &s->artifacts[at];
	} else if (s->n_artifacts == SUM_ARTIFACTS) {
		s->more_artifacts++;
		return;
	} else {
		at = s->n_artifacts;
		a = add(s, key);
		if (!a)
			return;
		s->failed |= !rt_sum_put(&s->artifact_index, key, at);
	}
	a->made = ev->type == RT_T_ARTIFACT_CREATED ? SUM_CREATED :
		  ev->type == RT_T_ARTIFACT_UPDATED ? SUM_UPDATED :
						      SUM_DELETED;
	a->size = -1;
	if (rt_sum_metadata(ev, "size_bytes", &v) || rt_sum_metadata(ev, "size", &v))
		rt_json_int(&v, &a->size);
}

/*
 * Put a file into the list, which is sorted by key and holds the first
 * SUM_ARTIFACTS of them: the order of a directory is no order.
 */
static void insert_file(struct rt_summary *s, struct rt_str key, int64_t size)
{
	struct sum_artifact file, *a;
	size_t at = s->n_artifacts;

	while (at > 0 && rt_str_compare(rt_str(s->artifacts[at - 1].key), key) > 0)
		at--;
	if (at > 0 && rt_str_is(key, s->artifacts[at - 1].key))
		return; /* in the directory, and in the archive as well */
	if (s->n_artifacts == SUM_ARTIFACTS) {
		s->more_artifacts++;
		if (at == SUM_ARTIFACTS)
			return;
		free(s->artifacts[--s->n_artifacts].key);
	}
	a = add(s, key);
	if (!a)
		return;
	a->made = SUM_FOUND;
	a->size = size;
	file = *a;
	memmove(&s->artifacts[at + 1], &s->artifacts[at], (s->n_artifacts - 1 - at) * sizeof(file));
	s->artifacts[at] = file;
}

/* The files of an open directory, and those of the folders in it. Takes the descriptor. */
static void list_files(struct rt_summary *s, int fd, const char *above)
{
	DIR *dir = fdopendir(fd);
	struct dirent *entry;
	struct rt_buf key;

	if (!dir) {
		close(fd);
		return;
	}
	rt_buf_init(&key);
	while ((entry = readdir(dir))) {
		struct stat st;

		if (entry->d_name[0] == '.' ||
		    fstatat(dirfd(dir), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
			continue;
		rt_buf_clear(&key);
		rt_buf_addf(&key, "%s%s", above, entry->d_name);
		if (S_ISREG(st.st_mode)) {
			insert_file(s, rt_buf_view(&key), st.st_size);
		} else if (S_ISDIR(st.st_mode) && !*above) {
			int sub = openat(dirfd(dir), entry->d_name,
					 O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

			rt_buf_addc(&key, '/');
			if (sub >= 0)
				list_files(s, sub, key.s);
		}
	}
	rt_buf_release(&key);
	closedir(dir);
}

/* The same from the archive of a run that is in it: its directory may still have some. */
static void list_members(struct rt_summary *s, struct rt_packed *a)
{
	static const char above[] = RT_ARTIFACTS_DIR "/";
	const size_t n = sizeof(above) - 1;

	if (rt_packed_load(a) < 0)
		return;
	for (size_t i = 0; i < a->n; i++) {
		struct rt_str key = a->v[i].name;
		const char *slash;

		if (key.n <= n || memcmp(key.p, above, n) != 0)
			continue;
		key = (struct rt_str){ key.p + n, key.n - n };
		slash = memchr(key.p, '/', key.n);
		if (key.p[0] == '.' ||
		    (slash && (slash + 1 == key.p + key.n || slash[1] == '.' ||
			       memchr(slash + 1, '/', (size_t)(key.p + key.n - slash - 1)))))
			continue;
		insert_file(s, key, a->v[i].size);
	}
}

void rt_sum_read_artifacts(struct rt_summary *s, const struct rt_rundir *d)
{
	int fd;

	if (s->n_artifacts)
		return;
	fd = d->fd < 0 ? -1 :
			 openat(d->fd, RT_ARTIFACTS_DIR,
				O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd >= 0)
		list_files(s, fd, "");
	if (rt_rundir_packed(d))
		list_members(s, d->archive);
}
