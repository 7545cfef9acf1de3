/* rt-status -l: the runs of a folder. */
#ifndef RT_STATUS_LIST_H
#define RT_STATUS_LIST_H

#include "catalog.h"
#include "common.h"

#define STATUS_SORT_KEYS                                                                  \
	"id|name|group|status|host|stage|created|started|finished|updated|duration|exit|" \
	"events|warnings|errors|tokens|cost"

struct status_list {
	const char *runs_dir;
	const struct rt_selection *selection;
	const struct output_opts *output;
	const char *sort; /* a key, "-" before it for the largest first; NULL: newest first */
	int64_t n;        /* rows, -1: all, -2: 50, with a word about the others */
	bool selective;   /* options narrow it down */
};

/* -o prometheus: the runs of a list, by name and group; puts them in another order. */
void status_prometheus(const struct rt_catalog *c, const struct rt_unpacker *unpacker,
		       struct out *o);

/* Print the list; returns the exit code. */
int status_list_print(const struct status_list *l, struct out *o);

#endif
