/* What rt-status shows of a run's other files: what was run, and what a person said to it. */
#include "status_view.h"
#include "context.h"
#include "runfile.h"
#include "shellword.h"
#include "text.h"

#include <string.h>

#define METADATA_MAX (1u << 20)
#define SHOWN_MAX 200 /* bytes of a command or of labels */

/* The first line, with "..." for what is left out. */
static void cut(struct rt_buf *b)
{
	size_t n = strcspn(b->s, "\n");

	n = rt_utf8_cut((struct rt_str){ b->s, n }, SHOWN_MAX);
	if (n == b->len)
		return;
	b->len = n;
	rt_buf_adds(b, "...");
}

static void print_command(struct rt_str metadata, struct out *o)
{
	struct rt_json v;
	struct rt_buf b;

	rt_buf_init(&b);
	if (rt_scan_find(metadata, rt_str("argv"), &v) && v.type == RT_JSON_ARRAY)
		rt_shellword_add_array(&b, v.text);
	else if (rt_scan_find(metadata, rt_str("command"), &v) && v.type == RT_JSON_STRING)
		rt_json_text(&v, &b);
	cut(&b);
	status_line(o, "Command", rt_buf_view(&b));
	rt_buf_release(&b);
}

static void print_labels(struct rt_str metadata, struct out *o)
{
	struct rt_json v;
	struct rt_member m;
	struct rt_scan scan;
	struct rt_buf b;

	if (!rt_scan_find(metadata, rt_str("labels"), &v) || rt_scan_init(&scan, v.text) < 0)
		return;
	rt_buf_init(&b);
	while (rt_scan_next(&scan, &m) > 0) {
		rt_buf_adds(&b, b.len ? ", " : "");
		rt_json_text(&m.key, &b);
		rt_buf_addc(&b, '=');
		rt_json_text(&m.value, &b);
	}
	cut(&b);
	status_line(o, "Labels", rt_buf_view(&b));
	rt_buf_release(&b);
}

void status_print_metadata(const struct status_view *v, struct out *o)
{
	struct rt_buf b;

	if (v->file)
		return;
	rt_buf_init(&b);
	if (rt_runfile_read(&v->dir, RT_METADATA_FILE, &b, METADATA_MAX) == 0 &&
	    rt_scan_valid(rt_buf_view(&b))) {
		print_labels(rt_buf_view(&b), o);
		print_command(rt_buf_view(&b), o);
	}
	rt_buf_release(&b);
}

/* What a person said to the run last, and whether a step knows. */
void status_print_context(const struct status_view *v, struct out *o)
{
	struct rt_context_latest c;
	struct rt_buf b;

	if (v->file || !rt_context_latest(&v->dir, &c))
		return;
	rt_buf_init(&b);
	out_time(o, &b, c.added_ns);
	rt_buf_addf(&b, "%s: ", c.given || rt_state_over(v->state) ? "" : ", for the next step");
	rt_buf_add(&b, c.text.s, strcspn(c.text.s, "\n"));
	if (strcspn(c.text.s, "\n") + 1 < c.text.len)
		rt_buf_adds(&b, "...");
	status_line(o, "Context", rt_buf_view(&b));
	rt_buf_release(&c.text);
	rt_buf_release(&b);
}
