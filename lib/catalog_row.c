/* What a list says of a run: read from it or from what was cached, and as JSON. See catalog.h. */
#include "catalog_row.h"
#include "clock.h"
#include "runfile.h"
#include "scan.h"
#include "text.h"

#include <stdlib.h>
#include <string.h>

#define METADATA_MAX (1u << 20)

/* Where a row's strings are put, one behind the other. */
struct strings {
	char *at;
};

void rt_row_release(struct rt_row *row)
{
	free(row->text);
}

static char *put(struct strings *to, struct rt_str s)
{
	char *text = to->at;

	memcpy(text, s.p, s.n);
	text[s.n] = '\0';
	to->at += s.n + 1;
	return text;
}

/*
 * What its place says of it, and room for so many bytes of other strings, which
 * are empty as yet. False when memory runs out.
 */
static bool begin_row(struct rt_row *row, const char *runs_dir, const struct rt_place *e,
		      size_t bytes, struct strings *to)
{
	struct rt_str dir = rt_str(runs_dir), name = { e->name, e->n };

	row->text = to->at = malloc(dir.n + name.n + 2 + e->group + bytes);
	if (!row->text)
		return false;
	row->path = put(to, dir);
	to->at[-1] = '/';
	row->id = put(to, name) + e->group;
	row->name = row->host = row->stage = row->percent = row->error = to->at - 1;
	row->group = row->name;
	row->exit_code = -1;
	return true;
}

/* The folder that it is in counts, not what the run says. */
static void take_group(struct rt_row *row, const struct rt_place *e, struct strings *to)
{
	if (e->group)
		row->group = put(to, (struct rt_str){ e->name, e->group - 1u });
}

/* From the start to the end, or to now; of one that died to what was heard of it last. */
static int64_t duration_ms(const struct rt_row *row, int64_t now_ns)
{
	int64_t from = row->started_ns ? row->started_ns : row->created_ns;
	int64_t to = row->finished_ns ? row->finished_ns : now_ns;

	if (row->state == RT_LOST || (rt_state_over(row->state) && !row->finished_ns))
		to = row->updated_ns;
	if (!from || !to || row->state == RT_PENDING)
		return -1;
	return to > from ? to / RT_NS_PER_MS - from / RT_NS_PER_MS : 0;
}

/* What the status says, and labels where there are any; false when memory runs out. */
static bool fill_row(struct rt_row *row, const char *runs_dir, const struct rt_place *e,
		     const struct rt_status *st, const struct rt_buf *labels)
{
	const struct rt_buf *const texts[] = { &st->group, &st->name,    &st->host,
					       &st->stage, &st->percent, &st->error };
	struct strings to;
	size_t bytes = labels->len + 1;

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		bytes += texts[i]->len + 1;
	if (!begin_row(row, runs_dir, e, bytes, &to))
		return false;
	row->group = put(&to, rt_buf_view(&st->group));
	row->name = put(&to, rt_buf_view(&st->name));
	row->host = put(&to, rt_buf_view(&st->host));
	row->stage = put(&to, rt_buf_view(&st->stage));
	row->percent = put(&to, rt_buf_view(&st->percent));
	row->error = put(&to, rt_buf_view(&st->error));
	if (labels->len)
		row->labels = put(&to, rt_buf_view(labels));
	take_group(row, e, &to);
	row->created_ns = st->created_ns ? st->created_ns :
			  st->started_ns ? st->started_ns :
					   st->updated_ns;
	row->started_ns = st->started_ns;
	row->finished_ns = st->finished_ns;
	row->updated_ns = st->updated_ns;
	row->exit_code = st->exit_code;
	row->n_events = st->n_events;
	row->n_warnings = st->n_warnings;
	row->n_errors = st->n_errors;
	row->usage = *rt_ledger_total(st->ledger);
	return true;
}

static void add_text(struct rt_buf *out, const char *key, const char *text)
{
	if (!*text)
		return;
	rt_buf_adds(out, ",\"");
	rt_buf_adds(out, key);
	rt_buf_adds(out, "\":");
	rt_json_quote(out, rt_str(text));
}

static void add_time(struct rt_buf *out, const char *key, int64_t ns)
{
	char text[RT_TS_LEN + 1];

	if (!ns)
		return;
	rt_clock_format(text, ns);
	add_text(out, key, text);
}

/* What the cache does not keep beside it: members, each with a comma before it. */
static void add_rest(const struct rt_row *row, struct rt_buf *out)
{
	add_time(out, "updated_at", row->updated_ns);
	add_text(out, "name", row->name);
	add_text(out, "group", row->group);
	add_time(out, "finished_at", row->finished_ns);
	add_text(out, "stage", row->stage);
	if (rt_json_is_number(rt_str(row->percent)))
		rt_buf_addf(out, ",\"percent\":%s", row->percent);
	if (row->exit_code >= 0)
		rt_buf_addf(out, ",\"exit_code\":%d", row->exit_code);
	add_text(out, "error", row->error);
	add_text(out, "host", row->host);
	rt_usage_write(&row->usage, out);
}

/* KEY is what comes before the number: lists print these in great numbers. */
static void add_count(struct rt_buf *out, const char *key, int64_t n)
{
	uint64_t rest = n < 0 ? 0 : (uint64_t)n;
	char digits[20];
	size_t i = sizeof(digits);

	do
		digits[--i] = (char)('0' + rest % 10);
	while (rest /= 10);
	rt_buf_adds(out, key);
	rt_buf_add(out, digits + i, sizeof(digits) - i);
}

static void add_counts(const struct rt_row *row, struct rt_buf *out)
{
	add_count(out, "\"counts\":{\"events\":", row->n_events);
	add_count(out, ",\"warnings\":", row->n_warnings);
	add_count(out, ",\"errors\":", row->n_errors);
	rt_buf_addc(out, '}');
}

void rt_row_json(const struct rt_row *row, struct rt_buf *out)
{
	rt_buf_adds(out, "{\"run_id\":");
	rt_json_quote(out, rt_str(row->id));
	add_text(out, "status", rt_state_name(row->state));
	add_time(out, "created_at", row->created_ns);
	add_time(out, "started_at", row->started_ns);
	if (row->duration_ms >= 0)
		add_count(out, ",\"duration_ms\":", row->duration_ms);
	rt_buf_addc(out, ',');
	add_counts(row, out);
	add_rest(row, out);
	add_text(out, "path", row->path);
	rt_buf_addc(out, '}');
}

/* Of an archived run they are kept with the rest, so that selecting by them opens no archive. */
static void read_labels(const struct rt_rundir *d, struct rt_buf *out)
{
	struct rt_str text = rt_str("{}");
	struct rt_buf metadata;
	struct rt_json labels;

	rt_buf_init(&metadata);
	if (rt_runfile_read(d, RT_METADATA_FILE, &metadata, METADATA_MAX) == 0 &&
	    rt_scan_valid(rt_buf_view(&metadata)) &&
	    rt_scan_find(rt_buf_view(&metadata), rt_str("labels"), &labels) &&
	    labels.type == RT_JSON_OBJECT)
		text = labels.text;
	rt_buf_addv(out, text);
	rt_buf_release(&metadata);
}

static void add_labels(const char *labels, struct rt_buf *out)
{
	size_t from;

	rt_buf_adds(out, ",\"labels\":");
	from = out->len;
	rt_buf_adds(out, labels);
	/* on one line: JSON has line ends between two tokens only */
	for (size_t i = from; i < out->len; i++)
		if (out->s[i] == '\n' || out->s[i] == '\r')
			out->s[i] = ' ';
}

/* The run is over: all of it stays as it is. */
static void remember(const struct rt_cache *cache, struct rt_cache_news *news,
		     const struct rt_place *e, const struct rt_row *row)
{
	struct rt_cached run = { .name = { e->name, e->n },
				 .mark = e->mark,
				 .created_ns = row->created_ns,
				 .started_ns = row->started_ns,
				 .state = row->state };
	struct rt_buf json;

	if (!cache->there)
		return;
	rt_buf_init(&json);
	rt_buf_addc(&json, '{');
	add_counts(row, &json);
	add_rest(row, &json);
	if (row->labels)
		add_labels(row->labels, &json);
	rt_buf_addc(&json, '}');
	run.row = rt_buf_view(&json);
	if (!json.failed)
		rt_cache_add(cache, news, &run);
	rt_buf_release(&json);
}

static int read_run(struct rt_row *row, const char *runs_dir, const struct rt_place *e,
		    const struct rt_cache *cache, struct rt_cache_news *news,
		    const struct rt_unpacker *unpacker)
{
	char *path = rt_place_path(runs_dir, e->name);
	int64_t now_ns = rt_clock_now_ns();
	struct rt_rundir dir = { .fd = -1 };
	struct rt_status st;
	struct rt_buf labels;
	int ret = -1;

	if (!path || rt_status_init(&st) < 0) {
		free(path);
		return -1;
	}
	rt_buf_init(&labels);
	if (rt_rundir_open_reader(&dir, path, unpacker, NULL) < 0 ||
	    rt_status_load(&st, &dir, NULL) < 0) {
		ret = 0;
		goto out;
	}
	if (dir.archive)
		read_labels(&dir, &labels);
	if (!labels.failed && fill_row(row, runs_dir, e, &st, &labels)) {
		row->state = rt_status_derive(&st, dir.fd, now_ns);
		row->duration_ms = duration_ms(row, now_ns);
		if (rt_state_over(st.state))
			remember(cache, news, e, row);
		ret = 1;
	}
out:
	rt_buf_release(&labels);
	rt_rundir_release(&dir);
	rt_status_release(&st);
	free(path);
	return ret;
}

/* Where a member of the cached row goes. */
static char **text_of(struct rt_row *row, const struct rt_json *key)
{
	return rt_json_is(key, "name")    ? &row->name :
	       rt_json_is(key, "stage")   ? &row->stage :
	       rt_json_is(key, "percent") ? &row->percent :
	       rt_json_is(key, "error")   ? &row->error :
	       rt_json_is(key, "host")    ? &row->host :
	       rt_json_is(key, "group")   ? &row->group :
	       rt_json_is(key, "labels")  ? &row->labels :
					    NULL;
}

static int64_t *number_of(struct rt_row *row, const struct rt_json *key)
{
	return rt_json_is(key, "events")     ? &row->n_events :
	       rt_json_is(key, "warnings")   ? &row->n_warnings :
	       rt_json_is(key, "errors")     ? &row->n_errors :
	       rt_json_is(key, "prompt")     ? &row->usage.prompt :
	       rt_json_is(key, "completion") ? &row->usage.completion :
	       rt_json_is(key, "total")      ? &row->usage.total :
					       NULL;
}

static bool take_members(struct rt_row *row, struct rt_str object, bool within, struct strings *to);

/* False where an object in it proves to be none. A text is no longer than what it is written as. */
static bool take_member(struct rt_row *row, const struct rt_member *m, bool within,
			struct strings *to)
{
	char **text = text_of(row, &m->key);
	int64_t *number = number_of(row, &m->key), code;
	struct rt_buf plain;

	if (text) {
		rt_buf_init(&plain);
		*text = put(to, rt_json_plain(&m->value, &plain));
		rt_buf_release(&plain);
	} else if (number) {
		if (!rt_json_int(&m->value, number) || *number < 0)
			*number = 0;
	} else if (rt_json_is(&m->key, "updated_at")) {
		rt_clock_parse(m->value.text, &row->updated_ns);
	} else if (rt_json_is(&m->key, "finished_at")) {
		rt_clock_parse(m->value.text, &row->finished_ns);
	} else if (rt_json_is(&m->key, "exit_code") && rt_json_int(&m->value, &code)) {
		row->exit_code = (int)code;
	} else if (rt_json_is(&m->key, "cost_usd")) {
		rt_json_number(&m->value, &row->usage.cost_usd);
	} else if (!within && m->value.type == RT_JSON_OBJECT) { /* counts, tokens */
		return take_members(row, m->value.text, true, to);
	}
	return true;
}

static bool take_members(struct rt_row *row, struct rt_str object, bool within, struct strings *to)
{
	struct rt_scan s;
	struct rt_member m;
	int got = -1;

	if (rt_scan_init(&s, object) < 0)
		return false;
	while ((got = rt_scan_next(&s, &m)) > 0)
		if (!take_member(row, &m, within, to))
			return false;
	return got == 0;
}

/* As read_run; 0: what was cached is damaged. */
static int read_cached(struct rt_row *row, const char *runs_dir, const struct rt_place *e)
{
	struct strings to;

	if (!begin_row(row, runs_dir, e, e->cached->row.n, &to))
		return -1;
	row->created_ns = e->cached->created_ns;
	row->started_ns = e->cached->started_ns;
	row->state = e->cached->state;
	if (!take_members(row, e->cached->row, false, &to)) {
		rt_row_release(row);
		memset(row, 0, sizeof(*row));
		return 0;
	}
	take_group(row, e, &to);
	row->duration_ms = duration_ms(row, 0);
	return 1;
}

int rt_row_load(struct rt_row *row, const char *runs_dir, const struct rt_place *e,
		const struct rt_cache *cache, struct rt_cache_news *news,
		const struct rt_unpacker *unpacker)
{
	int ret = e->cached ? read_cached(row, runs_dir, e) : 0;

	if (e->cached && ret == 0)
		rt_cache_drop(news, e->cached);
	return ret ? ret : read_run(row, runs_dir, e, cache, news, unpacker);
}
