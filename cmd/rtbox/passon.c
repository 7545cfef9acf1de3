/* Passing output on, a bit at a time. See passon.h. */
#include "passon.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#define TTY_CHUNK 256 /* what a terminal has room for when poll says that it has some */

void passon_init(struct passon *p, int fd)
{
	struct stat st;

	p->fd = fd;
	p->at = p->n = 0;
	/* Files are always ready. A pipe that poll calls so has room for PIPE_BUF bytes. */
	p->chunk = PASSON_MAX;
	if (fstat(fd, &st) < 0 || S_ISREG(st.st_mode))
		return;
	p->chunk = isatty(fd) ? TTY_CHUNK : PIPE_BUF;
}

void passon_take(struct passon *p, struct rt_str piece)
{
	memcpy(p->piece, piece.p, piece.n);
	p->at = 0;
	p->n = piece.n;
}

int passon_write(struct passon *p)
{
	while (passon_pending(p)) {
		struct pollfd out = { p->fd, POLLOUT, 0 };
		size_t left = p->n - p->at;
		ssize_t done;

		/* An error shows at the write: it is the one that has to be told. */
		if (p->chunk < PASSON_MAX && poll(&out, 1, 0) == 0)
			return 0;
		done = write(p->fd, p->piece + p->at, left < p->chunk ? left : p->chunk);
		if (done < 0 && (errno == EINTR || errno == EAGAIN))
			return 0;
		if (done < 0) {
			p->at = p->n = 0;
			return -1;
		}
		p->at += (size_t)done;
	}
	return 0;
}
