/*
 * rt-summarize in parts: which runs are meant (summarize_runs.c,
 * summarize_import.c), writing their
 * summaries into them (summarize_write.c), the list of all (summarize_index.c), what they are like beside others
 * (summarize_compare.c, summarize_regression.c); the rest is in summarize.c.
 */
#ifndef RT_SUMMARIZE_H
#define RT_SUMMARIZE_H

#include "catalog.h"
#include "common.h"
#include "summary.h"
#include "unpack.h"

/* What is to be summarised. */
struct summarized {
	struct rt_found found;
	bool over;   /* it was selected, and has ended: it is not lost */
	bool tree;   /* a folder of another system */
	char *group; /* of that, the folder that it is in, or NULL */
};

struct summarized_runs {
	struct summarized *v;
	size_t n;
	bool selected; /* by -a, --name ..., not named */
};

/* The runs that are named, else selected, else the latest one. Dies of what is not there. */
void summarized_find(struct summarized_runs *runs, const struct common_opts *c,
		     const struct select_opts *select, int argc, char **argv,
		     struct unpack *unpack);
/* Those that other systems left in a folder. Dies where there are none. */
void summarized_import(struct summarized_runs *runs, const char *dir);
void summarized_release(struct summarized_runs *runs);

/* A run is a directory, or an archive of one. */
bool summarized_is_archive(const char *path);

/*
 * Write the summary of each run and print the paths; of those that were selected,
 * only where they are over and have changed. With `stage` git gets those of all
 * that are over. Returns the exit code.
 */
int summarize_write(const struct summarized_runs *runs, bool stage, struct unpack *unpack);

/*
 * git add the paths, with a NUL behind each, in the work tree that the folder
 * `where` is in. Says what went wrong; returns the exit code.
 */
int summarize_git_add(const char *where, const struct rt_buf *paths);

/* Write INDEX.md of the runs that are selected, or of all. Returns the exit code. */
int summarize_index(const struct common_opts *c, const struct select_opts *select, bool stage,
		    struct unpack *unpack);

/* Print two runs side by side. Returns the exit code. */
int summarize_compare(const struct summarized_runs *runs, bool json, struct unpack *unpack);

/*
 * Say whether the last runs called so are slower, costlier or redder than those
 * before, and by which step. EXIT_NO when they are.
 */
int summarize_regression(const struct common_opts *common, const char *name, struct unpack *unpack);

/* Say how many of a file's lines were no events. */
void summarize_tell_skipped(const struct rt_summary *s, const char *path);

#endif
