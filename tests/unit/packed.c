/* lib/packed, lib/runfile: what an index tells, whatever it says, and which file is the run's. */
#include "fdio.h"
#include "rundir.h"
#include "runfile.h"
#include "tap.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* An unpacker that needs no archive. */
struct fake {
	struct rt_unpacker unpacker;
	const char *index, *content; /* NULL: it cannot be started */
	bool broken;
	int starts, ends;
};

static int fake_start(void *arg, const char *path, const char *name, void **job, struct rt_err *err)
{
	struct fake *f = arg;
	const char *text = name ? f->content : f->index;
	int fds[2];

	(void)path;
	f->starts++;
	*job = f;
	if (!text)
		return rt_err_set(err, RT_ERR_FAILURE, "no unpacker");
	if (pipe2(fds, O_CLOEXEC) < 0 || rt_fd_write(fds[1], text, strlen(text)) < 0)
		exit(1);
	close(fds[1]);
	return fds[0];
}

static int fake_end(void *arg, int fd, void *job)
{
	struct fake *f = arg;

	f->ends += job == arg;
	close(fd);
	return f->broken ? -1 : 0;
}

static struct fake fake(const char *index, const char *content)
{
	return (struct fake){ .unpacker = { fake_start, fake_end, NULL },
			      .index = index,
			      .content = content };
}

/* The names that an index has, each with its size and text. */
static void names(struct tap *t, const char *index, const char *want, const char *what)
{
	struct fake f = fake(index, "");
	struct rt_packed *a = rt_packed_new(&f.unpacker, strdup("/x"));
	struct rt_buf got;

	f.unpacker.arg = &f;
	rt_buf_init(&got);
	rt_packed_load(a);
	rt_packed_load(a);
	for (size_t i = 0; i < a->n; i++)
		rt_buf_addf(&got, "%.*s=%lld:%.*s;", (int)a->v[i].name.n, a->v[i].name.p,
			    (long long)a->v[i].size, a->v[i].text.p ? (int)a->v[i].text.n : 1,
			    a->v[i].text.p ? a->v[i].text.p : "-");
	is_text(t, got.s, want, what);
	ok(t, f.starts == 1 && f.ends == 1, "read once: %s", what);
	rt_buf_release(&got);
	rt_packed_free(a);
}

static void test_index(struct tap *t)
{
	names(t, "", "", "nothing");
	names(t, "3 1 3\na\nxyz\n9 3 -1\nb/c\n0 1 0\nd\n\n", "a=3:xyz;b/c=9:-;d=0:;",
	      "three files");
	names(t, "3 1 3\na\nx\nz\n1 1 1\nb\nq\n", "a=3:x\nz;b=1:q;", "a text with a line end");
	names(t, "3 1 3\na\nxyz\n9 3 -1\nb", "a=3:xyz;", "cut in a name");
	names(t, "3 1 3\na\nxyz\n9 1 9\nb\n12345678", "a=3:xyz;", "cut in a text");
	names(t, "3 1 3\na\nxyz", "", "cut before the last line end");
	names(t, "1 2\n", "", "two numbers");
	names(t, "-1 1 -1\na\n", "", "a size below 0");
	names(t, "1 -1 -1\na\n", "", "a name below 0");
	names(t, "9223372036854775807 1 -1\na\n", "a=9223372036854775807:-;", "the largest size");
	names(t, "9223372036854775808 1 -1\na\n", "", "a larger one");
	names(t, "1 99999999999999999999999 -1\na\n", "", "a name that long");
	names(t, "1 9223372036854775807 -1\na\n", "", "a name that is not there");
	names(t, "1 1 9223372036854775807\na\n", "", "a text that is not there");
	names(t, "1 1 x\na\n", "", "no number");
}

static void id(struct tap *t, const char *path, const char *want)
{
	char got[256];

	rt_packed_id(path, got);
	is_text(t, got, want, path);
}

static void test_id(struct tap *t)
{
	id(t, "/backup/one.tar.gz", "one");
	id(t, "/backup/one.tgz", "one");
	id(t, "/backup/one.tar.zst", "one");
	id(t, "/backup/one", "one");
	id(t, "/runs/one/run.tar.gz", "one");
	id(t, "/runs/one.tar/run.tar.zst", "one");
	id(t, "/run.tar.gz", "run");
	id(t, "/backup/.tar.gz", ".tar.gz");
}

/* What is read of a run: its text, or the errno. */
static const char *content(const struct rt_rundir *d, const char *name, struct rt_buf *b)
{
	rt_buf_clear(b);
	if (rt_runfile_read(d, name, b, 1000) == 0)
		return b->s;
	return errno == ENOENT ? "error ENOENT" : errno == EIO ? "error EIO" : "another error";
}

static void test_files(struct tap *t, const char *dir)
{
	struct fake f = fake("4 5 4\nboth1\nfar\n\n4 5 4\nsmall\nnear\n9 5 -1\nlarge\n",
			     "streamed\n");
	struct rt_err err = RT_ERR_INIT;
	struct rt_rundir d;
	struct rt_buf b;

	rt_buf_init(&b);
	f.unpacker.arg = &f;
	ok(t, rt_rundir_open_reader(&d, dir, NULL, &err) == 0 && !d.archive, "without an unpacker");
	is_text(t, content(&d, "small", &b), "error ENOENT", "archives are not looked into");
	rt_rundir_release(&d);
	ok(t, rt_rundir_open_reader(&d, dir, &f.unpacker, &err) == 0 && d.archive, "with one");
	is_text(t, content(&d, "both1", &b), "here\n", "the directory goes before the archive");
	ok(t, f.starts == 0, "which is not looked into for that");
	is_text(t, content(&d, "small", &b), "near", "a small file");
	ok(t, f.starts == 1, "the index tells what stands in it");
	is_text(t, content(&d, "large", &b), "streamed\n", "a large one is a stream");
	is_text(t, content(&d, "none", &b), "error ENOENT", "none is none");
	f.broken = true;
	is_text(t, content(&d, "large", &b), "error EIO", "one that breaks off");
	ok(t, f.starts == 3 && f.ends == 3, "all that was started was ended");
	rt_rundir_release(&d);
	f.index = NULL;
	rt_rundir_open_reader(&d, dir, &f.unpacker, &err);
	is_text(t, content(&d, "none", &b), "error EIO", "it is not known what is in the archive");
	errno = EIO;
	rt_runfile_failed(&d, "none", &err);
	is_text(t, err.msg, "no unpacker", "and why");
	rt_rundir_release(&d);
	rt_buf_release(&b);
}

int main(void)
{
	char dir[] = "/tmp/rt-packed.XXXXXX";
	struct tap t = { 0, 0 };
	int fd;

	test_index(&t);
	test_id(&t);
	if (!mkdtemp(dir) || (fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0)
		return 1;
	rt_file_replace(fd, "both1", rt_str("here\n"), RT_REPLACE_FAST, NULL);
	rt_file_replace(fd, RT_PACKED_GZ, rt_str(""), RT_REPLACE_FAST, NULL);
	test_files(&t, dir);
	unlinkat(fd, "both1", 0);
	unlinkat(fd, RT_PACKED_GZ, 0);
	close(fd);
	rmdir(dir);
	return tap_done(&t);
}
