/* lib/tree: walking a folder and removing it, without leaving it. */
#include "tree.h"
#include "tap.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

struct seen {
	char text[400];
	const char *leave; /* a folder to be left out */
};

static int see(void *arg, const struct rt_tree_item *item)
{
	struct seen *s = arg;

	if (item->left)
		strncat(s->text, "/", sizeof(s->text) - strlen(s->text) - 1);
	strncat(s->text, item->path, sizeof(s->text) - strlen(s->text) - 1);
	strncat(s->text, " ", sizeof(s->text) - strlen(s->text) - 1);
	return s->leave && strcmp(item->path, s->leave) == 0;
}

static void make_file(int fd, const char *path)
{
	int file = openat(fd, path, O_WRONLY | O_CREAT | O_CLOEXEC, 0666);

	if (file >= 0) {
		if (write(file, "x", 1) < 0)
			perror(path);
		close(file);
	}
}

static void test_walk(struct tap *t, int fd)
{
	struct rt_err err = RT_ERR_INIT;
	struct seen s = { "", NULL };

	mkdirat(fd, "a", 0777);
	mkdirat(fd, "a/b", 0777);
	make_file(fd, "a/b/c");
	ok(t, rt_tree_walk(fd, see, &s, &err) == 0, "a walk");
	is_text(t, s.text, "a a/b a/b/c /a/b /a ",
		"each folder before what is in it, and behind it");
	s = (struct seen){ "", "a/b" };
	ok(t, rt_tree_walk(fd, see, &s, &err) == 0, "another one");
	is_text(t, s.text, "a a/b /a ", "that leaves a folder out");
	ok(t, rt_tree_bytes(fd) > 0, "what is in it takes room");
}

static void test_remove(struct tap *t, int fd)
{
	struct rt_err err = RT_ERR_INIT;
	char name[16];

	mkdirat(fd, "outside", 0777);
	make_file(fd, "outside/file");
	if (symlinkat("../outside", fd, "a/link") < 0 || symlinkat("outside", fd, "top") < 0)
		perror("symlinkat");
	for (int i = 0; i < 3000; i++) {
		snprintf(name, sizeof(name), "a/%d", i);
		make_file(fd, name);
	}
	ok(t, rt_tree_remove(fd, "a", &err) == 0, "a folder of 3,000 files is removed");
	ok(t, faccessat(fd, "a", F_OK, 0) < 0, "and gone");
	ok(t, rt_tree_remove(fd, "top", &err) == 0 && faccessat(fd, "top", F_OK, 0) < 0,
	   "of a link only the link");
	ok(t, faccessat(fd, "outside/file", F_OK, 0) == 0, "what links lead to stays");
	ok(t, rt_tree_remove(fd, "a", &err) == 0, "what is not there is removed already");
	ok(t, rt_tree_remove(fd, "outside", &err) == 0, "a last one");
}

/* A path that would be too long is never made, folders too deep are an error. */
static void test_deep(struct tap *t, int fd)
{
	int at = fcntl(fd, F_DUPFD_CLOEXEC, 0), next;
	struct rt_err err = RT_ERR_INIT;

	for (int i = 0; i < RT_TREE_DEPTH + 5; i++) {
		mkdirat(at, "deep", 0777);
		next = openat(at, "deep", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		close(at);
		at = next;
	}
	close(at);
	ok(t, rt_tree_remove(fd, "deep", &err) < 0 && strstr(err.msg, "more than 128 deep"),
	   "folders too deep: %.60s", err.msg);
	/* from within, a hundred at a time */
	ok(t,
	   rt_tree_remove(fd, "deep/deep/deep/deep/deep/deep", &err) == 0 &&
		   rt_tree_remove(fd, "deep", &err) == 0,
	   "from deeper down they go");
}

int main(void)
{
	char path[] = "/tmp/rt-tree-XXXXXX";
	struct tap t = { 0, 0 };
	int fd = mkdtemp(path) ? open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;

	if (fd < 0)
		return 1;
	test_walk(&t, fd);
	test_remove(&t, fd);
	test_deep(&t, fd);
	close(fd);
	ok(&t, rmdir(path) == 0, "nothing is left");
	return tap_done(&t);
}
