/*
 * rt-run artifact: what a run keeps of what it made. Here is what writes, put
 * and rm; what reads is run_artifact_read.c.
 */
#include "artifact.h"
#include "die.h"
#include "run.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct write_opts {
	bool force;
	struct common_opts common;
};

static const struct opt_group put_groups[] = {
	{ common_opts, offsetof(struct write_opts, common) },
	{ NULL, 0 },
};

/* Which step it comes from, if it goes into the run around us. */
static void event_from_here(struct rt_event *ev, const struct common_opts *c)
{
	const char *stage = env_value("RT_STAGE"), *step = env_value("RT_STEP_ID");

	rt_event_init(ev);
	if (stage && !c->run)
		rt_event_set_text(ev, RT_F_STAGE, rt_str(stage));
	if (step && !c->run)
		rt_event_set_text(ev, RT_F_STEP_ID, rt_str(step));
}

static int open_input(const char *path)
{
	struct stat st;
	int fd = strcmp(path, "-") == 0 ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || fstat(fd, &st) < 0)
		die(EXIT_FAIL, "cannot read \"%s\": %s", path, strerror(errno));
	if (S_ISDIR(st.st_mode))
		die(EXIT_FAIL, "\"%s\" is a directory", path);
	return fd;
}

/* Who writes into our pipe is to go on as if we had taken it all. */
static void swallow(int fd)
{
	char piece[65536];
	ssize_t n;

	do
		n = read(fd, piece, sizeof(piece));
	while (n > 0 || (n < 0 && errno == EINTR));
}

static void check_key(const char *key)
{
	struct rt_err err = RT_ERR_INIT;

	if (rt_key_check(key, &err) < 0)
		die_err(&err);
}

static int put(const char *key, int fd, struct rt_record *record, const struct common_opts *c)
{
	struct rt_err err = RT_ERR_INIT, warning = RT_ERR_INIT;
	struct rt_artifact a;
	struct rt_event ev;

	event_from_here(&ev, c);
	if (rt_artifact_put(record, key, fd, &ev, &a, &warning, &err) < 0)
		return recording_failed(&err);
	warn_err(&warning);
	note("%s: %lld bytes, sha256 %s", a.key, (long long)a.size, a.sha256);
	return 0;
}

static int run_put(const struct rt_applet *self, int argc, char **argv)
{
	struct write_opts o = { .force = false };
	struct rt_redact *redact;
	struct rt_record *record;
	char **words;
	int n, fd, code = 0;

	n = opt_parse(self, argc, argv, &o, &words, NULL);
	common_apply(&o.common, NULL);
	survive_limits();
	if (n != 2)
		die_usage(n < 2 ? "what is to be put? KEY FILE, or KEY - for standard input" :
				  "one artifact at a time: KEY FILE");
	check_key(words[0]);
	fd = open_input(words[1]);
	redact = redact_env();
	if (writer_open(&record, &o.common, NULL, redact, &code) == 1) {
		code = put(words[0], fd, record, &o.common);
		rt_record_close(record);
	}
	if (code == 0 && fd == STDIN_FILENO)
		swallow(fd);
	rt_redact_free(redact);
	return code;
}

static const struct rt_applet put_applet = {
	.name = "put",
	.summary = "store a file, or standard input, under a key",
	.usage = "[options] KEY FILE\n[options] KEY -",
	.groups = put_groups,
	.operands = COMPLETE_FILE,
	.more = "What was stored under the key before is replaced.",
	.run = run_put,
};

static const struct opt rm_options[] = {
	{ 'f', "force", NULL, OPT_FLAG, offsetof(struct write_opts, force), NULL,
	  "one that is not there is no failure", NULL, COMPLETE_NONE },
	{ 0 },
};

static const struct opt_group rm_groups[] = {
	{ rm_options, 0 },
	{ common_opts, offsetof(struct write_opts, common) },
	{ NULL, 0 },
};

/* That there is none is the script's mistake, not trouble with the record. */
static int rm(const char *key, struct rt_record *record, const struct write_opts *o)
{
	struct rt_err err = RT_ERR_INIT, warning = RT_ERR_INIT;
	struct rt_artifact a;
	struct rt_event ev;

	event_from_here(&ev, &o->common);
	if (rt_artifact_remove(record, key, &ev, &a, &warning, &err) == 0) {
		warn_err(&warning);
		return 0;
	}
	if (err.kind != RT_ERR_NOTFOUND)
		return recording_failed(&err);
	if (o->force)
		return 0;
	error("%s", err.msg);
	return EXIT_FAIL;
}

static int run_rm(const struct rt_applet *self, int argc, char **argv)
{
	struct write_opts o = { .force = false };
	struct rt_redact *redact;
	struct rt_record *record;
	char **words;
	int n, code = 0;

	n = opt_parse(self, argc, argv, &o, &words, NULL);
	common_apply(&o.common, NULL);
	survive_limits();
	if (n == 0)
		die_usage("which artifact? KEY...");
	for (int i = 0; i < n; i++)
		check_key(words[i]);
	redact = redact_env();
	if (writer_open(&record, &o.common, NULL, redact, &code) == 1) {
		for (int i = 0; i < n; i++) {
			int failed = rm(words[i], record, &o);

			code = failed ? failed : code;
		}
		rt_record_close(record);
	}
	rt_redact_free(redact);
	return code;
}

static const struct rt_applet rm_applet = {
	.name = "rm",
	.summary = "remove artifacts",
	.usage = "[options] KEY...",
	.groups = rm_groups,
	.run = run_rm,
};

static const struct rt_applet *const subs[] = {
	&put_applet,           &artifact_get_applet, &artifact_list_applet,
	&artifact_stat_applet, &rm_applet,           NULL,
};

static int run_artifact(const struct rt_applet *self, int argc, char **argv)
{
	struct write_opts o = { .force = false };
	char **words;
	int n;

	n = opt_parse(self, argc, argv, &o, &words, NULL);
	if (n && opt_find_sub(self, words[0]))
		die_usage("put the command first: %s %s [options]", prog_name(), words[0]);
	if (n)
		die_usage("no command \"%s\": put, get, list, stat or rm", words[0]);
	die_usage("what is to be done? put, get, list, stat or rm");
}

const struct rt_applet run_artifact_applet = {
	.name = "artifact",
	.summary = "keep files that the run made: put, get, list, stat, rm",
	.usage = "COMMAND [options] ...",
	.groups = put_groups,
	.subs = subs,
	.run = run_artifact,
};
