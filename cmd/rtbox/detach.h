/* Going on without the caller and his terminal. */
#ifndef RT_DETACH_H
#define RT_DETACH_H

/*
 * Fork, and return in the child: in a session of its own without a terminal, with
 * /dev/null as standard input and output. Returns a descriptor for detach_done,
 * never 0. The parent waits for that: it prints the id and exits with 0. If the
 * child ends before, so does the parent, in the same way.
 */
int detach(void);

/* The run `id` has begun: let the parent go. Standard error is /dev/null from here on; closes fd. */
void detach_done(int fd, const char *id);

#endif
