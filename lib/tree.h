/*
 * Everything in a folder, at any depth: to look at, to measure, to remove. No link
 * is followed, no other file system entered, whoever changes the folder meanwhile.
 */
#ifndef RT_TREE_H
#define RT_TREE_H

#include "err.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

#define RT_TREE_DEPTH 128 /* folders in folders; deeper ones are an error */

struct rt_tree_item {
	const char *path; /* below the folder: "logs/run.log" */
	int dirfd;        /* the folder that it is in */
	const char *name; /* what it is called there */
	struct stat st;   /* of the item itself */
	bool mounted;     /* of another file system */
	bool left;        /* a folder for the second time: what is in it was visited */
};

/*
 * Visit all that is in the directory dirfd, in no order; a folder before what is
 * in it, and once more behind it. `visit` returns 0 to go on, 1 to leave a folder
 * out, -1 (with an error of its own) to end. What vanishes meanwhile was not there.
 */
int rt_tree_walk(int dirfd, int (*visit)(void *arg, const struct rt_tree_item *item), void *arg,
		 struct rt_err *err);

/* Bytes on the disk of what is in it, as far as it can be looked at. */
int64_t rt_tree_bytes(int dirfd);

/* Remove `name` in dirfd with all that is in it; no error when it is not there. */
int rt_tree_remove(int dirfd, const char *name, struct rt_err *err);

#endif
