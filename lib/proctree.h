/*
 * The processes below one: what /proc knows of them. A process that was left by
 * its parent is below the nearest subreaper (rt_proctree_adopt), so that nothing
 * that a command started gets out of reach. Where there is no /proc, or that of
 * another pid namespace, nothing is known.
 */
#ifndef RT_PROCTREE_H
#define RT_PROCTREE_H

#include "buf.h"

#include <sys/types.h>

struct rt_process {
	pid_t pid, parent;
	char state;    /* as in proc(5): R S D T Z ... */
	char name[17]; /* of its program, as the kernel cut it; may hold any byte but NUL */
};

struct rt_proctree {
	struct rt_process *v;
	size_t n;
};

/* Become the parent of whatever is left below this process. */
void rt_proctree_adopt(void);

/*
 * All that runs below `root`, zombies and root itself not. Release it. -1 and
 * errno: nothing is known, and nothing in it.
 */
int rt_proctree_list(struct rt_proctree *t, pid_t root);
void rt_proctree_release(struct rt_proctree *t);

/* "sleep (12), sh (13) and 3 more" */
#define RT_PROCTREE_NAMED 20 /* at most; the others are only counted */
void rt_proctree_name(const struct rt_proctree *t, struct rt_buf *out);

/* Whether a process is stopped, as far as can be known: where it cannot, it is. */
bool rt_proctree_is_stopped(pid_t pid);

/* Send a signal so that rt_proctree_told knows it. */
void rt_proctree_tell(pid_t pid, int sig);

/*
 * Whether a signal came by rt_proctree_tell: then all below have got it as well, and
 * it is not to be passed on. `code` and `value` are those of siginfo_t.
 */
bool rt_proctree_told(int code, int value);

#endif
