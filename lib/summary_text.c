/* The summary as text, logs_summary.txt: no line is longer than 80 columns. */
#include "summary_model.h"
#include "text.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define RULE "================================================================================\n"

static void heading(const char *title, struct rt_buf *out)
{
	rt_buf_addf(out, RULE "%s\n" RULE, title);
}

/* "(37 more: rt-query RUN --level warning)" */
static void more(const struct rt_summary *s, int64_t n, const char *what, const char *arguments,
		 struct rt_buf *out)
{
	struct rt_buf before;
	char *command;

	if (n <= 0)
		return;
	rt_buf_init(&before);
	rt_buf_addf(&before, "(%" PRId64 " more%s:", n, what);
	command = rt_sum_command(s, "rt-query", arguments);
	if (command)
		rt_sum_wrap_command(out, 2, before.s, command, ")");
	out->failed |= !command || before.failed;
	free(command);
	rt_buf_release(&before);
}

static void facts(const struct sum_facts *f, int lines, struct rt_buf *out)
{
	for (size_t i = 0; i < f->n; i++)
		rt_sum_wrapf(out, 2, lines, "%s: %s", f->v[i].label, f->v[i].value);
	out->failed |= f->failed;
}

static void run_section(const struct rt_summary *s, size_t room, struct rt_buf *out)
{
	struct sum_facts f = { .n = 0 };

	rt_sum_identity(s, &f);
	facts(&f, 2, out);
	for (size_t i = 0; i < s->notes.n; i++)
		rt_sum_wrapf(out, 2, 3, "Note: %s", s->notes.v[i].value);
	rt_sum_facts_release(&f);
	rt_sum_clip(out, 0, room);
}

static void one_setting(const struct rt_summary *s, size_t i, bool brief, struct rt_buf *out)
{
	const struct sum_fact *f = &s->configuration.v[i];

	rt_sum_wrapf(out, 2, brief ? 1 : 3, "%s: %s", f->label, f->value);
}

static void configuration_section(const struct rt_summary *s, size_t room, struct rt_buf *out)
{
	const struct sum_facts *f = &s->configuration;
	size_t left = rt_sum_list_more(s, f->n, f->left_out, one_setting, room, out);

	if (left)
		rt_sum_wrapf(out, 2, 1, "(%zu more: " RT_METADATA_FILE ")", left);
}

static void one_step(const struct rt_summary *s, size_t i, bool brief, struct rt_buf *out)
{
	const struct sum_step *st = &s->steps[i];
	int64_t ms = rt_sum_step_ms(st);
	struct sum_facts f = { .n = 0 };
	struct rt_buf line;
	char duration[32];

	rt_buf_init(&line);
	rt_duration_format_ms(duration, ms);
	rt_buf_adds(&line, "Step ");
	rt_sum_step_label(st, &line);
	rt_buf_addf(&line, ": %s (duration: %s, retries: %" PRId64, rt_sum_state_name(st->state),
		    ms < 0 ? "unknown" : duration, st->retries);
	if (st->tally.errors)
		rt_buf_addf(&line, ", errors: %" PRId64, st->tally.errors);
	rt_buf_adds(&line, ")");
	if (brief && st->name)
		rt_buf_addf(&line, " %s", st->name);
	rt_sum_wrap(out, rt_buf_view(&line), 2, brief ? 1 : 2);
	if (!brief) {
		rt_sum_step_facts(s, st, &f);
		for (size_t k = 0; k < f.n; k++)
			rt_sum_wrapf(out, 6, 2, "  - %s: %s", f.v[k].label, f.v[k].value);
		out->failed |= f.failed;
		rt_sum_facts_release(&f);
	}
	out->failed |= line.failed;
	rt_buf_release(&line);
}

static void one_stage(const struct rt_summary *s, size_t i, bool brief, struct rt_buf *out)
{
	const struct sum_stage *g = &s->stages[i];
	int64_t ms = rt_sum_stage_ms(s, g);
	struct rt_buf when, name;
	char duration[32];

	rt_buf_init(&when);
	if (s->story.back && g->given_ms < 0) {
		rt_sum_span(&when, g->tally.first_ns, g->tally.last_ns);
	} else if (ms >= 0) {
		rt_duration_format_ms(duration, ms);
		rt_buf_addf(&when, "duration: %s", duration);
	} else {
		rt_buf_adds(&when, "not ended");
	}
	if (g->tally.errors)
		rt_buf_addf(&when, ", errors: %" PRId64, g->tally.errors);
	rt_buf_init(&name);
	rt_sum_short(&name, g->name);
	rt_sum_wrapf(out, 2, brief ? 1 : 2, "Stage %s: %" PRId64 " event%s (%s)", name.s,
		     g->tally.events, g->tally.events == 1 ? "" : "s", when.s);
	out->failed |= name.failed || when.failed;
	rt_buf_release(&name);
	rt_buf_release(&when);
}

static void steps_section(const struct rt_summary *s, size_t room, struct rt_buf *out)
{
	struct rt_buf states;
	size_t n;

	if (!s->n_steps) {
		n = rt_sum_list_more(s, s->n_stages, 0, one_stage, room, out);
		more(s, (int64_t)n, "", "-o table", out);
		return;
	}
	rt_buf_init(&states);
	rt_buf_adds(&states, ", ");
	n = s->n_steps - rt_sum_list_steps(s, one_step, room, &states, out);
	more(s, (int64_t)n, states.s, SUM_SHOW_STEPS, out);
	out->failed |= states.failed;
	rt_buf_release(&states);
}

static void one_recon(const struct rt_summary *s, size_t i, bool brief, struct rt_buf *out)
{
	size_t first = s->n_recon > SUM_LINES ? s->n_recon - SUM_LINES : 0;
	const struct sum_moment *m = &s->recon[(first + i) % SUM_LINES];
	char at[32] = "";

	if (m->at_ns)
		rt_sum_time(at, m->at_ns);
	rt_sum_wrapf(out, 2, brief ? 1 : 2, "%s%s%s", at, m->at_ns ? "  " : "", m->text);
}

static void recon_section(const struct rt_summary *s, size_t room, struct rt_buf *out)
{
	size_t n = s->n_recon < SUM_LINES ? s->n_recon : SUM_LINES;
	size_t left = rt_sum_list_more(s, n, s->n_recon - n, one_recon, room, out);

	if (s->recon_file && left)
		rt_sum_wrapf(out, 2, 1, "(%zu more: " SUM_RECON_LOG ")", left);
	else
		more(s, (int64_t)left, "", SUM_SHOW_RECON, out);
}

static void metrics_section(const struct rt_summary *s, size_t room, struct rt_buf *out)
{
	struct sum_facts f = { .n = 0 };

	rt_sum_metrics(s, &f);
	facts(&f, 1, out);
	rt_sum_facts_release(&f);
	rt_sum_clip(out, 0, room);
}

static void one_group(const struct rt_summary *s, size_t i, bool brief, struct rt_buf *out)
{
	static const char *const names[] = { "DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL" };
	const struct sum_group *g = &s->groups[i];
	struct rt_buf when;

	rt_buf_init(&when);
	rt_sum_wrapf(out, 4, brief ? 1 : 2, "%" PRId64 "%s x %s: %s", g->n, g->late ? "+" : "",
		     names[g->level], g->message);
	if (g->detail)
		rt_sum_wrapf(out, 4, brief ? 1 : 2, "    %s", g->detail);
	rt_sum_span(&when, g->first_ns, g->last_ns);
	if (when.len && g->where)
		rt_buf_adds(&when, ", ");
	if (g->where)
		rt_buf_addf(&when, "%s%s", g->where, g->elsewhere ? " and elsewhere" : "");
	if (when.len)
		rt_sum_wrapf(out, 4, 1, "    %s", when.s);
	out->failed |= when.failed;
	rt_buf_release(&when);
}

static void groups(const struct rt_summary *s, size_t room, struct rt_buf *out)
{
	size_t n = s->n_groups, unseen;
	int64_t left = s->more_errors + s->more_warnings;

	if (!n)
		return;
	rt_sum_wrapf(out, 0, 1, "Errors: %" PRId64 ", warnings: %" PRId64 ", different ones: %zu%s",
		     s->all.errors, s->all.warnings, n, left ? " and more" : "");
	room = room > out->len ? room - out->len : 0;
	unseen = rt_sum_list_more(s, n, left > 0, one_group, room, out) - (left > 0);
	for (size_t i = n - unseen; i < n; i++)
		left += s->groups[i].n;
	more(s, left, "", SUM_SHOW_ERRORS, out);
}

static void one_tail(const struct rt_summary *s, size_t i, bool brief, struct rt_buf *out)
{
	const struct sum_tail *t = &s->tails[i];
	size_t from = brief && t->n > SUM_BRIEF_LINES ? t->n - SUM_BRIEF_LINES : 0;
	char *command = rt_sum_tail_command(s, t), label[32], before[64];

	rt_sum_tail_label(t, label);
	snprintf(before, sizeof(before), "Last output of %s (all:", label);
	if (command)
		rt_sum_wrap_command(out, 4, before, command, "):");
	for (size_t k = from; k < t->n; k++)
		rt_sum_wrapf(out, 4, 1, "    %s", t->lines[k]);
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
		rt_sum_wrapf(&tails, 2, 1, "(output of %zu more)", left);
	groups(s, room > tails.len ? room - tails.len : 0, out);
	rt_buf_addv(out, rt_buf_view(&tails));
	out->failed |= tails.failed;
	rt_buf_release(&tails);
}

static void one_person(const struct rt_summary *s, size_t i, bool brief, struct rt_buf *out)
{
	const struct sum_moment *m = &s->people[i];
	char at[32] = "(no time)";

	if (m->at_ns)
		rt_sum_time(at, m->at_ns);
	rt_sum_wrapf(out, 4, brief ? 1 : 2, "%s  %s: %s", at, rt_type_name(m->type), m->text);
}

static void people_section(const struct rt_summary *s, size_t room, struct rt_buf *out)
{
	size_t left = rt_sum_list_more(s, s->n_people, s->more_people, one_person, room, out);

	more(s, (int64_t)left, "", SUM_SHOW_PEOPLE, out);
}

static void one_artifact(const struct rt_summary *s, size_t i, bool brief, struct rt_buf *out)
{
	const struct sum_artifact *a = &s->artifacts[i];
	const char *made = rt_sum_made(a->made);
	char size[32] = "";

	if (a->size >= 0)
		rt_bytes_format(size, a->size);
	if (*size || *made)
		rt_sum_wrapf(out, 4, brief ? 1 : 2, "%s (%s%s%s)", a->key, size,
			     *size && *made ? ", " : "", made);
	else
		rt_sum_wrapf(out, 4, brief ? 1 : 2, "%s", a->key);
}

static void artifacts_section(const struct rt_summary *s, size_t room, struct rt_buf *out)
{
	size_t left = rt_sum_list_more(s, s->n_artifacts, s->more_artifacts, one_artifact, room,
				       out);

	if (left && s->artifacts[0].made == SUM_FOUND)
		rt_sum_wrapf(out, 2, 1, "(%zu more in " RT_ARTIFACTS_DIR "/)", left);
	else
		more(s, (int64_t)left, "", SUM_SHOW_ARTIFACTS, out);
}

static void archive_section(const struct rt_summary *s, size_t room, struct rt_buf *out)
{
	facts(&s->archive, 2, out);
	rt_sum_clip(out, 0, room);
}

static const struct sum_section sections[SUM_SECTIONS] = {
	[SUM_RUN_SECTION] = { "RUN SUMMARY", 1600, run_section },
	[SUM_CONFIGURATION_SECTION] = { "CONFIGURATION", 1500, configuration_section },
	[SUM_STEPS_SECTION] = { "STEP EXECUTION SUMMARY", 0, steps_section },
	[SUM_RECON_SECTION] = { "RECONCILIATION", 900, recon_section },
	[SUM_METRICS_SECTION] = { "FINAL METRICS", 1200, metrics_section },
	[SUM_ERRORS_SECTION] = { "ERRORS AND WARNINGS", 0, errors_section },
	[SUM_PEOPLE_SECTION] = { "PEOPLE", 1000, people_section },
	[SUM_ARTIFACTS_SECTION] = { "ARTIFACTS", 800, artifacts_section },
	[SUM_ARCHIVE_SECTION] = { "ARCHIVE INTEGRITY", 700, archive_section },
};

void rt_summary_text(const struct rt_summary *s, struct rt_buf *out)
{
	static const struct sum_page page = { sections, heading };

	rt_sum_page(s, &page, out);
}
