/*
 * How the library reports failure: a function that can fail takes a struct
 * rt_err last, fills it and returns -1. It prints nothing and never exits;
 * the caller decides. Messages are lower case, without a full stop, with the
 * file or argument in double quotes.
 */
#ifndef RT_ERR_H
#define RT_ERR_H

/* What went wrong, as the exit code of a program that can do no more. */
enum rt_err_kind {
	RT_ERR_NONE = 0,
	RT_ERR_USAGE,    /* what was asked for makes no sense: exit 2 */
	RT_ERR_FAILURE,  /* it could not be done: exit 3 */
	RT_ERR_NOTFOUND, /* there is no such run or file: exit 3 */
	RT_ERR_REFUSED,  /* the run's state does not allow it: exit 3 */
	RT_ERR_LOCKED,   /* somebody else held the lock too long: exit 3 */
};

struct rt_err {
	enum rt_err_kind kind;
	int sys; /* errno at the time, 0 where no system call failed */
	char msg[512];
};

#define RT_ERR_INIT                \
	{                          \
		RT_ERR_NONE, 0, "" \
	}

/* Fill err (which may be NULL) and return -1, so that a caller can return it. */
int rt_err_set(struct rt_err *err, enum rt_err_kind kind, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* The same for a system call that just failed: ": " and rt_err_text(errno) follow. */
int rt_err_sys(struct rt_err *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* As strerror, but for what rt_file_open refuses: the system's own words for it are about devices. */
const char *rt_err_text(int sys);

#endif
