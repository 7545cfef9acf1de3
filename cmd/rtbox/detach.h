/* Going on without the caller and his terminal. */
#ifndef RT_DETACH_H
#define RT_DETACH_H

/*
 * Returns in a process of its own, in a session of its own without a terminal,
 * with nothing to read and standard output let go, which is to be given to
 * detach_done. The caller's process prints what that is told and exits with 0;
 * when it is told nothing, it ends as the other one does.
 */
int detach(void);

/* It has begun, and is called this: the caller may go, and nobody hears us any more. */
void detach_done(int fd, const char *id);

#endif
