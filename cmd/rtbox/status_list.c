/* rt-status -l: the runs of a folder, selected, sorted and printed. */
#include "status_list.h"
#include "die.h"
#include "text.h"
#include "unpack.h"

#include <stdlib.h>
#include <string.h>

#define DEFAULT_ROWS 50
#define SHORT_ID 8 /* of a UUID; more where that many are not unique */

static const char table_columns[] =
	"short_id=RUN,name,status,started_at=STARTED,duration_ms=DURATION,stage";
static const char csv_columns[] =
	"run_id,name,group,status,created_at,started_at,finished_at,duration_ms,stage,percent,"
	"exit_code,counts.events,counts.warnings,counts.errors,tokens.total,cost_usd,host,error,"
	"path";

/* A row's place in an order: by number, or by text where there is one. */
struct key {
	double number;
	const char *text;
};

static struct key key_of(const struct rt_row *row, const char *name)
{
	const struct {
		const char *name;
		struct key key;
	} keys[] = {
		{ "id", { 0, row->id } },
		{ "name", { 0, row->name } },
		{ "group", { 0, row->group } },
		{ "status", { 0, rt_state_name(row->state) } },
		{ "host", { 0, row->host } },
		{ "stage", { 0, row->stage } },
		{ "created", { (double)row->created_ns, NULL } },
		{ "started", { (double)row->started_ns, NULL } },
		{ "finished", { (double)row->finished_ns, NULL } },
		{ "updated", { (double)row->updated_ns, NULL } },
		{ "duration", { (double)row->duration_ms, NULL } },
		{ "exit", { row->exit_code, NULL } },
		{ "events", { (double)row->n_events, NULL } },
		{ "warnings", { (double)row->n_warnings, NULL } },
		{ "errors", { (double)row->n_errors, NULL } },
		{ "tokens", { (double)row->usage.total, NULL } },
		{ "cost", { row->usage.cost_usd, NULL } },
	};

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		if (strcmp(keys[i].name, name) == 0)
			return keys[i].key;
	return (struct key){ 0, "" };
}

struct order {
	const char *key;
	bool down;
};

/* Rows that are equal stay newest first: that is how they come, and place says it. */
struct sorted {
	const struct rt_row *row;
	size_t place;
};

static int compare(const void *a, const void *b, void *arg)
{
	const struct sorted *x = a, *y = b;
	const struct order *order = arg;
	struct key p = key_of(x->row, order->key), q = key_of(y->row, order->key);
	int result = p.text ? strcmp(p.text, q.text) :
			      (p.number > q.number) - (p.number < q.number);

	if (result)
		return order->down ? -result : result;
	return x->place < y->place ? -1 : 1;
}

/* The rows in the order that was asked for. Free it. */
static struct sorted *sort_rows(const struct rt_catalog *c, const char *key)
{
	struct sorted *rows = xmalloc(c->n * sizeof(*rows));
	struct order order = { key, false };

	for (size_t i = 0; i < c->n; i++)
		rows[i] = (struct sorted){ &c->rows[i], i };
	if (!key)
		return rows;
	if (*key == '-') {
		order.down = true;
		order.key++;
	}
	opt_check_choice("--sort", order.key, STATUS_SORT_KEYS);
	qsort_r(rows, c->n, sizeof(*rows), compare, &order);
	return rows;
}

static bool is_uuid(const char *id)
{
	static const char form[] = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";

	if (strlen(id) != sizeof(form) - 1)
		return false;
	for (size_t i = 0; form[i]; i++)
		if (form[i] == '-' ? id[i] != '-' : !strchr("0123456789abcdef", id[i]))
			return false;
	return true;
}

static int compare_ids(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The ids of the catalog in their order: an id is unique when it is beside its neighbours. */
static const char **sort_ids(const struct rt_catalog *c)
{
	const char **ids = xmalloc(c->n * sizeof(*ids));

	for (size_t i = 0; i < c->n; i++)
		ids[i] = c->rows[i].id;
	qsort(ids, c->n, sizeof(*ids), compare_ids);
	return ids;
}

static size_t shared(const char *a, const char *b)
{
	size_t n = 0;

	while (a[n] && a[n] == b[n])
		n++;
	return n;
}

/* As much of a UUID as tells it from the other n - 1; other ids are somebody's words. */
static size_t short_length(const char **ids, size_t n, const char *id)
{
	size_t len = strlen(id), need = SHORT_ID;
	const char **at = bsearch(&id, ids, n, sizeof(*ids), compare_ids);

	if (!is_uuid(id) || !at)
		return len;
	if (at > ids && shared(at[-1], id) >= need)
		need = shared(at[-1], id) + 1;
	if (at + 1 < ids + n && shared(at[1], id) >= need)
		need = shared(at[1], id) + 1;
	return need < len ? need : len;
}

static void add_short_id(struct rt_buf *json, const char **ids, size_t n, const char *row_id)
{
	struct rt_str id = { row_id, short_length(ids, n, row_id) };

	json->len--; /* the brace */
	rt_buf_adds(json, ",\"short_id\":");
	rt_json_quote(json, id);
	rt_buf_addc(json, '}');
}

static void print_rows(const struct rt_catalog *c, const struct sorted *rows, size_t n,
		       enum out_mode mode, struct records *records)
{
	const char **ids = mode == OUT_TABLE ? sort_ids(c) : NULL;
	struct rt_buf json;

	rt_buf_init(&json);
	for (size_t i = 0; i < n && !ferror(records->out->f); i++) {
		rt_buf_clear(&json);
		rt_row_json(rows[i].row, &json);
		if (mode == OUT_TABLE)
			add_short_id(&json, ids, c->n, rows[i].row->id);
		records_add(records, rt_buf_view(&json));
	}
	rt_buf_release(&json);
	free(ids);
}

static void say_none(const struct status_list *l)
{
	if (l->selective)
		warn("no such runs in \"%s\"", l->runs_dir);
	else
		warn("no runs in \"%s\"; rt-run -- CMD records one", l->runs_dir);
}

int status_list_print(const struct status_list *l, struct out *o)
{
	enum out_mode mode = output_mode(l->output, "table|jsonl|json|csv|prometheus");
	const char *columns = l->output->columns;
	struct rt_err err = RT_ERR_INIT;
	struct unpack unpack;
	struct rt_catalog c;
	struct records records;
	struct sorted *rows;
	size_t n;

	if (!columns)
		columns = mode == OUT_CSV ? csv_columns : table_columns;
	unpack_init(&unpack);
	if (rt_catalog_list(&c, l->runs_dir, l->selection, &unpack.unpacker, &err) < 0)
		die_err(&err);
	unpack_tell(&unpack);
	if (mode == OUT_PROMETHEUS) {
		status_prometheus(&c, &unpack.unpacker, o);
		unpack_release(&unpack);
		rt_catalog_release(&c);
		return 0;
	}
	rows = sort_rows(&c, l->sort);
	n = l->n == -2 ? DEFAULT_ROWS : (size_t)l->n;
	n = l->n == -1 || n > c.n ? c.n : n;
	if (mode != OUT_TABLE || n) {
		records_begin(&records, o, mode, l->output->format, columns);
		print_rows(&c, rows, n, mode, &records);
		records_end(&records);
	}
	if (c.n == 0 && c.unreadable == 0)
		say_none(l);
	else if (l->n == -2 && n < c.n)
		warn("%zu of %zu runs; -n all shows all", n, c.n);
	selection_tell_unreadable(&c, l->runs_dir);
	free(rows);
	unpack_release(&unpack);
	rt_catalog_release(&c);
	return 0;
}
