/* rt-summarize --compare: two runs side by side, as a whole and by their steps. */
#include "summarize.h"
#include "die.h"
#include "figures.h"
#include "out.h"

#include <inttypes.h>
#include <stdlib.h>

#define NAME_COLUMNS 30 /* of a step's name, at most */

enum { LABEL, A, B, CHANGE, CELLS };

struct row {
	struct rt_buf cell[CELLS];
};

struct rows {
	struct row *v;
	size_t n;
};

static struct row *add_row(struct rows *rows, const char *label)
{
	struct row *row;

	rows->v = xrealloc(rows->v, (rows->n + 1) * sizeof(*rows->v));
	row = &rows->v[rows->n++];
	for (int i = 0; i < CELLS; i++)
		rt_buf_init(&row->cell[i]);
	rt_inert_add(&row->cell[LABEL], rt_str(label));
	return row;
}

static void add_texts(struct rows *rows, const char *label, const char *a, const char *b)
{
	struct row *row = add_row(rows, label);

	rt_inert_add(&row->cell[A], rt_str(a));
	rt_inert_add(&row->cell[B], rt_str(b));
}

/* A number that one of them has. */
static void add_numbers(struct rows *rows, const char *label, double a, double b)
{
	struct row *row;

	if (a == 0 && b == 0)
		return;
	row = add_row(rows, label);
	rt_buf_addf(&row->cell[A], "%.15g", a);
	rt_buf_addf(&row->cell[B], "%.15g", b);
	figures_change(&row->cell[CHANGE], a, b);
}

static void add_run(struct rows *rows, const struct run_figures *a, const struct run_figures *b)
{
	const struct rt_figures *x = &a->run, *y = &b->run;
	struct row *row;

	add_texts(rows, "Run ID", a->id, b->id);
	if (*x->name || *y->name)
		add_texts(rows, "Name", x->name, y->name);
	add_texts(rows, "Status", x->status, y->status);
	row = add_row(rows, "Duration");
	figures_duration(&row->cell[A], x->duration_ms);
	figures_duration(&row->cell[B], y->duration_ms);
	figures_change_ms(&row->cell[CHANGE], x->duration_ms, y->duration_ms);
	add_numbers(rows, "API calls", (double)x->usage.calls, (double)y->usage.calls);
	add_numbers(rows, "Tokens", (double)x->usage.total, (double)y->usage.total);
	add_numbers(rows, "Cost (USD)", x->usage.cost_usd, y->usage.cost_usd);
	add_numbers(rows, "Retries", (double)x->retries, (double)y->retries);
	add_numbers(rows, "Errors", (double)x->errors, (double)y->errors);
	add_numbers(rows, "Warnings", (double)x->warnings, (double)y->warnings);
}

/* "2m 34s", or "FAILED 2m 34s" */
static void add_outcome(struct rt_buf *cell, const struct rt_figures *f)
{
	if (!f) {
		rt_buf_adds(cell, "-");
		return;
	}
	if (!f->good)
		rt_buf_addf(cell, "%s%s", f->status, f->duration_ms >= 0 ? " " : "");
	if (f->good || f->duration_ms >= 0)
		figures_duration(cell, f->duration_ms);
}

static void add_step(struct rows *rows, const struct rt_figures *a, const struct rt_figures *b)
{
	const char *name = a ? a->name : b->name;
	struct row *row = add_row(rows, *name ? name : "(without a name)");

	add_outcome(&row->cell[A], a);
	add_outcome(&row->cell[B], b);
	if (!a || !b) {
		rt_buf_adds(&row->cell[CHANGE], a ? "gone" : "new");
		return;
	}
	figures_change_ms(&row->cell[CHANGE], a->duration_ms, b->duration_ms);
	add_numbers(rows, "  tokens", (double)a->usage.total, (double)b->usage.total);
	/* of a step that failed they are no news */
	if ((a->good && a->errors) || (b->good && b->errors))
		add_numbers(rows, "  errors", (double)a->errors, (double)b->errors);
}

static void print_rows(const struct rows *rows)
{
	size_t width[CELLS] = { 0 };

	for (size_t i = 0; i < rows->n; i++) {
		for (int k = 0; k < CELLS; k++) {
			struct rt_buf *b = &rows->v[i].cell[k];
			size_t cut = rt_text_cut(rt_buf_view(b), NAME_COLUMNS), n;

			if (k == LABEL && cut < b->len) {
				cut = rt_text_cut(rt_buf_view(b), NAME_COLUMNS - 3);
				rt_buf_splice(b, cut, b->len - cut, "...", 3);
			}
			n = rt_text_columns(rt_buf_view(b));
			width[k] = n > width[k] ? n : width[k];
			if (b->failed)
				die(EXIT_FAIL, "out of memory");
		}
	}
	for (size_t i = 0; i < rows->n; i++) {
		const struct row *row = &rows->v[i];
		int last = CHANGE;

		while (last > LABEL && row->cell[last].len == 0)
			last--;
		for (int k = 0; k <= last; k++) {
			size_t n = rt_text_columns(rt_buf_view(&row->cell[k]));

			printf("%s%*s", row->cell[k].s, k < last ? (int)(width[k] - n + 2) : 0, "");
		}
		putchar('\n');
	}
}

static void release_rows(struct rows *rows)
{
	for (size_t i = 0; i < rows->n; i++) {
		for (int k = 0; k < CELLS; k++)
			rt_buf_release(&rows->v[i].cell[k]);
	}
	free(rows->v);
}

static void print_text(const struct run_figures *a, const struct run_figures *b)
{
	struct rows rows = { .n = 0 };

	add_run(&rows, a, b);
	if (a->n || b->n)
		add_row(&rows, "");
	for (size_t i = 0; i < b->n; i++)
		add_step(&rows, figures_match(b, i, a), &b->steps[i]);
	for (size_t i = 0; i < a->n; i++) {
		if (!figures_match(a, i, b))
			add_step(&rows, &a->steps[i], NULL);
	}
	print_rows(&rows);
	release_rows(&rows);
}

static void figures_json(struct rt_buf *out, const char *id, const struct rt_figures *f)
{
	rt_buf_addc(out, '{');
	if (id) {
		rt_buf_adds(out, "\"run_id\":");
		rt_inert_json(out, rt_str(id));
		rt_buf_adds(out, ",\"name\":");
		rt_inert_json(out, rt_str(f->name));
		rt_buf_addc(out, ',');
	}
	rt_buf_adds(out, "\"status\":\"");
	for (const char *p = f->status; *p; p++)
		rt_buf_addc(out, (char)(*p | 0x20)); /* as metrics.json has it */
	rt_buf_addc(out, '"');
	if (f->duration_ms >= 0)
		rt_buf_addf(out, ",\"duration_ms\":%" PRId64, f->duration_ms);
	rt_buf_addf(out,
		    ",\"retries\":%" PRId64 ",\"counts\":{\"warnings\":%" PRId64
		    ",\"errors\":%" PRId64 "}",
		    f->retries, f->warnings, f->errors);
	rt_usage_write(&f->usage, out);
	rt_buf_addc(out, '}');
}

static void step_json(struct rt_buf *out, const struct rt_figures *a, const struct rt_figures *b)
{
	rt_buf_addf(out, "%s\n{\"name\":", out->s[out->len - 1] == '[' ? "" : ",");
	rt_inert_json(out, rt_str(a ? a->name : b->name));
	if (a) {
		rt_buf_adds(out, ",\"a\":");
		figures_json(out, NULL, a);
	}
	if (b) {
		rt_buf_adds(out, ",\"b\":");
		figures_json(out, NULL, b);
	}
	rt_buf_addc(out, '}');
}

static void print_json(const struct run_figures *a, const struct run_figures *b)
{
	struct rt_buf out;

	rt_buf_init(&out);
	rt_buf_adds(&out, "{\"a\":");
	figures_json(&out, a->id, &a->run);
	rt_buf_adds(&out, ",\n\"b\":");
	figures_json(&out, b->id, &b->run);
	rt_buf_adds(&out, ",\n\"steps\":[");
	for (size_t i = 0; i < b->n; i++)
		step_json(&out, figures_match(b, i, a), &b->steps[i]);
	for (size_t i = 0; i < a->n; i++) {
		if (!figures_match(a, i, b))
			step_json(&out, &a->steps[i], NULL);
	}
	rt_buf_adds(&out, "\n]}\n");
	if (out.failed)
		die(EXIT_FAIL, "out of memory");
	fwrite(out.s, 1, out.len, stdout);
	rt_buf_release(&out);
}

int summarize_compare(const struct summarized_runs *runs, bool json, struct unpack *unpack)
{
	struct run_figures v[2] = { { .n = 0 }, { .n = 0 } };
	struct rt_err err = RT_ERR_INIT;

	if (runs->n != 2)
		die_usage("--compare takes two runs, not %zu", runs->n);
	for (int i = 0; i < 2; i++) {
		if (figures_read(&v[i], &runs->v[i].found, unpack, &err) < 0)
			die_err(&err);
	}
	if (json)
		print_json(&v[0], &v[1]);
	else
		print_text(&v[0], &v[1]);
	for (int i = 0; i < 2; i++)
		figures_release(&v[i]);
	return 0;
}
