/* lib/capture: whatever pieces output comes in, its log gives the same bytes back. */
#include "capture.h"
#include "crilog.h"
#include "fdio.h"
#include "tap.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

struct log {
	struct rt_capture capture;
	int fd; /* of the log, to read it */
};

static void begin(struct log *l, struct rt_redact *redact)
{
	FILE *f = tmpfile();

	if (!f || (l->fd = dup(fileno(f))) < 0) {
		perror("log");
		exit(1);
	}
	rt_capture_init(&l->capture, dup(l->fd), redact);
	fclose(f);
}

/* What the log says was written to each stream; false for a line that is no record. */
static bool finish(struct log *l, struct rt_buf streams[2])
{
	struct rt_buf text;
	bool good = rt_capture_end(&l->capture) == 0;

	rt_capture_release(&l->capture);
	rt_buf_init(&text);
	lseek(l->fd, 0, SEEK_SET);
	rt_fd_read(l->fd, &text, SIZE_MAX);
	close(l->fd);
	for (size_t at = 0; at < text.len && good;) {
		const char *nl = memchr(text.s + at, '\n', text.len - at);
		size_t n = nl ? (size_t)(nl - text.s) - at : 0;
		struct rt_cri c;

		good = nl && rt_cri_parse(&c, (struct rt_str){ text.s + at, n }) &&
		       c.text.n <= RT_CAPTURE_CHUNK;
		if (good) {
			rt_buf_addv(&streams[c.err], c.text);
			rt_buf_add(&streams[c.err], "\n", !c.partial);
		}
		at += n + 1;
	}
	rt_buf_release(&text);
	return good;
}

/* The output in pieces that end at the places given: is what comes back what is wanted? */
static bool split_at(struct rt_str text, const size_t *ends, size_t n, bool quiet,
		     struct rt_redact *redact, struct rt_str want)
{
	struct rt_buf streams[2];
	struct log l;
	size_t from = 0;
	bool good;

	rt_buf_init(&streams[0]);
	rt_buf_init(&streams[1]);
	begin(&l, redact);
	for (size_t i = 0; i <= n; i++) {
		size_t end = i < n ? ends[i] : text.n;

		rt_capture_add(&l.capture, RT_STDERR, (struct rt_str){ text.p + from, end - from });
		if (quiet && rt_capture_pending(&l.capture))
			rt_capture_flush(&l.capture);
		from = end;
	}
	good = finish(&l, streams) && streams[0].len == 0 &&
	       rt_str_eq(rt_buf_view(&streams[1]), want);
	rt_buf_release(&streams[0]);
	rt_buf_release(&streams[1]);
	return good;
}

static bool every_split(const char *text, size_t n, struct rt_redact *redact, struct rt_str want)
{
	struct rt_str all = { text, n };
	size_t ends[2] = { 0, 0 };
	bool good = split_at(all, ends, 0, false, redact, want);

	for (ends[0] = 0; ends[0] <= n; ends[0]++) {
		for (ends[1] = ends[0]; ends[1] <= n; ends[1]++)
			good &= split_at(all, ends, 2, (ends[0] + ends[1]) % 2, redact, want);
	}
	return good;
}

static void test_splits(struct tap *t)
{
	static const char odd[] = "one\n\n\r\ttwo\0three\xff\n stdout F x\nlast";

	ok(t, every_split(odd, sizeof(odd) - 1, NULL, (struct rt_str){ odd, sizeof(odd) - 1 }),
	   "binary output without its last newline, in every three pieces");
	ok(t, every_split("a\n", 2, NULL, rt_str("a\n")), "one line");
	ok(t, every_split("", 0, NULL, rt_str("")), "nothing");
}

static void test_long_lines(struct tap *t)
{
	static const size_t lengths[] = { RT_CAPTURE_CHUNK - 1, RT_CAPTURE_CHUNK,
					  RT_CAPTURE_CHUNK + 1, 2 * RT_CAPTURE_CHUNK, 100000 };
	bool good = true;

	srand(1);
	for (size_t i = 0; i < sizeof(lengths) / sizeof(*lengths); i++) {
		struct rt_buf text;
		size_t ends[3];

		rt_buf_init(&text);
		for (size_t k = 0; k < lengths[i]; k++)
			rt_buf_addc(&text, (char)rand() == '\n' ? ' ' : (char)('a' + k % 26));
		rt_buf_adds(&text, "\nnext\n");
		for (int round = 0; round < 60; round++) {
			ends[0] = (size_t)rand() % (text.len / 3);
			ends[1] = ends[0] + (size_t)rand() % (text.len / 3);
			ends[2] = ends[1] + (size_t)rand() % (text.len / 3);
			good &= split_at(rt_buf_view(&text), ends, 3, round % 2, NULL,
					 rt_buf_view(&text));
		}
		rt_buf_release(&text);
	}
	ok(t, good, "lines around 16 KiB and longer, in random pieces");
}

static void test_secrets(struct tap *t)
{
	static char token[] = "A_TOKEN=sesame-open";
	char *env[] = { token, NULL };
	const char *text = "x sesame-open y\nsesame-sesame-opensesame\nhttp://u:p@h/\n";
	const char *want = "x *** y\nsesame-***sesame\nhttp://***@h/\n";
	struct rt_redact *r = rt_redact_new(env);

	ok(t, every_split(text, strlen(text), r, rt_str(want)), "a secret, in every three pieces");
	rt_redact_free(r);
}

/* Each time a set of its own: what is learned stays. */
static bool learns(const char *text, const size_t *ends, size_t n, const char *want)
{
	char *env[] = { NULL };
	struct rt_redact *r = rt_redact_new(env);
	bool good = split_at(rt_str(text), ends, n, true, r, rt_str(want));

	rt_redact_free(r);
	return good;
}

static void test_masks(struct tap *t)
{
	const char *text = ":: ::add-mask::open sesame\r\nsay open sesame!\n";
	const char *want = ":: ::add-mask::***\r\nsay ***!\n";
	size_t ends[2], n = strlen(text);
	bool good = true;

	for (ends[0] = 0; ends[0] <= n; ends[0]++) {
		for (ends[1] = ends[0]; ends[1] <= n; ends[1]++)
			good &= learns(text, ends, 2, want);
	}
	ok(t, good, "::add-mask::, in every three pieces");
	ok(t, learns("::add-mask::sesame", NULL, 0, "::add-mask::***"), "without a line end");
	ok(t, learns("::add-ma", NULL, 0, "::add-ma"), "what is none after all is kept");
}

static void test_two_streams(struct tap *t)
{
	struct rt_buf streams[2];
	struct log l;
	bool good;

	rt_buf_init(&streams[0]);
	rt_buf_init(&streams[1]);
	begin(&l, NULL);
	rt_capture_add(&l.capture, RT_STDOUT, rt_str("out"));
	rt_capture_add(&l.capture, RT_STDERR, rt_str("err\n"));
	ok(t, rt_capture_pending(&l.capture), "a line waits for its end");
	rt_capture_add(&l.capture, RT_STDOUT, rt_str("put\n"));
	ok(t, !rt_capture_pending(&l.capture), "and has it");
	good = finish(&l, streams);
	ok(t, good && strcmp(streams[0].s, "output\n") == 0 && strcmp(streams[1].s, "err\n") == 0,
	   "streams do not mix within a line");
	rt_buf_release(&streams[0]);
	rt_buf_release(&streams[1]);
}

/* A log that cannot be written is told once, and costs nothing more. */
static void test_trouble(struct tap *t)
{
	struct rt_capture c;
	FILE *full = fopen("/dev/full", "w");
	int fd = full ? dup(fileno(full)) : -1;

	if (full)
		fclose(full);
	rt_capture_init(&c, fd, NULL);
	ok(t, rt_capture_add(&c, RT_STDOUT, rt_str("a\n")) < 0, "a full disk is an error");
	ok(t,
	   rt_capture_add(&c, RT_STDOUT, rt_str("b\n")) == 0 && !rt_capture_pending(&c) &&
		   rt_capture_end(&c) == 0,
	   "said once");
	rt_capture_release(&c);
	/* also where it shows when a new file is to be begun */
	rt_capture_init(&c, open("/dev/full", O_WRONLY), NULL);
	rt_capture_limit(&c, &(struct rt_log_limits){ .name = "run.log", .max = 10 });
	ok(t,
	   rt_capture_add(&c, RT_STDOUT, rt_str("a\nb\n")) < 0 && errno == ENOSPC &&
		   rt_capture_add(&c, RT_STDOUT, rt_str("c\n")) == 0 && rt_capture_end(&c) == 0,
	   "a full disk before a new file is said once");
	rt_capture_release(&c);
	rt_capture_init(&c, -1, NULL);
	ok(t, rt_capture_add(&c, RT_STDOUT, rt_str("a")) == 0 && rt_capture_end(&c) == 0,
	   "without a log nothing is kept");
	rt_capture_release(&c);
}

/* The files of a log by name, the oldest first: how many there are, and what they hold together. */
static int read_rotated(const char *dir, struct rt_buf *all, size_t *largest)
{
	int n = 9, found = 0;

	*largest = 0;
	for (; n >= 0; n--) {
		char path[300];
		struct rt_buf text;
		struct stat st;
		int fd;

		snprintf(path, sizeof(path), n ? "%s/logs/run.log.%d" : "%s/logs/run.log", dir, n);
		fd = open(path, O_RDONLY);
		if (fd < 0)
			continue;
		found++;
		rt_buf_init(&text);
		if (fstat(fd, &st) == 0 && (size_t)st.st_size > *largest)
			*largest = (size_t)st.st_size;
		rt_fd_read(fd, &text, SIZE_MAX);
		for (size_t at = 0; at < text.len;) {
			const char *nl = memchr(text.s + at, '\n', text.len - at);
			size_t len = (size_t)(nl - text.s) - at;
			struct rt_cri c;

			if (rt_cri_parse(&c, (struct rt_str){ text.s + at, len })) {
				rt_buf_addv(all, c.text);
				rt_buf_add(all, "\n", !c.partial);
			}
			at += len + 1;
		}
		rt_buf_release(&text);
		close(fd);
		unlink(path);
	}
	return found;
}

/* A log in a run of its own, written to in pieces of some bytes. */
static int rotated(const char *dir, uint64_t max, int backups, struct rt_str text, size_t piece,
		   struct rt_buf *all, size_t *largest)
{
	struct rt_err err = RT_ERR_INIT;
	struct rt_log_limits limits = { .name = "run.log", .max = max, .backups = backups };
	struct rt_rundir d;
	struct rt_capture c;

	if (rt_rundir_open(&d, dir, &err) < 0)
		return -1;
	limits.dir = &d;
	rt_capture_init(&c, rt_rundir_open_log(&d, 0, limits.name), NULL);
	rt_capture_limit(&c, &limits);
	for (size_t at = 0; at < text.n; at += piece) {
		size_t n = piece < text.n - at ? piece : text.n - at;

		rt_capture_add(&c, RT_STDOUT, (struct rt_str){ text.p + at, n });
	}
	rt_capture_end(&c);
	rt_capture_release(&c);
	rt_rundir_release(&d);
	return read_rotated(dir, all, largest);
}

static void test_rotation(struct tap *t)
{
	char dir[] = "/tmp/rt-capture.XXXXXX", logs[64];
	struct rt_buf text, all;
	size_t largest;
	int files;

	rt_buf_init(&text);
	rt_buf_init(&all);
	for (int i = 0; i < 1000; i++)
		rt_buf_addf(&text, "line %d of a log that is cut where one ends\n", i);
	if (!mkdtemp(dir))
		exit(1);
	snprintf(logs, sizeof(logs), "%s/logs", dir);
	mkdir(logs, 0777);

	files = rotated(dir, 0, 5, rt_buf_view(&text), 1000, &all, &largest);
	ok(t, files == 1 && rt_str_eq(rt_buf_view(&all), rt_buf_view(&text)), "without a limit");
	rt_buf_clear(&all);
	files = rotated(dir, 20000, 9, rt_buf_view(&text), 65536, &all, &largest);
	ok(t, files == 5 && largest <= 20000 && rt_str_eq(rt_buf_view(&all), rt_buf_view(&text)),
	   "%d files of at most %zu bytes have all of it", files, largest);
	rt_buf_clear(&all);
	files = rotated(dir, 10000, 2, rt_buf_view(&text), 33, &all, &largest);
	ok(t,
	   files == 3 && all.len < text.len && memcmp(all.s, "line ", 5) == 0 &&
		   memcmp(all.s, text.s + text.len - all.len, all.len) == 0,
	   "the oldest go: %d files have the end", files);
	rt_buf_clear(&all);
	files = rotated(dir, 10000, 0, rt_buf_view(&text), 4000, &all, &largest);
	ok(t, files == 1 && all.len && largest <= 10000, "no backups: only the newest");
	rt_buf_clear(&all);
	rt_buf_clear(&text);
	for (int i = 0; i < 200000; i++)
		rt_buf_addc(&text, (char)('a' + i % 26));
	files = rotated(dir, 30000, 9, rt_buf_view(&text), 65536, &all, &largest);
	ok(t, files > 2 && largest <= 60000 + RT_CAPTURE_CHUNK && all.len == text.len,
	   "a line without an end: %d files of at most %zu bytes", files, largest);
	rt_buf_clear(&all);
	files = rotated(dir, 1, 9, rt_str("a\nb\nc\n"), 2, &all, &largest);
	ok(t, files == 3 && strcmp(all.s, "a\nb\nc\n") == 0, "a record a file");
	rmdir(logs);
	rmdir(dir);
	rt_buf_release(&text);
	rt_buf_release(&all);
}

/* Where no new file can be begun, the log goes on. */
static void test_unrotatable(struct tap *t)
{
	char dir[] = "/tmp/rt-capture.XXXXXX", path[64], blocked[64];
	struct rt_log_limits limits = { .name = "run.log", .max = 100, .backups = 1 };
	struct rt_err err = RT_ERR_INIT;
	struct rt_buf all;
	struct rt_rundir d;
	struct rt_capture c;
	size_t largest;
	int good = 1;

	if (!mkdtemp(dir))
		exit(1);
	snprintf(path, sizeof(path), "%s/logs", dir);
	snprintf(blocked, sizeof(blocked), "%s/logs/run.log.1", dir);
	mkdir(path, 0777);
	mkdir(blocked, 0777);
	if (rt_rundir_open(&d, dir, &err) < 0)
		exit(1);
	limits.dir = &d;
	rt_capture_init(&c, rt_rundir_open_log(&d, 0, limits.name), NULL);
	rt_capture_limit(&c, &limits);
	for (int i = 0; i < 10; i++)
		good &= rt_capture_add(&c, RT_STDOUT, rt_str("a line of some length\n")) == 0;
	good &= rt_capture_end(&c) == 0;
	ok(t, good && c.unrotatable == EISDIR, "a name that is taken: errno %d", c.unrotatable);
	rt_capture_release(&c);
	rt_rundir_release(&d);
	rmdir(blocked);
	rt_buf_init(&all);
	ok(t, read_rotated(dir, &all, &largest) == 1 && all.len == 220, "nothing is lost");
	rt_buf_release(&all);
	rmdir(path);
	rmdir(dir);
}

int main(void)
{
	struct tap t = { 0 };

	test_splits(&t);
	test_long_lines(&t);
	test_secrets(&t);
	test_masks(&t);
	test_two_streams(&t);
	test_trouble(&t);
	test_rotation(&t);
	test_unrotatable(&t);
	return tap_done(&t);
}
