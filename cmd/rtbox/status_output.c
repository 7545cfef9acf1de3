/*
 * The last output of a run that failed: most often it says why. It is that of the
 * last step that failed, or what the run's command printed itself after that.
 */
#include "status_view.h"
#include "clock.h"
#include "id.h"
#include "lastlines.h"
#include "scan.h"
#include "text.h"

#define BYTES_MAX 300 /* of a line */

struct failed_step {
	struct rt_buf id, name;
	int64_t ended_ns; /* 0: not known */
};

static void take_text(struct rt_buf *to, struct rt_str entry, const char *key)
{
	struct rt_json v;

	rt_buf_clear(to);
	if (rt_scan_find(entry, rt_str(key), &v))
		rt_json_text(&v, to);
}

/* The last step that failed; an empty id where none did. */
static void find_failed(struct failed_step *f, const struct rt_status *st)
{
	struct rt_json v;
	struct rt_str entry;
	size_t at = 0;

	while (rt_table_next(&st->steps, &at, &entry)) {
		if (!rt_scan_find(entry, rt_str("status"), &v) ||
		    (!rt_json_is(&v, "failed") && !rt_json_is(&v, "timeout")))
			continue;
		take_text(&f->id, entry, "step_id");
		take_text(&f->name, entry, "name");
		if (!rt_scan_find(entry, rt_str("finished_at"), &v) || v.type != RT_JSON_STRING ||
		    !rt_clock_parse(v.text, &f->ended_ns))
			f->ended_ns = 0;
	}
}

static void print_lines(const struct rt_last_lines *l, const char *of, struct out *o)
{
	struct rt_str line;
	size_t at = 0;

	fprintf(o->f, "\n%sLast output%s", out_on(o, STYLE_BOLD), *of ? " of " : "");
	out_text(o, rt_str(of));
	fprintf(o->f, "%s\n", out_off(o));
	while (rt_last_lines_next(l, &at, &line)) {
		fputs("  ", o->f);
		line.n = rt_utf8_cut(line, BYTES_MAX);
		out_text(o, line);
		fputc('\n', o->f);
	}
}

/* Whether something was there to be printed. */
static bool print_log(const struct rt_rundir *d, const char *step_id, const char *of,
		      int64_t after_ns, struct out *o)
{
	struct rt_last_lines l;
	struct rt_str line;
	size_t at = 0;
	bool there = rt_last_lines_read(&l, d, step_id) == 0 && l.last_ns >= after_ns &&
		     rt_last_lines_next(&l, &at, &line);

	if (there)
		print_lines(&l, of, o);
	rt_last_lines_release(&l);
	return there;
}

void status_output_print(const struct status_view *v, struct out *o)
{
	struct failed_step f = { .ended_ns = 0 };
	bool step;

	if (v->state != RT_FAILED || v->file)
		return;
	rt_buf_init(&f.id);
	rt_buf_init(&f.name);
	find_failed(&f, &v->st);
	step = f.id.len && rt_id_valid(rt_buf_view(&f.id));
	if (!step || !print_log(&v->dir, NULL, "", f.ended_ns + 1, o))
		print_log(&v->dir, step ? f.id.s : NULL, f.name.len ? f.name.s : f.id.s, 0, o);
	rt_buf_release(&f.id);
	rt_buf_release(&f.name);
}
