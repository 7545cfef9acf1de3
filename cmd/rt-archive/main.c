/*
 * rt-archive: what is in the archive of a run. rtbox starts it to read archived
 * runs (cmd/rtbox/unpack.c); reading an archive itself is in members.c.
 */
#include "clock.h"
#include "common.h"
#include "die.h"
#include "members.h"
#include "packed.h"
#include "rundir.h"
#include "start.h"
#include "text.h"
#include "unpack.h"

#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

/*
 * What an archive can make libarchive allocate is bounded, by this if by nothing
 * else: zstd's largest window is 128 MiB.
 */
#define MEMORY_MAX ((rlim_t)512 << 20)

#define DOCUMENT_MAX (1 << 20) /* bytes of status.json and the like that the index tells */
#define TEXT_MAX (64 << 10)    /* and of other files, */
#define TEXTS_MAX (4ull << 20) /* so many in all */

struct archive_opts {
	struct common_opts common;
	struct output_opts output;
	const char *cat;
	bool list, index, optional, mute;
};

/* clang-format off */
static const struct opt archive_opts[] = {
	{ 0, "list", NULL, OPT_FLAG, offsetof(struct archive_opts, list), NULL,
	  "list the files in the archive: size, time, name", NULL, COMPLETE_NONE },
	{ 0, "cat", NULL, OPT_STRING, offsetof(struct archive_opts, cat), "PATH",
	  "print one of them, named as in the run: events.jsonl, logs/run.log", NULL,
	  COMPLETE_NONE },
	{ 0, "optional", NULL, OPT_FLAG, offsetof(struct archive_opts, optional), NULL,
	  "with --cat: what is not in the archive is as good as empty", NULL, COMPLETE_NONE },
	{ 0, "index", NULL, OPT_FLAG, offsetof(struct archive_opts, index), NULL,
	  "for programs: names, sizes, and what stands in small files", NULL, COMPLETE_NONE },
	{ 0, "mute", NULL, OPT_FLAG, offsetof(struct archive_opts, mute), NULL,
	  "for programs: a damaged archive shows in the exit code only", NULL, COMPLETE_NONE },
	{ .name = NULL },
};

static const struct opt_group archive_groups[] = {
	{ archive_opts, 0 },
	{ output_opts, offsetof(struct archive_opts, output) },
	{ common_opts, offsetof(struct archive_opts, common) },
	{ NULL, 0 },
};
/* clang-format on */

static void limit_memory(void)
{
#if !defined(__SANITIZE_ADDRESS__)
	struct rlimit limit;

	if (getrlimit(RLIMIT_AS, &limit) == 0 &&
	    (limit.rlim_cur == RLIM_INFINITY || limit.rlim_cur > MEMORY_MAX)) {
		limit.rlim_cur = MEMORY_MAX;
		setrlimit(RLIMIT_AS, &limit);
	}
#endif
}

/* The archive that the operand means: a file, or the archive of a run. Free it. */
static char *find_archive(const struct archive_opts *o, const char *arg)
{
	struct rt_err err = RT_ERR_INIT;
	struct unpack unpack; /* to be told of the archive: nothing is read with it */
	struct rt_found found;
	struct rt_rundir d;
	struct stat st;
	char *path;

	if (arg && stat(arg, &st) == 0 && S_ISREG(st.st_mode))
		return xstrdup(arg);
	common_resolve(&o->common, arg, USE_LATEST, &found);
	unpack_init(&unpack);
	if (rt_rundir_open_reader(&d, found.path, &unpack.unpacker, &err) < 0)
		die_err(&err);
	if (!d.archive)
		die(EXIT_FAIL, "run \"%s\" has no archive", d.id);
	path = xstrdup(d.archive->path);
	rt_rundir_release(&d);
	unpack_release(&unpack);
	rt_found_release(&found);
	return path;
}

static void add_record(const struct members *m, struct rt_buf *json)
{
	char time[RT_TS_LEN + 1];

	rt_buf_clear(json);
	rt_buf_adds(json, "{\"name\":");
	rt_json_quote(json, members_stored_name(m));
	rt_buf_addf(json, ",\"size_bytes\":%lld", (long long)m->size);
	rt_clock_format(time, (int64_t)archive_entry_mtime(m->entry) * RT_NS_PER_S);
	rt_buf_addf(json, ",\"modified_at\":\"%s\"}", time);
}

static void print_line(const struct members *m, struct out *out, struct rt_buf *scratch)
{
	rt_buf_clear(scratch);
	out_time(out, scratch, (int64_t)archive_entry_mtime(m->entry) * RT_NS_PER_S);
	fprintf(out->f, "%12lld  %s  ", (long long)m->size, scratch->s);
	out_text(out, members_stored_name(m));
	putc('\n', out->f);
}

static int list(struct members *m, const struct archive_opts *o, struct out *out)
{
	enum out_mode mode = output_mode(&o->output, "pretty|jsonl|json|csv");
	const char *columns = o->output.columns;
	struct records records;
	struct rt_buf b;
	int got = 0;

	rt_buf_init(&b);
	records_begin(&records, out, mode, o->output.format,
		      columns ? columns : "size_bytes,modified_at,name");
	while (!ferror(out->f) && (got = members_next(m)) > 0) {
		if (mode == OUT_PRETTY) {
			print_line(m, out, &b);
			continue;
		}
		add_record(m, &b);
		records_add(&records, rt_buf_view(&b));
	}
	records_end(&records);
	rt_buf_release(&b);
	if (m->others)
		note("%zu entries that are no regular files are left out", m->others);
	return got < 0 ? EXIT_FAIL : 0;
}

/* Of several with the same name the first one counts: a stream cannot know what is yet to come. */
static int cat(struct members *m, const char *wanted, bool optional)
{
	struct rt_str name = rt_str(wanted);
	int got = 0;

	while (name.n > 2 && name.p[0] == '.' && name.p[1] == '/')
		name = rt_str(name.p + 2);
	while ((got = members_next(m)) > 0) {
		if (!name.n || !rt_str_eq(m->name, name))
			continue;
		if (members_write(m, STDOUT_FILENO) < 0)
			return EXIT_FAIL;
		/* that it ended in its place shows in what follows */
		return members_next(m) < 0 ? EXIT_FAIL : 0;
	}
	if (got == 0 && !optional)
		error("there is no \"%s\" in \"%s\"", wanted, m->path);
	return got == 0 && optional ? 0 : EXIT_FAIL;
}

/* Whether the index tells what stands in the file; *left is what room there is. */
static bool is_told(const struct members *m, uint64_t *left)
{
	static const char *const documents[] = { RT_STATUS_FILE, RT_METADATA_FILE,
						 RT_METRICS_FILE };
	int64_t most = TEXT_MAX;

	for (size_t i = 0; i < sizeof(documents) / sizeof(*documents); i++)
		if (rt_str_is(m->name, documents[i]) && m->size <= DOCUMENT_MAX)
			return true;
	if (m->size > most || (uint64_t)m->size > *left ||
	    (m->name.n > 10 && memcmp(m->name.p, "artifacts/", 10) == 0))
		return false;
	*left -= (uint64_t)m->size;
	return true;
}

/* The format is told in packed.h. */
static int print_index(struct members *m, struct out *out)
{
	uint64_t left = TEXTS_MAX;
	struct rt_buf text;
	int got = 0;

	rt_buf_init(&text);
	while (!ferror(out->f) && (got = members_next(m)) > 0) {
		bool told = m->name.n && is_told(m, &left);

		rt_buf_clear(&text);
		if (told && (got = members_read(m, &text)) < 0)
			break;
		if (!m->name.n)
			continue;
		fprintf(out->f, "%lld %zu %lld\n%.*s\n", (long long)m->size, m->name.n,
			told ? (long long)text.len : -1, (int)m->name.n, m->name.p);
		if (told) {
			fwrite(text.s, 1, text.len, out->f);
			putc('\n', out->f);
		}
	}
	rt_buf_release(&text);
	return got < 0 ? EXIT_FAIL : 0;
}

static void check(const struct archive_opts *o, int argc, char **argv)
{
	if (o->list + o->index + (o->cat != NULL) != 1)
		die_usage("one of --list, --cat PATH and --index says what to do");
	if (o->optional && !o->cat)
		die_usage("--optional goes with --cat");
	if (!o->list && (o->output.mode || o->output.format || o->output.columns))
		die_usage("a form of the output is of --list");
	if (argc > 1)
		die_usage("one archive at a time: \"%s\" is too much", argv[1]);
}

static int archive_run(const struct rt_applet *self, int argc, char **argv)
{
	struct archive_opts o = { .cat = NULL };
	struct members m;
	struct out out;
	char *path;
	int code;

	argc = opt_parse(self, argc, argv, &o, &argv, NULL);
	common_apply(&o.common, &out);
	check(&o, argc, argv);
	path = find_archive(&o, argc ? argv[0] : NULL);
	limit_memory();
	members_open(&m, path, o.mute);
	if (o.list)
		code = list(&m, &o, &out);
	else if (o.cat)
		code = cat(&m, o.cat, o.optional);
	else
		code = print_index(&m, &out);
	members_close(&m);
	free(path);
	opt_release(self, &o);
	return code;
}

static const struct rt_applet rt_applet_archive = {
	.name = "archive",
	.summary = "read the archive of a run",
	.usage = "--list [OPTION...] [RUN|FILE]\n"
		 "--cat PATH [--optional] [RUN|FILE]",
	.groups = archive_groups,
	.operands = COMPLETE_RUN,
	.more = "RUN is one that has run.tar.gz or run.tar.zst in its directory, the latest one\n"
		"unless it is given here, with -r or in $RT_RUN; FILE is an archive anywhere.\n"
		"Nothing is unpacked to a disk.\n",
	.run = archive_run,
};

int main(int argc, char **argv)
{
	return start_helper(&rt_applet_archive, argc, argv);
}
