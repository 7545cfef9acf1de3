/*
 * What a command and all that it started have used: processor time, memory and
 * I/O, as wait4(2) tells of those that were waited for. Memory is that of the
 * largest process, not their sum (getrusage(2)). Where a cgroup tells more of
 * time and memory, it is taken from there (cgroup.h). I/O is not: a cgroup counts
 * what goes to a disk that lies on another one twice, and what is yet to be
 * written not at all.
 */
#ifndef RT_RESOURCES_H
#define RT_RESOURCES_H

#include "buf.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/resource.h>

#define RT_RESOURCES_TEXT 160

struct rt_resources {
	bool known;
	int64_t user_ms, system_ms, max_rss_bytes;
	int64_t peak_bytes;                /* of all together; 0: not known */
	int64_t read_bytes, written_bytes; /* that reached or left a disk */
	bool cgroup;                       /* it was asked as well */
};

struct rt_resources rt_resources_of(const struct rusage *usage);

/* As a JSON object, and out of one. */
void rt_resources_write(const struct rt_resources *r, struct rt_buf *out);
void rt_resources_parse(struct rt_resources *r, struct rt_str object);

/* "1.2s user, 0.3s system, 12.0 MB memory, 0 B read, 4.0 KB written"; "" when not known. */
void rt_resources_text(const struct rt_resources *r, char text[RT_RESOURCES_TEXT]);

#endif
