/*
 * What the parts of rt-monitor share: what is on the screen, and where the person is in
 * it. The model is apart: the run in live.c and plan.c, files in pager.c and line.c, the
 * list of runs in runs.c. loop.c waits, look.c looks, draw*.c draws all of it by screen.c,
 * keys.c and commands.c change it.
 */
#ifndef RT_MONITOR_H
#define RT_MONITOR_H

#include "ask.h"
#include "line.h"
#include "live.h"
#include "pager.h"
#include "prompt.h"
#include "runs.h"
#include "screen.h"

enum view {
	VIEW_RUNS,  /* the list to pick from */
	VIEW_RUN,   /* one run */
	VIEW_SHEET, /* a text over that: help, details */
};

enum pane { PANE_PLAN, PANE_LOG, PANE_EVENTS, PANES };

/* A part of the screen. */
struct box {
	int row, column, rows, columns;
};

struct monitor {
	struct out out; /* for times and whether there is colour; nothing is printed to it */
	struct screen screen;
	struct unpack unpack;

	/* what is waited for */
	struct rt_watch *watch;
	char top_tag, log_tag, runs_tag; /* their addresses stand for folders */
	int inputs;                      /* epoll(7): the terminal, signals, rt-run */
	int signals;                     /* signalfd(2) */
	sigset_t mask;                   /* what was blocked before */
	bool look_status, look_events, look_log, look_runs; /* they may have changed */
	bool stale;                                         /* the screen is not what is so */
	int64_t drawn_ns;

	/* what is shown */
	enum view view, behind; /* behind: of the sheet */
	struct runs runs;
	struct live live;
	struct list steps; /* of the plan; the first entry is the run itself */
	bool follow_steps; /* select the one that began last */
	char *log_folder;  /* of the selected step: "logs/step_001"; NULL: it has none */
	char *log_name;    /* the log that is shown: "logs/step_001/output.log" */
	struct pager log, events, sheet;
	struct line_style lines;
	char *filter; /* as it was typed; "" for none */
	char *sheet_title;
	enum pane focus;
	bool zoom; /* the focused pane alone */
	struct box boxes[PANES];

	/* what the person does */
	struct prompt prompt;
	struct ask ask;
	bool confirm; /* a cancel waits for "y" */
	struct pattern search;
	bool has_search, search_back;
	struct rt_buf message; /* inert */
	enum out_style message_style;
	bool quit;
};

/* loop.c: everything, until it is quit. `path`: the run to begin with, or NULL. */
void monitor_run(struct monitor *m, const char *path);

/*
 * look.c: learn what has changed in the folders; look at what that is; read on in the
 * events for the plan.
 */
void monitor_take_changes(struct monitor *m);
void monitor_look(struct monitor *m);
void monitor_read(struct monitor *m);

/* Show a run, or the list of them. False: it cannot be opened, which is said. */
bool monitor_open(struct monitor *m, const char *path);
void monitor_list(struct monitor *m);

/* Another entry of the plan is selected: show its log. */
void monitor_select(struct monitor *m);

/* Show another log in the same folder; "": the next one. False: there is no such log. */
bool monitor_show_log(struct monitor *m, const char *name);

/* Say something in the last line, until the next key. */
void monitor_say(struct monitor *m, enum out_style style, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* The selected step; NULL: the run itself. */
struct plan_step *monitor_step(struct monitor *m);

/* The file or text that the focus is on; NULL: it is on the plan, or the list. */
struct pager *monitor_pager(struct monitor *m);
struct list *monitor_list_of(struct monitor *m);

/* draw.c */
void monitor_draw(struct monitor *m);

/* draw_run.c: the header and the plan; draw_list.c: the runs. */
void draw_header(const struct monitor *m, int64_t now_ns);
void draw_plan(struct monitor *m, const struct box *box, int64_t now_ns);
void draw_runs(struct monitor *m, const struct box *box, int64_t now_ns);

/* "45s", or "" where it is not known. */
void draw_span(struct spot *s, int64_t ns, int columns, enum out_style style);

/* keys.c */
void monitor_key(struct monitor *m, enum screen_key how, uint32_t key);

/* commands.c: do what a line says. */
void monitor_command(struct monitor *m, const char *line);
prompt_complete monitor_complete;

struct command {
	const char *name, *argument, *help;
	const char *key; /* how a key that does the same is called, or NULL */
	void (*run)(struct monitor *m, const char *argument);
};
extern const struct command commands[]; /* one without a name ends the list */

/* search.c: what a pattern means, and the next match in the focused pane. */
void monitor_search(struct monitor *m, const char *pattern, bool backward);
void monitor_search_next(struct monitor *m, bool other_way);

/* sheet.c: texts over the screen. */
void sheet_help(struct monitor *m);
void sheet_details(struct monitor *m, const struct plan_step *step);
void sheet_close(struct monitor *m);

#endif
