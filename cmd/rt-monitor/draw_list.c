/* The list of runs. */
#include "clock.h"
#include "monitor.h"

static void draw_row(const struct monitor *m, struct spot *s, const struct rt_row *row,
		     int64_t now_ns)
{
	int64_t began = row->started_ns ? row->started_ns : row->created_ns;
	int end = s->end, name = (end - 62) / 2;
	struct rt_buf text;
	int64_t span;

	if (__builtin_mul_overflow(row->duration_ms, RT_NS_PER_MS, &span))
		span = INT64_MAX;
	if ((row->state == RT_RUNNING || row->state == RT_PAUSED) && began) {
		span = rt_clock_span(began, now_ns);
		span -= span % RT_NS_PER_S;
	}
	name = name < 12 ? 12 : name;
	spot_format(s, out_state_style(row->state), " %-10s", rt_state_name(row->state));
	s->end = s->column + name;
	spot_raw(s, rt_str(row->name), STYLE_NAME);
	spot_fill(s, s->end);
	s->end = s->column + 1 + name;
	spot_str(s, " ", STYLE_PLAIN);
	if (*row->group) {
		spot_raw(s, rt_str(row->group), STYLE_DIM);
		spot_str(s, "/", STYLE_DIM);
	}
	spot_raw(s, rt_str(row->id), STYLE_PLAIN);
	spot_fill(s, s->end);
	s->end = end;
	rt_buf_init(&text);
	if (began)
		out_time(&m->out, &text, began);
	spot_format(s, STYLE_DIM, " %-19.19s", text.s);
	rt_buf_release(&text);
	draw_span(s, span, 9, STYLE_PLAIN);
	spot_format(s, STYLE_PLAIN, " %4s%s ", row->percent, *row->percent ? "%" : " ");
	spot_raw(s, rt_str(*row->error ? row->error : row->stage), STYLE_PLAIN);
	spot_fill(s, end);
}

void draw_runs(struct monitor *m, const struct box *box, int64_t now_ns)
{
	struct list *l = &m->runs.list;
	size_t rows = box->rows > 0 ? (size_t)box->rows : 0;

	list_fit(l, rows);
	for (size_t i = 0; i < rows && l->top + i < l->n; i++) {
		struct spot s = { &m->screen, box->row + (int)i, 0, box->columns,
				  l->top + i == l->selected };

		draw_row(m, &s, &m->runs.catalog.rows[l->top + i], now_ns);
	}
	if (!l->n && rows) {
		struct spot s = { &m->screen, box->row, 0, box->columns, false };

		spot_str(&s, "no runs yet", STYLE_DIM);
	}
}
