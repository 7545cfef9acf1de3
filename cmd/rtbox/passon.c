/* Passing output on, a bit at a time. See passon.h. */
#include "passon.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#define TTY_CHUNK 256 /* what a terminal has room for when poll says that it has some */

void passon_init(struct passon *p, int fd)
{
	struct stat st;

	p->fd = fd;
	p->at = p->n = 0;
	p->terminal = isatty(fd);
	p->kind = PASSON_FILE;
	if (fstat(fd, &st) < 0 || S_ISREG(st.st_mode))
		return;
	/* A pipe that poll calls ready has room for PIPE_BUF bytes. */
	p->kind = p->terminal ? PASSON_POLL : PASSON_NOWAIT;
	p->chunk = p->terminal ? TTY_CHUNK : PIPE_BUF;
}

/* Linux 6.4 knows it of pipes; where it does not, poll has to do. */
static ssize_t write_nowait(struct passon *p, struct rt_str s)
{
	struct iovec v = { (void *)(uintptr_t)s.p, s.n };
	ssize_t done = pwritev2(p->fd, &v, 1, -1, RWF_NOWAIT);

	if (done < 0 && (errno == EOPNOTSUPP || errno == ENOSYS || errno == EINVAL)) {
		p->kind = PASSON_POLL;
		errno = EINTR;
	}
	return done;
}

static ssize_t write_ready(struct passon *p, struct rt_str s)
{
	struct pollfd out = { p->fd, POLLOUT, 0 };

	/* An error shows at the write: it is the one that has to be told. */
	if (poll(&out, 1, 0) == 0) {
		errno = EAGAIN;
		return -1;
	}
	return write(p->fd, s.p, s.n < p->chunk ? s.n : p->chunk);
}

/* Write what can be written, and cut it off s. */
static int write_some(struct passon *p, struct rt_str *s)
{
	while (s->n) {
		ssize_t done = p->kind == PASSON_FILE   ? write(p->fd, s->p, s->n) :
			       p->kind == PASSON_NOWAIT ? write_nowait(p, *s) :
							  write_ready(p, *s);

		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0)
			return errno == EAGAIN ? 0 : -1;
		s->p += done;
		s->n -= (size_t)done;
	}
	return 0;
}

int passon_take(struct passon *p, struct rt_str piece)
{
	if (write_some(p, &piece) < 0)
		return -1;
	memcpy(p->piece, piece.p, piece.n);
	p->at = 0;
	p->n = piece.n;
	return 0;
}

int passon_write(struct passon *p)
{
	struct rt_str rest = { p->piece + p->at, p->n - p->at };
	int ret = write_some(p, &rest);

	p->at = ret < 0 ? p->n : p->n - rest.n;
	return ret;
}
