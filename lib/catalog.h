/* Runs of a runs folder: listing, selecting, and what a RUN argument means. */
#ifndef RT_CATALOG_H
#define RT_CATALOG_H

#include "err.h"
#include "status.h"

/* A run that was found. Release it. */
struct rt_found {
	char *path; /* of the run directory, of the archive, or of the file */
	bool file;  /* a JSON-lines file instead of a run directory */
};
void rt_found_release(struct rt_found *f);

/*
 * What RUN means: an id (exact beats prefix), a unique prefix, GROUP/ID,
 * @latest, @latest~N, @latest:NAME, @latest:NAME~N, or a path (it has a "/" and is no GROUP/ID
 * there) to a run directory or, with an unpacker, to an archive, or, with
 * `files`, to a JSON-lines file. RT_ERR_NOTFOUND says where it was looked for,
 * RT_ERR_USAGE lists what an ambiguous prefix could mean.
 */
int rt_catalog_resolve(const char *runs_dir, const char *run, bool files,
		       const struct rt_unpacker *unpacker, struct rt_found *found,
		       struct rt_err *err);

/* What a list says of a run. All strings are the row's; "" where there is nothing. */
struct rt_row {
	char *path, *id, *group, *name, *host, *stage, *percent, *error;
	enum rt_state state; /* derived: lost and stale included */
	int64_t created_ns, started_ns, finished_ns, updated_ns; /* 0: unknown */
	int64_t duration_ms; /* so far where it is not over; -1: unknown */
	int exit_code;       /* -1: unknown */
	int64_t n_events, n_warnings, n_errors;
	struct rt_usage usage;
	char *labels; /* of an archived run, as a JSON object; NULL: they are in metadata.json */
	char *text;   /* what the strings are in */
};

/*
 * Which runs are meant. Lists are NULL-terminated arrays of globs, of which one
 * must match; a label is KEY=GLOB, or KEY alone for any value.
 */
struct rt_selection {
	char **name, **group, **status, **label, **host; /* NULL: any */
	int64_t since_ns, until_ns; /* started in [since, until); INT64_MIN, INT64_MAX: any */
};

struct rt_catalog {
	struct rt_row *rows; /* newest first */
	size_t n, cap;
	size_t unreadable; /* directories that could not be read */
};

/*
 * List the runs of runs_dir that `sel` (NULL: all) selects. A folder that does
 * not exist has no runs. An archived run that is not in the cache is read by the
 * unpacker, that threads may call at the same time; without one (NULL) it is left out.
 */
int rt_catalog_list(struct rt_catalog *c, const char *runs_dir, const struct rt_selection *sel,
		    const struct rt_unpacker *unpacker, struct rt_err *err);
void rt_catalog_release(struct rt_catalog *c);

/* Whether `sel` selects the run RUNS/NAME (GROUP/ID or ID); not where there is none. */
bool rt_catalog_selects(const char *runs_dir, const char *name, const struct rt_selection *sel,
			const struct rt_unpacker *unpacker);

/* Append the row as a JSON object in one line, keys named as in status.json; `path` is last. */
void rt_row_json(const struct rt_row *row, struct rt_buf *out);

#endif
