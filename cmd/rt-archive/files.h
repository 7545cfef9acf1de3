/*
 * The files of a run that belong into its archive, and their folders: as they are
 * in its directory, and what the archive has of them.
 */
#ifndef RT_FILES_H
#define RT_FILES_H

#include "facts.h"
#include "members.h"
#include "rundir.h"

#include <sys/stat.h>

struct file {
	char *path;     /* in the run; a folder's has no "/" at its end */
	struct stat st; /* as it was found */
	bool seen;      /* the archive has something of that name, */
	bool same;      /* which is the same */
	bool borrowed;  /* it was brought back only to be archived again */
};

struct files {
	struct file *v; /* sorted by path, bytewise: a folder stands before what is in it */
	size_t n, cap;
	size_t others; /* links, devices, and what is of other file systems: left out */
};

/* Find them. Release it, also after -1. */
int files_scan(struct files *f, const struct rt_rundir *d, struct rt_err *err);
void files_release(struct files *f);

struct file *files_find(const struct files *f, struct rt_str path);

static inline bool file_is_folder(const struct file *file)
{
	return S_ISDIR(file->st.st_mode);
}

/* Open a regular file that was found; -1 (errno ESTALE) when it is another one by now. */
int files_open(const struct rt_rundir *d, const struct file *file);

/*
 * Hold what is in an archive against the files: marks which are seen, and the same.
 * *lacking is how many members the directory lacks, or has as something else, and
 * facts learn of each. -1 when the archive breaks off, which was said.
 */
int files_compare(struct files *f, const struct rt_rundir *d, struct members *m,
		  struct facts *facts, size_t *lacking);

/*
 * Remove those that are the same: all (of which lists look at some and git tracks
 * others: these stay), or only what was borrowed. What changed since it was compared
 * stays, too, and is counted in *changed.
 */
int files_remove(const struct files *f, const struct rt_rundir *d, bool all, size_t *changed,
		 struct rt_err *err);

#endif
