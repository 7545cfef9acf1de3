/* rt-run artifact get, list and stat, of a run or its archive. */
#include "artifact.h"
#include "die.h"
#include "draft.h"
#include "fdio.h"
#include "run.h"
#include "unpack.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SHORT_SUM 12 /* digits of it in a table */

struct read_opts {
	struct output_opts output;
	struct common_opts common;
};

static const struct opt_group get_groups[] = {
	{ common_opts, offsetof(struct read_opts, common) },
	{ NULL, 0 },
};

static const struct opt_group show_groups[] = {
	{ output_opts, offsetof(struct read_opts, output) },
	{ common_opts, offsetof(struct read_opts, common) },
	{ NULL, 0 },
};

/* A run that is being read. */
struct source {
	struct unpack unpack;
	struct rt_rundir dir;
};

static void source_open(struct source *s, const struct common_opts *c)
{
	struct rt_err err = RT_ERR_INIT;
	struct rt_found found = { NULL, false };

	unpack_init(&s->unpack);
	common_resolve(c, NULL, USE_LATEST, &found);
	if (found.file)
		die(EXIT_FAIL, "\"%s\" is a file of events: it has no artifacts", found.path);
	if (rt_rundir_open_reader(&s->dir, found.path, &s->unpack.unpacker, &err) < 0)
		die_err(&err);
	rt_found_release(&found);
}

/* What to exit with. */
static int source_close(struct source *s, int code)
{
	code = unpack_exit_code(&s->unpack, code);
	rt_rundir_release(&s->dir);
	unpack_release(&s->unpack);
	return code;
}

/* To its end; dies of what goes wrong, except that nobody reads us any more. path NULL: standard output. */
static void copy(int from, int to, const char *path)
{
	char piece[65536];
	ssize_t n;

	while ((n = read(from, piece, sizeof(piece))) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			die(EXIT_FAIL, "cannot read the artifact: %s", strerror(errno));
		if (rt_fd_write(to, piece, (size_t)n) == 0)
			continue;
		if (errno == EPIPE)
			exit(0);
		if (!path)
			die(EXIT_FAIL, "cannot write standard output: %s", strerror(errno));
		die(EXIT_FAIL, "cannot write \"%s\": %s", path, strerror(errno));
	}
}

static void finish_read(struct rt_runfile *f)
{
	if (rt_runfile_close(f) < 0)
		exit(EXIT_FAIL); /* rt-archive has said why */
}

/* A FIFO or a device is written to as it is; a folder gets a file of the key's last name. */
static char *target_of(const char *path, const char *key, bool *as_it_is)
{
	char real[PATH_MAX];
	struct stat st;

	*as_it_is = false;
	if (stat(path, &st) < 0)
		return xstrdup(path);
	if (S_ISDIR(st.st_mode))
		return xasprintf("%s/%s", path, base_name(key));
	*as_it_is = !S_ISREG(st.st_mode);
	/* Through a link it is the file behind it that is replaced. */
	return xstrdup(realpath(path, real) ? real : path);
}

static void get_whole(struct rt_runfile *f, char *path)
{
	struct rt_err err = RT_ERR_INIT;
	struct rt_draft draft;
	char *slash = strrchr(path, '/');
	const char *name = slash ? slash + 1 : path;
	int folder;

	if (slash)
		*slash = '\0';
	folder = open(!slash ? "." : *path ? path : "/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (folder < 0)
		die(EXIT_FAIL, "cannot open folder \"%s\": %s", path, strerror(errno));
	if (rt_draft_open(&draft, folder, name, &err) < 0)
		die_err(&err);
	copy(f->fd, draft.fd, name);
	finish_read(f);
	if (rt_draft_finish(&draft, false, &err) < 0 || rt_draft_put(&draft, false, &err) < 0) {
		rt_draft_close(&draft);
		die_err(&err);
	}
	rt_draft_close(&draft);
	close(folder);
}

static void get_to(struct rt_runfile *f, const char *key, const char *path)
{
	bool as_it_is;
	char *target;
	int fd;

	if (strcmp(path, "-") == 0) {
		copy(f->fd, STDOUT_FILENO, NULL);
		finish_read(f);
		return;
	}
	target = target_of(path, key, &as_it_is);
	if (as_it_is) {
		fd = open(target, O_WRONLY | O_CLOEXEC);
		if (fd < 0)
			die(EXIT_FAIL, "cannot write \"%s\": %s", path, strerror(errno));
		copy(f->fd, fd, path);
		finish_read(f);
		close(fd);
	} else {
		get_whole(f, target);
	}
	free(target);
}

static int run_get(const struct rt_applet *self, int argc, char **argv)
{
	struct read_opts o = { .output = { NULL } };
	struct rt_err err = RT_ERR_INIT;
	struct rt_artifact a;
	struct rt_runfile f;
	struct source s;
	char **words;
	int n;

	n = opt_parse(self, argc, argv, &o, &words, NULL);
	common_apply(&o.common, NULL);
	if (n < 1 || n > 2)
		die_usage(n ? "one artifact at a time: KEY [FILE]" : "which artifact? KEY");
	source_open(&s, &o.common);
	if (rt_artifact_open(&f, &a, &s.dir, words[0], &err) < 0)
		die_err(&err);
	get_to(&f, a.key, n == 2 ? words[1] : "-");
	return source_close(&s, 0);
}

const struct rt_applet artifact_get_applet = {
	.name = "get",
	.summary = "print an artifact, or write it to a file",
	.usage = "[options] KEY [FILE]",
	.groups = get_groups,
	.operands = COMPLETE_FILE,
	.more = "Where there is no KEY, KEY.json is taken. FILE appears whole or not at all; in a\n"
		"folder it is called as the key is.",
	.run = run_get,
};

/* A sum takes reading it all: only where somebody gets to see it. */
static bool sum_wanted(const struct output_opts *o)
{
	if (o->format)
		return strstr(o->format, "sha256");
	return !o->columns || strstr(o->columns, "sha256");
}

/* For people: the size in units, and a part of the sum. */
static void add_shown(const struct rt_artifact *a, struct rt_buf *json)
{
	char size[32];

	out_bytes(size, a->size);
	json->len--; /* the brace */
	rt_buf_addf(json, ",\"size\":\"%s\",\"short_sha256\":\"%.*s\"}", size, SHORT_SUM,
		    a->sha256);
}

static int run_list(const struct rt_applet *self, int argc, char **argv)
{
	struct read_opts o = { .output = { NULL } };
	struct rt_err err = RT_ERR_INIT;
	struct records records;
	enum out_mode mode;
	struct rt_keys keys;
	struct rt_buf json;
	struct source s;
	struct out out;
	char **words;
	int code = 0;

	if (opt_parse(self, argc, argv, &o, &words, NULL) > 0)
		die_usage("\"%s\" is too much: list takes -r RUN", words[0]);
	common_apply(&o.common, &out);
	mode = output_mode(&o.output, "table|jsonl|json|csv");
	source_open(&s, &o.common);
	if (rt_artifact_keys(&keys, &s.dir, &err) < 0)
		die_err(&err);
	rt_buf_init(&json);
	if (mode != OUT_TABLE || keys.n)
		records_begin(&records, &out, mode, o.output.format,
			      o.output.columns ? o.output.columns :
			      mode == OUT_CSV  ? "key,size_bytes,modified_at,sha256" :
						 "key,size=SIZE,modified_at=MODIFIED,"
						 "short_sha256=SHA256");
	for (size_t i = 0; i < keys.n && !ferror(out.f); i++) {
		struct rt_artifact a;

		if (rt_artifact_stat(&a, &s.dir, keys.v[i], sum_wanted(&o.output), &err) < 0) {
			/* one that went away meanwhile is not there */
			if (err.kind != RT_ERR_NOTFOUND) {
				error("%s", err.msg);
				code = EXIT_FAIL;
			}
			continue;
		}
		rt_buf_clear(&json);
		rt_artifact_json(&a, &json);
		if (mode == OUT_TABLE)
			add_shown(&a, &json);
		records_add(&records, rt_buf_view(&json));
	}
	if (mode != OUT_TABLE || keys.n)
		records_end(&records);
	rt_buf_release(&json);
	rt_keys_release(&keys);
	return source_close(&s, code);
}

const struct rt_applet artifact_list_applet = {
	.name = "list",
	.summary = "list artifacts",
	.usage = "[options]",
	.groups = show_groups,
	.run = run_list,
};

static void print_stat(const struct rt_artifact *a, const struct output_opts *o, struct out *out)
{
	enum out_mode mode = output_mode(o, "pretty|jsonl|json");
	struct records records;
	struct rt_buf b;

	rt_buf_init(&b);
	if (mode == OUT_PRETTY) {
		if (a->modified_ns)
			out_time(out, &b, a->modified_ns);
		printf("Key: %s\nSize: %lld\n%s%s%sSHA-256: %s\n", a->key, (long long)a->size,
		       b.len ? "Modified: " : "", b.s, b.len ? "\n" : "", a->sha256);
	} else {
		rt_artifact_json(a, &b);
		/* one document is no array */
		records_begin(&records, out, mode == OUT_JSON ? OUT_JSONL : mode, o->format, NULL);
		records_add(&records, rt_buf_view(&b));
		records_end(&records);
	}
	rt_buf_release(&b);
}

static int run_stat(const struct rt_applet *self, int argc, char **argv)
{
	struct read_opts o = { .output = { NULL } };
	struct rt_err err = RT_ERR_INIT;
	struct rt_artifact a;
	struct source s;
	struct out out;
	char **words;
	int n, ret;

	n = opt_parse(self, argc, argv, &o, &words, NULL);
	common_apply(&o.common, &out);
	if (n != 1)
		die_usage(n ? "one artifact at a time: KEY" : "which artifact? KEY");
	output_mode(&o.output, "pretty|jsonl|json");
	source_open(&s, &o.common);
	ret = rt_artifact_stat(&a, &s.dir, words[0], !o.common.quiet && sum_wanted(&o.output),
			       &err);
	if (ret < 0 && err.kind == RT_ERR_NOTFOUND && o.common.quiet)
		return source_close(&s, EXIT_NO);
	if (ret < 0)
		die_err(&err);
	if (!o.common.quiet)
		print_stat(&a, &o.output, &out);
	return source_close(&s, 0);
}

const struct rt_applet artifact_stat_applet = {
	.name = "stat",
	.summary = "show size, time and SHA-256 of an artifact",
	.usage = "[options] KEY",
	.groups = show_groups,
	.more = "Where there is no KEY, KEY.json is taken. With -q nothing is shown, and the exit\n"
		"code says whether it is there: 0 or 1.",
	.run = run_stat,
};
