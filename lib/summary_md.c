/* The summary as Markdown, summary.md, for a pull request on GitHub or GitLab. */
#include "summary_model.h"
#include "text.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

static void heading(const char *title, struct rt_buf *out)
{
	rt_buf_addf(out, "## %s\n\n", title);
}

static void more(const struct rt_summary *s, int64_t n, const char *what, const char *arguments,
		 struct rt_buf *out)
{
	char *command;

	if (n <= 0)
		return;
	command = rt_sum_command(s, "rt-query", arguments);
	rt_buf_addf(out, "\n%" PRId64 " more%s: ", n, what);
	if (command)
		rt_sum_md_code(out, command);
	rt_buf_adds(out, "\n");
	out->failed |= !command;
	free(command);
}

/* A table of facts; their labels are ours. */
static void table(const struct sum_facts *f, size_t room, struct rt_buf *out)
{
	size_t start = out->len;

	if (f->n == 0)
		return;
	rt_buf_adds(out, "| | |\n|---|---|\n");
	for (size_t i = 0; i < f->n; i++) {
		rt_buf_addf(out, "| %s | ", f->v[i].label);
		rt_sum_md_value(out, f->v[i].value);
		rt_buf_adds(out, " |\n");
	}
	out->failed |= f->failed;
	rt_sum_clip(out, start, room);
}

static void run_section(const struct rt_summary *s, size_t room, struct rt_buf *out)
{
	struct sum_facts f = { .n = 0 };

	rt_sum_identity(s, &f);
	table(&f, room, out);
	rt_sum_facts_release(&f);
	if (s->notes.n)
		rt_buf_addc(out, '\n');
	for (size_t i = 0; i < s->notes.n; i++) {
		rt_buf_adds(out, "- **Note:** ");
		rt_sum_md_value(out, s->notes.v[i].value);
		rt_buf_addc(out, '\n');
	}
	rt_sum_clip(out, 0, room);
}

static void one_setting(const struct rt_summary *s, size_t i, bool brief, struct rt_buf *out)
{
	(void)brief;
	rt_buf_adds(out, "| ");
	rt_sum_md_value(out, s->configuration.v[i].label);
	rt_buf_adds(out, " | ");
	rt_sum_md_value(out, s->configuration.v[i].value);
	rt_buf_adds(out, " |\n");
}

static void configuration_section(const struct rt_summary *s, size_t room, struct rt_buf *out)
{
	const struct sum_facts *f = &s->configuration;
	size_t left;

	if (f->n == 0)
		return;
	rt_buf_adds(out, "| | |\n|---|---|\n");
	left = rt_sum_list_more(s, f->n, f->left_out, one_setting, room - out->len, out);
	if (left)
		rt_buf_addf(out, "\n%zu more: `" RT_METADATA_FILE "`\n", left);
}

static void add_notes(const struct rt_summary *s, const struct sum_step *st, struct rt_buf *out)
{
	struct sum_facts f = { .n = 0 };
	const char *comma = "";

	rt_sum_step_facts(s, st, &f);
	for (size_t i = 0; i < f.n; i++) {
		bool error = strcmp(f.v[i].label, "Error") == 0;

		if (!error && strcmp(f.v[i].label, "Note") != 0)
			continue;
		rt_buf_adds(out, comma);
		if (error)
			rt_sum_md_value(out, f.v[i].value);
		else
			rt_buf_adds(out, f.v[i].value);
		comma = "; ";
	}
	out->failed |= f.failed;
	rt_sum_facts_release(&f);
}

static void one_step(const struct rt_summary *s, size_t i, bool brief, struct rt_buf *out)
{
	const struct sum_step *st = &s->steps[i];
	const struct rt_usage *u = &st->tally.usage;
	int share = rt_sum_share(s, st);
	char duration[32], percent[16] = "";
	struct rt_buf label;

	(void)brief;
	if (share >= 0)
		snprintf(percent, sizeof(percent), "%d %%", share);
	rt_buf_init(&label);
	rt_duration_format_ms(duration, rt_sum_step_ms(st));
	rt_sum_step_label(st, &label);
	rt_buf_adds(out, "| ");
	rt_sum_md_value(out, label.s);
	rt_buf_adds(out, " | ");
	if (st->name)
		rt_sum_md_value(out, st->name);
	rt_buf_addf(out,
		    " | %s | %s | %s | %" PRId64 " | %" PRId64 " | %" PRId64 " | %" PRId64
		    " | %" PRId64 " | ",
		    rt_sum_state_name(st->state), duration, percent, st->retries, st->tally.errors,
		    st->tally.warnings, u->calls, u->total);
	add_notes(s, st, out);
	rt_buf_adds(out, " |\n");
	out->failed |= label.failed;
	rt_buf_release(&label);
}

static void one_stage(const struct rt_summary *s, size_t i, bool brief, struct rt_buf *out)
{
	const struct sum_stage *g = &s->stages[i];
	char duration[32];

	(void)brief;
	rt_duration_format_ms(duration, rt_sum_stage_ms(s, g));
	rt_buf_adds(out, "| ");
	rt_sum_md_value(out, g->name);
	rt_buf_addf(out, " | %s | %" PRId64 " | %" PRId64 " | %" PRId64 " |\n", duration,
		    g->tally.events, g->tally.errors, g->tally.warnings);
}

/* The chart where it takes no more than a third of the room. */
static size_t add_chart(const struct rt_summary *s, size_t room, struct rt_buf *out)
{
	rt_sum_md_gantt(s, out);
	if (out->len > room / 3)
		rt_buf_clear(out);
	return out->len;
}

static void steps_section(const struct rt_summary *s, size_t room, struct rt_buf *out)
{
	struct rt_buf states, chart;
	size_t n;

	if (!s->n_steps && !s->n_stages)
		return;
	rt_buf_init(&states);
	rt_buf_init(&chart);
	room -= add_chart(s, room, &chart);
	if (s->n_steps) {
		rt_buf_adds(out, "| Step | Name | State | Duration | Share | Retries | Errors "
				 "| Warnings | API calls | Tokens | Note |\n"
				 "|---|---|---|--:|--:|--:|--:|--:|--:|--:|---|\n");
		rt_buf_adds(&states, ", ");
		room = room > out->len ? room - out->len : 0;
		n = s->n_steps - rt_sum_list_steps(s, one_step, room, &states, out);
		more(s, (int64_t)n, states.s, SUM_SHOW_STEPS, out);
	} else {
		rt_buf_adds(out, "| Stage | Duration | Events | Errors | Warnings |\n"
				 "|---|--:|--:|--:|--:|\n");
		room = room > out->len ? room - out->len : 0;
		n = rt_sum_list_more(s, s->n_stages, 0, one_stage, room, out);
		more(s, (int64_t)n, "", "-o table", out);
	}
	rt_buf_addv(out, rt_buf_view(&chart));
	out->failed |= states.failed || chart.failed;
	rt_buf_release(&states);
	rt_buf_release(&chart);
}

static void moment(const struct sum_moment *m, const char *what, struct rt_buf *out)
{
	char at[32];

	rt_buf_adds(out, "- ");
	if (m->at_ns) {
		rt_sum_time(at, m->at_ns);
		rt_buf_addf(out, "%s ", at);
	}
	if (what)
		rt_buf_addf(out, "`%s` ", what);
	rt_sum_md_code(out, m->text);
	rt_buf_addc(out, '\n');
}

static void one_recon(const struct rt_summary *s, size_t i, bool brief, struct rt_buf *out)
{
	size_t first = s->n_recon > SUM_LINES ? s->n_recon - SUM_LINES : 0;

	(void)brief;
	moment(&s->recon[(first + i) % SUM_LINES], NULL, out);
}

static void recon_section(const struct rt_summary *s, size_t room, struct rt_buf *out)
{
	size_t n = s->n_recon < SUM_LINES ? s->n_recon : SUM_LINES;
	size_t left = rt_sum_list_more(s, n, s->n_recon - n, one_recon, room, out);

	if (left && s->recon_file)
		rt_buf_addf(out, "\n%zu more: `" SUM_RECON_LOG "`\n", left);
	else
		more(s, (int64_t)left, "", SUM_SHOW_RECON, out);
}

static void metrics_section(const struct rt_summary *s, size_t room, struct rt_buf *out)
{
	struct sum_facts f = { .n = 0 };

	rt_sum_metrics(s, &f);
	table(&f, room, out);
	rt_sum_facts_release(&f);
}

static void one_group(const struct rt_summary *s, size_t i, bool brief, struct rt_buf *out)
{
	const struct sum_group *g = &s->groups[i];
	struct rt_buf when;

	rt_buf_init(&when);
	rt_buf_addf(out, "- **%" PRId64 "%s x %s** ", g->n, g->late ? "+" : "",
		    rt_level_name(g->level));
	rt_sum_md_code(out, g->message);
	if (g->detail && !brief) {
		rt_buf_adds(out, "\n  - ");
		rt_sum_md_code(out, g->detail);
	}
	rt_sum_span(&when, g->first_ns, g->last_ns);
	if (when.len || g->where)
		rt_buf_addf(out, "\n  - %s", when.s);
	if (g->where) {
		rt_buf_adds(out, when.len ? ", " : "");
		rt_sum_md_code(out, g->where);
		rt_buf_adds(out, g->elsewhere ? " and elsewhere" : "");
	}
	rt_buf_addc(out, '\n');
	out->failed |= when.failed;
	rt_buf_release(&when);
}

static void groups(const struct rt_summary *s, size_t room, struct rt_buf *out)
{
	size_t n = s->n_groups, unseen;
	int64_t left = s->more_errors + s->more_warnings;

	if (!n)
		return;
	unseen = rt_sum_list_more(s, n, left > 0, one_group, room, out) - (left > 0);
	for (size_t i = n - unseen; i < n; i++)
		left += s->groups[i].n;
	more(s, left, "", SUM_SHOW_ERRORS, out);
}

/* Folded: who reads a pull request opens it. */
static void one_tail(const struct rt_summary *s, size_t i, bool brief, struct rt_buf *out)
{
	const struct sum_tail *t = &s->tails[i];
	size_t from = brief && t->n > SUM_BRIEF_LINES ? t->n - SUM_BRIEF_LINES : 0;
	char *command = rt_sum_tail_command(s, t), label[32];

	rt_sum_tail_label(t, label);
	rt_buf_addf(out, "\n<details><summary>Last output of %s</summary>\n\n", label);
	rt_sum_md_block(out, t->lines + from, t->n - from);
	rt_buf_adds(out, "\nAll of it: ");
	rt_sum_md_code(out, command ? command : "");
	rt_buf_adds(out, "\n\n</details>\n");
	out->failed |= !command;
	free(command);
}

/* Groups, and the ends of logs, which may take half of the room. */
static void errors_section(const struct rt_summary *s, size_t room, struct rt_buf *out)
{
	struct rt_buf tails;
	size_t left;

	rt_buf_init(&tails);
	left = rt_sum_list_more(s, s->n_tails, s->more_tails, one_tail, room / 2, &tails);
	if (left)
		rt_buf_addf(&tails, "\nOutput of %zu more\n", left);
	groups(s, room > tails.len ? room - tails.len : 0, out);
	rt_buf_addv(out, rt_buf_view(&tails));
	out->failed |= tails.failed;
	rt_buf_release(&tails);
}

static void one_person(const struct rt_summary *s, size_t i, bool brief, struct rt_buf *out)
{
	(void)brief;
	moment(&s->people[i], rt_type_name(s->people[i].type), out);
}

static void people_section(const struct rt_summary *s, size_t room, struct rt_buf *out)
{
	size_t left = rt_sum_list_more(s, s->n_people, s->more_people, one_person, room, out);

	more(s, (int64_t)left, "", SUM_SHOW_PEOPLE, out);
}

static void one_artifact(const struct rt_summary *s, size_t i, bool brief, struct rt_buf *out)
{
	const struct sum_artifact *a = &s->artifacts[i];
	char size[32];

	(void)brief;
	rt_buf_adds(out, "- ");
	rt_sum_md_code(out, a->key);
	if (a->size >= 0) {
		rt_bytes_format(size, a->size);
		rt_buf_addf(out, ", %s", size);
	}
	rt_buf_addf(out, "%s%s\n", a->made == SUM_FOUND ? "" : ", ", rt_sum_made(a->made));
}

static void artifacts_section(const struct rt_summary *s, size_t room, struct rt_buf *out)
{
	size_t left = rt_sum_list_more(s, s->n_artifacts, s->more_artifacts, one_artifact, room,
				       out);

	if (left && s->artifacts[0].made == SUM_FOUND)
		rt_buf_addf(out, "\n%zu more in `" RT_ARTIFACTS_DIR "/`\n", left);
	else
		more(s, (int64_t)left, "", SUM_SHOW_ARTIFACTS, out);
}

static void archive_section(const struct rt_summary *s, size_t room, struct rt_buf *out)
{
	table(&s->archive, room, out);
}

static const struct sum_section sections[SUM_SECTIONS] = {
	[SUM_RUN_SECTION] = { "Run summary", 1600, run_section },
	[SUM_CONFIGURATION_SECTION] = { "Configuration", 1500, configuration_section },
	[SUM_STEPS_SECTION] = { "Steps", 0, steps_section },
	[SUM_RECON_SECTION] = { "Reconciliation", 900, recon_section },
	[SUM_METRICS_SECTION] = { "Final metrics", 1200, metrics_section },
	[SUM_ERRORS_SECTION] = { "Errors and warnings", 0, errors_section },
	[SUM_PEOPLE_SECTION] = { "People", 1000, people_section },
	[SUM_ARTIFACTS_SECTION] = { "Artifacts", 800, artifacts_section },
	[SUM_ARCHIVE_SECTION] = { "Archive integrity", 700, archive_section },
};

void rt_summary_markdown(const struct rt_summary *s, struct rt_buf *out)
{
	static const struct sum_page page = { sections, heading };

	rt_sum_page(s, &page, out);
}
