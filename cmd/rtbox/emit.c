/*
 * rt-emit: one event from a command line. What is checked here is what a person
 * typed; the line itself is made in lib. Streams are emit_stream.c.
 */
#include "emit.h"
#include "clock.h"
#include "die.h"
#include "text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FIELD(f) offsetof(struct emit_opts, field[f])

static const struct opt emit_options[] = {
	{ 's', "stage", "phase", OPT_STRING, FIELD(RT_F_STAGE), "STAGE",
	  "what the run is doing (default: the step around it)", NULL, COMPLETE_STAGE },
	{ 'm', "message", NULL, OPT_STRING, FIELD(RT_F_MESSAGE), "TEXT",
	  "the message, for text that starts with a dash", NULL, COMPLETE_NONE },
	{ 't', "type", NULL, OPT_STRING, FIELD(RT_F_TYPE), "TYPE",
	  "what happened (default: progress with a stage or percent, else info)", NULL,
	  COMPLETE_NEW_TYPE },
	{ 'l', "level", NULL, OPT_STRING, FIELD(RT_F_LEVEL), "LEVEL",
	  "debug, info, warning, error or critical", NULL, COMPLETE_LEVEL },
	{ 'p', "percent", NULL, OPT_STRING, FIELD(RT_F_PERCENT), "N",
	  "how far the run is, 0 to 100", NULL, COMPLETE_NONE },
	{ 0, "step", NULL, OPT_STRING, FIELD(RT_F_STEP), "N", "number of the step", NULL,
	  COMPLETE_NONE },
	{ 0, "total-steps", NULL, OPT_STRING, FIELD(RT_F_TOTAL_STEPS), "N", "how many there are",
	  NULL, COMPLETE_NONE },
	{ 0, "iteration", NULL, OPT_STRING, FIELD(RT_F_ITERATION), "N", "number of the iteration",
	  NULL, COMPLETE_NONE },
	{ 0, "max-iterations", NULL, OPT_STRING, FIELD(RT_F_MAX_ITERATIONS), "N",
	  "how many there are at most", NULL, COMPLETE_NONE },
	{ 0, "task", NULL, OPT_STRING, FIELD(RT_F_TASK_ID), "ID", "task it belongs to", NULL,
	  COMPLETE_NONE },
	{ 0, "step-id", NULL, OPT_STRING, FIELD(RT_F_STEP_ID), "ID",
	  "step it belongs to (default: the one around it)", NULL, COMPLETE_STEP },
	{ 0, "component", NULL, OPT_STRING, FIELD(RT_F_COMPONENT), "NAME", "part that says it",
	  NULL, COMPLETE_NONE },
	{ 0, "action", NULL, OPT_STRING, FIELD(RT_F_ACTION), "TEXT", "what was done", NULL,
	  COMPLETE_NONE },
	{ 0, "role", NULL, OPT_STRING, FIELD(RT_F_AGENT_ROLE), "ROLE", "role of the agent", NULL,
	  COMPLETE_NONE },
	{ 0, "model", NULL, OPT_STRING, FIELD(RT_F_MODEL), "NAME", "language model", NULL,
	  COMPLETE_NONE },
	{ 0, "correlation", NULL, OPT_STRING, FIELD(RT_F_CORRELATION_ID), "ID",
	  "what a request and its response have in common", NULL, COMPLETE_NONE },
	{ 0, "span", NULL, OPT_STRING, FIELD(RT_F_SPAN_ID), "ID", "span of a trace", NULL,
	  COMPLETE_NONE },
	{ 0, "event-id", NULL, OPT_STRING, FIELD(RT_F_EVENT_ID), "ID", "name of this event", NULL,
	  COMPLETE_NONE },
	{ 0, "parent", NULL, OPT_STRING, FIELD(RT_F_PARENT_ID), "ID", "event that led to it", NULL,
	  COMPLETE_NONE },
	{ 0, "state-before", NULL, OPT_STRING, FIELD(RT_F_STATE_BEFORE), "STATE", "state it left",
	  NULL, COMPLETE_NONE },
	{ 0, "state-after", NULL, OPT_STRING, FIELD(RT_F_STATE_AFTER), "STATE", "state it came to",
	  NULL, COMPLETE_NONE },
	{ 0, "success", NULL, OPT_STRING, FIELD(RT_F_SUCCESS), "true|false", "whether it went well",
	  NULL, COMPLETE_NONE },
	{ 0, "result", NULL, OPT_STRING, FIELD(RT_F_RESULT), "TEXT", "what came of it", NULL,
	  COMPLETE_NONE },
	{ 0, "duration-ms", NULL, OPT_STRING, FIELD(RT_F_DURATION_MS), "N", "how long it took",
	  NULL, COMPLETE_NONE },
	{ 0, "error", NULL, OPT_STRING, FIELD(RT_F_ERROR), "TEXT", "what went wrong", NULL,
	  COMPLETE_NONE },
	{ 0, "ts", NULL, OPT_STRING, FIELD(RT_F_TS), "TIME", "when it happened (default: now)",
	  NULL, COMPLETE_NONE },
	{ 0, "set", NULL, OPT_LIST, offsetof(struct emit_opts, set), "KEY=TEXT",
	  "add text to the metadata", NULL, COMPLETE_NONE },
	{ 0, "set-json", NULL, OPT_LIST, offsetof(struct emit_opts, set_json), "KEY=JSON",
	  "add any JSON value to the metadata", NULL, COMPLETE_NONE },
	{ 0, "tokens", NULL, OPT_STRING, offsetof(struct emit_opts, tokens), "P,C",
	  "prompt and completion tokens used", NULL, COMPLETE_NONE },
	{ 0, "cost", NULL, OPT_STRING, offsetof(struct emit_opts, cost), "USD", "what it cost",
	  NULL, COMPLETE_NONE },
	{ 0, "strict", NULL, OPT_FLAG, offsetof(struct emit_opts, strict), NULL,
	  "refuse unknown types and missing fields", NULL, COMPLETE_NONE },
	{ 0, "tee", NULL, OPT_FLAG, offsetof(struct emit_opts, tee), NULL,
	  "with \"-\": pass the stream on to standard output", NULL, COMPLETE_NONE },
	{ 0 },
};

static const struct opt_group emit_groups[] = {
	{ emit_options, 0 },
	{ common_opts, offsetof(struct emit_opts, common) },
	{ NULL, 0 },
};

/* What --help calls a field. */
static const char *option_name(enum rt_field f)
{
	for (const struct opt *o = emit_options; o->name; o++) {
		if (o->offset == FIELD(f))
			return o->name;
	}
	return rt_field_name(f);
}

static void set_number(struct rt_event *ev, enum rt_field f, const char *text, bool integer,
		       double max)
{
	struct rt_json v = rt_json_of(rt_str(text), RT_JSON_TEXT);
	const char *kind = integer ? "an integer" : "a number";
	int64_t n;
	double d;

	if (!rt_json_is_number(v.text) || !rt_json_number(&v, &d) || d < 0 || d > max ||
	    (integer && !rt_json_int(&v, &n))) {
		if (max <= 100)
			die_usage("bad --%s \"%s\": %s from 0 to %.0f", option_name(f), text, kind,
				  max);
		die_usage("bad --%s \"%s\": %s from 0", option_name(f), text, kind);
	}
	rt_event_set_number(ev, f, v.text);
}

static void set_type(struct rt_event *ev, const char *text)
{
	if (!rt_type_valid(rt_str(text)))
		die_usage("bad --type \"%s\": lower case letters, digits and \"_.:-\", at most 64, "
			  "starting with a letter",
			  text);
	if (strncmp(text, "run_", 4) == 0)
		die_usage("--type %s is for rt-run alone: it says what becomes of the run "
			  "(rt-run finish)",
			  text);
	rt_event_set_text(ev, RT_F_TYPE, rt_str(text));
}

static void set_success(struct rt_event *ev, const char *text)
{
	bool yes = strcmp(text, "true") == 0;

	if (!yes && strcmp(text, "false") != 0)
		die_usage("bad --success \"%s\": true or false", text);
	rt_event_set_json(ev, RT_F_SUCCESS,
			  rt_json_of(rt_str(text), yes ? RT_JSON_TRUE : RT_JSON_FALSE));
}

static void check_time(const char *text)
{
	int64_t ns;

	if (!rt_clock_parse(rt_str(text), &ns))
		die_usage("bad --ts \"%s\": a time like 2026-07-01T12:00:00Z", text);
}

static void check_component(const char *text)
{
	struct rt_err err = RT_ERR_INIT;

	if (rt_id_check("component", text, &err) < 0)
		die_usage("%s", err.msg);
}

static void set_field(struct rt_event *ev, enum rt_field f, const char *text)
{
	enum rt_level level;

	switch (f) {
	case RT_F_TYPE:
		set_type(ev, text);
		return;
	case RT_F_PERCENT:
		set_number(ev, f, text, false, 100);
		return;
	case RT_F_STEP:
	case RT_F_TOTAL_STEPS:
	case RT_F_ITERATION:
	case RT_F_MAX_ITERATIONS:
		set_number(ev, f, text, true, 9e15);
		return;
	case RT_F_DURATION_MS:
		set_number(ev, f, text, false, 1e300);
		return;
	case RT_F_SUCCESS:
		set_success(ev, text);
		return;
	case RT_F_LEVEL:
		if (!rt_level_find(rt_str(text), &level))
			die_usage("bad --level \"%s\": debug, info, warning, error or critical",
				  text);
		break;
	case RT_F_TS:
		check_time(text);
		break;
	case RT_F_COMPONENT:
		check_component(text);
		break;
	default:
		break;
	}
	rt_event_set_text(ev, f, rt_str(text));
}

static void add_key(struct rt_buf *out, struct rt_str key)
{
	if (out->len > 1)
		rt_buf_addc(out, ',');
	rt_json_quote(out, key);
	rt_buf_addc(out, ':');
}

static void add_tokens(struct rt_buf *out, const char *text)
{
	char *end = NULL;
	long long prompt = strtoll(text, &end, 10), completion = -1;

	if (end != text && *end == ',' && end[1] >= '0' && end[1] <= '9')
		completion = strtoll(end + 1, &end, 10);
	if (*text < '0' || *text > '9' || *end || completion < 0 || prompt > INT64_C(1) << 53 ||
	    completion > INT64_C(1) << 53)
		die_usage("bad --tokens \"%s\": PROMPT,COMPLETION, like 1234,567", text);
	add_key(out, rt_str("prompt_tokens"));
	rt_buf_addf(out, "%lld", prompt);
	add_key(out, rt_str("completion_tokens"));
	rt_buf_addf(out, "%lld", completion);
	add_key(out, rt_str("total_tokens"));
	rt_buf_addf(out, "%lld", prompt + completion);
}

static void add_cost(struct rt_buf *out, const char *text)
{
	struct rt_json v = rt_json_of(rt_str(text), RT_JSON_TEXT);
	double d;

	if (!rt_json_number(&v, &d) || d < 0)
		die_usage("bad --cost \"%s\": dollars, like 0.0125", text);
	add_key(out, rt_str("cost_usd"));
	rt_buf_adds(out, text);
}

static bool valid_json(const char *text)
{
	struct rt_buf array;
	struct rt_scan s;
	struct rt_member m;
	bool ok;

	rt_buf_init(&array);
	rt_buf_addf(&array, "[%s]", text);
	ok = rt_scan_init(&s, rt_buf_view(&array)) == 0 && rt_scan_next(&s, &m) == 1 &&
	     rt_scan_next(&s, &m) == 0;
	rt_buf_release(&array);
	return ok;
}

/* Whether a later option sets the same key: the last one counts. */
static bool set_again(const struct opt_list *list, size_t from, const char *pair, size_t n)
{
	for (size_t j = from; list && j < list->n; j++) {
		if (strncmp(list->v[j], pair, n + 1) == 0)
			return true;
	}
	return false;
}

/* `later` is what beats a key of this list, NULL for nothing: JSON says more than text. */
static void add_pairs(struct rt_buf *out, const struct opt_list *list, const struct opt_list *later,
		      const char *option, bool json)
{
	for (size_t i = 0; i < list->n; i++) {
		const char *text = list->v[i], *eq = strchr(text, '=');
		size_t n = eq ? (size_t)(eq - text) : 0;

		if (n == 0)
			die_usage("bad --%s \"%s\": KEY=%s", option, text, json ? "JSON" : "TEXT");
		if (set_again(list, i + 1, text, n) || set_again(later, 0, text, n))
			continue;
		add_key(out, (struct rt_str){ text, n });
		if (!json)
			rt_json_quote(out, rt_str(eq + 1));
		else if (valid_json(eq + 1))
			rt_buf_adds(out, eq + 1);
		else
			die_usage("bad --%s \"%s\": the value is no JSON (text wants --set)",
				  option, text);
	}
}

/* The metadata that the options make, kept in out, which must outlive the event. */
static void set_metadata(struct rt_event *ev, const struct emit_opts *o, struct rt_buf *out)
{
	rt_buf_addc(out, '{');
	if (o->tokens)
		add_tokens(out, o->tokens);
	if (o->cost)
		add_cost(out, o->cost);
	add_pairs(out, &o->set, &o->set_json, "set", false);
	add_pairs(out, &o->set_json, NULL, "set-json", true);
	rt_buf_addc(out, '}');
	/* A raw line end is white space in JSON, but would end our line. */
	for (size_t i = 0; i < out->len; i++) {
		if (out->s[i] == '\n' || out->s[i] == '\r')
			out->s[i] = ' ';
	}
	if (out->len > 2)
		rt_event_set_json(ev, RT_F_METADATA, rt_json_of(rt_buf_view(out), RT_JSON_OBJECT));
}

void emit_event_init(struct rt_event *ev, const struct emit_opts *o, struct rt_buf *metadata)
{
	rt_event_init(ev);
	for (int f = 0; f < RT_F_METADATA; f++) {
		if (o->field[f])
			set_field(ev, (enum rt_field)f, o->field[f]);
	}
	set_metadata(ev, o, metadata);
	rt_event_derive(ev);
	/* Another run than the one around us has other steps. */
	if (!o->common.run)
		emit_set_surroundings(ev);
	rt_event_derive(ev);
}

/* The operands are the message, joined by blanks. */
static void take_message(struct emit_opts *o, int n, char **words, struct rt_buf *text)
{
	if (n && o->field[RT_F_MESSAGE])
		die_usage("the message is given twice, with -m and as \"%s\"", words[0]);
	for (int i = 0; i < n; i++) {
		if (i)
			rt_buf_addc(text, ' ');
		rt_buf_adds(text, words[i]);
	}
	if (n)
		o->field[RT_F_MESSAGE] = text->s;
	if (!o->field[RT_F_MESSAGE] && !o->field[RT_F_TYPE] && !o->field[RT_F_STAGE] &&
	    !o->field[RT_F_PERCENT])
		die_usage("nothing to record: give a MESSAGE, or \"-\" to read lines");
}

/* From an option or the environment: a string with its end. */
static const char *component_of(const struct rt_event *ev)
{
	const struct rt_json *v = rt_event_peek(ev, RT_F_COMPONENT);

	return v ? v->text.p : NULL;
}

static int emit_one(const struct emit_opts *o)
{
	struct rt_err err = RT_ERR_INIT, warning = RT_ERR_INIT;
	struct rt_record *record;
	struct rt_redact *redact;
	struct levels levels;
	struct rt_event ev;
	struct rt_buf metadata;
	int code = 0;

	rt_buf_init(&metadata);
	emit_event_init(&ev, o, &metadata);
	if (o->strict && rt_event_check_strict(&ev, &err) < 0)
		die(EXIT_FAIL, "%s", err.msg);
	levels_init(&levels);
	if (!level_wanted(&levels, ev.level, component_of(&ev)))
		goto out;
	redact = redact_env();
	if (writer_open(&record, &o->common, NULL, redact, &code) == 1) {
		if (rt_record_emit(record, &ev, &warning, &err) < 0)
			code = recording_failed(&err);
		else if (warning.kind)
			warn("%s", warning.msg);
		else if (ev.truncated)
			warn("the event was longer than %d bytes and has been cut", RT_LINE_MAX);
		rt_record_close(record);
	}
	rt_redact_free(redact);
out:
	rt_buf_release(&metadata);
	return code;
}

static int run_emit(const struct rt_applet *self, int argc, char **argv)
{
	struct emit_opts o = { .strict = false };
	struct rt_buf message;
	char **words;
	int n, dashdash, code;

	n = opt_parse(self, argc, argv, &o, &words, &dashdash);
	common_apply(&o.common, NULL);
	survive_limits();
	rt_buf_init(&message);
	if (n == 1 && dashdash < 0 && strcmp(words[0], "-") == 0) {
		code = emit_stream(&o);
	} else {
		if (o.tee)
			die_usage("--tee passes a stream on: it goes with \"-\"");
		take_message(&o, n, words, &message);
		code = emit_one(&o);
	}
	rt_buf_release(&message);
	opt_release(self, &o);
	return code;
}

const struct rt_applet rt_applet_emit = {
	.name = "emit",
	.summary = "add an event to a run",
	.usage = "[options] [-s STAGE] MESSAGE...\n[options] -",
	.groups = emit_groups,
	.more = "With \"-\", lines are read from standard input: a JSON object is an event, any\n"
		"other line a message under the options given. Without a run set (RT_RUN or -r)\n"
		"nothing is done, so that a script works with and without rt.",
	.run = run_emit,
};
