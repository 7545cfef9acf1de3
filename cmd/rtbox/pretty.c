/*
 * One event as a line for people. See pretty.h. All text goes through
 * rt_inert_add: a message never steers a terminal.
 */
#include "pretty.h"
#include "clock.h"

#define TIME_WIDTH 26 /* "2026-07-01 12:00:00 +02:00" */
#define SPAN_WIDTH 8  /* "364d 23h" */
#define LEVEL_WIDTH 8 /* "critical" */
#define UUID_LEN 36
#define UUID_SHOWN 8

void pretty_init(struct pretty *p, struct out *o)
{
	p->out = o;
	p->run_width = 0;
	p->run_style = STYLE_BOLD;
	p->time = TIME_ABSOLUTE;
	p->start_ns = 0;
	p->minute = -1;
	rt_buf_init(&p->line);
	rt_buf_init(&p->text);
}

void pretty_release(struct pretty *p)
{
	rt_buf_release(&p->line);
	rt_buf_release(&p->text);
}

static void add_spaces(struct rt_buf *b, size_t n)
{
	char *p = rt_buf_extend(b, n);

	if (p)
		memset(p, ' ', n);
}

static void begin(struct pretty *p, enum out_style style)
{
	if (p->out->color)
		rt_buf_adds(&p->line, out_on(p->out, style));
}

static void end(struct pretty *p, enum out_style style)
{
	if (p->out->color && style != STYLE_PLAIN)
		rt_buf_adds(&p->line, out_off(p->out));
}

#define SECONDS_AT 17 /* "2026-07-01 12:00:SS +02:00" */

/*
 * Many lines are of the same minute, and a time zone takes long to look up: what
 * changes are the seconds. (Of long ago, some zones differ by odd ones.)
 */
static void add_absolute(struct pretty *p, struct rt_buf *to, int64_t ns)
{
	int64_t second = ns / RT_NS_PER_S - (ns % RT_NS_PER_S < 0);
	int in_minute = (int)(second % 60);
	char tens = (char)('0' + in_minute / 10), ones = (char)('0' + in_minute % 10);
	struct rt_buf b;

	if (second < 0 || second / 60 != p->minute) {
		rt_buf_init(&b);
		out_time(p->out, &b, ns);
		snprintf(p->stamp, sizeof(p->stamp), "%s", b.len ? b.s : "");
		rt_buf_release(&b);
		p->minute = strlen(p->stamp) == TIME_WIDTH && p->stamp[SECONDS_AT] == tens &&
					    p->stamp[SECONDS_AT + 1] == ones ?
				    second / 60 :
				    -1;
	} else {
		p->stamp[SECONDS_AT] = tens;
		p->stamp[SECONDS_AT + 1] = ones;
	}
	rt_buf_adds(to, p->stamp);
}

static void add_span(struct pretty *p, struct rt_buf *to, int64_t ns)
{
	int64_t span = p->time == TIME_RELATIVE ? rt_clock_span(ns, rt_clock_now_ns()) :
						  rt_clock_span(p->start_ns, ns);
	char text[32];

	/* a clock that was set back, or a line from before the start */
	rt_duration_format(text, span < 0 ? 0 : span);
	rt_buf_addf(to, "%*s%s", SPAN_WIDTH, text, p->time == TIME_RELATIVE ? " ago" : "");
}

void pretty_add_time(struct pretty *p, struct rt_buf *to, const int64_t *ns)
{
	static const int width[] = { TIME_WIDTH, SPAN_WIDTH + 4, SPAN_WIDTH };

	if (p->out->color)
		rt_buf_adds(to, out_on(p->out, STYLE_DIM));
	if (!ns)
		add_spaces(to, (size_t)width[p->time]);
	else if (p->time == TIME_ABSOLUTE)
		add_absolute(p, to, *ns);
	else
		add_span(p, to, *ns);
	if (p->out->color)
		rt_buf_adds(to, out_off(p->out));
}

void pretty_add_run(struct pretty *p, struct rt_buf *to, const char *run_id)
{
	struct rt_str id = rt_str(run_id);
	size_t width;

	if (id.n == UUID_LEN && strspn(run_id, "0123456789abcdef-") == UUID_LEN)
		id.n = UUID_SHOWN;
	width = rt_text_columns(id);
	if (width > p->run_width)
		p->run_width = width;
	rt_buf_addc(to, ' ');
	rt_buf_adds(to, out_on(p->out, p->run_style));
	rt_inert_add(to, id);
	rt_buf_adds(to, out_off(p->out));
	add_spaces(to, p->run_width - width);
}

static void add_level(struct pretty *p, enum rt_level level)
{
	enum out_style style = level == RT_INFO ? STYLE_DIM : out_level_style(level);
	const char *name = rt_level_name(level);

	rt_buf_addc(&p->line, ' ');
	begin(p, style);
	rt_buf_adds(&p->line, name);
	end(p, style);
	add_spaces(&p->line, LEVEL_WIDTH - strlen(name));
}

/* Where the event does not have them, they follow from others. */
#define DERIVED                                                                     \
	(RT_FIELD(RT_F_TYPE) | RT_FIELD(RT_F_MESSAGE) | RT_FIELD(RT_F_AGENT_ROLE) | \
	 RT_FIELD(RT_F_MODEL))

/* The field's text, valid until the next call; false when there is none. */
static bool field_text(struct pretty *p, const struct rt_event *ev, enum rt_field f,
		       struct rt_str *text)
{
	if (!((ev->fields | DERIVED) & RT_FIELD(f)))
		return false;
	*text = rt_event_plain(ev, f, &p->text);
	return text->n > 0;
}

static void add_stage(struct pretty *p, const struct rt_event *ev)
{
	struct rt_str text;

	if (field_text(p, ev, RT_F_STAGE, &text)) {
		rt_buf_adds(&p->line, " [");
		begin(p, STYLE_NAME);
		rt_inert_add(&p->line, text);
		end(p, STYLE_NAME);
		rt_buf_addc(&p->line, ']');
	}
	if (field_text(p, ev, RT_F_PERCENT, &text)) {
		rt_buf_adds(&p->line, " (");
		rt_inert_add(&p->line, text);
		rt_buf_adds(&p->line, "%)");
	}
}

static void add_message(struct pretty *p, const struct rt_event *ev)
{
	enum out_style style = ev->level >= RT_WARNING ? out_level_style(ev->level) : STYLE_PLAIN;
	struct rt_str text;

	if (!field_text(p, ev, RT_F_MESSAGE, &text))
		return;
	rt_buf_addc(&p->line, ' ');
	begin(p, style);
	rt_inert_add(&p->line, text);
	end(p, style);
}

/* " NAME=TEXT" */
static void add_detail(struct pretty *p, const char *name, struct rt_str text)
{
	rt_buf_addc(&p->line, ' ');
	rt_buf_adds(&p->line, name);
	rt_buf_addc(&p->line, '=');
	rt_inert_add(&p->line, text);
}

/* Types that say no more than level and stage do are not shown, nor one that is the message. */
static void add_type(struct pretty *p, const struct rt_event *ev)
{
	struct rt_json message;
	struct rt_str type;

	if (ev->type == RT_T_PROGRESS || (ev->type >= RT_T_INFO && ev->type <= RT_T_ERROR))
		return;
	if (!rt_event_get(ev, RT_F_MESSAGE, &message) || !field_text(p, ev, RT_F_TYPE, &type) ||
	    rt_json_is(&message, type.p))
		return;
	rt_buf_addc(&p->line, ' ');
	rt_inert_add(&p->line, type);
}

/* "step=3/10" */
static void add_count(struct pretty *p, const struct rt_event *ev, const char *name,
		      enum rt_field f, enum rt_field total)
{
	struct rt_str text;

	if (!field_text(p, ev, f, &text))
		return;
	add_detail(p, name, text);
	if (field_text(p, ev, total, &text)) {
		rt_buf_addc(&p->line, '/');
		rt_inert_add(&p->line, text);
	}
}

static void add_duration(struct pretty *p, const struct rt_event *ev)
{
	char span[32];
	double ms;

	if (!rt_event_number(ev, RT_F_DURATION_MS, &ms) || ms < 0 || ms > 9e12)
		return;
	if (ms < 1000 && ms != (double)(int)ms)
		snprintf(span, sizeof(span), "%.3gms", ms);
	else
		rt_duration_format(span, (int64_t)(ms * 1e6));
	add_detail(p, "took", rt_str(span));
}

static const char *const token_keys[] = { "total_tokens", "prompt_tokens", "completion_tokens" };

void pretty_want(struct rt_wanted *w)
{
	struct rt_path path;

	rt_wanted_add(w, RT_FIELDS_ALL);
	for (size_t i = 0; i < sizeof(token_keys) / sizeof(token_keys[0]); i++) {
		rt_path_init(&path, rt_str(token_keys[i]));
		rt_wanted_add_path(w, &path);
	}
}

/* What metadata says of tokens; 0 where it says nothing. */
static int64_t count_tokens(const struct rt_event *ev, struct rt_str metadata)
{
	int64_t n[] = { -1, 0, 0 }, sum;
	struct rt_json v;

	if (!memmem(metadata.p, metadata.n, "_tokens", 7) && !memchr(metadata.p, '\\', metadata.n))
		return 0;
	for (size_t i = 0; i < sizeof(token_keys) / sizeof(token_keys[0]); i++)
		if (rt_event_in_metadata(ev, rt_str(token_keys[i]), &v))
			rt_json_int(&v, &n[i]);
	if (n[0] >= 0)
		return n[0];
	return __builtin_add_overflow(n[1], n[2], &sum) ? 0 : sum;
}

static void add_tokens(struct pretty *p, const struct rt_event *ev)
{
	struct rt_json metadata;
	int64_t n = rt_event_get(ev, RT_F_METADATA, &metadata) ? count_tokens(ev, metadata.text) :
								 0;

	if (n > 0)
		rt_buf_addf(&p->line, " tokens=%lld", (long long)n);
}

static void add_error(struct pretty *p, const struct rt_event *ev)
{
	struct rt_str error, message;
	struct rt_buf text;

	if (!field_text(p, ev, RT_F_ERROR, &error))
		return;
	rt_buf_init(&text);
	if (rt_event_has(ev, RT_F_MESSAGE)) {
		message = rt_event_plain(ev, RT_F_MESSAGE, &text);
	} else { /* made of the fields, the error among them */
		rt_event_default_message(ev, &text);
		message = rt_buf_view(&text);
	}
	if (!memmem(message.p, message.n, error.p, error.n))
		add_detail(p, "error", error);
	rt_buf_release(&text);
}

static void add_details(struct pretty *p, const struct rt_event *ev)
{
	static const struct {
		const char *name;
		enum rt_field field;
	} plain[] = {
		{ "component", RT_F_COMPONENT },
		{ "role", RT_F_AGENT_ROLE },
		{ "model", RT_F_MODEL },
		{ "task", RT_F_TASK_ID },
	};
	struct rt_str text;

	add_type(p, ev);
	for (size_t i = 0; i < sizeof(plain) / sizeof(plain[0]); i++)
		if (field_text(p, ev, plain[i].field, &text))
			add_detail(p, plain[i].name, text);
	add_count(p, ev, "step", rt_event_has(ev, RT_F_STEP) ? RT_F_STEP : RT_F_STEP_ID,
		  RT_F_TOTAL_STEPS);
	add_count(p, ev, "iteration", RT_F_ITERATION, RT_F_MAX_ITERATIONS);
	add_duration(p, ev);
	add_tokens(p, ev);
	add_error(p, ev);
}

void pretty_event(struct pretty *p, const struct rt_event *ev, const char *run_id)
{
	size_t before;
	int64_t ns;

	rt_buf_clear(&p->line);
	pretty_add_time(p, &p->line, rt_event_time(ev, &ns) ? &ns : NULL);
	if (run_id)
		pretty_add_run(p, &p->line, run_id);
	add_level(p, ev->level);
	add_stage(p, ev);
	add_message(p, ev);
	rt_buf_addc(&p->line, ' ');
	begin(p, STYLE_DIM);
	before = p->line.len;
	add_details(p, ev);
	if (p->line.len == before) /* no details: nothing to dim, no blanks at the end */
		p->line.len = before - strlen(out_on(p->out, STYLE_DIM)) - 1;
	else
		end(p, STYLE_DIM);
	rt_buf_addc(&p->line, '\n');
	fwrite(p->line.s, 1, p->line.len, p->out->f);
}
