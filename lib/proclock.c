/* Who holds the lock of a run. See proclock.h. */
#include "proclock.h"
#include "rundir.h"

#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool is_events_file(int dirfd, const char *name)
{
	static const char end[] = "/" RT_EVENTS_FILE;
	char path[4096];
	ssize_t n = readlinkat(dirfd, name, path, sizeof(path));

	return n >= (ssize_t)sizeof(end) - 1 &&
	       memcmp(path + n - (sizeof(end) - 1), end, sizeof(end) - 1) == 0;
}

/* Whether the file that the process has locked is the log of a run. */
static bool is_run_lock(pid_t pid, uint64_t inode)
{
	char path[32];
	struct dirent *e;
	struct stat st;
	bool is = false;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/fd", (int)pid);
	dir = opendir(path);
	while (dir && !is && (e = readdir(dir)))
		is = is_events_file(dirfd(dir), e->d_name) &&
		     fstatat(dirfd(dir), e->d_name, &st, 0) == 0 && st.st_ino == inode;
	if (dir)
		closedir(dir);
	return is;
}

static bool is_in(const struct rt_proctree *t, pid_t pid)
{
	for (size_t i = 0; i < t->n; i++) {
		if (t->v[i].pid == pid)
			return true;
	}
	return false;
}

size_t rt_proclock_find(const struct rt_proctree *t, void (*found)(pid_t pid))
{
	FILE *f = fopen("/proc/locks", "re");
	char line[256];
	uint64_t inode;
	size_t n = 0;
	int pid;

	/* "1: FLOCK  ADVISORY  WRITE PID MAJOR:MINOR:INODE 0 EOF"; who waits has an arrow. */
	while (f && fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%*d: FLOCK %*s %*s %d %*x:%*x:%" SCNu64, &pid, &inode) != 2 ||
		    !is_in(t, pid) || !is_run_lock(pid, inode))
			continue;
		found(pid);
		n++;
	}
	if (f)
		fclose(f);
	return n;
}
