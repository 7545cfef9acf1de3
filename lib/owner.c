/* Whether the process that runs a run still lives, and what a reader should say. */
#include "clock.h"
#include "fdio.h"
#include "rundir.h"
#include "status.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define HEARTBEAT_LATE_NS (300 * RT_NS_PER_S)
#define QUIET_NS (24 * 3600 * RT_NS_PER_S)

static bool read_proc(const char *path, char *text, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, text, size - 1);

	if (fd >= 0)
		close(fd);
	if (n <= 0)
		return false;
	text[n] = '\0';
	return true;
}

/*
 * Fields 3 and 22 of /proc/PID/stat, see proc(5): state and start time. The name
 * before them may hold anything, ")" too. -1 for a zombie, which runs nothing
 * any more; 0 when it cannot be seen.
 */
static int64_t read_start_ticks(int64_t pid)
{
	char path[64], text[1024];
	const char *p;

	snprintf(path, sizeof(path), "/proc/%lld/stat", (long long)pid);
	if (!read_proc(path, text, sizeof(text)))
		return 0;
	p = strrchr(text, ')');
	if (!p || (p[1] == ' ' && (p[2] == 'Z' || p[2] == 'X')))
		return -1;
	for (int field = 2; p && field < 22; field++)
		p = strchr(p + 1, ' ');
	return p ? strtoll(p + 1, NULL, 10) : 0;
}

static void read_boot_id(char id[40])
{
	if (!read_proc("/proc/sys/kernel/random/boot_id", id, 40))
		id[0] = '\0';
	id[strcspn(id, "\n")] = '\0';
}

static int64_t read_pid_ns(int64_t pid)
{
	char path[64];
	struct stat st;

	snprintf(path, sizeof(path), "/proc/%lld/ns/pid", (long long)pid);
	return stat(path, &st) == 0 ? (int64_t)st.st_ino : 0;
}

/* EPERM: it is there, and somebody else's. */
static bool pid_exists(int64_t pid)
{
	return pid > 0 && (kill((pid_t)pid, 0) == 0 || errno == EPERM);
}

bool rt_owner_fill(struct rt_owner *o, int64_t pid)
{
	memset(o, 0, sizeof(*o));
	if (!pid_exists(pid))
		return false;
	o->pid = pid;
	o->start_ticks = read_start_ticks(pid);
	o->pid_ns = read_pid_ns(getpid());
	read_boot_id(o->boot_id);
	return true;
}

/* Can this process tell by the pid alone? Only in the same boot and pid namespace. */
static bool is_near(const struct rt_owner *o)
{
	char boot_id[40];

	read_boot_id(boot_id);
	return strcmp(o->boot_id, boot_id) == 0 && o->pid_ns == read_pid_ns(getpid());
}

static bool is_alive(const struct rt_owner *o)
{
	int64_t now;

	if (!pid_exists(o->pid))
		return false;
	now = read_start_ticks(o->pid);
	/*
	 * /proc may be closed to others (hidepid): a pid that is there then has to
	 * do, if it has not gone just now.
	 */
	if (now == 0)
		return pid_exists(o->pid);
	return now > 0 && (o->start_ticks == 0 || o->start_ticks == now);
}

/* When a supervisor last said that it lives; 0: it never does (rt-run start --owner). */
static int64_t heartbeat(int dirfd)
{
	struct stat alive;

	if (fstatat(dirfd, RT_ALIVE_FILE, &alive, AT_SYMLINK_NOFOLLOW) < 0)
		return 0;
	return alive.st_mtim.tv_sec * RT_NS_PER_S + alive.st_mtim.tv_nsec;
}

static int64_t quiet_limit_ns(void)
{
	const char *text = getenv("RT_STALE");
	int64_t ns;

	return text && rt_duration_parse(text, &ns, NULL) == 0 ? ns : QUIET_NS;
}

enum rt_state rt_status_derive(const struct rt_status *st, int dirfd, int64_t now_ns)
{
	int64_t heard = st->updated_ns, beat;

	if (st->state != RT_RUNNING && st->state != RT_PAUSED && st->state != RT_PENDING)
		return st->state;
	if (st->owner.pid && is_near(&st->owner))
		return is_alive(&st->owner) ? st->state : RT_LOST;
	beat = st->owner.pid ? heartbeat(dirfd) : 0;
	if (beat > heard)
		heard = beat;
	return now_ns - heard > (beat ? HEARTBEAT_LATE_NS : quiet_limit_ns()) ? RT_STALE :
										st->state;
}

void rt_hostname(char out[256])
{
	if (gethostname(out, 255) < 0)
		out[0] = '\0';
	out[255] = '\0';
}
