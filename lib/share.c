/* Sharing work between threads. See share.h. */
#include "share.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <unistd.h>

struct share {
	atomic_size_t next; /* piece that nobody has begun */
	size_t n, portion;
	rt_share_fn *work;
	void *arg;
};

struct helper {
	struct share *share;
	size_t worker;
	pthread_t id;
};

static void take_part(struct share *s, size_t worker)
{
	size_t from, to;

	while ((from = atomic_fetch_add(&s->next, s->portion)) < s->n) {
		to = s->n - from > s->portion ? from + s->portion : s->n;
		s->work(s->arg, worker, from, to);
	}
}

static void *help(void *arg)
{
	struct helper *h = arg;

	take_part(h->share, h->worker);
	return NULL;
}

size_t rt_share_processors(void)
{
	cpu_set_t set;
	long n;

	/* it fails where there are more than the set has room for */
	if (sched_getaffinity(0, sizeof(set), &set) == 0)
		n = CPU_COUNT(&set);
	else
		n = sysconf(_SC_NPROCESSORS_ONLN);
	return n < 1 ? 1 : (size_t)n;
}

size_t rt_share_threads(size_t n, size_t least)
{
	size_t threads = n / least, cpus;

	if (threads < 2)
		return 1;
	cpus = rt_share_processors();
	if (threads > cpus)
		threads = cpus;
	return threads < RT_SHARE_MAX ? threads : RT_SHARE_MAX;
}

void rt_share_run(size_t n, size_t portion, size_t threads, rt_share_fn *work, void *arg)
{
	struct share s = { .n = n, .portion = portion, .work = work, .arg = arg };
	struct helper helpers[RT_SHARE_MAX];
	size_t started = 1;
	sigset_t all, before;

	if (threads > 1) {
		/* Whoever calls has handlers that are for its own threads. */
		sigfillset(&all);
		pthread_sigmask(SIG_SETMASK, &all, &before);
		for (; started < threads && started < RT_SHARE_MAX; started++) {
			struct helper *h = &helpers[started];

			h->share = &s;
			h->worker = started;
			if (pthread_create(&h->id, NULL, help, h) != 0)
				break;
		}
		pthread_sigmask(SIG_SETMASK, &before, NULL);
	}
	take_part(&s, 0);
	while (--started > 0)
		pthread_join(helpers[started].id, NULL);
}
