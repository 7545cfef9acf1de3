/*
 * Output that is held back until it is known whether the command fails
 * (--output=failed): in unlinked files, which take what is written to them in the
 * place of our own output, also from steps inside the run.
 */
#ifndef RT_HOLDBACK_H
#define RT_HOLDBACK_H

#include "buf.h"

#include <sys/types.h>

/* How far both streams had come when the other one went on. */
struct hold_turn {
	off_t upto[2];
};

struct hold {
	int fd[2]; /* what to write to; one file where both go to the same place; -1: none */
	const char *where[2]; /* the folder that they are in; NULL: the run's */
	bool shared;
	int stream; /* that was written to last */
	struct hold_turn *turns;
	size_t n, cap;
};

/* Make the files; own is where the output would go, run_fd the run (-1: none). -1 and errno. */
int hold_open(struct hold *h, int run_fd, const int own[2]);

/* A piece of this stream comes next. */
void hold_note(struct hold *h, int stream);

/* Write all of it where it would have gone, in the order in which it came. */
void hold_replay(struct hold *h, const int own[2]);
void hold_close(struct hold *h);

#endif
