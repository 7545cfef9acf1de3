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

/* To its end, and that of the artifact. */
static int copy(struct rt_runfile *f, int to, const char *path, struct rt_err *err)
{
	char piece[65536];
	ssize_t n;

	while ((n = read(f->fd, piece, sizeof(piece))) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return rt_err_sys(err, "cannot read the artifact");
		if (rt_fd_write(to, piece, (size_t)n) < 0)
			return rt_err_sys(err, "cannot write \"%s\"", path);
	}
	if (rt_runfile_close(f) < 0)
		return rt_err_set(err, RT_ERR_FAILURE, "the artifact is not whole");
	return 0;
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

static int get_whole(struct rt_runfile *f, char *path, struct rt_err *err)
{
	struct rt_draft draft;
	char *slash = strrchr(path, '/');
	const char *name = slash ? slash + 1 : path;
	int folder, ret;

	if (slash)
		*slash = '\0';
	folder = open(!slash ? "." : *path ? path : "/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (folder < 0)
		return rt_err_sys(err, "cannot open folder \"%s\"", path);
	ret = rt_draft_open(&draft, folder, name, err);
	if (ret == 0) {
		ret = copy(f, draft.fd, name, err);
		if (ret == 0)
			ret = rt_draft_finish(&draft, false, err);
		if (ret == 0)
			ret = rt_draft_put(&draft, false, err);
		rt_draft_close(&draft);
	}
	close(folder);
	return ret;
}

static int get_to(struct rt_runfile *f, const char *key, const char *path, struct rt_err *err)
{
	bool as_it_is;
	char *target = target_of(path, key, &as_it_is);
	int fd, ret = -1;

	if (!as_it_is) {
		ret = get_whole(f, target, err);
	} else if ((fd = open(target, O_WRONLY | O_CLOEXEC)) < 0) {
		rt_err_sys(err, "cannot write \"%s\"", path);
	} else {
		ret = copy(f, fd, path, err);
		close(fd);
	}
	free(target);
	return ret;
}

static int run_get(const struct rt_applet *self, int argc, char **argv)
{
	struct read_opts o = { .output = { NULL } };
	struct rt_err err = RT_ERR_INIT;
	struct rt_artifact a;
	struct rt_runfile f;
	struct source s;
	char **words;
	int n, ret;

	n = opt_parse(self, argc, argv, &o, &words, NULL);
	common_apply(&o.common, NULL);
	if (n < 1 || n > 2)
		die_usage(n ? "one artifact at a time: KEY [FILE]" : "which artifact? KEY");
	source_open(&s, &o.common);
	if (rt_artifact_open(&f, &a, &s.dir, words[0], &err) < 0)
		die_err(&err);
	if (n == 2 && strcmp(words[1], "-") != 0)
		ret = get_to(&f, a.key, words[1], &err);
	else
		ret = copy(&f, STDOUT_FILENO, "standard output", &err);
	/* A reader that went away is no failure. */
	if (ret < 0 && err.sys != EPIPE)
		die_err(&err);
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

static const char *columns_of(const struct output_opts *o, enum out_mode mode)
{
	if (o->columns)
		return o->columns;
	return mode == OUT_CSV ? "key,size_bytes,modified_at,sha256" :
				 "key,size=SIZE,modified_at=MODIFIED,short_sha256=SHA256";
}

/* What to exit with: one that cannot be read keeps nobody from seeing the others. */
static int print_list(struct source *s, const struct rt_artifact_keys *keys,
		      const struct output_opts *o, enum out_mode mode, struct records *records)
{
	struct rt_buf json;
	int code = 0;

	rt_buf_init(&json);
	for (size_t i = 0; i < keys->n && !ferror(records->out->f); i++) {
		struct rt_err err = RT_ERR_INIT;
		struct rt_artifact a;

		if (rt_artifact_stat(&a, &s->dir, keys->v[i], sum_wanted(o), &err) == 0) {
			rt_buf_clear(&json);
			rt_artifact_json(&a, &json);
			if (mode == OUT_TABLE)
				add_shown(&a, &json);
			records_add(records, rt_buf_view(&json));
		} else if (err.kind != RT_ERR_NOTFOUND) { /* else it went away meanwhile */
			error("%s", err.msg);
			code = EXIT_FAIL;
		}
	}
	rt_buf_release(&json);
	return code;
}

static int run_list(const struct rt_applet *self, int argc, char **argv)
{
	struct read_opts o = { .output = { NULL } };
	struct rt_err err = RT_ERR_INIT;
	struct records records;
	enum out_mode mode;
	struct rt_artifact_keys keys;
	struct source s;
	struct out out;
	char **words;
	int code = 0;

	if (opt_parse(self, argc, argv, &o, &words, NULL) > 0)
		die_usage("\"%s\" is too much: list takes -r RUN", words[0]);
	common_apply(&o.common, &out);
	mode = output_mode(&o.output, self->forms);
	source_open(&s, &o.common);
	if (rt_artifact_keys_load(&keys, &s.dir, &err) < 0)
		die_err(&err);
	if (mode != OUT_TABLE || keys.n) {
		records_begin(&records, &out, mode, o.output.format, columns_of(&o.output, mode));
		code = print_list(&s, &keys, &o.output, mode, &records);
		records_end(&records);
	}
	rt_artifact_keys_release(&keys);
	return source_close(&s, code);
}

const struct rt_applet artifact_list_applet = {
	.name = "list",
	.summary = "list artifacts",
	.usage = "[options]",
	.groups = show_groups,
	.forms = "table|jsonl|json|csv",
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
	.forms = "pretty|jsonl|json",
	.more = "Where there is no KEY, KEY.json is taken. With -q nothing is shown, and the exit\n"
		"code says whether it is there: 0 or 1.",
	.run = run_stat,
};
