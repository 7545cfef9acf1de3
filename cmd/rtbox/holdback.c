/*
 * Output that is held back. See holdback.h. In which order pieces of the two streams
 * came can only be seen where both go to the same place: there one file has
 * both. Where they go apart it is kept as well as it is known.
 */
#include "holdback.h"
#include "fdio.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define TURNS_MAX 65536 /* after that one stream goes out before the other */
#define TRIES 100

/* A file without a name, for its owner alone: what is in it is not masked. */
static int open_unnamed(int dirfd)
{
	char name[64];
	int fd = -1;

	for (int i = 0; i < TRIES && fd < 0; i++) {
		snprintf(name, sizeof(name), ".rt-held-%ld-%d", (long)getpid(), i);
		fd = openat(dirfd, name, O_RDWR | O_APPEND | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
		if (fd < 0 && errno != EEXIST)
			return -1;
	}
	if (fd >= 0)
		unlinkat(dirfd, name, 0);
	return fd;
}

/* *where gets its folder. */
static int open_file(int run_fd, const char **where)
{
	const char *tmp = getenv("TMPDIR");
	int dir, fd;

	*where = tmp && *tmp ? tmp : "/tmp";
	dir = open(*where, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	fd = dir < 0 ? -1 : open_unnamed(dir);
	if (dir >= 0)
		close(dir);
	if (fd >= 0 || run_fd < 0)
		return fd;
	*where = NULL;
	return open_unnamed(run_fd);
}

int hold_open(struct hold *h, int run_fd, const int own[2])
{
	*h = (struct hold){ .fd = { -1, -1 }, .shared = rt_file_same(own[0], own[1]) };
	for (int i = 0; i < 2; i++) {
		if (i && h->shared) {
			h->fd[i] = fcntl(h->fd[0], F_DUPFD_CLOEXEC, 3);
			h->where[i] = h->where[0];
		} else {
			h->fd[i] = open_file(run_fd, &h->where[i]);
		}
		if (h->fd[i] < 0) {
			hold_close(h);
			return -1;
		}
	}
	return 0;
}

static off_t size_of(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 ? st.st_size : 0;
}

void hold_note(struct hold *h, int stream)
{
	struct hold_turn *turns = h->turns;

	if (h->shared || stream == h->stream || h->n == TURNS_MAX)
		return;
	if (h->n == h->cap) {
		turns = realloc(turns, (h->cap + 256) * sizeof(*turns));
		if (!turns)
			return;
		h->turns = turns;
		h->cap += 256;
	}
	for (int i = 0; i < 2; i++)
		turns[h->n].upto[i] = size_of(h->fd[i]);
	h->n++;
	h->stream = stream;
}

static int write_all(int fd, const char *p, size_t n)
{
	while (n) {
		ssize_t done = write(fd, p, n);

		if (done < 0 && errno == EAGAIN)
			poll(&(struct pollfd){ fd, POLLOUT, 0 }, 1, -1);
		else if (done < 0 && errno != EINTR)
			return -1;
		if (done > 0) {
			p += done;
			n -= (size_t)done;
		}
	}
	return 0;
}

/* Copy what stands in [*at, end); what nobody wants to read any more is skipped. */
static void copy(int from, int to, off_t *at, off_t end)
{
	char piece[16384];

	while (*at < end) {
		size_t want = end - *at < (off_t)sizeof(piece) ? (size_t)(end - *at) :
								 sizeof(piece);
		ssize_t n = pread(from, piece, want, *at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0 || write_all(to, piece, (size_t)n) < 0)
			break;
		*at += n;
	}
	*at = end;
}

void hold_replay(struct hold *h, const int own[2])
{
	off_t at[2] = { 0, 0 };

	for (size_t t = 0; t < h->n; t++)
		for (int i = 0; i < 2; i++)
			copy(h->fd[i], own[i], &at[i], h->turns[t].upto[i]);
	for (int i = 0; i < (h->shared ? 1 : 2); i++)
		copy(h->fd[i], own[i], &at[i], size_of(h->fd[i]));
}

void hold_close(struct hold *h)
{
	for (int i = 0; i < 2; i++) {
		if (h->fd[i] >= 0)
			close(h->fd[i]);
		h->fd[i] = -1;
	}
	free(h->turns);
	h->turns = NULL;
}
