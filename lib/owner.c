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

/* Whether it was started since this machine was: its monotonic clock is ours. */
static bool is_same_boot(const struct rt_owner *o)
{
	char boot_id[40];

	read_boot_id(boot_id);
	return *boot_id && strcmp(o->boot_id, boot_id) == 0;
}

/*
 * Can this process tell by the pid alone? Only in the same boot and pid
 * namespace; where the system has no such things, on the same machine.
 */
static bool is_near(const struct rt_owner *o, const char *host)
{
	int64_t pid_ns = read_pid_ns(getpid());
	char here[256];

	if (*o->boot_id || o->pid_ns || pid_ns)
		return is_same_boot(o) && o->pid_ns == pid_ns;
	rt_hostname(here);
	return *here && strcmp(host, here) == 0;
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

/*
 * What stands in .alive is the monotonic clock, which neither jumps nor goes on
 * while the machine sleeps: for readers on the same machine in other pid
 * namespaces. Others have its mtime.
 */
void rt_owner_beat(int dirfd)
{
	int fd = rt_file_open(dirfd, RT_ALIVE_FILE, O_WRONLY | O_CREAT, 0666);
	char text[32];
	int n = snprintf(text, sizeof(text), "%020lld\n", (long long)rt_clock_monotonic_ns());

	if (fd < 0)
		return;
	(void)!pwrite(fd, text, (size_t)n, 0);
	futimens(fd, NULL);
	close(fd);
}

void rt_owner_leave(int dirfd)
{
	unlinkat(dirfd, RT_SOCKET_FILE, 0);
	unlinkat(dirfd, RT_ALIVE_FILE, 0);
}

/* How long a supervisor has not said that it lives; -1: it never does (rt-run start --owner). */
static int64_t silence_ns(const struct rt_owner *o, int dirfd, int64_t now_ns)
{
	struct stat alive;
	struct rt_buf text;
	int64_t silence, own;

	if (!o->pid || fstatat(dirfd, RT_ALIVE_FILE, &alive, AT_SYMLINK_NOFOLLOW) < 0)
		return -1;
	silence = rt_clock_span(rt_mtime_ns(&alive), now_ns);
	rt_buf_init(&text);
	/* A false alarm is worse than a late one: where the two clocks differ, the kinder one. */
	if (is_same_boot(o) && rt_file_read(dirfd, RT_ALIVE_FILE, &text, 64) == 0 && text.len) {
		own = rt_clock_monotonic_ns() - strtoll(text.s, NULL, 10);
		if (own >= 0 && own < silence)
			silence = own;
	}
	rt_buf_release(&text);
	return silence < 0 ? 0 : silence;
}

static int64_t quiet_limit_ns(void)
{
	const char *text = getenv("RT_STALE");
	int64_t ns;

	return text && rt_duration_parse(text, &ns, NULL) == 0 ? ns : QUIET_NS;
}

enum rt_state rt_status_derive(const struct rt_status *st, int dirfd, int64_t now_ns)
{
	int64_t quiet = rt_clock_span(st->updated_ns, now_ns), silence;

	if (st->state != RT_RUNNING && st->state != RT_PAUSED && st->state != RT_PENDING)
		return st->state;
	if (st->owner.pid && is_near(&st->owner, st->host.s))
		return is_alive(&st->owner) ? st->state : RT_LOST;
	silence = silence_ns(&st->owner, dirfd, now_ns);
	if (silence < 0)
		return quiet > quiet_limit_ns() ? RT_STALE : st->state;
	return quiet > HEARTBEAT_LATE_NS && silence > HEARTBEAT_LATE_NS ? RT_STALE : st->state;
}

void rt_hostname(char out[256])
{
	if (gethostname(out, 255) < 0)
		out[0] = '\0';
	out[255] = '\0';
}
