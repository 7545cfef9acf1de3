/*
 * Captured output as it stands on disk: the container-log format of Kubernetes'
 * Container Runtime Interface, one record a line,
 *
 *   RFC3339NANO stdout|stderr F|P TEXT
 *
 * F ends a line of output; P is a piece of one that goes on in the next record
 * of the same stream. capture.h writes it, this reads it.
 * Source: kubernetes/design-proposals-archive, node/kubelet-cri-logging.md.
 */
#ifndef RT_CRILOG_H
#define RT_CRILOG_H

#include "buf.h"

#include <stdint.h>

/* A record; its texts are views into the line. */
struct rt_cri {
	struct rt_str ts;   /* as it stands: rt_cri_time reads it */
	struct rt_str text; /* to the end of the line, spaces and all */
	bool err;           /* of stderr, else stdout */
	bool partial;       /* P */
};

/* Parse a line without its newline. False when it is no record; *c is then untouched. */
bool rt_cri_parse(struct rt_cri *c, struct rt_str line);

/* When it was written. False when that is no time. */
bool rt_cri_time(const struct rt_cri *c, int64_t *ns);

#endif
