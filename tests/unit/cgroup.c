/* lib/cgroup: what is taken from a cgroup that is ours alone. A folder stands in for it. */
#include "cgroup.h"
#include "tap.h"
#include "tree.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

struct fake {
	int top;
	char dir[64], self[80], pid[24];
};

static void put(const struct fake *f, const char *path, const char *text)
{
	int fd = openat(f->top, path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);

	if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text))
		perror(path);
	close(fd);
}

/* We are alone in the cgroup "own", as far as the folder tells. */
static bool make(struct fake *f)
{
	const char *tmp = getenv("TMPDIR");

	snprintf(f->dir, sizeof(f->dir), "%.40s/cgroup-XXXXXX", tmp ? tmp : "/tmp");
	if (!mkdtemp(f->dir))
		return false;
	f->top = open(f->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	snprintf(f->self, sizeof(f->self), "%s/self", f->dir);
	snprintf(f->pid, sizeof(f->pid), "%ld\n", (long)getpid());
	mkdirat(f->top, "own", 0777);
	put(f, "self", "4:memory:/other\n0::/own\n");
	put(f, "own/cgroup.procs", f->pid);
	put(f, "own/cpu.stat", "usage_usec 3000\nuser_usec 2000\nsystem_usec 1000\n");
	put(f, "own/memory.peak", "5000\n");
	return true;
}

/* What getrusage(2) told of the command. */
static const struct rt_resources told = {
	.known = true, .user_ms = 10, .system_ms = 20, .max_rss_bytes = 7000, .written_bytes = 30
};

/* It is there at the beginning, and then the command has come and gone. */
static struct rt_resources counted(const struct fake *f, const char *cpu, const char *peak)
{
	struct rt_resources r = told;
	struct rt_cgroup g;

	rt_cgroup_begin(&g, f->dir, f->self);
	put(f, "own/cpu.stat", cpu);
	if (peak)
		put(f, "own/memory.peak", peak);
	rt_cgroup_end(&g, &r);
	return r;
}

static bool is_same(const struct rt_resources *a, const struct rt_resources *b)
{
	struct rt_buf x, y;
	bool same;

	rt_buf_init(&x);
	rt_buf_init(&y);
	rt_resources_write(a, &x);
	rt_resources_write(b, &y);
	same = rt_str_eq(rt_buf_view(&x), rt_buf_view(&y));
	rt_buf_release(&x);
	rt_buf_release(&y);
	return same;
}

static void test_counts(struct tap *t, const struct fake *f)
{
	struct rt_resources r, again = { .known = false };
	struct rt_buf b;
	char text[RT_RESOURCES_TEXT];

	/* a minute, which what the test itself uses is little of */
	r = counted(f, "usage_usec 0\nuser_usec 60002000\nsystem_usec 61000\n", "90000\n");
	ok(t, r.cgroup, "the cgroup was asked");
	ok(t, r.user_ms > 59000 && r.user_ms <= 60000, "what it counted since, of user time");
	ok(t, r.system_ms >= 20 && r.system_ms <= 60, "and of system time");
	ok(t, r.peak_bytes == 90000 && r.max_rss_bytes == 7000, "the peak beside the largest");
	ok(t, r.written_bytes == 30, "what was written is not asked of it");
	rt_buf_init(&b);
	rt_resources_write(&r, &b);
	rt_resources_parse(&again, rt_buf_view(&b));
	ok(t, is_same(&r, &again), "written and read again: %s", b.s);
	rt_buf_release(&b);
	rt_resources_text(&r, text);
	ok(t, strstr(text, "87.9 KB memory") != NULL, "people are told the peak: %s", text);
	r = counted(f, "usage_usec 0\nuser_usec 60002000\nsystem_usec 61000\n", "90000\n");
	ok(t, r.cgroup && r.user_ms == 10 && r.system_ms == 20,
	   "time that it does not have, rusage has");
	ok(t, r.peak_bytes == 0, "a peak from before is not the command's");
	unlinkat(f->top, "own/memory.peak", 0);
	r = counted(f, "usage_usec 0\nuser_usec 99002000\nsystem_usec 61000\n", NULL);
	ok(t, r.cgroup && r.peak_bytes == 0 && r.user_ms > 30000, "without a memory controller");
}

static void test_others(struct tap *t, const struct fake *f)
{
	static const char cpu[] = "usage_usec 0\nuser_usec 990002000\nsystem_usec 61000\n";
	struct rt_resources r;
	char two[64];

	snprintf(two, sizeof(two), "%s1\n", f->pid);
	put(f, "own/cgroup.procs", two);
	r = counted(f, cpu, NULL);
	ok(t, is_same(&r, &told), "others are in it as well");
	put(f, "own/cgroup.procs", f->pid);
	put(f, "self", "0::/gone\n");
	r = counted(f, cpu, NULL);
	ok(t, is_same(&r, &told), "it cannot be seen");
	put(f, "self", "4:memory:/own\n");
	r = counted(f, cpu, NULL);
	ok(t, is_same(&r, &told), "there is version 1 only");
	put(f, "self", "0::/own\n");
	r = counted(f, "nr_periods 0\n", NULL);
	ok(t, is_same(&r, &told), "it stopped counting");
	r = counted(f, cpu, NULL);
	ok(t, is_same(&r, &told), "it did not count at the beginning");
	r = counted(f, "usage_usec 0\nuser_usec 1980002000\nsystem_usec 61000\n", NULL);
	ok(t, r.cgroup, "without version 1");
}

int main(void)
{
	struct tap t = { 0, 0 };
	struct rt_err err = RT_ERR_INIT;
	struct fake f;

	if (!make(&f)) {
		perror("mkdtemp");
		return 1;
	}
	test_counts(&t, &f);
	test_others(&t, &f);
	close(f.top);
	rt_tree_remove(AT_FDCWD, f.dir, &err);
	return tap_done(&t);
}
