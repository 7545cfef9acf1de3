/* Processes that a supervised command leaves behind: they live on, as they would without us. */
#include "die.h"
#include "orphans.h"
#include "supervise_loop.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void loop_note_left(struct loop *l, bool end)
{
	struct rt_proctree left;

	if (!l->s->record)
		return;
	if (loop_tree(l, &left) == 0 && left.n)
		orphans_record(l->s->record, &left, &l->s->step, end);
	rt_proctree_release(&left);
}

/* Look at what is due of a pipe, which stays in it. Of a terminal that cannot be done. */
static void annotate_due(struct loop *l, int i)
{
	int64_t due = l->due[i];
	char piece[4096];
	int copy[2];
	ssize_t n;

	if (due <= 0 || pipe2(copy, O_CLOEXEC | O_NONBLOCK) < 0)
		return;
	fcntl(copy[1], F_SETPIPE_SZ, fcntl(l->in[i], F_GETPIPE_SZ));
	tee(l->in[i], copy[1], (size_t)due, SPLICE_F_NONBLOCK);
	while ((n = read(copy[0], piece, sizeof(piece))) > 0)
		annotate_add(l->s->annotate, i, (struct rt_str){ piece, (size_t)n });
	close(copy[0]);
	close(copy[1]);
}

void loop_annotate_end(struct loop *l)
{
	if (!l->s->annotate)
		return;
	for (int i = OUT; i <= ERR; i++)
		annotate_due(l, i);
	annotate_end(l->s->annotate);
}

/* What does not go out at once does not go out at all; the log has it. */
static void drop_pending(struct loop *l)
{
	for (int i = OUT; i <= ERR; i++) {
		if (!passon_pending(&l->pass[i]))
			continue;
		l->pass[i].at = l->pass[i].n;
		l->muted[i] = true;
	}
}

static bool has_output(struct loop *l)
{
	/* Where all around us is being ended, nobody is to wait for a slow reader. */
	if (l->s->end.told)
		drop_pending(l);
	return l->in[OUT] >= 0 || l->in[ERR] >= 0 || passon_pending(&l->pass[OUT]) ||
	       passon_pending(&l->pass[ERR]);
}

bool loop_leave_drainer(struct loop *l)
{
	struct rt_rundir dir;
	pid_t pid;

	if (l->in[OUT] < 0 && l->in[ERR] < 0)
		return false;
	pid = fork();
	if (pid != 0)
		return pid > 0;
	close(STDIN_FILENO);
	/* An open log would keep a lock that we die with. Messages still name the run. */
	dir = *l->s->dir;
	dir.fd = -1;
	dir.path = xstrdup(dir.path);
	l->s->dir = &dir;
	rt_record_close(l->s->record);
	l->s->annotate = NULL;
	for (int i = 0; i < PEER_MAX; i++) {
		if (l->peers[i].fd >= 0)
			close(l->peers[i].fd);
		l->peers[i].fd = l->fds[PEERS + i].fd = -1;
	}
	/* The keeper stays as long as we have what it talks to. */
	l->fds[INPUT].fd = l->fds[TYPED].fd = l->fds[KEEPER].fd = -1;
	for (int i = ASKED; i < PEERS; i++) {
		if (l->fds[i].fd >= 0)
			close(l->fds[i].fd);
		l->fds[i].fd = -1;
	}
	memset(l->at_ns, 0, sizeof(l->at_ns));
	l->drains = true;
	while (has_output(l))
		loop_turn(l);
	rt_capture_end(l->s->capture);
	_exit(0);
}
