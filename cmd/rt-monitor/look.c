/*
 * What is shown, and looking at it again: opening runs and logs, which folders are
 * watched for that, what has changed in them.
 */
#include "die.h"
#include "fdio.h"
#include "monitor.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

struct plan_step *monitor_step(struct monitor *m)
{
	size_t i = m->steps.selected;

	return i && i <= m->live.plan.n ? &m->live.plan.v[i - 1] : NULL;
}

struct pager *monitor_pager(struct monitor *m)
{
	if (m->view == VIEW_SHEET)
		return &m->sheet;
	if (m->view == VIEW_RUNS || m->focus == PANE_PLAN)
		return NULL;
	return m->focus == PANE_LOG ? &m->log : &m->events;
}

struct list *monitor_list_of(struct monitor *m)
{
	return m->view == VIEW_RUNS ? &m->runs.list : &m->steps;
}

/* Wait for what concerns the run, or the list, that is shown now, and for nothing else. */
static void watch(struct monitor *m)
{
	rt_watch_free(m->watch);
	m->watch = rt_watch_new();
	if (!m->watch || rt_watch_input(m->watch, m->inputs) < 0)
		die(EXIT_FAIL, "out of memory");
	if (m->live.open)
		live_watch(&m->live, m->watch, &m->top_tag);
}

/* Of the folders of logs only that which is shown. */
static void watch_log(struct monitor *m)
{
	int fd;

	rt_watch_drop(m->watch, &m->log_tag);
	if (m->live.dir.fd < 0 || !m->log_folder)
		return;
	fd = openat(m->live.dir.fd, m->log_folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd >= 0) {
		rt_watch_add(m->watch, fd, &m->log_tag);
		close(fd);
	}
}

static void open_log(struct monitor *m)
{
	m->log.over = live_over(&m->live);
	pager_open(&m->log, m->log_name ? live_file(&m->live, m->log_name) : -1);
}

/* The folder of the selected step's logs; NULL: it has none. Free it. */
static char *folder_of(struct monitor *m)
{
	const struct plan_step *step = monitor_step(m);

	if (!step)
		return xstrdup(RT_LOGS_DIR);
	return rt_id_valid(rt_str(step->id)) ? xasprintf("%s/%s", RT_LOGS_DIR, step->id) : NULL;
}

void monitor_select(struct monitor *m)
{
	char *folder = folder_of(m);

	m->stale = true;
	if (folder && m->log_folder && strcmp(folder, m->log_folder) == 0) {
		free(folder);
		return;
	}
	free(m->log_folder);
	free(m->log_name);
	m->log_folder = folder;
	m->log_name = NULL;
	if (folder)
		m->log_name = xasprintf("%s/%s", folder,
					monitor_step(m) ? RT_STEP_LOG : RT_RUN_LOG_NAME);
	watch_log(m);
	open_log(m);
}

bool monitor_show_log(struct monitor *m, const char *name)
{
	struct live_logs logs;
	const char *shown, *chosen = NULL;

	if (!m->log_folder)
		return false;
	shown = m->log_name + strlen(m->log_folder) + 1;
	live_logs(&m->live, m->log_folder, &logs);
	for (size_t i = 0; i < logs.n && !chosen; i++)
		if (*name ? strcmp(logs.v[i], name) == 0 : strcmp(logs.v[i], shown) > 0)
			chosen = logs.v[i];
	if (!chosen && !*name && logs.n)
		chosen = logs.v[0];
	if (chosen) {
		free(m->log_name);
		m->log_name = xasprintf("%s/%s", m->log_folder, chosen);
		open_log(m);
	}
	live_logs_release(&logs);
	return chosen != NULL;
}

static void forget_log(struct monitor *m)
{
	free(m->log_folder);
	free(m->log_name);
	m->log_folder = m->log_name = NULL;
}

bool monitor_open(struct monitor *m, const char *path)
{
	struct rt_err err = RT_ERR_INIT;
	struct live live;

	if (live_open(&live, path, &m->unpack, &err) < 0) {
		monitor_say(m, STYLE_BAD, "%s", err.msg);
		return false;
	}
	live_close(&m->live);
	m->live = live;
	m->view = VIEW_RUN;
	m->focus = PANE_PLAN;
	m->steps = (struct list){ .n = 1 };
	m->follow_steps = true;
	forget_log(m);
	watch(m);
	monitor_select(m);
	m->events.over = live_over(&m->live);
	pager_open(&m->events, live_file(&m->live, RT_EVENTS_FILE));
	/* since it was opened, and before it was watched, something may have happened */
	m->look_status = true;
	return true;
}

void monitor_list(struct monitor *m)
{
	live_close(&m->live);
	m->view = VIEW_RUNS;
	pager_open(&m->log, -1);
	pager_open(&m->events, -1);
	forget_log(m);
	watch(m);
	m->look_runs = m->stale = true;
}

void monitor_take_changes(struct monitor *m)
{
	struct rt_watch_change c;

	while (rt_watch_next(m->watch, &c)) {
		m->look_runs |= c.tag == &m->runs_tag;
		m->look_log |= c.tag == &m->log_tag;
		if (c.tag != &m->top_tag)
			continue;
		m->look_status |= !c.name || strcmp(c.name, RT_STATUS_FILE) == 0;
		m->look_events |= !c.name || strcmp(c.name, RT_EVENTS_FILE) == 0;
	}
	m->stale |= m->look_status || m->look_events || m->look_log || m->look_runs;
}

/* Whether the name belongs to another file than the one that is open: it was rotated. */
static bool is_another(const struct monitor *m)
{
	return m->live.dir.fd >= 0 &&
	       faccessat(m->live.dir.fd, m->log_name, F_OK, AT_SYMLINK_NOFOLLOW) == 0 &&
	       (m->log.fd < 0 || !rt_file_named(m->log.fd, m->live.dir.fd, m->log_name));
}

static void look_log(struct monitor *m)
{
	m->look_log = false;
	if (!m->log_name)
		return;
	pager_look(&m->log);
	if (m->log.follow && is_another(m))
		open_log(m);
}

static void look_status(struct monitor *m)
{
	bool over = live_over(&m->live);

	m->look_status = false;
	live_look(&m->live, m->watch);
	if (m->live.error.msg[0])
		monitor_say(m, STYLE_BAD, "%s", m->live.error.msg);
	if (over == live_over(&m->live))
		return;
	m->log.over = m->events.over = !over;
	m->look_log = m->look_events = true;
}

static void look_events(struct monitor *m)
{
	m->look_events = false;
	if (m->events.fd < 0)
		pager_open(&m->events, live_file(&m->live, RT_EVENTS_FILE));
	else
		pager_look(&m->events);
	m->live.reading = true;
}

/* The step that goes on and began last, or else the last one. */
static void follow_steps(struct monitor *m)
{
	const struct plan *p = &m->live.plan;
	size_t i = p->n;

	while (p->count[PLAN_RUNNING] && i && p->v[i - 1].state != PLAN_RUNNING)
		i--;
	m->steps.selected = i;
}

void monitor_read(struct monitor *m)
{
	m->stale |= live_read(&m->live);
	list_set(&m->steps, m->live.plan.n + 1);
	if (m->live.reading)
		return;
	if (m->follow_steps)
		follow_steps(m);
	monitor_select(m);
	m->stale = true;
}

void monitor_look(struct monitor *m)
{
	if (m->look_runs && !m->live.open) {
		m->look_runs = false;
		runs_load(&m->runs, &m->unpack, m->watch, &m->runs_tag);
	}
	if (!m->live.open)
		return;
	if (m->look_status)
		look_status(m);
	if (m->look_events)
		look_events(m);
	if (m->look_log)
		look_log(m);
}
