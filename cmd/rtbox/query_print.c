/*
 * How rt-query prints an event. Lines go out as they stand in the file, but for
 * the run they are of; tables, CSV and --format get a projection.
 */
#include "query.h"
#include "die.h"
#include "text.h"

#include <stdlib.h>

#define DEFAULT_COLUMNS "ts,type,level,stage,message"

void printer_init(struct printer *p, struct out *o, const struct output_opts *opts,
		  enum out_mode mode, bool normalize, bool across)
{
	memset(p, 0, sizeof(*p));
	p->out = o;
	p->mode = mode;
	p->normalize = normalize;
	p->across = across;
	p->columns = xasprintf("%s%s", !opts->columns && across ? "run_id," : "",
			       opts->columns ? opts->columns : DEFAULT_COLUMNS);
	pretty_init(&p->pretty, o);
	rt_buf_init(&p->line);
	rt_buf_init(&p->scratch);
	projection_init(&p->fields);
	if (mode != OUT_PRETTY)
		records_begin(&p->records, o, mode, opts->format, p->columns);
	if (mode == OUT_FORMAT)
		projection_add_format(&p->fields, opts->format);
	else if (mode == OUT_TABLE || mode == OUT_CSV)
		projection_add_columns(&p->fields, p->columns);
}

/* A field that is read from elsewhere becomes one of its own. */
static void settle(struct rt_event *ev, enum rt_field f)
{
	struct rt_json v;

	if (!rt_event_has(ev, f) && rt_event_get(ev, f, &v))
		rt_event_set_json(ev, f, v);
}

/* The line with canonical names, without its newline. It keeps the run that it names itself. */
static void normalize(struct printer *p, struct rt_event *ev, const char *run_id)
{
	struct rt_buf type;

	rt_buf_clear(&p->scratch);
	if (rt_event_text(ev, RT_F_RUN_ID, &p->scratch))
		run_id = p->scratch.s;
	else if (!p->across)
		run_id = NULL;
	settle(ev, RT_F_AGENT_ROLE);
	settle(ev, RT_F_MODEL);
	rt_buf_init(&type);
	/* to a reader an event without a message says its type */
	if (!rt_event_has(ev, RT_F_MESSAGE)) {
		rt_event_text(ev, RT_F_TYPE, &type);
		rt_event_set_text(ev, RT_F_MESSAGE, rt_buf_view(&type));
	}
	rt_event_write(ev, run_id, NULL, SIZE_MAX, &p->line);
	p->line.len -= p->line.len > 0;
	rt_buf_release(&type);
}

static void as_json(struct printer *p, struct rt_event *ev, const char *run_id)
{
	if (p->normalize)
		normalize(p, ev, run_id);
	else if (p->across)
		project_across(ev, run_id, &p->scratch, &p->line);
	else
		rt_buf_addv(&p->line, ev->line);
}

bool printer_is_verbatim(const struct printer *p)
{
	return p->mode == OUT_JSONL && !p->normalize && !p->across && !p->out->tty;
}

void printer_lines(struct printer *p, struct rt_str lines)
{
	fwrite(lines.p, 1, lines.n, p->out->f);
}

void printer_event(struct printer *p, struct rt_event *ev, const char *run_id)
{
	/* the common case: not even a copy */
	if (printer_is_verbatim(p)) {
		printer_lines(p, ev->line);
		putc('\n', p->out->f);
		return;
	}
	if (p->mode == OUT_PRETTY) {
		pretty_event(&p->pretty, ev, p->across ? run_id : NULL);
		return;
	}
	rt_buf_clear(&p->line);
	if (p->mode == OUT_JSONL || p->mode == OUT_JSON)
		as_json(p, ev, run_id);
	else
		projection_write(&p->fields, ev, run_id, &p->line);
	if (p->line.failed || p->scratch.failed || p->fields.scratch.failed)
		die(EXIT_FAIL, "out of memory");
	records_add(&p->records, rt_buf_view(&p->line));
}

void printer_end(struct printer *p)
{
	if (p->mode != OUT_PRETTY)
		records_end(&p->records);
	pretty_release(&p->pretty);
	rt_buf_release(&p->line);
	rt_buf_release(&p->scratch);
	projection_release(&p->fields);
	free(p->columns);
}
