/* metadata.json of a new run. What git says is git.c. */
#include "metadata.h"
#include "catalog.h"
#include "clock.h"
#include "common.h"
#include "die.h"
#include "text.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *env(const char *name)
{
	return name ? env_value(name) : NULL;
}

/* A string, with what is secret masked. */
static void put_text(struct rt_buf *out, const struct rt_redact *redact, const char *text)
{
	struct rt_buf masked;

	rt_buf_init(&masked);
	rt_redact_text(redact, rt_str(text), &masked);
	rt_json_quote(out, rt_buf_view(&masked));
	rt_buf_release(&masked);
}

static void put(struct rt_buf *out, const struct rt_redact *redact, const char *key,
		const char *text)
{
	if (!text || !*text)
		return;
	if (out->s[out->len - 1] != '{')
		rt_buf_addc(out, ',');
	rt_json_quote(out, rt_str(key));
	rt_buf_addc(out, ':');
	put_text(out, redact, text);
}

static void put_argv(struct rt_buf *out, const struct rt_redact *redact, char *const *argv)
{
	rt_buf_adds(out, ",\"argv\":[");
	for (size_t i = 0; argv[i]; i++) {
		if (i)
			rt_buf_addc(out, ',');
		put_text(out, redact, argv[i]);
	}
	rt_buf_addc(out, ']');
}

static void put_labels(struct rt_buf *out, const struct metadata *m)
{
	if (!m->labels || m->labels->n == 0)
		return;
	rt_buf_adds(out, ",\"labels\":{");
	for (size_t i = 0; i < m->labels->n; i++) {
		const char *label = m->labels->v[i];
		char *key = xstrndup(label, strcspn(label, "="));
		bool again = false;

		/* Of two with the same key the last one counts. */
		for (size_t j = i + 1; j < m->labels->n; j++)
			again |= strncmp(m->labels->v[j], label, strlen(key) + 1) == 0;
		if (!again) {
			put(out, m->redact, key, label + strlen(key) + 1);
			if (label[strlen(key) + 1] == '\0') {
				rt_buf_adds(out, out->s[out->len - 1] == '{' ? "" : ",");
				rt_json_quote(out, rt_str(key));
				rt_buf_adds(out, ":\"\"");
			}
		}
		free(key);
	}
	rt_buf_addc(out, '}');
}

/* What CI systems put into the environment of a job. */
struct ci {
	const char *mark; /* the variable by which it is known */
	const char *system;
	const char *job, *branch, *number, *url, *commit;
};

static const struct ci systems[] = {
	{ "GITHUB_ACTIONS", "github", "GITHUB_JOB", "GITHUB_REF_NAME", "GITHUB_RUN_NUMBER", NULL,
	  "GITHUB_SHA" },
	{ "GITLAB_CI", "gitlab", "CI_JOB_NAME", "CI_COMMIT_REF_NAME", "CI_PIPELINE_IID",
	  "CI_JOB_URL", "CI_COMMIT_SHA" },
	{ "BUILDKITE", "buildkite", "BUILDKITE_LABEL", "BUILDKITE_BRANCH", "BUILDKITE_BUILD_NUMBER",
	  "BUILDKITE_BUILD_URL", "BUILDKITE_COMMIT" },
	{ "JENKINS_URL", "jenkins", "JOB_NAME", "GIT_BRANCH", "BUILD_NUMBER", "BUILD_URL",
	  "GIT_COMMIT" },
};

static const struct ci *find_ci(void)
{
	for (size_t i = 0; i < sizeof(systems) / sizeof(*systems); i++) {
		if (env(systems[i].mark))
			return &systems[i];
	}
	return NULL;
}

const char *ci_job_name(void)
{
	const struct ci *ci = find_ci();

	return ci ? env(ci->job) : NULL;
}

/* GitHub gives the parts of the address only. */
static char *ci_url(const struct ci *ci)
{
	const char *server = env("GITHUB_SERVER_URL"), *repo = env("GITHUB_REPOSITORY");
	const char *run = env("GITHUB_RUN_ID");

	if (ci->url)
		return env(ci->url) ? xstrdup(env(ci->url)) : NULL;
	if (!server || !repo || !run)
		return NULL;
	return xasprintf("%s/%s/actions/runs/%s", server, repo, run);
}

static void put_ci(struct rt_buf *out, const struct rt_redact *redact)
{
	const struct ci *ci = find_ci();
	char *url;

	if (!ci)
		return;
	url = ci_url(ci);
	rt_buf_adds(out, ",\"ci\":{");
	put(out, redact, "system", ci->system);
	put(out, redact, "job", env(ci->job));
	put(out, redact, "branch", env(ci->branch));
	put(out, redact, "number", env(ci->number));
	put(out, redact, "url", url);
	put(out, redact, "commit", env(ci->commit));
	rt_buf_addc(out, '}');
	free(url);
}

/* cron and containers may say nothing; a look at the user database would need NSS. */
const char *user_name(void)
{
	const char *user = env("USER");

	if (!user)
		user = env("LOGNAME");
	return user || getuid() != 0 ? user : "root";
}

void metadata_write(const struct metadata *m, const char *git, int64_t created_ns,
		    struct rt_buf *out)
{
	char host[256], created[RT_TS_LEN + 1], cwd[PATH_MAX];

	rt_hostname(host);
	rt_clock_format(created, created_ns);
	rt_buf_addc(out, '{');
	put(out, NULL, "run_id", m->id);
	put(out, m->redact, "name", m->name);
	put(out, NULL, "group", m->group);
	put(out, NULL, "parent_run_id", m->parent_run_id);
	put(out, NULL, "created_at", created);
	if (m->argv)
		put_argv(out, m->redact, m->argv);
	put(out, m->redact, "cwd", getcwd(cwd, sizeof(cwd)));
	put(out, NULL, "host", host);
	put(out, NULL, "user", user_name());
	rt_buf_addf(out, ",\"uid\":%ld", (long)getuid());
	if (git)
		rt_buf_addf(out, ",\"git\":%s", git);
	put_ci(out, m->redact);
	put_labels(out, m);
	rt_trace_write(m->trace, out);
	rt_buf_adds(out, "}\n");
}

void metadata_check_labels(const struct opt_list *labels)
{
	for (size_t i = 0; i < labels->n; i++) {
		const char *eq = strchr(labels->v[i], '=');

		if (!eq || eq == labels->v[i])
			die_usage("bad --label \"%s\": KEY=VALUE", labels->v[i]);
	}
}
