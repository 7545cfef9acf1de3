/*
 * lib/record: what is on disk after each call, whoever else wrote and whatever
 * failed. The state in memory is tests/unit/status.c.
 */
#include "clock.h"
#include "fdio.h"
#include "record.h"
#include "tap.h"

#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static char runs[256]; /* the runs folder */

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *walk)
{
	(void)st;
	(void)kind;
	(void)walk;
	return remove(path);
}

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static struct rt_record *make(const char *id, const struct rt_record_opts *opts)
{
	struct rt_run_spec spec = { .runs_dir = runs, .id = id, .name = "unit" };
	struct rt_err err = RT_ERR_INIT;
	struct rt_record *r;

	if (rt_record_create(&r, &spec, opts, &err) < 0) {
		printf("# cannot make run %s: %s\n", id, err.msg);
		exit(1);
	}
	return r;
}

static struct rt_record *reopen(const char *id)
{
	struct rt_err err = RT_ERR_INIT;
	struct rt_record *r;
	char path[512];

	snprintf(path, sizeof(path), "%s/%s", runs, id);
	if (rt_record_open(&r, path, NULL, &err) < 0) {
		printf("# %s\n", err.msg);
		exit(1);
	}
	return r;
}

static int emit_line(struct rt_record *r, const char *line, struct rt_err *err)
{
	struct rt_event ev;

	if (rt_event_parse(&ev, rt_str(line)) < 0)
		die("no event");
	return rt_record_emit(r, &ev, NULL, err);
}

static int emit(struct rt_record *r, const char *members)
{
	struct rt_err err = RT_ERR_INIT;
	char line[1024];
	int ret;

	snprintf(line, sizeof(line), "{%s}", members);
	ret = emit_line(r, line, &err);
	if (ret < 0)
		printf("# %s\n", err.msg);
	return ret;
}

static int change(struct rt_record *r, enum rt_state to, struct rt_err *err)
{
	struct rt_change c = { .to = to, .exit_code = -1 };

	return rt_record_change(r, &c, NULL, err);
}

static int dirfd_of(struct rt_record *r)
{
	return rt_record_dir(r)->fd;
}

static void read_file(struct rt_record *r, const char *name, struct rt_buf *out)
{
	rt_buf_clear(out);
	if (rt_file_read(dirfd_of(r), name, out, SIZE_MAX) < 0)
		rt_buf_adds(out, "(cannot be read)");
}

static void write_file(struct rt_record *r, const char *name, int flags, struct rt_str text)
{
	int fd = openat(dirfd_of(r), name, O_WRONLY | O_CREAT | flags, 0666);

	if (fd < 0 || rt_fd_write(fd, text.p, text.n) < 0)
		die(name);
	close(fd);
}

static size_t count_lines(struct rt_record *r)
{
	struct rt_buf text;
	size_t n = 0;

	rt_buf_init(&text);
	read_file(r, RT_EVENTS_FILE, &text);
	for (size_t i = 0; i < text.len; i++)
		n += text.s[i] == '\n';
	rt_buf_release(&text);
	return n;
}

/* counts.events of status.json as it lies there. */
static long counted(struct rt_record *r)
{
	struct rt_buf text;
	struct rt_json v;
	int64_t n = -1;

	rt_buf_init(&text);
	read_file(r, RT_STATUS_FILE, &text);
	if (!rt_scan_valid(rt_buf_view(&text)) ||
	    !rt_scan_find(rt_buf_view(&text), rt_str("counts.events"), &v) || !rt_json_int(&v, &n))
		n = -1;
	rt_buf_release(&text);
	return (long)n;
}

/* What a reader makes of the run when it has no status.json. */
static void rebuilt(struct rt_record *r, struct rt_buf *out)
{
	struct rt_err err = RT_ERR_INIT;
	struct rt_status st;

	rt_buf_clear(out);
	rt_status_init(&st);
	if (rt_status_load(&st, rt_record_dir(r), &err) < 0)
		rt_buf_adds(out, err.msg);
	else
		rt_status_write(&st, out);
	rt_status_release(&st);
}

static void same_when_rebuilt(struct tap *t, struct rt_record *r, const char *name)
{
	struct rt_buf kept, again;

	rt_buf_init(&kept);
	rt_buf_init(&again);
	read_file(r, RT_STATUS_FILE, &kept);
	write_file(r, RT_STATUS_FILE, O_TRUNC, rt_str(""));
	rebuilt(r, &again);
	is_text(t, again.s, kept.s, name);
	write_file(r, RT_STATUS_FILE, O_TRUNC, rt_str("{\"half"));
	rebuilt(r, &again);
	ok(t, strcmp(again.s, kept.s) == 0, "%s: and when it is invalid", name);
	unlinkat(dirfd_of(r), RT_STATUS_FILE, 0);
	rebuilt(r, &again);
	ok(t, strcmp(again.s, kept.s) == 0, "%s: or missing", name);
	write_file(r, RT_STATUS_FILE, O_TRUNC, rt_buf_view(&kept));
	rt_buf_release(&kept);
	rt_buf_release(&again);
}

static void test_rebuild(struct tap *t)
{
	static char token[] = "A_TOKEN=sesame";
	char *env[] = { token, NULL };
	struct rt_redact *redact = rt_redact_new(env);
	struct rt_record_opts opts = { .redact = redact };
	struct rt_run_spec spec = { .runs_dir = runs,
				    .id = "rebuilt",
				    .group = "g",
				    .name = "a sesame \"name\"",
				    .parent_run_id = "p",
				    .owner_pid = getpid(),
				    .json_log = true,
				    .supervised = true };
	struct rt_change end = { .to = RT_FAILED, .exit_code = 3, .error = "open sesame" };
	struct rt_err err = RT_ERR_INIT;
	struct rt_record *r = NULL;

	ok(t, rt_record_create(&r, &spec, &opts, &err) == 0, "a run is made");
	ok(t, faccessat(rt_record_dir(r)->fd, RT_ALIVE_FILE, F_OK, 0) == 0,
	   "that a supervisor lives is said from the beginning on");
	same_when_rebuilt(t, r, "a new run");
	emit(r, "\"stage\":\"build\",\"percent\":1.50,\"message\":\"a sesame\\u0021\"");
	emit(r, "\"type\":\"Odd type\",\"own\":{\"k\":1}");
	emit(r, "\"type\":\"step_started\",\"step\":1,\"stage\":\"one\"");
	emit(r,
	     "\"type\":\"llm_request_sent\",\"correlation_id\":\"c\",\"metadata\":{\"prompt_tokens\":7}");
	emit(r, "\"ts\":\"2026-07-01T12:00:00Z\",\"level\":\"warn\",\"message\":\"late\"");
	emit(r, "\"type\":\"step start\",\"message\":\"is written step_start\",\"step\":9");
	same_when_rebuilt(t, r, "in the middle of a step, with an open request");
	ok(t, rt_record_change(r, &end, NULL, &err) == 0, "it fails");
	same_when_rebuilt(t, r, "a run that failed");
	end = (struct rt_change){
		.to = RT_RUNNING, .resume = true, .exit_code = -1, .owner_pid = getpid()
	};
	ok(t, rt_record_change(r, &end, NULL, &err) == 0, "it is taken up again");
	for (int i = 0; i < 150; i++) {
		char members[64];

		snprintf(members, sizeof(members), "\"stage\":\"s%d\",\"message\":\"m\"", i);
		emit(r, members);
	}
	same_when_rebuilt(t, r, "a run taken up again, with a full table");
	rt_record_close(r);
	rt_redact_free(redact);
}

/* A writer dies between the append and status.json: the next one counts for it. */
static void test_catch_up(struct tap *t)
{
	struct rt_record *r = make("caught", NULL), *other;
	struct rt_buf old, text;

	rt_buf_init(&old);
	rt_buf_init(&text);
	emit(r, "\"message\":\"one\"");
	read_file(r, RT_STATUS_FILE, &old);
	for (int i = 0; i < 30; i++)
		emit(r,
		     "\"stage\":\"lost\",\"percent\":40,\"message\":\"two\",\"level\":\"error\"");
	write_file(r, RT_STATUS_FILE, O_TRUNC, rt_buf_view(&old));
	rebuilt(r, &text);
	ok(t, strstr(text.s, "\"events\":32,\"warnings\":0,\"errors\":30") != NULL,
	   "a reader counts what status.json does not");
	other = reopen("caught");
	emit(other, "\"message\":\"three\"");
	ok(t, counted(r) == 33, "the next writer, too");
	same_when_rebuilt(t, r, "and all is as it should be");
	/* One that is open all the time sees that others wrote. */
	emit(r, "\"message\":\"four\"");
	emit(other, "\"message\":\"five\"");
	ok(t, counted(r) == 35, "two writers in turn");
	rt_record_close(other);
	rt_record_close(r);
	rt_buf_release(&old);
	rt_buf_release(&text);
}

static void test_foreign_lines(struct tap *t)
{
	struct rt_record *r = make("foreign", NULL);
	struct rt_buf text;

	rt_buf_init(&text);
	write_file(
		r, RT_EVENTS_FILE, O_APPEND,
		rt_str("{\"event\":\"step_start\",\"step_id\":\"theirs\",\"timestamp\":\"2026-07-01T12:00:00Z\"}\n"
		       "nonsense\n\n{\"msg\":\"x\",\"severity\":\"ERROR\"}\n"));
	emit(r, "\"message\":\"mine\"");
	read_file(r, RT_STATUS_FILE, &text);
	ok(t,
	   counted(r) == 4 && strstr(text.s, "\"errors\":1") && strstr(text.s, "\"theirs\"") &&
		   strstr(text.s, "\"ordered\":false"),
	   "what others appended is counted, and only what is an event");
	write_file(r, RT_EVENTS_FILE, O_APPEND, rt_str("{\"message\":\"torn but whole\"}"));
	emit(r, "\"message\":\"mine\"");
	ok(t, counted(r) == 6, "a torn tail that is whole is counted");
	write_file(r, RT_EVENTS_FILE, O_APPEND, rt_str("{\"message\":\"torn"));
	emit(r, "\"message\":\"mine\"");
	ok(t, counted(r) == 7 && count_lines(r) == 10,
	   "one that is not is ended and takes nothing with it");
	read_file(r, RT_EVENTS_FILE, &text);
	ok(t, strstr(text.s, "{\"message\":\"torn\n{\"ts\":") != NULL, "on a line of its own");
	same_when_rebuilt(t, r, "and all is as it should be");
	rt_record_close(r);
	rt_buf_release(&text);
}

static void test_replaced(struct tap *t)
{
	struct rt_record *r = make("replaced", NULL);
	struct rt_buf text;

	rt_buf_init(&text);
	emit(r, "\"message\":\"one\"");
	write_file(r, "new", O_TRUNC, rt_str("{\"type\":\"run_started\",\"message\":\"s\"}\n"));
	renameat(dirfd_of(r), "new", dirfd_of(r), RT_EVENTS_FILE);
	emit(r, "\"message\":\"into the new one\"");
	ok(t, count_lines(r) == 2 && counted(r) == 2, "a log that was replaced is opened again");
	write_file(r, RT_EVENTS_FILE, O_TRUNC,
		   rt_str("{\"type\":\"run_started\",\"message\":\"s\"}\n"));
	emit(r, "\"message\":\"after a cut\"");
	ok(t, counted(r) == 2, "one that was cut is counted again");
	unlinkat(dirfd_of(r), RT_EVENTS_FILE, 0);
	ok(t, emit(r, "\"message\":\"nowhere\"") < 0, "one that is gone is an error");
	rt_record_close(r);
	rt_buf_release(&text);
}

static void limit_files(rlim_t bytes)
{
	struct rlimit l = { bytes, RLIM_INFINITY };

	if (setrlimit(RLIMIT_FSIZE, &l) < 0)
		die("setrlimit");
}

/* Whether the run is as it was, with nothing half done left over. */
static bool untouched(struct rt_record *r, const struct rt_buf *events, const struct rt_buf *status)
{
	struct rt_buf now;
	bool good;

	rt_buf_init(&now);
	read_file(r, RT_EVENTS_FILE, &now);
	good = rt_str_eq(rt_buf_view(&now), rt_buf_view(events));
	read_file(r, RT_STATUS_FILE, &now);
	good &= rt_str_eq(rt_buf_view(&now), rt_buf_view(status));
	good &= faccessat(dirfd_of(r), ".status.json.tmp", F_OK, 0) < 0;
	rt_buf_release(&now);
	return good;
}

/* No file may grow past a limit: the status, or the append in any part of it, comes to nothing. */
static void test_no_space(struct tap *t)
{
	struct rt_record *r = make("full", NULL);
	struct rt_buf events, status;
	bool refused = true, same = true, told = true;
	size_t added, before;

	rt_buf_init(&events);
	rt_buf_init(&status);
	signal(SIGXFSZ, SIG_IGN);
	for (int i = 0; i < 60; i++)
		emit(r,
		     "\"message\":\"some events more than status.json is long\",\"level\":\"error\"");
	read_file(r, RT_EVENTS_FILE, &events);
	before = events.len;
	emit(r, "\"message\":\"x\"");
	read_file(r, RT_STATUS_FILE, &status);
	added = count_lines(r);
	read_file(r, RT_EVENTS_FILE, &events);
	/* Room for nothing, for the status, and for each part of a line as long as the last one. */
	for (rlim_t limit = events.len % 97; limit < 2 * events.len - before;
	     limit += limit < events.len ? 97 : 1) {
		struct rt_err err = RT_ERR_INIT;

		limit_files(limit);
		refused &= emit_line(r, "{\"message\":\"x\"}", &err) < 0;
		limit_files(RLIM_INFINITY);
		told &= strstr(err.msg, "File too large") || strstr(err.msg, "No space left");
		same &= untouched(r, &events, &status);
	}
	ok(t, refused && told, "an event that there is no room for is refused, and why is said");
	ok(t, same, "and leaves everything as it was");
	ok(t,
	   emit(r, "\"message\":\"x\"") == 0 && count_lines(r) == added + 1 &&
		   counted(r) == (long)added + 1,
	   "the next one is recorded");
	same_when_rebuilt(t, r, "and all is as it should be");
	signal(SIGXFSZ, SIG_DFL);
	rt_record_close(r);
	rt_buf_release(&events);
	rt_buf_release(&status);
}

/* What fails after the append warns: the log for people has no room. */
static void test_warning(struct tap *t)
{
	struct rt_record *r = make("warned", NULL);
	struct rt_err err = RT_ERR_INIT, warning = RT_ERR_INIT;
	struct rt_event ev;

	unlinkat(dirfd_of(r), RT_LOG_FILE, 0);
	mkdirat(dirfd_of(r), RT_LOG_FILE, 0777);
	rt_event_parse(&ev, rt_str("{\"message\":\"m\"}"));
	ok(t, rt_record_emit(r, &ev, &warning, &err) == 0 && counted(r) == 2,
	   "an event is recorded though logs.txt cannot be written");
	ok(t, strncmp(warning.msg, "event recorded, but cannot write", 32) == 0,
	   "and that is said");
	rt_record_close(r);
}

static void test_lock(struct tap *t)
{
	struct rt_record_opts opts = { .lock_timeout_ms = 50 };
	struct rt_record *r = make("locked", &opts);
	struct rt_err err = RT_ERR_INIT;
	int fd = openat(dirfd_of(r), RT_EVENTS_FILE, O_RDONLY);

	flock(fd, LOCK_EX);
	ok(t, emit_line(r, "{\"message\":\"m\"}", &err) < 0 && err.kind == RT_ERR_LOCKED,
	   "a lock that somebody else holds is waited for, not for ever");
	ok(t, change(r, RT_COMPLETED, &err) < 0 && err.kind == RT_ERR_LOCKED,
	   "also to change the state");
	close(fd);
	ok(t, emit(r, "\"message\":\"m\"") == 0, "then it goes on");
	rt_record_close(r);
}

static void queue_numbered(struct rt_record *r, int from, int to)
{
	struct rt_err err = RT_ERR_INIT;
	struct rt_event ev;
	char message[16];

	for (int i = from; i < to; i++) {
		rt_event_init(&ev);
		snprintf(message, sizeof(message), "m%d", i);
		rt_event_set_text(&ev, RT_F_MESSAGE, rt_str(message));
		rt_record_queue(r, &ev, &err);
	}
}

static void test_batch(struct tap *t)
{
	struct rt_record *r = make("batch", NULL), *other;
	struct rt_err err = RT_ERR_INIT;

	queue_numbered(r, 0, 100);
	ok(t, rt_record_queued(r) > 0 && count_lines(r) == 1, "what is queued is not there yet");
	ok(t,
	   rt_record_flush(r, false, NULL, &err) == 0 && count_lines(r) == 101 && counted(r) == 1,
	   "a flush may leave status.json as it is");
	ok(t,
	   rt_record_queued(r) == 0 && rt_record_flush(r, true, NULL, &err) == 0 &&
		   counted(r) == 101,
	   "and write it later");
	same_when_rebuilt(t, r, "and all is as it should be");
	queue_numbered(r, 100, 115);
	rt_record_flush(r, false, NULL, &err);
	queue_numbered(r, 115, 118);
	rt_record_flush(r, false, NULL, &err);
	queue_numbered(r, 118, 120);
	rt_record_flush(r, true, NULL, &err);
	same_when_rebuilt(t, r, "it shows the last events of several batches");
	queue_numbered(r, 120, 125);
	rt_record_flush(r, false, NULL, &err);
	other = reopen("batch");
	emit(other, "\"message\":\"between\"");
	rt_record_close(other);
	queue_numbered(r, 125, 127);
	rt_record_flush(r, true, NULL, &err);
	same_when_rebuilt(t, r, "each once, also when another writer came between");
	rt_record_close(r);
}

static void test_changes(struct tap *t)
{
	struct rt_record *r = make("changed", NULL);
	struct rt_err err = RT_ERR_INIT;
	size_t lines;

	ok(t, change(r, RT_RUNNING, &err) < 0 && err.kind == RT_ERR_REFUSED, "running to running");
	is_text(t, err.msg, "run \"changed\" is running already", "is refused");
	ok(t, change(r, RT_PAUSED, &err) == 0 && change(r, RT_RUNNING, &err) == 0,
	   "pause and go on");
	ok(t, change(r, RT_COMPLETED, &err) == 0, "the end");
	lines = count_lines(r);
	ok(t, change(r, RT_COMPLETED, &err) == 1 && count_lines(r) == lines,
	   "the same end again is fine");
	ok(t,
	   change(r, RT_FAILED, &err) < 0 && err.kind == RT_ERR_REFUSED && count_lines(r) == lines,
	   "another one is not");
	is_text(t, err.msg,
		"run \"changed\" is completed: it cannot become failed"
		" (rt-run start --resume takes it up again)",
		"which is said");
	ok(t, emit(r, "\"message\":\"late\"") == 0 && rt_record_status(r)->state == RT_COMPLETED,
	   "an event after the end is kept, the state stays");
	rt_record_close(r);
}

static bool refused(const char *id, const char *group, enum rt_err_kind kind)
{
	struct rt_run_spec spec = { .runs_dir = runs, .id = id, .group = group };
	struct rt_err err = RT_ERR_INIT;
	struct rt_record *r = NULL;
	int ret = rt_record_create(&r, &spec, NULL, &err);

	rt_record_close(r);
	return ret < 0 && err.kind == kind && err.msg[0] && !r;
}

static void test_create(struct tap *t)
{
	struct rt_record *r = make("made", NULL);
	struct rt_buf text;
	char path[512];

	rt_buf_init(&text);
	read_file(r, RT_METADATA_FILE, &text);
	ok(t,
	   rt_scan_valid(rt_buf_view(&text)) &&
		   strstr(text.s, "\"run_id\":\"made\",\"name\":\"unit\""),
	   "metadata.json is made where there is none");
	ok(t, faccessat(dirfd_of(r), RT_JSON_LOG_FILE, F_OK, 0) < 0, "logs.jsonl is not");
	rt_record_close(r);
	ok(t, refused("made", NULL, RT_ERR_REFUSED), "a name that is taken");
	ok(t, refused("x", "made", RT_ERR_REFUSED), "a group that is a run");
	ok(t,
	   refused("../x", NULL, RT_ERR_USAGE) && refused("", NULL, RT_ERR_USAGE) &&
		   refused("x", "a/b", RT_ERR_USAGE) && refused(".x", NULL, RT_ERR_USAGE),
	   "names that are none");
	snprintf(path, sizeof(path), "%s/../%s", runs, "escaped");
	ok(t, access(path, F_OK) < 0, "nothing is made outside");
	snprintf(path, sizeof(path), "%s/.rt", runs);
	ok(t, rmdir(path) == 0, "nothing is left in .rt");
	mkdir(path, 0777);
	rt_buf_release(&text);
}

static void test_modes(struct tap *t)
{
	struct rt_record *r = make("modes", NULL);
	struct stat st;

	fchmodat(dirfd_of(r), RT_STATUS_FILE, 0640, 0);
	if (geteuid() == 0)
		(void)!fchownat(dirfd_of(r), RT_STATUS_FILE, 1234, 2345, 0);
	emit(r, "\"message\":\"m\"");
	change(r, RT_COMPLETED, NULL);
	fstatat(dirfd_of(r), RT_STATUS_FILE, &st, 0);
	ok(t, (st.st_mode & 07777) == 0640, "status.json keeps its mode");
	ok(t, geteuid() != 0 || (st.st_uid == 1234 && st.st_gid == 2345), "its owner and group");
	rt_record_close(r);
}

static void test_links(struct tap *t)
{
	struct rt_record *r = make("links", NULL);
	struct rt_err err = RT_ERR_INIT;
	struct rt_buf text;

	rt_buf_init(&text);
	write_file(r, "elsewhere", O_TRUNC, rt_str("precious"));
	unlinkat(dirfd_of(r), RT_STATUS_FILE, 0);
	if (symlinkat("elsewhere", dirfd_of(r), RT_STATUS_FILE) < 0)
		die("symlink");
	ok(t, emit_line(r, "{\"message\":\"m\"}", &err) < 0 && count_lines(r) == 1,
	   "a status.json that is a link is refused");
	read_file(r, "elsewhere", &text);
	is_text(t, text.s, "precious", "and not followed");
	rt_record_close(r);
	rt_buf_release(&text);
}

/* Processes that emit at once, some of which open the run anew each time. */
static void test_many(struct tap *t)
{
	struct rt_record *r = make("many", NULL);
	struct rt_buf text;
	size_t invalid = 0;
	int status, failed = 0;

	for (int p = 0; p < 8; p++) {
		if (fork())
			continue;
		for (int i = 0; i < 50; i++) {
			struct rt_record *mine = reopen("many");

			if (emit(mine, "\"message\":\"m\",\"stage\":\"s\"") < 0 ||
			    (p % 2 && emit(mine, "\"message\":\"m\"") < 0))
				_exit(1);
			rt_record_close(mine);
		}
		_exit(0);
	}
	while (wait(&status) > 0)
		failed += status != 0;
	ok(t, failed == 0 && count_lines(r) == 601 && counted(r) == 601,
	   "8 processes at once lose nothing");
	rt_buf_init(&text);
	read_file(r, RT_EVENTS_FILE, &text);
	for (size_t at = 0; at < text.len;) {
		size_t n = (size_t)((char *)memchr(text.s + at, '\n', text.len - at) - text.s) - at;

		invalid += !rt_scan_valid((struct rt_str){ text.s + at, n });
		at += n + 1;
	}
	ok(t, invalid == 0, "every line is whole");
	same_when_rebuilt(t, r, "and all is as it should be");
	rt_record_close(r);
	rt_buf_release(&text);
}

static void test_opening(struct tap *t)
{
	struct rt_err err = RT_ERR_INIT;
	struct rt_record *r = NULL;
	char path[512];

	snprintf(path, sizeof(path), "%s/nothing", runs);
	ok(t, rt_record_open(&r, path, NULL, &err) < 0 && strstr(err.msg, "No such file") && !r,
	   "a run that is not there");
	mkdir(path, 0777);
	ok(t, rt_record_open(&r, path, NULL, &err) < 0 && strstr(err.msg, RT_EVENTS_FILE) && !r,
	   "a directory that is none");
}

int main(void)
{
	struct tap t = { 0 };
	const char *tmp = getenv("TMPDIR");

	snprintf(runs, sizeof(runs), "%s/rt-record.XXXXXX", tmp && *tmp ? tmp : "/tmp");
	if (!mkdtemp(runs))
		die(runs);
	test_rebuild(&t);
	test_catch_up(&t);
	test_foreign_lines(&t);
	test_replaced(&t);
	test_no_space(&t);
	test_warning(&t);
	test_lock(&t);
	test_batch(&t);
	test_changes(&t);
	test_create(&t);
	test_modes(&t);
	test_links(&t);
	test_many(&t);
	test_opening(&t);
	nftw(runs, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	return tap_done(&t);
}
