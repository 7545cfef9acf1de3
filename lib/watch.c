/* Waiting for changes in folders, for the end of processes and of a reader. See watch.h. */
#include "watch.h"
#include "clock.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#define POLL_MS 200
#define CHANGES_MAX (256u << 10) /* bytes: what comes while we are busy is read at once */

/* A file's end of life matters as much as its growth: it may be the run's. */
#define EVENTS (IN_MODIFY | IN_CREATE | IN_DELETE | IN_MOVED_TO | IN_DELETE_SELF | IN_ONLYDIR)

struct folder {
	int wd;    /* -1: polled */
	dev_t dev; /* of one that is polled, by which it is known again */
	ino_t ino;
	void *tag;
};

struct process {
	int fd;     /* a pidfd */
	bool ended; /* and nobody was told yet */
	void *tag;
};

struct rt_watch {
	int epoll;   /* of all these: */
	int inotify; /* -1: not to be had */
	int reader;  /* descriptor whose reader is watched, or -1 */
	int input;   /* descriptor that something is to be read from, or -1 */
	struct process *processes;
	size_t n_processes;
	struct folder *folders;
	size_t n, n_polled;
	size_t next;    /* the folder that rt_watch_next says next, when all are to be said */
	bool all;       /* say all folders: the kernel's queue overflowed */
	bool polled;    /* say those that are polled */
	int64_t look;   /* when they are to be said next */
	size_t at, end; /* what of buf was not said yet */
	_Alignas(struct inotify_event) char buf[CHANGES_MAX];
};

/* Have the kernel say when there is something of fd; -1 and errno. */
static int listen_to(struct rt_watch *w, int fd, uint32_t events)
{
	struct epoll_event e = { .events = events, .data.fd = fd };

	return epoll_ctl(w->epoll, EPOLL_CTL_ADD, fd, &e);
}

struct rt_watch *rt_watch_new(void)
{
	struct rt_watch *w = calloc(1, sizeof(*w));

	if (!w)
		return NULL;
	w->reader = w->input = -1;
	w->inotify = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	w->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (w->epoll >= 0 && (w->inotify < 0 || listen_to(w, w->inotify, EPOLLIN) == 0))
		return w;
	rt_watch_free(w);
	return NULL;
}

void rt_watch_free(struct rt_watch *w)
{
	if (!w)
		return;
	for (size_t i = 0; i < w->n_processes; i++)
		close(w->processes[i].fd);
	if (w->inotify >= 0)
		close(w->inotify);
	if (w->epoll >= 0)
		close(w->epoll);
	free(w->processes);
	free(w->folders);
	free(w);
}

/*
 * Whether inotify reports there what others write. On file systems whose files
 * change elsewhere it succeeds and stays silent. Numbers: statfs(2).
 */
static bool is_local(int dirfd)
{
	static const uint32_t remote[] = {
		0x6969,     /* NFS */
		0x65735546, /* FUSE, virtiofs */
		0x01021997, /* 9p */
		0xff534d42, /* CIFS */
		0xfe534d42, /* SMB2 */
		0x00c36400, /* Ceph */
		0x0bd00bd0, /* Lustre */
		0x47504653, /* GPFS */
		0x5346414f, /* AFS */
		0x73757245, /* Coda */
		0x01161970, /* GFS2 */
		0x7461636f, /* OCFS2 */
		0x786f4256, /* VirtualBox shared folders */
	};
	struct statfs fs;

	if (fstatfs(dirfd, &fs) < 0)
		return true;
	for (size_t i = 0; i < sizeof(remote) / sizeof(remote[0]); i++)
		if ((uint32_t)fs.f_type == remote[i])
			return false;
	return true;
}

/* By the descriptor: the folder may have been moved since it was opened. */
static int add_inotify(struct rt_watch *w, int dirfd)
{
	char path[64];

	if (w->inotify < 0 || !is_local(dirfd))
		return -1;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", dirfd);
	return inotify_add_watch(w->inotify, path, EVENTS);
}

/* The table is sorted by watch descriptors; a new one is larger than all before it. */
static struct folder *find_folder(const struct rt_watch *w, int wd)
{
	size_t from = 0, to = w->n;

	while (from < to) {
		size_t middle = from + (to - from) / 2;

		if (w->folders[middle].wd == wd)
			return &w->folders[middle];
		if (w->folders[middle].wd < wd)
			from = middle + 1;
		else
			to = middle;
	}
	return NULL;
}

/* Those that are polled come first in the table. */
static struct folder *find_polled(const struct rt_watch *w, const struct stat *st)
{
	for (size_t i = 0; i < w->n_polled; i++)
		if (w->folders[i].dev == st->st_dev && w->folders[i].ino == st->st_ino)
			return &w->folders[i];
	return NULL;
}

/* Make room for a folder where the order wants it. */
static struct folder *insert_folder(struct rt_watch *w, int wd)
{
	struct folder *f = realloc(w->folders, (w->n + 1) * sizeof(*f));
	size_t at = w->n;

	if (!f)
		return NULL;
	w->folders = f;
	while (at && f[at - 1].wd > wd)
		at--;
	memmove(f + at + 1, f + at, (w->n - at) * sizeof(*f));
	w->n++;
	w->n_polled += wd < 0;
	return f + at;
}

int rt_watch_add(struct rt_watch *w, int dirfd, void *tag)
{
	int wd = add_inotify(w, dirfd);
	struct stat st = { .st_ino = 0 };
	struct folder *folder;

	if (wd < 0 && fstat(dirfd, &st) < 0)
		return -1;
	folder = wd < 0 ? find_polled(w, &st) : find_folder(w, wd);
	if (!folder)
		folder = insert_folder(w, wd);
	if (!folder)
		return -1;
	*folder = (struct folder){ wd, st.st_dev, st.st_ino, tag };
	return 0;
}

void rt_watch_drop(struct rt_watch *w, const void *tag)
{
	size_t kept = 0;

	for (size_t i = 0; i < w->n; i++) {
		if (w->folders[i].tag != tag) {
			w->folders[kept++] = w->folders[i];
			continue;
		}
		if (w->folders[i].wd >= 0)
			inotify_rm_watch(w->inotify, w->folders[i].wd);
		else
			w->n_polled--;
		w->next -= i < w->next;
	}
	w->n = kept;
}

/* A closed descriptor is no longer listened to. */
static void drop_process(struct rt_watch *w, size_t i)
{
	close(w->processes[i].fd);
	w->processes[i] = w->processes[--w->n_processes];
}

static int add_process(struct rt_watch *w, int fd, void *tag)
{
	struct process *p = realloc(w->processes, (w->n_processes + 1) * sizeof(*p));

	if (!p)
		return -1;
	w->processes = p;
	if (listen_to(w, fd, EPOLLIN) < 0)
		return -1;
	p[w->n_processes++] = (struct process){ .fd = fd, .tag = tag };
	return 0;
}

int rt_watch_process(struct rt_watch *w, int64_t pid, void *tag)
{
	int fd;

	for (size_t i = w->n_processes; i-- > 0;)
		if (w->processes[i].tag == tag)
			drop_process(w, i);
	if (pid <= 0 || pid > INT_MAX) {
		errno = ESRCH;
		return -1;
	}
#ifdef SYS_pidfd_open
	fd = (int)syscall(SYS_pidfd_open, (pid_t)pid, 0);
#else
	fd = -1;
	errno = ENOSYS;
#endif
	if (fd < 0)
		return -1;
	if (add_process(w, fd, tag) == 0)
		return 0;
	close(fd);
	errno = ENOMEM;
	return -1;
}

bool rt_watch_ended(struct rt_watch *w, void **tag)
{
	for (size_t i = 0; i < w->n_processes; i++) {
		if (!w->processes[i].ended)
			continue;
		*tag = w->processes[i].tag;
		drop_process(w, i);
		return true;
	}
	return false;
}

void rt_watch_hangup(struct rt_watch *w, int fd)
{
	/* what cannot be listened to, a file, has no reader that could go away */
	if (listen_to(w, fd, 0) == 0)
		w->reader = fd;
}

int rt_watch_input(struct rt_watch *w, int fd)
{
	if (listen_to(w, fd, EPOLLIN) < 0)
		return -1;
	w->input = fd;
	return 0;
}

bool rt_watch_polls(const struct rt_watch *w)
{
	return w->n_polled > 0;
}

/* Read what the kernel has to say. */
static void read_changes(struct rt_watch *w)
{
	ssize_t n = read(w->inotify, w->buf, sizeof(w->buf));

	w->at = 0;
	w->end = n > 0 ? (size_t)n : 0;
}

/* That one is said by rt_watch_ended, and is not listened to any more. */
static int take_end(struct rt_watch *w, int fd)
{
	for (size_t i = 0; i < w->n_processes; i++) {
		if (w->processes[i].fd != fd || w->processes[i].ended)
			continue;
		w->processes[i].ended = true;
		epoll_ctl(w->epoll, EPOLL_CTL_DEL, fd, NULL);
		return RT_WATCH_EXIT;
	}
	return 0;
}

/* Sleep for at most ms, and what that ended for: 0 when time ran out, -1 and errno. */
static int sleep_once(struct rt_watch *w, int ms)
{
	struct epoll_event e[16];
	int n = epoll_wait(w->epoll, e, sizeof(e) / sizeof(e[0]), ms), why = 0;

	if (n < 0)
		return errno == EINTR ? 0 : -1;
	for (int i = 0; i < n; i++) {
		if (e[i].data.fd == w->inotify)
			read_changes(w);
		else if (e[i].data.fd == w->reader)
			why |= RT_WATCH_HANGUP;
		else if (e[i].data.fd == w->input)
			why |= RT_WATCH_INPUT;
		else
			why |= take_end(w, e[i].data.fd);
	}
	return why | (w->at < w->end ? RT_WATCH_CHANGE : 0);
}

/* Sleep no longer than `end`; a look at what is polled may come first. */
static int sleep_until(struct rt_watch *w, int64_t end)
{
	int64_t until = w->n_polled && w->look < end ? w->look : end;
	int why = sleep_once(w, until == INT64_MAX ? -1 : rt_clock_ms_until(until));

	if (why < 0 || !w->n_polled || rt_clock_monotonic_ns() < w->look)
		return why;
	w->polled = true;
	w->next = 0;
	w->look = rt_clock_monotonic_ns() + POLL_MS * RT_NS_PER_MS;
	return why | RT_WATCH_CHANGE;
}

int rt_watch_wait(struct rt_watch *w, int timeout_ms)
{
	int64_t end = INT64_MAX;
	int why;

	if (w->at < w->end)
		return RT_WATCH_CHANGE;
	if (timeout_ms >= 0)
		end = rt_clock_monotonic_ns() + timeout_ms * RT_NS_PER_MS;
	do
		why = sleep_until(w, end);
	while (why == 0 && rt_clock_monotonic_ns() < end);
	return why;
}

/* The next folder of those to be said by their tag alone. */
static bool next_folder(struct rt_watch *w, struct rt_watch_change *c)
{
	while ((w->all || w->polled) && w->next < w->n) {
		const struct folder *f = &w->folders[w->next++];

		if (!w->all && f->wd >= 0)
			continue;
		c->tag = f->tag;
		c->name = NULL;
		return true;
	}
	w->all = w->polled = false;
	return false;
}

/* What one event of the kernel says; false when it concerns nobody. */
static bool take_event(struct rt_watch *w, const struct inotify_event *e, struct rt_watch_change *c)
{
	const struct folder *f = find_folder(w, e->wd);

	if (e->mask & IN_Q_OVERFLOW) {
		w->all = true;
		w->next = 0;
		return next_folder(w, c);
	}
	if (!f)
		return false;
	c->tag = f->tag;
	c->name = e->len ? e->name : NULL;
	return true;
}

/*
 * What came after the wait is left for the next one, so that somebody who
 * writes all the time cannot keep the caller here.
 */
bool rt_watch_next(struct rt_watch *w, struct rt_watch_change *c)
{
	if (next_folder(w, c))
		return true;
	while (w->at < w->end) {
		const void *p = w->buf + w->at;
		const struct inotify_event *e = p;

		w->at += sizeof(*e) + e->len;
		if (take_event(w, e, c))
			return true;
	}
	return false;
}
