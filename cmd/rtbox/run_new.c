/* Making a new run from rt-run's options. */
#include "clock.h"
#include "die.h"
#include "environ.h"
#include "fdio.h"
#include "run.h"

#include <stdlib.h>
#include <string.h>

#define FIELD(f) offsetof(struct new_run_opts, f)

const struct opt new_run_opts[] = {
	{ 'n', "name", NULL, OPT_STRING, FIELD(name), "NAME",
	  "what the run is called (default: the CI job's name, or the command's)", NULL,
	  COMPLETE_NAME },
	{ 'g', "group", NULL, OPT_STRING, FIELD(group), "GROUP", "folder that it belongs to", NULL,
	  COMPLETE_GROUP },
	{ 0, "id", NULL, OPT_STRING, FIELD(id), "ID", "its id (default: a random UUID)", NULL,
	  COMPLETE_NONE },
	{ 0, "join", NULL, OPT_FLAG, FIELD(join), NULL,
	  "with --id: if there is such a run already, add to it", NULL, COMPLETE_NONE },
	{ 'l', "label", NULL, OPT_LIST, FIELD(label), "KEY=VALUE", "a label to select runs by",
	  NULL, COMPLETE_NONE },
	{ 0, "json-logs", NULL, OPT_FLAG, FIELD(json_logs), NULL, "keep logs.jsonl, too", NULL,
	  COMPLETE_NONE },
	{ 0 },
};

static void check_id(const char *what, const char *id)
{
	struct rt_err err = RT_ERR_INIT;

	if (id && rt_id_check(what, id, &err) < 0)
		die_usage("%s", err.msg);
}

const char *new_run_name(const struct new_run_opts *o, char *const *argv)
{
	if (o->name && *o->name)
		return o->name;
	if (ci_job_name())
		return ci_job_name();
	return argv ? base_name(argv[0]) : NULL;
}

/* The run that --join means, if there is one that goes on. */
static char *find_joined(const struct new_run *n, const struct new_run_opts *o)
{
	struct rt_rundir d;
	struct rt_status st;
	char *path = o->group ? xasprintf("%s/%s/%s", n->runs_dir, o->group, n->id) :
				xasprintf("%s/%s", n->runs_dir, n->id);
	bool over = true;

	if (rt_rundir_open(&d, path, NULL) == 0) {
		if (rt_status_init(&st) == 0) {
			over = rt_status_load(&st, &d, NULL) < 0 || rt_state_over(st.state);
			rt_status_release(&st);
		}
		rt_rundir_release(&d);
	}
	if (!over)
		return path;
	free(path);
	return NULL;
}

static void describe(struct new_run *n, const struct new_run_opts *o, char *const *argv,
		     const struct rt_record_opts *opts)
{
	const char *parent = env_value("RT_RUN_ID"), *name = new_run_name(o, argv);
	struct rt_trace around;

	/* After RT_RUN=$(rt-run start) it is all that tells of the run around us. */
	if (!parent && env_value("RT_RUN"))
		parent = base_name(env_value("RT_RUN"));

	rt_trace_begin(&n->trace, env_trace(&around) ? &around : NULL);
	n->name = name ? xstrdup(name) : NULL;
	n->metadata = (struct metadata){
		.id = n->id,
		.name = n->name,
		.group = o->group,
		.parent_run_id = parent && rt_id_valid(rt_str(parent)) ? parent : NULL,
		.argv = argv,
		.labels = &o->label,
		.redact = opts->redact,
		.trace = &n->trace,
	};
}

/* What git said goes into metadata.json as soon as it is known: we may be killed. */
static void add_git(struct git_job *g)
{
	struct new_run *n = (struct new_run *)(void *)((char *)g - offsetof(struct new_run, git));
	struct rt_buf git, text;

	rt_buf_init(&git);
	rt_buf_init(&text);
	if (git_finish(g, &git) && n->dir) {
		metadata_write(&n->metadata, git.s, n->created_ns, &text);
		if (!text.failed)
			rt_file_replace(n->dir->fd, RT_METADATA_FILE, rt_buf_view(&text),
					RT_REPLACE_RENAME, NULL);
	}
	rt_buf_release(&git);
	rt_buf_release(&text);
}

void new_run_check(const struct new_run_opts *o)
{
	if (o->join && !o->id)
		die_usage("--join wants to know which run: give --id");
	check_id("run id", o->id);
	check_id("group", o->group);
	metadata_check_labels(&o->label);
}

int new_run_create(struct new_run *n, const struct new_run_opts *o, const struct common_opts *c,
		   char *const *argv, int64_t owner_pid, const struct rt_record_opts *opts,
		   const struct rt_inherited *in, struct rt_record **out, char **path,
		   struct rt_err *err)
{
	struct rt_run_spec spec = {
		.json_log = o->json_logs,
		.owner_pid = owner_pid,
		.settle_later = argv, /* the command is not to wait for it */
		.supervised = argv,
	};
	struct rt_buf text;
	int ret;

	memset(n, 0, sizeof(*n));
	if (o->id)
		memcpy(n->id, o->id, strlen(o->id) + 1);
	else
		rt_id_make(n->id);
	*path = NULL;
	n->runs_dir = find_runs_dir(c, err);
	if (!n->runs_dir)
		return -1;
	*path = o->join ? find_joined(n, o) : NULL;
	if (*path)
		return 1;
	describe(n, o, argv, opts);
	n->created_ns = rt_clock_now_ns();
	git_start(&n->git, in);
	rt_buf_init(&text);
	metadata_write(&n->metadata, NULL, n->created_ns, &text);
	spec.runs_dir = n->runs_dir;
	spec.group = o->group;
	spec.id = n->id;
	spec.name = n->name;
	spec.parent_run_id = n->metadata.parent_run_id;
	spec.metadata = rt_buf_view(&text);
	ret = rt_record_create(out, &spec, opts, err);
	if (ret == 0) {
		n->dir = rt_record_dir(*out);
		n->git.answered = add_git;
	}
	rt_buf_release(&text);
	/* Somebody else was faster: then that one is joined. */
	if (ret < 0 && o->join && err->kind == RT_ERR_REFUSED && (*path = find_joined(n, o)))
		return 1;
	return ret;
}

const char *join_hint(const struct new_run_opts *o, const struct rt_err *err)
{
	if (err->kind != RT_ERR_REFUSED || !o->id || !strstr(err->msg, "exists already"))
		return "";
	return o->join ? ", and is over" : " (--join adds to a run that goes on)";
}

void new_run_wait_git(struct new_run *n, int timeout_ms)
{
	git_wait(&n->git, timeout_ms);
}

void new_run_release(struct new_run *n)
{
	struct rt_buf ignored;

	rt_buf_init(&ignored);
	git_finish(&n->git, &ignored);
	rt_buf_release(&ignored);
	free(n->runs_dir);
	free(n->name);
}
