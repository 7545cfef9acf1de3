/* The logs in a folder of a run: captured output, what it was rotated to, components'. */
#include "die.h"
#include "live.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static void add(struct live_logs *l, const char *name)
{
	size_t at = l->n;

	for (size_t i = 0; i < l->n; i++)
		if (strcmp(l->v[i], name) == 0)
			return;
	l->v = xrealloc(l->v, (l->n + 1) * sizeof(*l->v));
	while (at && strcmp(l->v[at - 1], name) > 0)
		at--;
	memmove(l->v + at + 1, l->v + at, (l->n - at) * sizeof(*l->v));
	l->v[at] = xstrdup(name);
	l->n++;
}

static void add_files(struct live_logs *l, int dirfd, const char *folder)
{
	int fd = openat(dirfd, folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *entry;
	struct stat st;

	if (!dir) {
		if (fd >= 0)
			close(fd);
		return;
	}
	while ((entry = readdir(dir)) != NULL)
		if (strstr(entry->d_name, ".log") && entry->d_name[0] != '.' &&
		    fstatat(fd, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
		    S_ISREG(st.st_mode))
			add(l, entry->d_name);
	closedir(dir);
}

static void add_packed(struct live_logs *l, struct rt_packed *archive, const char *folder)
{
	size_t n = strlen(folder);

	if (rt_packed_load(archive) < 0)
		return;
	for (size_t i = 0; i < archive->n; i++) {
		struct rt_str name = archive->v[i].name;
		char *rest;

		if (name.n <= n + 1 || memcmp(name.p, folder, n) != 0 || name.p[n] != '/' ||
		    memchr(name.p + n + 1, '/', name.n - n - 1))
			continue;
		rest = xstrndup(name.p + n + 1, name.n - n - 1);
		if (strstr(rest, ".log"))
			add(l, rest);
		free(rest);
	}
}

void live_logs(const struct live *l, const char *folder, struct live_logs *logs)
{
	*logs = (struct live_logs){ .v = NULL };
	if (l->dir.fd >= 0)
		add_files(logs, l->dir.fd, folder);
	if (l->dir.archive)
		add_packed(logs, l->dir.archive, folder);
}

void live_logs_release(struct live_logs *logs)
{
	for (size_t i = 0; i < logs->n; i++)
		free(logs->v[i]);
	free(logs->v);
}
