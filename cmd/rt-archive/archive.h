/* What rt-archive does: each operation in a file of its own. Exit codes are returned, errors said. */
#ifndef RT_ARCHIVE_H
#define RT_ARCHIVE_H

#include "common.h"

#include <stdbool.h>

struct archive_opts {
	struct common_opts common;
	struct output_opts output;
	const char *cat;
	bool list, index, optional, mute;
	bool restore, check, prune, zstd;
};

/* make.c: archive the run in that directory, and with --prune remove what is archived. */
int archive_make(const char *path, const struct archive_opts *o, int timeout_ms);

/* bring.c: bring it back from its archive; whether the archive is as it was made. */
int archive_restore(const char *path, int timeout_ms);
int archive_check(const char *path, struct out *out);

/* look.c: --list, --cat and --index of the archive `path`. */
int archive_look(const char *path, const struct archive_opts *o, struct out *out);

#endif
