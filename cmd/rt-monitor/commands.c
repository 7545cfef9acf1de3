/* What can be typed after ":", and what it may become. */
#include "die.h"
#include "monitor.h"

#include <ctype.h>
#include <stdlib.h>
#include <sys/epoll.h>

static void ask(struct monitor *m, const char *verb, const char *text)
{
	struct epoll_event e = { .events = EPOLLIN };
	struct rt_err err = RT_ERR_INIT;

	if (m->live.dir.fd < 0) {
		monitor_say(m, STYLE_BAD, "an archive of a run cannot be steered");
	} else if (ask_start(&m->ask, verb, m->live.dir.path, text, &m->mask, &err) < 0) {
		monitor_say(m, STYLE_BAD, "%s", err.msg);
	} else {
		e.data.fd = m->ask.fd;
		epoll_ctl(m->inputs, EPOLL_CTL_ADD, m->ask.fd, &e);
	}
}

static void do_pause(struct monitor *m, const char *argument)
{
	(void)argument;
	ask(m, "pause", NULL);
}

static void do_resume(struct monitor *m, const char *argument)
{
	(void)argument;
	ask(m, "resume", NULL);
}

static void do_cancel(struct monitor *m, const char *argument)
{
	(void)argument;
	ask(m, "cancel", NULL);
}

static void do_context(struct monitor *m, const char *argument)
{
	if (!*argument)
		monitor_say(m, STYLE_BAD, "context TEXT: what is the run to be told?");
	else
		ask(m, "context", argument);
}

static void do_details(struct monitor *m, const char *argument)
{
	struct plan_step *step = *argument ? plan_find(&m->live.plan, argument) : monitor_step(m);

	if (*argument && !step) {
		monitor_say(m, STYLE_BAD, "there is no step \"%s\"", argument);
		return;
	}
	if (*argument) {
		m->steps.selected = (size_t)(step - m->live.plan.v) + 1;
		m->follow_steps = false;
		monitor_select(m);
	}
	sheet_details(m, step);
}

static void do_filter(struct monitor *m, const char *argument)
{
	struct rt_err err = RT_ERR_INIT;
	struct rt_filter *filter = line_filter(argument, &err);

	if (!filter && err.msg[0]) {
		monitor_say(m, STYLE_BAD, "%s", err.msg);
		return;
	}
	rt_filter_free(m->lines.filter);
	m->lines.filter = filter;
	free(m->filter);
	m->filter = xstrdup(argument);
	pager_again(&m->events);
}

static void do_follow(struct monitor *m, const char *argument)
{
	(void)argument;
	m->follow_steps = true;
	m->live.reading = true;
	pager_end(&m->log);
	pager_end(&m->events);
}

static void do_log(struct monitor *m, const char *argument)
{
	if (!monitor_show_log(m, argument))
		monitor_say(m, STYLE_BAD, "there is no log%s%s", *argument ? " " : "", argument);
}

static void do_wrap(struct monitor *m, const char *argument)
{
	struct pager *p = monitor_pager(m);

	(void)argument;
	if (p)
		pager_set_wrap(p, !p->wrap);
	else
		monitor_say(m, STYLE_PLAIN, "the log, the events or a text is what can be folded");
}

static void do_times(struct monitor *m, const char *argument)
{
	(void)argument;
	m->lines.times = !m->lines.times;
	pager_again(&m->log);
}

static void do_zoom(struct monitor *m, const char *argument)
{
	(void)argument;
	m->zoom = !m->zoom;
}

static void do_list(struct monitor *m, const char *argument)
{
	(void)argument;
	monitor_list(m);
}

static void do_help(struct monitor *m, const char *argument)
{
	(void)argument;
	sheet_help(m);
}

static void do_quit(struct monitor *m, const char *argument)
{
	(void)argument;
	m->quit = true;
}

/* clang-format off */
const struct command commands[] = {
	{ "pause", NULL, "stop all that the run has started", "p", do_pause },
	{ "resume", NULL, "let it go on", "r", do_resume },
	{ "cancel", NULL, "end all that it has started (the key asks first)", "x", do_cancel },
	{ "context", "TEXT", "say something to it, for its next step", "c", do_context },
	{ "details", "[STEP]", "all of a step: its number, id or name", "d, Enter", do_details },
	{ "filter", "[WORDS]", "events with WORDS in them; level=warning step=3 ...", "f",
	  do_filter },
	{ "follow", NULL, "go to the newest step, output and event, stay there", "F", do_follow },
	{ "log", "[NAME]", "the next log of the step: rotated output, components", "o", do_log },
	{ "wrap", NULL, "fold long lines, or do not", "w", do_wrap },
	{ "times", NULL, "when each line of output was written, or not", "t", do_times },
	{ "zoom", NULL, "show one pane alone, or all", "z", do_zoom },
	{ "list", NULL, "pick another run", "L", do_list },
	{ "help", NULL, "show this", "?", do_help },
	{ "quit", NULL, "end rt-monitor; the run goes on", "q", do_quit },
	{ .name = NULL },
};
/* clang-format on */

/* Whether it can be done where no run is shown. */
static bool is_general(const struct command *c)
{
	return c->run == do_help || c->run == do_quit || c->run == do_wrap;
}

void monitor_command(struct monitor *m, const char *text)
{
	size_t n = strcspn(text, " ");
	const char *argument = text + n + strspn(text + n, " ");
	const struct command *found = NULL;
	char *trimmed;
	size_t len;

	if (!n)
		return;
	for (const struct command *c = commands; c->name && !found; c++)
		if (strncmp(c->name, text, n) == 0 && (!c->name[n] || isalpha(c->name[n])))
			found = c;
	if (!found) {
		monitor_say(m, STYLE_BAD, "no command \"%.*s\": \"help\" shows them", (int)n, text);
		return;
	}
	if (!m->live.open && !is_general(found)) {
		monitor_say(m, STYLE_BAD, "%s is of a run: show one first", found->name);
		return;
	}
	if (*argument && !found->argument) {
		monitor_say(m, STYLE_BAD, "%s takes no argument", found->name);
		return;
	}
	for (len = strlen(argument); len && argument[len - 1] == ' '; len--)
		;
	trimmed = xstrndup(argument, len);
	found->run(m, trimmed);
	free(trimmed);
}

/* Offers words that begin as what was typed does. */
struct offering {
	const char *word;
	void (*add)(void *to, const char *word);
	void *to;
};

static void offer(struct offering *o, const char *word)
{
	if (strncmp(word, o->word, strlen(o->word)) == 0)
		o->add(o->to, word);
}

static void offer_value(struct offering *o, const char *key, const char *value)
{
	char *word = xasprintf("%s=%s", key, value);

	offer(o, word);
	free(word);
}

static void offer_conditions(const struct monitor *m, struct offering *o)
{
	static const char *const keys[] = { "level=",     "type=",  "stage=",      "step=",
					    "component=", "model=", "agent_role=", "message~" };

	if (strncmp(o->word, "level=", 6) == 0) {
		for (enum rt_level l = RT_DEBUG; l <= RT_CRITICAL; l++)
			offer_value(o, "level", rt_level_name(l));
	} else if (strncmp(o->word, "type=", 5) == 0) {
		for (enum rt_type t = RT_T_OTHER + 1; t < RT_TYPE_COUNT; t++)
			offer_value(o, "type", rt_type_name(t));
	} else if (strncmp(o->word, "step=", 5) == 0) {
		for (size_t i = 0; i < m->live.plan.n; i++)
			offer_value(o, "step", m->live.plan.v[i].id);
	} else {
		for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++)
			offer(o, keys[i]);
	}
}

/* Ids, and names that are one word. */
static void offer_steps(const struct monitor *m, struct offering *o)
{
	for (size_t i = 0; i < m->live.plan.n; i++) {
		const struct plan_step *s = &m->live.plan.v[i];

		offer(o, s->id);
		if (s->name && !strchr(s->name, ' '))
			offer(o, s->name);
	}
}

static void offer_logs(const struct monitor *m, struct offering *o)
{
	struct live_logs logs;

	if (!m->log_folder)
		return;
	live_logs(&m->live, m->log_folder, &logs);
	for (size_t i = 0; i < logs.n; i++)
		offer(o, logs.v[i]);
	live_logs_release(&logs);
}

void monitor_complete(void *arg, const char *line, void (*add)(void *to, const char *word),
		      void *to)
{
	const char *space = strrchr(line, ' ');
	struct offering o = { space ? space + 1 : line, add, to };
	struct monitor *m = arg;

	if (!space)
		for (const struct command *c = commands; c->name; c++)
			offer(&o, c->name);
	else if (strncmp(line, "filter ", 7) == 0)
		offer_conditions(m, &o);
	else if (strncmp(line, "details ", 8) == 0)
		offer_steps(m, &o);
	else if (strncmp(line, "log ", 4) == 0)
		offer_logs(m, &o);
}
