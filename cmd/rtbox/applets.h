/* The applets that rtbox is made of: one line here, one in main.c's table. */
#ifndef RT_APPLETS_H
#define RT_APPLETS_H

#include "opt.h"

extern const struct rt_applet rt_applet_emit;
extern const struct rt_applet rt_applet_prune;
extern const struct rt_applet rt_applet_query;
extern const struct rt_applet rt_applet_run;
extern const struct rt_applet rt_applet_status;
extern const struct rt_applet rt_applet_summarize;
extern const struct rt_applet rt_applet_tail;

#endif
