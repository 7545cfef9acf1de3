/*
 * What applets share: the options that all of them take, which runs folder and
 * which run is meant. How options become filters and selections is in select.c.
 */
#include "common.h"
#include "clock.h"
#include "die.h"
#include "rundir.h"
#include "unpack.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* clang-format off */
#define AT(type, member) offsetof(struct type, member)

const struct opt common_opts[] = {
	{ 0, "", NULL, OPT_HEADING, 0, NULL, "Every program", NULL, COMPLETE_NONE },
	{ 'r', "run", NULL, OPT_STRING, AT(common_opts, run), "RUN",
	  "the run: an id or the beginning of one, GROUP/ID, @latest, @latest~N, @latest:NAME~N, a path",
	  NULL, COMPLETE_RUN },
	{ 'd', "runs-dir", NULL, OPT_STRING, AT(common_opts, runs_dir), "DIR",
	  "the runs folder", NULL, COMPLETE_DIR },
	{ 0, "color", NULL, OPT_CHOICE, AT(common_opts, color), "WHEN",
	  "auto, always or never", "auto|always|never", COMPLETE_NONE },
	{ 0, "utc", NULL, OPT_FLAG, AT(common_opts, utc), NULL,
	  "show times in UTC", NULL, COMPLETE_NONE },
	{ 'q', "quiet", NULL, OPT_FLAG, AT(common_opts, quiet), NULL,
	  "say only errors", NULL, COMPLETE_NONE },
	{ 'v', "verbose", NULL, OPT_FLAG, AT(common_opts, verbose), NULL,
	  "say more", NULL, COMPLETE_NONE },
	{ .name = NULL },
};

const struct opt output_opts[] = {
	{ 0, "", NULL, OPT_HEADING, 0, NULL, "Output", NULL, COMPLETE_NONE },
	{ 'o', "output", NULL, OPT_STRING, AT(output_opts, mode), "FORM",
	  "the form of the output", NULL, COMPLETE_FORM },
	{ 0, "json", NULL, OPT_SET, AT(output_opts, mode), NULL,
	  "the same as -o json", "json", COMPLETE_NONE },
	{ 0, "format", NULL, OPT_STRING, AT(output_opts, format), "TEXT",
	  "print TEXT for each, with {field} filled in", NULL, COMPLETE_NONE },
	{ 0, "columns", NULL, OPT_STRING, AT(output_opts, columns), "FIELDS",
	  "the fields of a table or CSV, separated by commas", NULL, COMPLETE_NONE },
	{ .name = NULL },
};

const struct opt select_opts[] = {
	{ 0, "", NULL, OPT_HEADING, 0, NULL, "Which runs (globs; commas between several)", NULL,
	  COMPLETE_NONE },
	{ 'a', "all", NULL, OPT_FLAG, AT(select_opts, all), NULL,
	  "all runs of the runs folder", NULL, COMPLETE_NONE },
	{ 0, "name", NULL, OPT_LIST, AT(select_opts, name), "NAME",
	  "runs of this name", NULL, COMPLETE_NAME },
	{ 0, "group", NULL, OPT_LIST, AT(select_opts, group), "GROUP",
	  "runs of this group", NULL, COMPLETE_GROUP },
	{ 0, "status", NULL, OPT_LIST, AT(select_opts, status), "STATE",
	  "runs in this state", NULL, COMPLETE_STATE },
	{ 0, "label", NULL, OPT_LIST, AT(select_opts, label), "KEY=VALUE",
	  "runs with this label", NULL, COMPLETE_NONE },
	{ 0, "host", NULL, OPT_LIST, AT(select_opts, host), "HOST",
	  "runs of this machine", NULL, COMPLETE_NONE },
	{ .name = NULL },
};

const struct opt event_opts[] = {
	{ 0, "", NULL, OPT_HEADING, 0, NULL, "Which events (commas between several values)", NULL,
	  COMPLETE_NONE },
	{ 0, "type", NULL, OPT_LIST, AT(event_opts, type), "TYPE",
	  "of this type", NULL, COMPLETE_TYPE },
	{ 0, "stage", "phase", OPT_LIST, AT(event_opts, stage), "STAGE",
	  "of this stage", NULL, COMPLETE_STAGE },
	{ 0, "task", NULL, OPT_LIST, AT(event_opts, task), "ID",
	  "of this task", NULL, COMPLETE_NONE },
	{ 0, "step", NULL, OPT_LIST, AT(event_opts, step), "STEP",
	  "of this step: its number, id or name", NULL, COMPLETE_STEP },
	{ 0, "role", NULL, OPT_LIST, AT(event_opts, role), "ROLE",
	  "of this agent role", NULL, COMPLETE_NONE },
	{ 0, "model", NULL, OPT_LIST, AT(event_opts, model), "MODEL",
	  "of this model", NULL, COMPLETE_NONE },
	{ 0, "level", NULL, OPT_STRING, AT(event_opts, level), "LEVEL",
	  "of this level or a worse one", NULL, COMPLETE_LEVEL },
	{ 0, "component", NULL, OPT_LIST, AT(event_opts, component), "NAME",
	  "of this component", NULL, COMPLETE_NONE },
	{ 0, "action", NULL, OPT_LIST, AT(event_opts, action), "ACTION",
	  "with this action", NULL, COMPLETE_NONE },
	{ 0, "correlation", NULL, OPT_LIST, AT(event_opts, correlation), "ID",
	  "with this correlation id", NULL, COMPLETE_NONE },
	{ 'g', "grep", NULL, OPT_STRING, AT(event_opts, grep), "REGEX",
	  "whose message matches this extended regular expression", NULL, COMPLETE_NONE },
	{ 'F', "fixed-strings", NULL, OPT_FLAG, AT(event_opts, fixed), NULL,
	  "-g takes plain text", NULL, COMPLETE_NONE },
	{ 'S', "since", NULL, OPT_STRING, AT(event_opts, since), "TIME",
	  "at or after TIME: RFC 3339, \"2026-07-01 12:00\", today, yesterday, 2h (ago), @EPOCH",
	  NULL, COMPLETE_NONE },
	{ 'U', "until", NULL, OPT_STRING, AT(event_opts, until), "TIME",
	  "before TIME", NULL, COMPLETE_NONE },
	{ 0, "match", NULL, OPT_LIST, AT(event_opts, match), "EXPR",
	  "for which KEY OP VALUE holds; OP is = != < <= > >= or ~", NULL, COMPLETE_NONE },
	{ .name = NULL },
};
/* clang-format on */

void common_apply(const struct common_opts *c, struct out *o)
{
	prog_set_verbosity(c->quiet ? -1 : c->verbose);
	if (o)
		out_init(o, stdout, c->color, c->utc);
}

static enum out_mode mode_find(const char *name)
{
	static const struct {
		const char *name;
		enum out_mode mode;
	} modes[] = {
		{ "pretty", OUT_PRETTY }, { "jsonl", OUT_JSONL },
		{ "json", OUT_JSON },     { "table", OUT_TABLE },
		{ "csv", OUT_CSV },       { "raw", OUT_RAW },
		{ "cat", OUT_CAT },       { "prometheus", OUT_PROMETHEUS },
	};
	size_t len = strcspn(name, "|");

	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++)
		if (strncmp(name, modes[i].name, len) == 0 && !modes[i].name[len])
			return modes[i].mode;
	return OUT_PRETTY;
}

enum out_mode output_mode(const struct output_opts *o, const char *choices)
{
	if (o->format)
		return OUT_FORMAT;
	if (!o->mode)
		return mode_find(choices);
	opt_check_choice("-o", o->mode, choices);
	return mode_find(o->mode);
}

/* The nearest runs/ with a .rt in it, in this directory `cwd` or one above. NULL: none. */
static char *find_runs_above(const char *cwd)
{
	char *dir = xstrdup(cwd), *found = NULL;

	for (;;) {
		char *slash, *mark = xasprintf("%s/runs/%s", dir, RT_PRIVATE_DIR);
		struct stat st;

		if (stat(mark, &st) == 0 && S_ISDIR(st.st_mode))
			found = xasprintf("%s/runs", dir);
		free(mark);
		slash = strrchr(dir, '/');
		if (found || !slash)
			break;
		*slash = '\0';
	}
	free(dir);
	return found;
}

const char *env_value(const char *name)
{
	const char *value = getenv(name);

	return value && *value ? value : NULL;
}

/* An absolute path of `path` without a "/" at its end. */
static char *absolute(const char *cwd, const char *path)
{
	size_t n = strlen(path);

	while (n > 1 && path[n - 1] == '/')
		n--;
	while (n > 2 && path[0] == '.' && path[1] == '/') {
		path += 2;
		n -= 2;
	}
	if (*path == '/' || !cwd)
		return xstrndup(path, n);
	return xasprintf("%s/%.*s", strcmp(cwd, "/") == 0 ? "" : cwd, (int)n, path);
}

char *find_runs_dir(const struct common_opts *c, struct rt_err *err)
{
	const char *named = c->runs_dir;
	char *cwd = NULL, *dir = NULL;
	struct stat st;

	if (named && !*named)
		die_usage("the runs folder's name is empty");
	if (!named)
		named = env_value("RT_RUNS_DIR");
	if (!named)
		named = env_value("GAMEGEN_RUNS_DIR");
	if (!named || *named != '/')
		cwd = getcwd(NULL, 0);
	if (!named && cwd)
		dir = find_runs_above(cwd);
	if (!dir)
		dir = absolute(cwd, named ? named : "runs");
	free(cwd);
	if (stat(dir, &st) < 0 || S_ISDIR(st.st_mode))
		return dir;
	rt_err_set(err, RT_ERR_FAILURE, "the runs folder \"%s\" is not a directory", dir);
	free(dir);
	return NULL;
}

char *common_runs_dir(const struct common_opts *c)
{
	struct rt_err err = RT_ERR_INIT;
	char *dir = find_runs_dir(c, &err);

	if (!dir)
		die_err(&err);
	return dir;
}

/* What names the run; NULL when nothing does, and the latest one is not meant. */
static const char *name_of_run(const struct common_opts *c, const char *arg, enum run_use use)
{
	const char *run = arg ? arg : c->run;

	if (!run)
		run = env_value("RT_RUN");
	return run || use != USE_LATEST ? run : "@latest";
}

int common_find(const struct common_opts *c, const char *arg, enum run_use use,
		struct rt_found *found, struct rt_err *err)
{
	const char *run = name_of_run(c, arg, use);
	struct unpack unpack;
	char *runs_dir;
	int ret;

	unpack_init(&unpack);
	runs_dir = common_runs_dir(c);
	ret = rt_catalog_resolve(runs_dir, run, use == USE_LATEST,
				 use == USE_WRITE ? NULL : &unpack.unpacker, found, err);
	if (ret < 0)
		unpack_tell(&unpack);
	unpack_release(&unpack);
	free(runs_dir);
	return ret;
}

bool common_resolve(const struct common_opts *c, const char *arg, enum run_use use,
		    struct rt_found *found)
{
	const char *run = name_of_run(c, arg, use);
	struct rt_err err = RT_ERR_INIT;

	if (!run)
		return false;
	/* what rt-run exported: opening it finds out whether it is there */
	if (!arg && !c->run && *run == '/' && use != USE_LATEST) {
		found->path = xstrdup(run);
		found->file = false;
		return true;
	}
	if (common_find(c, arg, use, found, &err) < 0)
		die_err(&err);
	return true;
}

int exit_status_of(enum rt_state state)
{
	if (state == RT_COMPLETED)
		return 0;
	return rt_state_over(state) ? EXIT_NO : EXIT_NOT_OVER;
}

int64_t common_time(const char *option, const char *text, int64_t fallback)
{
	struct rt_err err = RT_ERR_INIT;
	int64_t ns;

	if (!text)
		return fallback;
	if (rt_clock_parse_user(text, rt_clock_now_ns(), &ns, &err) < 0)
		die_usage("bad %s: %s", option, err.msg);
	return ns;
}

bool size_parse(const char *text, uint64_t *bytes)
{
	static const char units[] = "KMGT";
	const char *unit;
	char *end;

	errno = 0;
	*bytes = strtoull(text, &end, 10);
	if (errno || end == text || *text < '0' || *text > '9')
		return false;
	if (*end == '\0')
		return true;
	unit = strchr(units, *end & ~0x20);
	if (!unit || end[1])
		return false;
	return !__builtin_mul_overflow(*bytes, UINT64_C(1) << 10 * (unit - units + 1), bytes);
}
