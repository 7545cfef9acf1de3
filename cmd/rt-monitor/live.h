/* The run on the screen: where it stands, its files, and what is waited for. */
#ifndef RT_LIVE_H
#define RT_LIVE_H

#include "plan.h"
#include "rundir.h"
#include "unpack.h"
#include "watch.h"

struct live {
	bool open;
	struct unpack *unpack;
	struct rt_rundir dir;
	struct rt_status status;
	enum rt_state state; /* derived */
	struct plan plan;
	int events;          /* open, or -1: there are none yet */
	bool reading;        /* there are events that the plan does not know yet */
	struct rt_err error; /* why the state could not be read last */
	int64_t owner_pid;   /* whose end is waited for */
};

/* Open a run. -1 and err: there is none. */
int live_open(struct live *l, const char *path, struct unpack *unpack, struct rt_err *err);
void live_close(struct live *l);

/* Wait for what happens in its folders: `tag` for the run's, `logs_tag` for those of output. */
void live_watch(struct live *l, struct rt_watch *w, void *tag);

/* Learn where it stands now. */
void live_look(struct live *l, struct rt_watch *w);

/* Read on in the events. Whether the plan has changed. */
bool live_read(struct live *l);

/*
 * Open a file of the run to be read at any place; out of an archive it is copied first,
 * to where nobody sees it. -1 and errno.
 */
int live_file(struct live *l, const char *name);

/* The names of the logs in a folder of the run ("logs/step_001"), sorted. Release them. */
struct live_logs {
	char **v;
	size_t n;
};
void live_logs(const struct live *l, const char *folder, struct live_logs *logs);
void live_logs_release(struct live_logs *logs);

bool live_over(const struct live *l);

/* Since it started, up to its end or now; -1: it has not. And what is left, as far as can be told. */
int64_t live_elapsed_ns(const struct live *l, int64_t now_ns);
int64_t live_left_ns(const struct live *l, int64_t now_ns);

/* How far it is, 0 to 100; -1: that is not known. */
double live_percent(const struct live *l);

#endif
