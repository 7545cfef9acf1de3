/*
 * What a summary takes from the files beside events.jsonl: metadata.json,
 * archive.json and logs/reconciliation.log. Each may be missing, unreadable or
 * nonsense; then the summary has nothing of it to say.
 */
#include "summary_model.h"

#include "crilog.h"
#include "evlog.h"
#include "lastlines.h"
#include "runfile.h"
#include "shellword.h"
#include "text.h"

#include <stdlib.h>

/* Read a JSON object; false when there is none. */
static bool read_object(const struct rt_rundir *d, const char *name, struct rt_buf *b)
{
	return rt_runfile_read(d, name, b, SUM_FILE) == 0 && rt_scan_valid(rt_buf_view(b));
}

/* What facts of metadata.json are called; in this order, the others follow. */
static const struct {
	const char *path, *label;
} known[] = {
	{ "argv", "Command" },
	{ "command", "Command" },
	{ "cwd", "Directory" },
	{ "host", "Host" },
	{ "user", "User" },
	{ "git.commit", "Git Commit" },
	{ "git.branch", "Git Branch" },
	{ "git.dirty", "Git Dirty" },
	{ "ci.system", "CI" },
	{ "ci.job", "CI Job" },
	{ "ci.number", "CI Number" },
	{ "ci.branch", "CI Branch" },
	{ "ci.commit", "CI Commit" },
	{ "ci.url", "CI URL" },
	{ "trace_id", "Trace" },
};

/* What the summary says elsewhere, or not at all. */
static const char *const elsewhere[] = {
	"run_id",        "id",         "name",           "group",
	"parent_run_id", "created_at", "started_at",     "finished_at",
	"status",        "uid",        "schema",         "schema_version",
	"version",       "span_id",    "parent_span_id", "trace_flags",
};

static bool is_elsewhere(struct rt_str path)
{
	for (size_t i = 0; i < sizeof(elsewhere) / sizeof(*elsewhere); i++) {
		if (rt_str_is(path, elsewhere[i]))
			return true;
	}
	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++) {
		if (rt_str_is(path, known[i].path))
			return true;
	}
	return false;
}

static void add_value(struct rt_summary *s, const char *label, const struct rt_json *v)
{
	struct rt_buf text;
	char *kept;

	if (s->configuration.n == SUM_FACTS) {
		s->configuration.left_out++;
		return;
	}
	rt_buf_init(&text);
	if (v->type == RT_JSON_ARRAY)
		rt_shellword_add_array(&text, v->text);
	else if (v->type == RT_JSON_TRUE || v->type == RT_JSON_FALSE)
		rt_buf_adds(&text, v->type == RT_JSON_TRUE ? "yes" : "no");
	else
		rt_json_text(v, &text);
	kept = rt_sum_keep(s, rt_buf_view(&text), SUM_TEXT);
	rt_sum_fact(&s->configuration, label, kept);
	free(kept);
	rt_buf_release(&text);
}

/* "labels.env" is "Label env". */
static void add_labelled(struct rt_summary *s, const char *path, const struct rt_json *v)
{
	struct rt_buf label;

	rt_buf_init(&label);
	if (strncmp(path, "labels.", 7) == 0)
		rt_buf_addf(&label, "Label %s", path + 7);
	else
		rt_buf_adds(&label, path);
	add_value(s, label.s, v);
	rt_buf_release(&label);
}

/* The members that have no label of their own, by their path; objects in it once deeper. */
static void add_others(struct rt_summary *s, struct rt_str object, const char *above, int depth)
{
	struct rt_buf path;
	struct rt_member m;
	struct rt_scan scan;

	if (rt_scan_init(&scan, object) < 0)
		return;
	rt_buf_init(&path);
	while (rt_scan_next(&scan, &m) > 0) {
		rt_buf_clear(&path);
		if (*above)
			rt_buf_addf(&path, "%s.", above);
		rt_json_text(&m.key, &path);
		if (path.len > SUM_KEY || is_elsewhere(rt_buf_view(&path)))
			continue;
		if (m.value.type == RT_JSON_OBJECT && depth < 2)
			add_others(s, m.value.text, path.s, depth + 1);
		else if (m.value.type != RT_JSON_NULL && m.value.type != RT_JSON_OBJECT)
			add_labelled(s, path.s, &m.value);
	}
	rt_buf_release(&path);
}

void rt_sum_add_members(struct rt_summary *s, struct rt_str object, const char *above)
{
	add_others(s, object, above, 0);
}

/* A name or id that metadata.json has and status.json had not. */
static void take_text(struct rt_summary *s, struct rt_str object, const char *key, char **to)
{
	struct rt_json v;

	if (*to || !rt_scan_find(object, rt_str(key), &v) || v.type != RT_JSON_STRING || !v.text.n)
		return;
	rt_buf_clear(&s->scratch);
	rt_json_text(&v, &s->scratch);
	*to = rt_sum_keep(s, rt_buf_view(&s->scratch), SUM_KEY);
}

void rt_sum_read_metadata(struct rt_summary *s, const struct rt_rundir *d)
{
	struct rt_json v;
	struct rt_str doc;
	struct rt_buf b;

	rt_buf_init(&b);
	if (!read_object(d, RT_METADATA_FILE, &b))
		goto out;
	doc = rt_buf_view(&b);
	take_text(s, doc, "name", &s->name);
	take_text(s, doc, "group", &s->group);
	take_text(s, doc, "parent_run_id", &s->parent);
	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++) {
		if (rt_scan_find(doc, rt_str(known[i].path), &v) && v.type != RT_JSON_OBJECT)
			add_value(s, known[i].label, &v);
	}
	add_others(s, doc, "", 0);
out:
	rt_buf_release(&b);
}

void rt_sum_read_archive(struct rt_summary *s, const struct rt_rundir *d)
{
	static const struct {
		const char *key, *label;
	} facts[] = {
		{ "name", "Archive" },
		{ "sha256", "SHA-256" },
		{ "size_bytes", "Size" },
		{ "contents", "Contents" },
	};
	struct rt_json v;
	struct rt_buf b, text;
	char size[32];
	int64_t n;

	rt_buf_init(&b);
	rt_buf_init(&text);
	if (!read_object(d, RT_ARCHIVE_FILE, &b))
		goto out;
	for (size_t i = 0; i < sizeof(facts) / sizeof(*facts); i++) {
		char *kept;

		if (!rt_scan_find(rt_buf_view(&b), rt_str(facts[i].key), &v))
			continue;
		if (strcmp(facts[i].key, "size_bytes") == 0 && rt_json_int(&v, &n)) {
			rt_bytes_format(size, n);
			rt_sum_fact(&s->archive, facts[i].label, size);
			continue;
		}
		rt_buf_clear(&text);
		if (v.type == RT_JSON_ARRAY)
			rt_shellword_add_array(&text, v.text);
		else
			rt_json_text(&v, &text);
		kept = rt_sum_keep(s, rt_buf_view(&text), SUM_TEXT);
		rt_sum_fact(&s->archive, facts[i].label, kept);
		free(kept);
	}
out:
	rt_buf_release(&text);
	rt_buf_release(&b);
}

void rt_sum_recon_line(struct rt_summary *s, int64_t at_ns, struct rt_str text)
{
	struct sum_moment *m = &s->recon[s->n_recon % SUM_LINES];

	free(m->text);
	m->text = rt_sum_keep(s, text, SUM_TEXT);
	m->at_ns = at_ns;
	s->n_recon++;
}

static void add_recon_line(struct rt_summary *s, struct rt_str line)
{
	int64_t at_ns;

	line = rt_log_line(line, &at_ns, &s->scratch);
	if (line.n)
		rt_sum_recon_line(s, at_ns, line);
}

void rt_sum_read_reconciliation(struct rt_summary *s, const struct rt_rundir *d)
{
	struct rt_runfile f;
	struct rt_reader r;
	struct rt_str line;

	if (s->n_recon || rt_runfile_open(&f, d, SUM_RECON_LOG) < 0)
		return;
	if (rt_reader_init(&r, f.fd, 0, -1, false) == 0) {
		while (rt_reader_next(&r, &line) > 0)
			add_recon_line(s, line);
		rt_reader_release(&r);
		s->recon_file = s->n_recon > 0;
	}
	rt_runfile_close(&f);
}
