/* rt-run context: what a person says to a run while it goes on, for its next step. */
#include "context.h"
#include "die.h"
#include "fdio.h"
#include "run.h"
#include "text.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MESSAGE_MAX 200 /* bytes of the first line that the event has */

struct context_opts {
	struct common_opts common;
};

static const struct opt_group context_groups[] = {
	{ common_opts, offsetof(struct context_opts, common) },
	{ NULL, 0 },
};

/* The text that was given, or what standard input has. */
static void take_text(struct rt_buf *text, const char *arg, const struct rt_redact *redact)
{
	struct rt_buf raw;

	rt_buf_init(&raw);
	if (arg && strcmp(arg, "-") != 0)
		rt_buf_adds(&raw, arg);
	else if (!arg && isatty(STDIN_FILENO))
		die_usage("no text: give it as an argument, or \"-\" to type it");
	else if (rt_fd_read(STDIN_FILENO, &raw, RT_CONTEXT_MAX) < 0 && errno != EFBIG)
		die(EXIT_FAIL, "cannot read standard input: %s", strerror(errno));
	rt_redact_text(redact, rt_buf_view(&raw), text);
	while (text->len && (text->s[text->len - 1] == '\n' || text->s[text->len - 1] == '\r'))
		text->s[--text->len] = '\0';
	if (raw.len > RT_CONTEXT_MAX || text->len >= RT_CONTEXT_MAX)
		die(EXIT_FAIL, "the text is longer than 1 MiB: keep it in a file"
			       " (rt-run artifact put), and say which");
	rt_buf_release(&raw);
	if (!text->len)
		die_usage("the text is empty");
	rt_buf_addc(text, '\n');
}

static void refuse_over(const struct rt_rundir *d)
{
	struct rt_status st;
	enum rt_state state = load_state(&st, d);

	rt_status_release(&st);
	if (rt_state_over(state))
		die(EXIT_FAIL, "run \"%s\" is %s: no step will read it", d->id,
		    rt_state_name(state));
}

static int record_added(struct rt_record *record, int number, struct rt_str text,
			struct rt_err *err)
{
	size_t line = (size_t)((const char *)memchr(text.p, '\n', text.n) - text.p);
	size_t n = rt_utf8_cut((struct rt_str){ text.p, line }, MESSAGE_MAX);
	struct rt_err warning = RT_ERR_INIT;
	struct rt_event ev;
	char metadata[96], *message;
	int ret;

	message = xasprintf("%.*s%s", (int)n, text.p, n + 1 < text.n ? "..." : "");
	snprintf(metadata, sizeof(metadata), "{\"file\":\"%s/%03d.txt\",\"size_bytes\":%zu}",
		 RT_CONTEXT_DIR, number, text.n);
	rt_event_init(&ev);
	rt_event_set_text(&ev, RT_F_TYPE, rt_str(rt_type_name(RT_T_CONTEXT_ADDED)));
	rt_event_set_text(&ev, RT_F_MESSAGE, rt_str(message));
	rt_event_set_json(&ev, RT_F_METADATA, rt_json_of(rt_str(metadata), RT_JSON_OBJECT));
	rt_event_derive(&ev);
	ret = rt_record_emit(record, &ev, &warning, err);
	if (ret == 0)
		warn_err(&warning);
	free(message);
	return ret;
}

static void add(const char *path, const char *arg)
{
	struct rt_redact *redact = redact_env();
	struct rt_err err = RT_ERR_INIT;
	struct rt_record_opts opts;
	struct rt_record *record;
	struct rt_buf text;
	int number;

	record_opts_init(&opts, redact);
	if (rt_record_open(&record, path, &opts, &err) < 0)
		die_err(&err);
	refuse_over(rt_record_dir(record));
	rt_buf_init(&text);
	take_text(&text, arg, redact);
	if (rt_context_add(rt_record_dir(record), rt_buf_view(&text), &number, &err) < 0)
		die_err(&err);
	if (record_added(record, number, rt_buf_view(&text), &err) < 0) {
		rt_context_remove(rt_record_dir(record), number);
		die_err(&err);
	}
	rt_buf_release(&text);
	rt_record_close(record);
	rt_redact_free(redact);
}

static int run_context(const struct rt_applet *self, int argc, char **argv)
{
	struct context_opts o = { .common = { NULL } };
	struct rt_found found = { NULL, false };
	char **words, *run = NULL;
	int n;

	n = opt_parse(self, argc, argv, &o, &words, NULL);
	common_apply(&o.common, NULL);
	survive_limits();
	/* One word is the text where it is known which run is meant, else it is the run. */
	if (n == 2 || (n == 1 && !o.common.run && !env_value("RT_RUN")))
		run = *words++;
	if (n > 2)
		die_usage("\"%s\" is too much: put the text in quotes", words[2]);
	if (!common_resolve(&o.common, run, USE_WRITE, &found))
		die_usage("which run? rt-run context RUN TEXT");
	add(found.path, *words);
	rt_found_release(&found);
	return 0;
}

const struct rt_applet run_context_applet = {
	.name = "context",
	.summary = "say something to a run, for its next step",
	.usage = "RUN [TEXT]\n[-r RUN] [TEXT]",
	.groups = context_groups,
	.operands = COMPLETE_RUN,
	.more = "Without TEXT, or with \"-\", it is read from standard input. The next step that\n"
		"starts finds what was said in the file that RT_CONTEXT_FILE names.",
	.run = run_context,
};
