/*
 * Summaries: the model's life, and writing what renderers make of it into the
 * run's directory. See summary.h, and summary_model.h for the model.
 */
#include "summary_model.h"

#include "fdio.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#define LOCK_TIMEOUT_MS 10000

static int no_memory(struct rt_err *err)
{
	return rt_err_set(err, RT_ERR_FAILURE, "out of memory");
}

static void init_unescaped(struct sum_unescaped *u)
{
	rt_buf_init(&u->run_id);
	rt_buf_init(&u->stage);
	rt_buf_init(&u->step_id);
	rt_buf_init(&u->model);
	rt_buf_init(&u->role);
}

static void release_unescaped(struct sum_unescaped *u)
{
	rt_buf_release(&u->run_id);
	rt_buf_release(&u->stage);
	rt_buf_release(&u->step_id);
	rt_buf_release(&u->model);
	rt_buf_release(&u->role);
}

static struct rt_summary *new_model(void)
{
	struct rt_summary *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->ledger = rt_ledger_new();
	if (!s->ledger) {
		free(s);
		return NULL;
	}
	s->exit_code = s->story.exit_code = -1;
	s->in_step = -1;
	rt_buf_init(&s->scratch);
	rt_buf_init(&s->scratch2);
	rt_sum_texts_init(&s->texts);
	init_unescaped(&s->unescaped);
	return s;
}

static void free_tables(struct rt_summary *s)
{
	for (size_t i = 0; i < s->n_steps; i++)
		rt_sum_step_release(&s->steps[i]);
	for (size_t i = 0; i < s->n_stages; i++)
		free(s->stages[i].name);
	for (size_t i = 0; i < s->n_artifacts; i++)
		free(s->artifacts[i].key);
	free(s->steps);
	free(s->stages);
	free(s->artifacts);
	rt_sum_index_release(&s->step_index);
	rt_sum_index_release(&s->stage_index);
	rt_sum_groups_release(s);
	rt_sum_index_release(&s->artifact_index);
}

void rt_summary_free(struct rt_summary *s)
{
	if (!s)
		return;
	char *const texts[] = { s->id,          s->group,         s->name,     s->parent,
				s->ref,         s->error,         s->stranger, s->own_id,
				s->story.error, s->gates.refusal, s->text_file };

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		free(texts[i]);
	rt_sum_spenders_release(&s->models);
	rt_sum_spenders_release(&s->roles);
	for (size_t i = 0; i < s->n_people; i++)
		free(s->people[i].text);
	for (size_t i = 0; i < SUM_LINES; i++)
		free(s->recon[i].text);
	for (size_t i = 0; i < s->n_tails; i++) {
		for (size_t k = 0; k < s->tails[i].n; k++)
			free(s->tails[i].lines[k]);
	}
	free_tables(s);
	rt_sum_facts_release(&s->configuration);
	rt_sum_facts_release(&s->archive);
	rt_sum_facts_release(&s->notes);
	rt_ledger_free(s->ledger);
	rt_buf_release(&s->scratch);
	rt_buf_release(&s->scratch2);
	rt_sum_texts_release(&s->texts);
	release_unescaped(&s->unescaped);
	free(s);
}

int rt_summary_new(struct rt_summary **out, const char *path, bool file,
		   const struct rt_unpacker *unpacker, struct rt_err *err)
{
	struct rt_summary *s = new_model();
	struct rt_rundir d;
	int ret = -1;

	if (!s)
		return no_memory(err);
	if (file) {
		ret = rt_sum_read_file(s, path, err);
	} else if (rt_rundir_open_reader(&d, path, unpacker, err) == 0) {
		ret = rt_sum_read_dir(s, &d, err);
		rt_rundir_release(&d);
	}
	if (ret < 0)
		rt_summary_free(s);
	else
		*out = s;
	return ret;
}

int rt_summary_new_tree(struct rt_summary **out, const char *path, const char *group,
			struct rt_err *err)
{
	struct rt_summary *s = new_model();

	if (!s)
		return no_memory(err);
	if (group)
		s->group = rt_sum_keep(s, rt_str(group), SUM_KEY);
	if (rt_sum_read_foreign(s, path, err) < 0) {
		rt_summary_free(s);
		return -1;
	}
	*out = s;
	return 0;
}

enum rt_state rt_summary_state(const struct rt_summary *s)
{
	return s->state;
}

size_t rt_summary_skipped(const struct rt_summary *s)
{
	return s->skipped;
}

static int write_one(const struct rt_summary *s, const struct rt_rundir *d, const char *name,
		     void (*render)(const struct rt_summary *, struct rt_buf *), struct rt_err *err)
{
	struct rt_buf b;
	int ret;

	rt_buf_init(&b);
	render(s, &b);
	ret = b.failed ? no_memory(err) :
			 rt_file_replace(d->fd, name, rt_buf_view(&b), RT_REPLACE_RENAME, err);
	rt_buf_release(&b);
	return ret;
}

/*
 * Two summaries of a run must not use one temporary file at the same time. The
 * lock is on the directory, because a run's own lock may be the caller's; where
 * a directory cannot be locked (NFS) it goes without.
 */
static int lock(const struct rt_rundir *d, int *fd, struct rt_err *err)
{
	*fd = openat(d->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (*fd < 0)
		return rt_err_sys(err, "cannot open \"%s\"", d->path);
	if (rt_lock(*fd, LOCK_TIMEOUT_MS) == 0 || errno != EWOULDBLOCK)
		return 0;
	close(*fd);
	return rt_err_set(err, RT_ERR_LOCKED, "another summary of \"%s\" is being written",
			  d->path);
}

int rt_summary_write(const struct rt_summary *s, const struct rt_rundir *d, struct rt_err *err)
{
	int fd, ret;

	if (lock(d, &fd, err) < 0)
		return -1;
	ret = write_one(s, d, RT_SUMMARY_FILE, rt_summary_text, err);
	if (ret == 0)
		ret = write_one(s, d, RT_SUMMARY_MD_FILE, rt_summary_markdown, err);
	if (ret == 0)
		ret = write_one(s, d, RT_METRICS_FILE, rt_summary_metrics, err);
	close(fd);
	return ret;
}

int rt_summary_write_metrics(const struct rt_rundir *d, struct rt_err *err)
{
	struct rt_summary *s = new_model();
	int fd, ret;

	if (!s)
		return no_memory(err);
	ret = rt_sum_read_dir(s, d, err);
	if (ret == 0 && (ret = lock(d, &fd, err)) == 0) {
		ret = write_one(s, d, RT_METRICS_FILE, rt_summary_metrics, err);
		close(fd);
	}
	rt_summary_free(s);
	return ret;
}
