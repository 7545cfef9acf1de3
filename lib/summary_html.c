/*
 * The summary as a page, one file that needs nothing else: no script, no font,
 * no network. The table of steps with its charts is in summary_html_steps.c. All
 * text from anywhere goes through rt_sum_xml.
 */
#include "summary_html.h"

#include "text.h"

#include <inttypes.h>
#include <stdlib.h>

#define GROUPS_MAX 200 /* of errors and warnings */

static const char style[] =
	":root{color-scheme:light dark;--fg:#1f2328;--bg:#fff;--dim:#59636e;--line:#d1d9e0;"
	"--code:#f6f8fa;--ok:#1a7f37;--bad:#cf222e;--odd:#9a6700;--bar:#0969da;--bar2:#8250df}\n"
	"@media(prefers-color-scheme:dark){:root{--fg:#e6edf3;--bg:#0d1117;--dim:#9198a1;"
	"--line:#3d444d;--code:#151b23;--ok:#3fb950;--bad:#f85149;--odd:#d29922;--bar:#4493f8;"
	"--bar2:#ab7df8}}\n"
	"body{margin:0 auto;max-width:70rem;padding:1rem;font:15px/1.5 system-ui,sans-serif;"
	"color:var(--fg);background:var(--bg);overflow-wrap:anywhere}\n"
	"h1{font-size:1.4rem;margin:0 0 1rem}h2{font-size:1.1rem;margin:2rem 0 .5rem;"
	"border-bottom:1px solid var(--line)}\n"
	".scroll{overflow-x:auto}table{border-collapse:collapse}\n"
	"th,td{padding:.2rem .7rem .2rem 0;text-align:left;vertical-align:top}\n"
	"th{font-weight:600;color:var(--dim);white-space:nowrap}\n"
	".steps{width:100%;min-width:44rem}.steps td{border-top:1px solid var(--line)}\n"
	".n{text-align:right;white-space:nowrap;font-variant-numeric:tabular-nums}\n"
	".w{white-space:nowrap}.name{width:30%;min-width:11rem}.chart{width:35%;min-width:8rem}\n"
	"svg{display:block;width:100%;height:.8rem;margin-top:.35rem;background:var(--code)}\n"
	"rect{fill:var(--bar)}rect.two{fill:var(--bar2)}rect.ok{fill:var(--ok)}"
	"rect.bad{fill:var(--bad)}rect.odd{fill:var(--odd)}\n"
	"b.ok{color:var(--ok)}b.bad{color:var(--bad)}b.odd{color:var(--odd)}\n"
	".dim{color:var(--dim)}ul{padding-left:1.2rem;margin:.3rem 0}\n"
	"code,pre{font:13px/1.45 ui-monospace,monospace;background:var(--code)}\n"
	"pre{padding:.6rem;overflow-x:auto;margin:.4rem 0}summary{cursor:pointer}\n";

void rt_sum_html_heading(struct rt_buf *out, const char *title)
{
	rt_buf_addf(out, "<h2>%s</h2>\n", title);
}

void rt_sum_html_element(struct rt_buf *out, const char *name, const char *text)
{
	rt_buf_addf(out, "<%s>", name);
	rt_sum_xml(out, text);
	rt_buf_addf(out, "</%s>", name);
}

/* That n entries are not here, and where they are. */
static void more_in(struct rt_buf *out, size_t n, const char *where)
{
	if (n == 0)
		return;
	rt_buf_addf(out, "<p>%zu more: ", n);
	rt_sum_html_element(out, "code", where);
	rt_buf_adds(out, "</p>\n");
}

void rt_sum_html_more(const struct rt_summary *s, size_t n, const char *arguments,
		      struct rt_buf *out)
{
	char *command;

	if (n == 0)
		return;
	command = rt_sum_command(s, "rt-query", arguments);
	more_in(out, n, command ? command : "");
	out->failed |= !command;
	free(command);
}

static void table(struct rt_buf *out, const char *title, const struct sum_facts *f)
{
	if (f->n == 0)
		return;
	if (title)
		rt_sum_html_heading(out, title);
	rt_buf_adds(out, "<table>\n");
	for (size_t i = 0; i < f->n; i++) {
		rt_buf_adds(out, "<tr>");
		rt_sum_html_element(out, "th", f->v[i].label);
		rt_sum_html_element(out, "td", f->v[i].value);
		rt_buf_adds(out, "</tr>\n");
	}
	rt_buf_adds(out, "</table>\n");
	out->failed |= f->failed;
}

static const char *class_of_run(const struct rt_summary *s)
{
	if (!s->state_known || s->state == RT_CANCELLED || !rt_state_over(s->state))
		return "odd";
	return s->state == RT_COMPLETED ? "ok" : "bad";
}

static void page_head(const struct rt_summary *s, struct rt_buf *out)
{
	rt_buf_adds(out, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
			 "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n"
			 "<meta http-equiv=\"Content-Security-Policy\" "
			 "content=\"default-src 'none';style-src 'unsafe-inline'\">\n");
	rt_sum_html_element(out, "title", s->name ? s->name : s->id);
	rt_buf_addf(out, "\n<style>\n%s</style>\n</head>\n<body>\n<h1>", style);
	rt_sum_xml(out, s->name ? s->name : s->id);
	rt_buf_addf(out, " <b class=\"%s\">%s</b></h1>\n", class_of_run(s),
		    s->state_known ? rt_state_name(s->state) : "unknown");
}

static void run_section(const struct rt_summary *s, struct rt_buf *out)
{
	struct sum_facts f = { .n = 0 };

	rt_sum_identity(s, &f);
	table(out, NULL, &f);
	rt_sum_facts_release(&f);
	if (s->notes.n)
		rt_buf_adds(out, "<ul>\n");
	for (size_t i = 0; i < s->notes.n; i++) {
		rt_buf_adds(out, "<li><b class=\"odd\">Note:</b> ");
		rt_sum_xml(out, s->notes.v[i].value);
		rt_buf_adds(out, "</li>\n");
	}
	if (s->notes.n)
		rt_buf_adds(out, "</ul>\n");
}

static void metrics_section(const struct rt_summary *s, struct rt_buf *out)
{
	struct sum_facts f = { .n = 0 };

	rt_sum_metrics(s, &f);
	table(out, "Final metrics", &f);
	rt_sum_facts_release(&f);
}

static void group(const struct sum_group *g, struct rt_buf *out)
{
	struct rt_buf when;

	rt_buf_init(&when);
	rt_buf_addf(out, "<li><b class=\"%s\">%" PRId64 "%s x %s</b> ",
		    g->level >= RT_ERROR ? "bad" : "odd", g->n, g->late ? "+" : "",
		    rt_level_name(g->level));
	rt_sum_xml(out, g->message);
	if (g->detail) {
		rt_buf_adds(out, "<br>");
		rt_sum_xml(out, g->detail);
	}
	rt_sum_span(&when, g->first_ns, g->last_ns);
	if (when.len && g->where)
		rt_buf_adds(&when, ", ");
	if (g->where)
		rt_buf_addf(&when, "%s%s", g->where, g->elsewhere ? " and elsewhere" : "");
	rt_buf_adds(out, "<br><span class=\"dim\">");
	rt_sum_xml(out, when.s);
	rt_buf_adds(out, "</span></li>\n");
	out->failed |= when.failed;
	rt_buf_release(&when);
}

static void tail(const struct rt_summary *s, const struct sum_tail *t, struct rt_buf *out)
{
	char *command = rt_sum_tail_command(s, t), label[32];

	rt_sum_tail_label(t, label);
	rt_buf_addf(out, "<details open><summary>Last output of %s</summary>\n<pre>", label);
	for (size_t i = 0; i < t->n; i++) {
		rt_sum_xml(out, t->lines[i]);
		rt_buf_addc(out, '\n');
	}
	rt_buf_adds(out, "</pre>\nAll of it: ");
	rt_sum_html_element(out, "code", command ? command : "");
	rt_buf_adds(out, "</details>\n");
	out->failed |= !command;
	free(command);
}

static void errors_section(const struct rt_summary *s, struct rt_buf *out)
{
	int64_t left = s->more_errors + s->more_warnings;
	size_t n = s->n_groups < GROUPS_MAX ? s->n_groups : GROUPS_MAX;

	if (!s->n_groups && !s->n_tails)
		return;
	rt_sum_html_heading(out, "Errors and warnings");
	rt_buf_adds(out, n ? "<ul>\n" : "");
	for (size_t i = 0; i < n; i++)
		group(&s->groups[i], out);
	rt_buf_adds(out, n ? "</ul>\n" : "");
	for (size_t i = n; i < s->n_groups; i++)
		left += s->groups[i].n;
	rt_sum_html_more(s, (size_t)left, SUM_SHOW_ERRORS, out);
	for (size_t i = 0; i < s->n_tails; i++)
		tail(s, &s->tails[i], out);
	if (s->more_tails)
		rt_buf_addf(out, "<p>Output of %zu more</p>\n", s->more_tails);
}

static void moment(const struct sum_moment *m, const char *what, struct rt_buf *out)
{
	char at[32] = "";

	if (m->at_ns)
		rt_sum_time(at, m->at_ns);
	rt_buf_addf(out, "<li><span class=\"dim\">%s %s</span> ", at, what);
	rt_sum_xml(out, m->text);
	rt_buf_adds(out, "</li>\n");
}

static void recon_section(const struct rt_summary *s, struct rt_buf *out)
{
	size_t n = s->n_recon < SUM_LINES ? s->n_recon : SUM_LINES;

	if (!n)
		return;
	rt_sum_html_heading(out, "Reconciliation");
	rt_buf_adds(out, "<ul>\n");
	for (size_t i = s->n_recon - n; i < s->n_recon; i++)
		moment(&s->recon[i % SUM_LINES], "", out);
	rt_buf_adds(out, "</ul>\n");
	if (s->recon_file)
		more_in(out, s->n_recon - n, SUM_RECON_LOG);
	else
		rt_sum_html_more(s, s->n_recon - n, SUM_SHOW_RECON, out);
}

static void people_section(const struct rt_summary *s, struct rt_buf *out)
{
	if (!s->n_people)
		return;
	rt_sum_html_heading(out, "People");
	rt_buf_adds(out, "<ul>\n");
	for (size_t i = 0; i < s->n_people; i++)
		moment(&s->people[i], rt_type_name(s->people[i].type), out);
	rt_buf_adds(out, "</ul>\n");
	rt_sum_html_more(s, s->more_people, SUM_SHOW_PEOPLE, out);
}

static void artifacts_section(const struct rt_summary *s, struct rt_buf *out)
{
	char size[32];

	if (!s->n_artifacts)
		return;
	rt_sum_html_heading(out, "Artifacts");
	rt_buf_adds(out, "<ul>\n");
	for (size_t i = 0; i < s->n_artifacts; i++) {
		const struct sum_artifact *a = &s->artifacts[i];

		rt_buf_adds(out, "<li>");
		rt_sum_xml(out, a->key);
		if (a->size >= 0) {
			rt_bytes_format(size, a->size);
			rt_buf_addf(out, " <span class=\"dim\">%s</span>", size);
		}
		rt_buf_addf(out, " <span class=\"dim\">%s</span></li>\n", rt_sum_made(a->made));
	}
	rt_buf_adds(out, "</ul>\n");
	if (s->artifacts[0].made == SUM_FOUND)
		more_in(out, s->more_artifacts, RT_ARTIFACTS_DIR "/");
	else
		rt_sum_html_more(s, s->more_artifacts, SUM_SHOW_ARTIFACTS, out);
}

void rt_summary_html(const struct rt_summary *s, struct rt_buf *out)
{
	page_head(s, out);
	run_section(s, out);
	rt_sum_html_steps(s, out);
	errors_section(s, out);
	recon_section(s, out);
	metrics_section(s, out);
	people_section(s, out);
	artifacts_section(s, out);
	table(out, "Configuration", &s->configuration);
	more_in(out, s->configuration.left_out, RT_METADATA_FILE);
	table(out, "Archive integrity", &s->archive);
	rt_buf_adds(out, "</body>\n</html>\n");
}
