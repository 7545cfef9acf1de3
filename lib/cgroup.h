/*
 * What the cgroup (v2) that we are in has counted, where we have it to ourselves:
 * as the only process of a systemd service or scope, or of a container. Then what
 * comes into it is the command and all that it starts, waited for or not.
 *
 * No cgroup is made for the command. One below ours would have no memory
 * controller, since a cgroup with processes in it hands none on (cgroups(7), "no
 * internal processes"); it could not be removed while something is left in the
 * background; and it takes longer than the times that it would tell are worth.
 */
#ifndef RT_CGROUP_H
#define RT_CGROUP_H

#include "resources.h"

#define RT_CGROUP_MOUNT "/sys/fs/cgroup"
#define RT_CGROUP_SELF "/proc/self/cgroup"

struct rt_cgroup {
	int fd;                     /* its directory; -1: we are not alone there */
	int64_t user_us, system_us; /* less what we have used ourselves */
	int64_t peak_bytes;
};

/*
 * Note what it has counted before anything is started. `mount` is where cgroups
 * are, and `self` the file that says which is ours. There may be none.
 */
void rt_cgroup_begin(struct rt_cgroup *g, const char *mount, const char *self);

/*
 * Put what it has counted since then into r, which has what getrusage(2) told, and
 * close it. r keeps that where it is more: the command was moved elsewhere.
 */
void rt_cgroup_end(struct rt_cgroup *g, struct rt_resources *r);

#endif
