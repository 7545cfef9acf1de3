/* The counters of a cgroup that is ours alone. See cgroup.h. */
#include "cgroup.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The beginning of a file; "" when it cannot be read. */
static void read_text(char *text, size_t size, int dirfd, const char *name)
{
	int fd = openat(dirfd, name, O_RDONLY | O_CLOEXEC);
	ssize_t n = -1;

	if (fd >= 0) {
		n = read(fd, text, size - 1);
		close(fd);
	}
	text[n > 0 ? n : 0] = '\0';
}

/* Open it, below the mount or, where version 1 is used as well, in its "unified". */
static int open_own(const char *mount, const char *self)
{
	char text[PATH_MAX], path[PATH_MAX], *own;
	int fd;

	read_text(text, sizeof(text), AT_FDCWD, self);
	own = strncmp(text, "0::/", 4) == 0 ? text : strstr(text, "\n0::/");
	if (!own)
		return -1;
	own = strchr(own, '/');
	own[strcspn(own, "\n")] = '\0';
	if (snprintf(path, sizeof(path), "%s/unified%s", mount, own) >= (int)sizeof(path))
		return -1;
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd >= 0)
		return fd;
	snprintf(path, sizeof(path), "%s%s", mount, own);
	return open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

/* Whether we are all that is in it: there is no other process, and no cgroup below. */
static bool is_ours_alone(int fd)
{
	char procs[64], pid[24];
	struct stat st;

	snprintf(pid, sizeof(pid), "%ld\n", (long)getpid());
	read_text(procs, sizeof(procs), fd, "cgroup.procs");
	return strcmp(procs, pid) == 0 && fstat(fd, &st) == 0 && st.st_nlink <= 2;
}

/* The number of a line "NAME NUMBER". */
static bool find_number(const char *text, const char *name, int64_t *n)
{
	const char *line = strstr(text, name);

	if (!line)
		return false;
	*n = strtoll(line + strlen(name), NULL, 10);
	return true;
}

static int64_t us_of(const struct timeval *t)
{
	return (int64_t)t->tv_sec * 1000000 + t->tv_usec;
}

static bool read_counts(struct rt_cgroup *g)
{
	struct rusage self;
	char text[1024];

	read_text(text, sizeof(text), g->fd, "memory.peak");
	g->peak_bytes = strtoll(text, NULL, 10);
	read_text(text, sizeof(text), g->fd, "cpu.stat");
	if (!find_number(text, "\nuser_usec ", &g->user_us) ||
	    !find_number(text, "\nsystem_usec ", &g->system_us))
		return false;
	getrusage(RUSAGE_SELF, &self);
	g->user_us -= us_of(&self.ru_utime);
	g->system_us -= us_of(&self.ru_stime);
	return true;
}

static void leave(struct rt_cgroup *g)
{
	close(g->fd);
	g->fd = -1;
}

void rt_cgroup_begin(struct rt_cgroup *g, const char *mount, const char *self)
{
	g->fd = open_own(mount, self);
	if (g->fd >= 0 && (!is_ours_alone(g->fd) || !read_counts(g)))
		leave(g);
}

static void raise_to(int64_t *n, int64_t least)
{
	if (*n < least)
		*n = least;
}

void rt_cgroup_end(struct rt_cgroup *g, struct rt_resources *r)
{
	struct rt_cgroup now = *g;

	if (g->fd < 0)
		return;
	if (read_counts(&now)) {
		raise_to(&r->user_ms, (now.user_us - g->user_us) / 1000);
		raise_to(&r->system_ms, (now.system_us - g->system_us) / 1000);
		/* A peak that was there before says nothing of what came since. */
		if (now.peak_bytes > g->peak_bytes && now.peak_bytes > r->max_rss_bytes)
			r->peak_bytes = now.peak_bytes;
		r->cgroup = true;
	}
	leave(g);
}
