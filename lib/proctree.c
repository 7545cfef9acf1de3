/* The processes below one. See proctree.h. */
#include "proctree.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/prctl.h>
#endif

#define TOLD 0x72742d72 /* "rt-r": nobody else sends this value by chance */

void rt_proctree_adopt(void)
{
#ifdef PR_SET_CHILD_SUBREAPER
	prctl(PR_SET_CHILD_SUBREAPER, 1);
#endif
}

/* PID (NAME) STATE PPID ..., see proc(5): the name may hold anything, ")" too. */
static bool read_process(int proc, const char *pid, struct rt_process *p)
{
	char path[32], text[512], *name, *end;
	size_t n;
	ssize_t got;
	int fd;

	snprintf(path, sizeof(path), "%.20s/stat", pid);
	fd = openat(proc, path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	got = read(fd, text, sizeof(text) - 1);
	close(fd);
	if (got <= 0)
		return false;
	text[got] = '\0';
	name = strchr(text, '(');
	end = strrchr(text, ')');
	if (!name || !end || end < name || strlen(end) < 5)
		return false;
	n = (size_t)(end - name - 1);
	if (n >= sizeof(p->name))
		n = sizeof(p->name) - 1;
	memcpy(p->name, name + 1, n);
	p->name[n] = '\0';
	p->pid = (pid_t)strtol(text, NULL, 10);
	p->state = end[2];
	p->parent = (pid_t)strtol(end + 4, NULL, 10);
	return true;
}

static int add(struct rt_proctree *t, size_t *room, const struct rt_process *p)
{
	if (t->n == *room) {
		size_t more = *room ? 2 * *room : 256;
		struct rt_process *v = realloc(t->v, more * sizeof(*v));

		if (!v)
			return -1;
		t->v = v;
		*room = more;
	}
	t->v[t->n++] = *p;
	return 0;
}

/* A container may have that of the machine around it, where our pids are those of others. */
static bool is_ours(int proc)
{
	char self[24] = "";

	return readlinkat(proc, "self", self, sizeof(self) - 1) > 0 &&
	       strtol(self, NULL, 10) == getpid();
}

static int list_all(struct rt_proctree *t)
{
	DIR *dir = opendir("/proc");
	struct dirent *e;
	struct rt_process p;
	size_t room = 0;
	int ret = 0;

	if (!dir)
		return -1;
	if (!is_ours(dirfd(dir))) {
		closedir(dir);
		errno = ENOSYS;
		return -1;
	}
	while (ret == 0 && (e = readdir(dir))) {
		if (e->d_name[0] >= '1' && e->d_name[0] <= '9' &&
		    read_process(dirfd(dir), e->d_name, &p))
			ret = add(t, &room, &p);
	}
	closedir(dir);
	return ret;
}

/* Move what is below root to the front, generation by generation; returns how many. */
static size_t gather(struct rt_proctree *t, pid_t root)
{
	size_t n = 0;

	for (size_t parent = 0; parent <= n; parent++) {
		pid_t pid = parent ? t->v[parent - 1].pid : root;

		for (size_t i = n; i < t->n; i++) {
			struct rt_process p = t->v[i];

			if (p.parent == pid) {
				t->v[i] = t->v[n];
				t->v[n++] = p;
			}
		}
	}
	return n;
}

int rt_proctree_list(struct rt_proctree *t, pid_t root)
{
	size_t n, kept = 0;

	*t = (struct rt_proctree){ NULL, 0 };
	if (list_all(t) < 0) {
		rt_proctree_release(t);
		return -1;
	}
	n = gather(t, root);
	for (size_t i = 0; i < n; i++) {
		if (t->v[i].state != 'Z' && t->v[i].state != 'X')
			t->v[kept++] = t->v[i];
	}
	t->n = kept;
	return 0;
}

void rt_proctree_release(struct rt_proctree *t)
{
	free(t->v);
	*t = (struct rt_proctree){ NULL, 0 };
}

void rt_proctree_name(const struct rt_proctree *t, struct rt_buf *out)
{
	for (size_t i = 0; i < t->n && i < RT_PROCTREE_NAMED; i++)
		rt_buf_addf(out, "%s%s (%d)", i ? ", " : "", t->v[i].name, (int)t->v[i].pid);
	if (t->n > RT_PROCTREE_NAMED)
		rt_buf_addf(out, " and %zu more", t->n - RT_PROCTREE_NAMED);
}

bool rt_proctree_is_stopped(pid_t pid)
{
	int proc = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct rt_process p = { .state = 'T' };
	char name[24];

	snprintf(name, sizeof(name), "%d", (int)pid);
	if (proc >= 0) {
		read_process(proc, name, &p);
		close(proc);
	}
	return p.state == 'T' || p.state == 't';
}

void rt_proctree_tell(pid_t pid, int sig)
{
	sigqueue(pid, sig, (union sigval){ .sival_int = TOLD });
}

bool rt_proctree_told(int code, int value)
{
	return code == SI_QUEUE && value == TOLD;
}
