/* lib/watch: changes in folders, the end of a process, the end of a reader. */
#include "watch.h"
#include "tap.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define LONG_MS 20000 /* for what must happen */
#define SHORT_MS 20   /* for what must not */

/* A folder to watch, made below the temporary directory. */
struct place {
	char path[256];
	int fd;
};

static void place_open(struct place *p)
{
	const char *tmp = getenv("TMPDIR");

	snprintf(p->path, sizeof(p->path), "%s/watch.XXXXXX", tmp ? tmp : "/tmp");
	p->fd = mkdtemp(p->path) ? open(p->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
	if (p->fd < 0) {
		perror(p->path);
		exit(1);
	}
}

static void place_close(struct place *p, const char *const *files)
{
	for (; *files; files++)
		unlinkat(p->fd, *files, 0);
	close(p->fd);
	rmdir(p->path);
}

static void add_text(const struct place *p, const char *name, const char *text)
{
	int fd = openat(p->fd, name, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);

	if (fd < 0 || write(fd, text, strlen(text)) < 0) {
		perror(name);
		exit(1);
	}
	close(fd);
}

/* Wait, and whether `name` (NULL: all) of the folder with this tag is among what changed. */
static bool hears(struct rt_watch *w, void *tag, const char *name)
{
	struct rt_watch_change c;
	bool heard = false;

	for (int i = 0; i < 100 && !heard; i++) {
		if (!(rt_watch_wait(w, LONG_MS) & RT_WATCH_CHANGE))
			return false;
		while (rt_watch_next(w, &c))
			heard |= c.tag == tag &&
				 (!name || !c.name ? name == c.name : !strcmp(c.name, name));
	}
	return heard;
}

/* Let go of everything that is known, so that what comes next is new. */
static void settle(struct rt_watch *w)
{
	struct rt_watch_change c;

	while (rt_watch_wait(w, SHORT_MS) & RT_WATCH_CHANGE)
		while (rt_watch_next(w, &c))
			;
}

/* Whether nothing of any folder is said for a while. */
static bool is_silent(struct rt_watch *w)
{
	struct rt_watch_change c;

	while (rt_watch_wait(w, SHORT_MS) & RT_WATCH_CHANGE)
		if (rt_watch_next(w, &c))
			return false;
	return true;
}

static void test_folder(struct tap *t)
{
	struct rt_watch *w = rt_watch_new();
	struct place p, q;
	int one, two;

	place_open(&p);
	place_open(&q);
	add_text(&p, "old", "a");
	ok(t, rt_watch_add(w, p.fd, &one) == 0 && rt_watch_add(w, q.fd, &two) == 0, "two folders");
	ok(t, rt_watch_wait(w, SHORT_MS) == 0, "time runs out when nothing happens");
	ok(t, rt_watch_wait(w, 0) == 0, "a wait of no time");
	add_text(&p, "old", "b");
	ok(t, hears(w, &one, "old"), "a file that grows");
	add_text(&q, "new", "b");
	ok(t, hears(w, &two, "new"), "one that is made, in the other folder");
	settle(w);
	ok(t, renameat(p.fd, "old", p.fd, "old.1") == 0 && hears(w, &one, "old.1"), "a rename");
	ok(t, unlinkat(p.fd, "old.1", 0) == 0 && hears(w, &one, "old.1"), "a removal");
	ok(t, mkdirat(p.fd, "sub", 0777) == 0 && hears(w, &one, "sub"), "a folder in it");
	settle(w);
	ok(t, rt_watch_add(w, p.fd, &two) == 0, "the same folder again");
	ok(t, unlinkat(p.fd, "sub", AT_REMOVEDIR) == 0 && hears(w, &two, "sub"), "has the new tag");
	ok(t, !rt_watch_polls(w), "nothing is polled");
	settle(w);
	rt_watch_drop(w, &two);
	add_text(&p, "old", "e");
	ok(t, is_silent(w), "nothing of a folder that was let go");
	rt_watch_free(w);
	place_close(&p, (const char *const[]){ "old", NULL });
	place_close(&q, (const char *const[]){ "new", NULL });
}

static void test_written_before_wait(struct tap *t)
{
	struct rt_watch *w = rt_watch_new();
	struct rt_watch_change c;
	struct place p;
	int tag;

	place_open(&p);
	rt_watch_add(w, p.fd, &tag);
	add_text(&p, "a", "1");
	add_text(&p, "b", "1");
	ok(t, rt_watch_wait(w, LONG_MS) == RT_WATCH_CHANGE, "what came before the wait is known");
	ok(t, rt_watch_next(w, &c) && !strcmp(c.name, "a"), "the first of two");
	ok(t, rt_watch_wait(w, LONG_MS) == RT_WATCH_CHANGE && hears(w, &tag, "b"),
	   "what was not asked for is kept");
	rt_watch_free(w);
	place_close(&p, (const char *const[]){ "a", "b", NULL });
}

static void test_many(struct tap *t)
{
	struct rt_watch *w = rt_watch_new();
	struct place p[40];
	bool good = true;

	for (int i = 0; i < 40; i++) {
		place_open(&p[i]);
		rt_watch_add(w, p[i].fd, &p[i]);
	}
	for (int i = 39; i >= 0; i--) {
		add_text(&p[i], "x", "1");
		good &= hears(w, &p[i], "x");
		settle(w);
	}
	ok(t, good, "each of forty folders has its own tag");
	rt_watch_free(w);
	for (int i = 0; i < 40; i++)
		place_close(&p[i], (const char *const[]){ "x", NULL });
}

/* What is no folder at all: inotify refuses it, as it does when it has no watches left. */
static void test_polled(struct tap *t)
{
	struct rt_watch *w = rt_watch_new();
	struct rt_watch_change c;
	struct place p;
	int one, two;
	FILE *f;

	place_open(&p);
	rt_watch_add(w, p.fd, &two);
	f = fopen("/dev/null", "re");
	ok(t, f && rt_watch_add(w, fileno(f), &one) == 0 && rt_watch_polls(w),
	   "what inotify does not take is polled");
	ok(t, hears(w, &one, NULL), "and said after a while, again");
	ok(t, hears(w, &one, NULL), "and again");
	ok(t,
	   rt_watch_add(w, fileno(f), &one) == 0 && rt_watch_wait(w, LONG_MS) > 0 &&
		   rt_watch_next(w, &c) && !rt_watch_next(w, &c),
	   "added twice, it is said once");
	add_text(&p, "x", "1");
	ok(t, hears(w, &two, "x"), "others are heard of at once");
	ok(t, rt_watch_wait(w, 0) >= 0, "a wait of no time");
	fclose(f);
	rt_watch_free(w);
	place_close(&p, (const char *const[]){ "x", NULL });
}

static pid_t child(void)
{
	pid_t pid = fork();

	if (pid == 0) {
		pause();
		_exit(0);
	}
	return pid;
}

static void test_process(struct tap *t)
{
	struct rt_watch *w = rt_watch_new();
	pid_t pid = child(), other;
	void *ended;
	int tag, rc = rt_watch_process(w, pid, &tag);

	if (rc < 0 && (errno == ENOSYS || errno == EPERM)) {
		ok(t, true, "the end of a process # skip no pidfd here");
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
	} else {
		ok(t, rc == 0 && rt_watch_wait(w, SHORT_MS) == 0, "a process that lives");
		kill(pid, SIGKILL);
		ok(t, rt_watch_wait(w, LONG_MS) == RT_WATCH_EXIT, "its end");
		ok(t, rt_watch_ended(w, &ended) && ended == &tag && !rt_watch_ended(w, &ended),
		   "with its tag");
		ok(t, rt_watch_wait(w, SHORT_MS) == 0, "is said once");
		waitpid(pid, NULL, 0);
		pid = child();
		other = child();
		ok(t, rt_watch_process(w, pid, &tag) == 0 && rt_watch_process(w, other, w) == 0,
		   "two at a time");
		kill(other, SIGKILL);
		ok(t,
		   rt_watch_wait(w, LONG_MS) == RT_WATCH_EXIT && rt_watch_ended(w, &ended) &&
			   ended == w,
		   "the one that ends is told from the other");
		ok(t, rt_watch_process(w, 0, &tag) == -1, "one that is let go");
		kill(pid, SIGKILL);
		ok(t, rt_watch_wait(w, SHORT_MS) == 0, "is not heard of");
		waitpid(other, NULL, 0);
		waitpid(pid, NULL, 0);
		ok(t, rt_watch_process(w, pid, &tag) == -1 && errno == ESRCH,
		   "one that is no more");
	}
	ok(t, rt_watch_process(w, 0, &tag) == -1 && errno == ESRCH, "none");
	ok(t, rt_watch_process(w, INT64_C(1) << 40, &tag) == -1 && errno == ESRCH,
	   "no such number");
	rt_watch_free(w);
}

static void test_hangup(struct tap *t)
{
	struct rt_watch *w = rt_watch_new();
	int fds[2];

	if (pipe2(fds, O_CLOEXEC) < 0)
		exit(1);
	rt_watch_hangup(w, fds[1]);
	ok(t, rt_watch_wait(w, SHORT_MS) == 0, "a reader that is there");
	close(fds[0]);
	ok(t, rt_watch_wait(w, LONG_MS) == RT_WATCH_HANGUP, "that goes away");
	close(fds[1]);
	ok(t, rt_watch_wait(w, SHORT_MS) == 0, "a descriptor that is closed is let go");
	rt_watch_free(w);
	rt_watch_free(NULL);
}

static void test_input(struct tap *t)
{
	struct rt_watch *w = rt_watch_new();
	int fds[2];

	if (pipe2(fds, O_CLOEXEC) < 0)
		exit(1);
	ok(t, rt_watch_input(w, fds[0]) == 0 && rt_watch_wait(w, SHORT_MS) == 0, "nothing to read");
	ok(t, write(fds[1], "x", 1) == 1 && rt_watch_wait(w, LONG_MS) == RT_WATCH_INPUT,
	   "something to read");
	close(fds[0]);
	close(fds[1]);
	rt_watch_free(w);
}

int main(void)
{
	struct tap t = { 0, 0 };

	test_folder(&t);
	test_written_before_wait(&t);
	test_many(&t);
	test_polled(&t);
	test_process(&t);
	test_hangup(&t);
	test_input(&t);
	return tap_done(&t);
}
