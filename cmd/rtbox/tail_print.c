/*
 * How rt-tail shows events and captured output. Output comes in records, of
 * which several may make up one line: the pieces are kept until it is whole, but
 * for -o raw, where bytes are all that counts.
 */
#include "tail.h"
#include "die.h"
#include "text.h"

#define PIECES_MAX (1u << 20) /* a line that is longer is shown as several */
#define LEVEL_WIDTH 8         /* as pretty.c has it */

/* Since when the time of a line counts: of a file, since its first line that was shown. */
static void take_start(struct tail_printer *p, const struct tail_source *s)
{
	struct tail_run *run = s->run;

	if (p->pretty.time != TIME_ELAPSED)
		return;
	if (!run->start_ns)
		run->start_ns = run->st.started_ns ? run->st.started_ns : run->st.created_ns;
	if (!run->start_ns && s->ns != INT64_MIN)
		run->start_ns = s->ns;
	p->pretty.start_ns = run->start_ns;
}

void tail_printer_init(struct tail_printer *p, struct out *o, enum out_mode mode,
		       const char *format, const struct rt_filter *filter)
{
	p->out = o;
	p->mode = mode;
	p->filter = filter;
	pretty_init(&p->pretty, o);
	records_begin(&p->records, o, mode, format, NULL);
	projection_init(&p->fields);
	if (mode == OUT_FORMAT)
		projection_add_format(&p->fields, format);
	rt_buf_init(&p->line);
	rt_buf_init(&p->scratch);
	rt_buf_init(&p->step);
}

void tail_printer_end(struct tail_printer *p)
{
	records_end(&p->records);
	pretty_release(&p->pretty);
	projection_release(&p->fields);
	rt_buf_release(&p->line);
	rt_buf_release(&p->scratch);
	rt_buf_release(&p->step);
}

/* A line of output as an event, so that one filter does for both. */
static void make_event(struct tail_printer *p, const struct tail_source *s)
{
	struct rt_event *ev = &p->output;

	rt_event_init(ev);
	rt_event_set_text(ev, RT_F_TYPE, rt_str("output"));
	if (s->cri.ts.n)
		rt_event_set_text(ev, RT_F_TS, s->cri.ts);
	rt_event_set_text(ev, RT_F_MESSAGE, s->cri.text);
	if (s->step_id)
		rt_event_set_text(ev, RT_F_STEP_ID, rt_str(s->step_id));
	if (s->step_name) {
		rt_event_set_text(ev, RT_F_STAGE, rt_str(s->step_name));
		rt_buf_clear(&p->step);
		rt_buf_adds(&p->step, "{\"step_name\":");
		rt_json_quote(&p->step, rt_str(s->step_name));
		rt_buf_addc(&p->step, '}');
		rt_event_set_json(ev, RT_F_METADATA,
				  rt_json_of(rt_buf_view(&p->step), RT_JSON_OBJECT));
	}
	rt_event_derive(ev);
}

bool tail_wants(struct tail_printer *p, const struct tail_source *s)
{
	if (s->silent || (s->events && !s->valid && p->mode != OUT_RAW))
		return false;
	if (rt_filter_empty(p->filter))
		return true;
	if (s->events)
		return s->valid && rt_filter_match(p->filter, s->ev, &p->scratch);
	make_event(p, s);
	return rt_filter_match(p->filter, &p->output, &p->scratch);
}

/* Bytes as they are; a terminal gets them inert. */
static void put_raw(struct tail_printer *p, struct rt_str text)
{
	if (p->out->tty)
		out_text(p->out, text);
	else
		fwrite(text.p, 1, text.n, p->out->f);
}

/* What a line says it is of: a file has no id, but a name. */
static const char *tag_of(struct tail_printer *p, const struct tail_source *s)
{
	p->pretty.run_style = (enum out_style)(STYLE_RUN + s->run->number % STYLE_RUNS);
	return s->run->file ? s->run->file : s->run->dir.id;
}

static const char *run_id_of(const struct tail_source *s)
{
	return s->run->file ? NULL : s->run->dir.id;
}

static void begin_line(struct tail_printer *p)
{
	rt_buf_clear(&p->line);
	tail_line_hide(p->out);
	p->n_lines++;
}

static void print_event(struct tail_printer *p, const struct tail_source *s)
{
	begin_line(p);
	switch (p->mode) {
	case OUT_PRETTY:
		take_start(p, s);
		pretty_event(&p->pretty, s->ev, p->across ? tag_of(p, s) : NULL);
		break;
	case OUT_RAW:
		put_raw(p, s->line);
		putc('\n', p->out->f);
		break;
	case OUT_CAT:
		rt_event_text(s->ev, RT_F_MESSAGE, &p->line);
		out_text(p->out, rt_buf_view(&p->line));
		putc('\n', p->out->f);
		break;
	case OUT_FORMAT:
		projection_write(&p->fields, s->ev, run_id_of(s), &p->line);
		records_add(&p->records, rt_buf_view(&p->line));
		break;
	default:
		if (p->across)
			project_across(s->ev, run_id_of(s), &p->scratch, &p->line);
		records_add(&p->records, p->across ? rt_buf_view(&p->line) : s->line);
	}
}

/* A whole line of output. */
struct output {
	struct rt_str ts, text; /* ts: empty where it has none */
	int64_t ns;
	bool err;
};

static void add_styled(struct tail_printer *p, enum out_style style, const char *text)
{
	rt_buf_adds(&p->line, out_on(p->out, style));
	rt_inert_add(&p->line, rt_str(text));
	rt_buf_adds(&p->line, style == STYLE_PLAIN ? "" : out_off(p->out));
}

/* "TIME RUN     out| [STEP] TEXT", under the columns of events. */
static void print_pretty(struct tail_printer *p, const struct tail_source *s, struct output o)
{
	const char *step = s->step_name ? s->step_name : s->step_id;

	pretty_add_time(&p->pretty, &p->line, o.ts.n ? &o.ns : NULL);
	if (p->across)
		pretty_add_run(&p->pretty, &p->line, tag_of(p, s));
	rt_buf_addf(&p->line, " %*s", LEVEL_WIDTH - 4, "");
	add_styled(p, o.err ? STYLE_WARN : STYLE_DIM, o.err ? "err|" : "out|");
	if (step) {
		rt_buf_adds(&p->line, " [");
		add_styled(p, STYLE_NAME, step);
		rt_buf_addc(&p->line, ']');
	}
	if (o.text.n && o.text.p[o.text.n - 1] == '\r') /* from a program that ends lines so */
		o.text.n--;
	if (o.text.n)
		rt_buf_addc(&p->line, ' ');
	rt_inert_add(&p->line, o.text);
	rt_buf_addc(&p->line, '\n');
	fwrite(p->line.s, 1, p->line.len, p->out->f);
}

static void add_member(struct rt_buf *json, const char *name, struct rt_str value)
{
	rt_buf_addf(json, "%c\"%s\":", json->len ? ',' : '{', name);
	rt_json_quote(json, value);
}

static void print_json(struct tail_printer *p, const struct tail_source *s, const struct output *o)
{
	if ((p->across || p->mode == OUT_FORMAT) && run_id_of(s))
		add_member(&p->line, "run_id", rt_str(run_id_of(s)));
	if (o->ts.n)
		add_member(&p->line, "ts", o->ts);
	add_member(&p->line, "stream", rt_str(o->err ? "stderr" : "stdout"));
	if (s->step_id)
		add_member(&p->line, "step_id", rt_str(s->step_id));
	add_member(&p->line, "text", o->text);
	if (p->mode == OUT_FORMAT) { /* what events call so */
		add_member(&p->line, "message", o->text);
		if (s->step_name)
			add_member(&p->line, "stage", rt_str(s->step_name));
	}
	rt_buf_addc(&p->line, '}');
	records_add(&p->records, rt_buf_view(&p->line));
}

static void print_output(struct tail_printer *p, const struct tail_source *s,
			 const struct output *o)
{
	begin_line(p);
	switch (p->mode) {
	case OUT_PRETTY:
		take_start(p, s);
		print_pretty(p, s, *o);
		break;
	case OUT_RAW:
		put_raw(p, o->text);
		putc('\n', p->out->f);
		break;
	case OUT_CAT:
		out_text(p->out, o->text);
		putc('\n', p->out->f);
		break;
	default:
		print_json(p, s, o);
	}
}

/* Whether the line that is to be shown is before those that were asked for. */
static bool pass_over(struct tail_printer *p)
{
	if (p->skip == 0)
		return false;
	p->skip--;
	return true;
}

static void print_pieces(struct tail_printer *p, const struct tail_source *s, bool err)
{
	const struct tail_pieces *pieces = &s->pieces[err];
	struct output o = { rt_buf_view(&pieces->ts), rt_buf_view(&pieces->text), pieces->ns, err };

	if (pieces->text.failed || pieces->ts.failed)
		die(EXIT_FAIL, "out of memory");
	if (pieces->meets && !pass_over(p))
		print_output(p, s, &o);
}

/* Keep a piece; true when the line is whole by it. */
static bool add_piece(struct tail_printer *p, struct tail_source *s)
{
	struct tail_pieces *pieces = &s->pieces[s->cri.err];

	if (!pieces->open) {
		rt_buf_clear(&pieces->text);
		rt_buf_clear(&pieces->ts);
		rt_buf_addv(&pieces->ts, s->cri.ts);
		pieces->ns = s->ns;
		pieces->meets = false;
		pieces->file = s->n_files;
		pieces->ino = s->ino;
		pieces->at = s->at;
	}
	rt_buf_addv(&pieces->text, s->cri.text);
	pieces->meets |= tail_wants(p, s);
	pieces->open = s->cri.partial && pieces->text.len < PIECES_MAX;
	return !pieces->open;
}

/* Whether pieces are shown as they come. */
static bool is_bytes(const struct tail_printer *p)
{
	return p->mode == OUT_RAW && rt_filter_empty(p->filter) && !p->skip;
}

static void add_output(struct tail_printer *p, struct tail_source *s)
{
	struct output o = { s->cri.ts, s->cri.text, s->ns, s->cri.err };

	if (is_bytes(p)) {
		put_raw(p, o.text);
		if (!s->cri.partial)
			putc('\n', p->out->f);
	} else if (s->cri.partial || s->pieces[o.err].open) {
		if (add_piece(p, s))
			print_pieces(p, s, o.err);
	} else if (tail_wants(p, s) && !pass_over(p)) { /* whole as it is: nearly always */
		print_output(p, s, &o);
	}
}

void tail_print_begun(struct tail_printer *p, struct tail_source *s)
{
	for (int err = 0; err < 2 && is_bytes(p); err++) {
		if (s->pieces[err].open)
			put_raw(p, rt_buf_view(&s->pieces[err].text));
		s->pieces[err].open = false;
	}
}

void tail_print_rest(struct tail_printer *p, struct tail_source *s)
{
	for (int err = 0; err < 2; err++) {
		if (s->pieces[err].open)
			print_pieces(p, s, err);
		s->pieces[err].open = false;
	}
}

void tail_print(struct tail_printer *p, struct tail_source *s)
{
	if (!s->events)
		add_output(p, s);
	else if (tail_wants(p, s) && !pass_over(p))
		print_event(p, s);
	if (p->line.failed || p->scratch.failed || p->step.failed)
		die(EXIT_FAIL, "out of memory");
}
