/*
 * rt-query: the events of runs, files and streams that meet a filter. What the
 * arguments mean is in source.c, where a span of time begins in
 * source_span.c, how several threads search in query_threads.c, how an event and
 * a group are printed in query_print.c and query_groups.c, --check in
 * query_check.c, --sql in query_sql.c.
 */
#include "query.h"
#include "applets.h"
#include "die.h"
#include "share.h"
#include "sieve.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define JOBS_MAX 256

/* clang-format off */
static const struct opt query_opts[] = {
	{ 'n', "lines", NULL, OPT_COUNT, offsetof(struct query_opts, n), "N|all",
	  "only the last N of the events that are found", NULL, COMPLETE_NONE },
	{ 'c', "count", NULL, OPT_FLAG, offsetof(struct query_opts, count), NULL,
	  "print how many there are instead", NULL, COMPLETE_NONE },
	{ 'j', "jobs", NULL, OPT_INT, offsetof(struct query_opts, jobs), "N",
	  "search with N threads (default: one a processor); the answer is the same", NULL,
	  COMPLETE_NONE },
	{ 0, "agg", NULL, OPT_STRING, offsetof(struct query_opts, agg), "LIST",
	  "work out count, sum(F), avg(F), min(F), max(F), p95(F), distinct(F) of the events", NULL,
	  COMPLETE_NONE },
	{ 0, "by", NULL, OPT_STRING, offsetof(struct query_opts, by), "FIELDS",
	  "for each value of these fields", NULL, COMPLETE_NONE },
	{ 0, "bucket", NULL, OPT_DURATION, offsetof(struct query_opts, bucket_ns), "DURATION",
	  "for each stretch of time so long", NULL, COMPLETE_NONE },
	{ 0, "sort", NULL, OPT_STRING, offsetof(struct query_opts, sort), "[-]COLUMN",
	  "in the order of a field or number, - the largest first", NULL, COMPLETE_NONE },
	{ 0, "normalize", NULL, OPT_FLAG, offsetof(struct query_opts, normalize), NULL,
	  "print events of other systems with rt's names, see rt-event(5)", NULL, COMPLETE_NONE },
	{ 0, "sql", NULL, OPT_STRING, offsetof(struct query_opts, sql), "SELECT",
	  "answer this SQL statement instead, see rt-sql(1)", NULL, COMPLETE_NONE },
	{ 0, "schema", NULL, OPT_FLAG, offsetof(struct query_opts, schema), NULL,
	  "print what tables and columns --sql knows", NULL, COMPLETE_NONE },
	{ 0, "check", NULL, OPT_FLAG, offsetof(struct query_opts, check), NULL,
	  "print which lines are no events, and why; exit with 1 when there are any", NULL,
	  COMPLETE_NONE },
	{ .name = NULL },
};
/* clang-format on */

static const struct opt_group query_groups[] = {
	{ query_opts, 0 },
	{ event_opts, offsetof(struct query_opts, event) },
	{ select_opts, offsetof(struct query_opts, select) },
	{ output_opts, offsetof(struct query_opts, output) },
	{ common_opts, offsetof(struct query_opts, common) },
	{ NULL, 0 },
};

struct query {
	const struct query_opts *opts;
	struct out out;
	struct rt_filter *filter;
	struct rt_wanted wanted; /* what filter and groups look at */
	struct rt_question question;
	struct rt_aggregate *groups; /* what --agg and --by work out, or NULL */
	struct printer printer;
	struct rt_buf scratch;
	struct rt_err err; /* of the event at hand; not made anew for each */
	size_t matches;
	bool enough; /* the answer is known, or nobody reads it */
	int code;
};

static void read_failed(struct query *q, const struct source *s)
{
	error("cannot read \"%s\": %s", s->name, strerror(errno));
	q->code = EXIT_FAIL;
}

/* Open the source and begin to read it; where it can be sought, from its end if that is asked. */
static bool begin(struct query *q, struct source *s, struct rt_reader *r, bool from_end)
{
	if (!source_open(s)) {
		q->code = EXIT_FAIL;
		return false;
	}
	if (rt_reader_init(r, s->fd, s->from, s->to, from_end && !s->stream) == 0)
		return true;
	read_failed(q, s);
	source_close(s);
	return false;
}

static void end(struct source *s, struct rt_reader *r)
{
	rt_reader_release(r);
	source_close(s);
}

static bool matches(struct query *q, struct source *s, struct rt_str line,
		    const struct rt_lines *lines, bool torn, struct rt_event *ev)
{
	return source_match(s, q->filter, &q->wanted, line, lines, torn, ev, &q->scratch);
}

static void answer(struct query *q, const struct source *s, struct rt_event *ev)
{
	q->matches++;
	if (q->groups) {
		if (rt_aggregate_add(q->groups, ev, s->run_id, &q->err) < 0)
			die_err(&q->err);
		return;
	}
	if (q->opts->common.quiet)
		q->enough = true;
	else if (!q->opts->count)
		printer_event(&q->printer, ev, s->run_id);
	if (ferror(q->out.f))
		q->enough = true;
}

/* What is to be printed is parsed in full; true, since it was an event before. */
static bool is_whole(struct query *q, struct rt_event *ev)
{
	bool printed = !q->groups && !q->opts->count && !q->opts->common.quiet;

	return !printed || printer_is_verbatim(&q->printer) || rt_event_parse(ev, ev->line) == 0;
}

static void read_forward(struct query *q, struct source *s)
{
	struct rt_event ev;
	struct rt_reader r;
	struct rt_sieve sieve;
	struct rt_str line;
	int got = 0;

	if (!begin(q, s, &r, false))
		return;
	rt_sieve_init(&sieve, q->filter);
	while (!q->enough && (got = rt_sieve_next(&sieve, &r, &line)) > 0)
		if (matches(q, s, line, &sieve.lines, r.torn, &ev) && is_whole(q, &ev))
			answer(q, s, &ev);
	if (got < 0)
		read_failed(q, s);
	s->skipped += r.skipped;
	note("\"%s\": %zu lines parsed", s->name, s->lines);
	end(s, &r);
}

/* The lines that a stream was read for before. */
static void answer_kept(struct query *q, struct source *s)
{
	struct rt_event ev;
	size_t i;

	for (i = 0; i < s->n_kept && !q->enough; i++)
		if (rt_event_parse(&ev, rt_buf_view(&s->kept[(s->oldest + i) % s->n_kept])) == 0)
			answer(q, s, &ev);
}

/* Keep one more line; of `most` that are kept already the oldest makes room. */
static void keep(struct source *s, struct rt_str line, size_t most)
{
	struct rt_buf *b;

	if (s->n_kept == most) {
		b = &s->kept[s->oldest];
		s->oldest = (s->oldest + 1) % most;
		rt_buf_clear(b);
	} else {
		s->kept = xrealloc(s->kept, (s->n_kept + 1) * sizeof(*s->kept));
		b = &s->kept[s->n_kept++];
		rt_buf_init(b);
	}
	rt_buf_addv(b, line);
	if (b->failed)
		die(EXIT_FAIL, "out of memory");
}

/* Keep the last `want` matching lines of a stream. Returns how many there are. */
static size_t keep_last(struct query *q, struct source *s, struct rt_reader *r, size_t want)
{
	struct rt_event ev;
	struct rt_str line;
	int got;

	while ((got = rt_reader_next(r, &line)) > 0)
		if (matches(q, s, line, NULL, r->torn, &ev))
			keep(s, line, want);
	if (got < 0)
		read_failed(q, s);
	s->skipped += r->skipped;
	s->to = 0; /* all of it was read */
	return s->n_kept;
}

/*
 * Where the last `want` matching lines of a file begin: found from its end, so
 * that only these are read. What is appended meanwhile is left for next time.
 */
static size_t find_last(struct query *q, struct source *s, struct rt_reader *r, size_t want)
{
	struct rt_event ev;
	struct rt_str line;
	size_t found = 0;
	int got = 0;

	s->to = r->to;
	s->from = s->to;
	while (found < want && (got = rt_reader_next(r, &line)) > 0) {
		if (!matches(q, s, line, NULL, r->torn, &ev))
			continue;
		s->from = r->line_at;
		found++;
	}
	if (got < 0)
		read_failed(q, s);
	/* these lines will be read once more, and counted then */
	s->skipped = s->lines = 0;
	return found;
}

/* Which part of which sources holds the last n events; returns the first such source. */
static size_t find_start(struct query *q, struct sources *sources)
{
	size_t want = (size_t)q->opts->n, i = sources->n;

	while (want && i > 0) {
		struct source *s = &sources->v[--i];
		struct rt_reader r;

		if (!begin(q, s, &r, true)) {
			s->to = 0;
			continue;
		}
		want -= s->stream ? keep_last(q, s, &r, want) : find_last(q, s, &r, want);
		end(s, &r);
	}
	return i;
}

/* What several threads found, in order. */
static bool answer_lines(void *arg, struct source *s, struct rt_str lines, size_t found)
{
	struct query *q = arg;
	const char *p = lines.p, *end = lines.p + lines.n, *nl;
	struct rt_event ev;

	if (q->opts->common.quiet || q->opts->count || q->groups) {
		q->matches += found;
		q->enough = q->opts->common.quiet && found;
	} else if (printer_is_verbatim(&q->printer)) {
		q->matches += found;
		printer_lines(&q->printer, lines);
	} else {
		for (; p < end && !q->enough; p = nl + 1) {
			nl = memchr(p, '\n', (size_t)(end - p));
			if (rt_event_parse(&ev, (struct rt_str){ p, (size_t)(nl - p) }) == 0)
				answer(q, s, &ev);
		}
	}
	q->enough |= ferror(q->out.f) != 0;
	return !q->enough;
}

static size_t threads(const struct query_opts *o)
{
	size_t n = o->jobs > 0 ? (size_t)o->jobs : rt_share_processors();

	return n < JOBS_MAX ? n : JOBS_MAX;
}

static void ask(struct query *q, struct sources *sources)
{
	const struct query_opts *o = q->opts;
	struct search search = { .filter = q->filter,
				 .wanted = &q->wanted,
				 .question = q->groups ? &q->question : NULL,
				 .answer = q->groups,
				 .lines = !o->count && !o->common.quiet && !q->groups,
				 .one = o->common.quiet,
				 .found = answer_lines,
				 .arg = q };
	size_t i = 0;

	for (size_t n = 0; n < sources->n; n++) {
		source_find_order(&sources->v[n], q->filter, sources->runs_dir);
		source_narrow(&sources->v[n], q->filter);
	}
	if (o->n != QUERY_ALL && !o->common.quiet && !q->groups)
		i = find_start(q, sources);
	if (search_with_threads(&search, sources, i, threads(o), &q->code))
		return;
	for (; i < sources->n && !q->enough; i++) {
		struct source *s = &sources->v[i];

		if (s->kept)
			answer_kept(q, s);
		else if (q->opts->n != 0 && s->to != 0)
			read_forward(q, s);
	}
}

/* The form of events, or of groups: what cannot be had is said before anything is read. */
static enum out_mode find_mode(const struct query *q)
{
	const char *events = q->out.tty ? "pretty|jsonl|json|table|csv" :
					  "jsonl|pretty|json|table|csv";
	const char *groups = q->out.tty ? "table|jsonl|json|csv" : "jsonl|table|json|csv";

	return output_mode(&q->opts->output, q->groups ? groups : events);
}

static int query_run(struct query *q, struct sources *sources)
{
	const struct query_opts *o = q->opts;
	bool silent = o->common.quiet || o->count || q->groups;
	enum out_mode mode = find_mode(q);

	rt_buf_init(&q->scratch);
	if (!silent)
		printer_init(&q->printer, &q->out, &o->output, mode, o->normalize, sources->across);
	ask(q, sources);
	if (!silent)
		printer_end(&q->printer);
	else if (q->groups && !o->common.quiet)
		print_groups(q->groups, &q->out, &o->output, mode,
			     o->n == QUERY_ALL ? SIZE_MAX : (size_t)o->n);
	else if (o->count && !o->common.quiet)
		fprintf(q->out.f, "%zu\n", q->matches);
	if (q->scratch.failed)
		die(EXIT_FAIL, "out of memory");
	rt_buf_release(&q->scratch);
	sources_tell_skipped(sources);
	if (o->common.quiet && q->matches)
		return 0;
	if (q->code || sources->code)
		return q->code ? q->code : sources->code;
	return unpack_exit_code(&sources->unpack, o->common.quiet ? EXIT_NO : 0);
}

static int check_run(struct query *q, struct sources *sources)
{
	size_t bad = 0, i;

	for (i = 0; i < sources->n && !ferror(q->out.f); i++) {
		if (source_open(&sources->v[i]))
			bad += query_check(&sources->v[i], &q->out, q->opts->common.quiet);
		else
			q->code = EXIT_FAIL;
		source_close(&sources->v[i]);
	}
	if (q->code || sources->code)
		return q->code ? q->code : sources->code;
	unpack_tell(&sources->unpack);
	return unpack_exit_code(&sources->unpack, bad ? EXIT_NO : 0);
}

static void make_groups(struct query *q)
{
	const struct query_opts *o = q->opts;
	struct rt_err err = RT_ERR_INIT;

	if (o->bucket_ns == 0)
		die_usage("--bucket 0: a stretch of time is longer");
	if (!o->agg && !o->by && o->bucket_ns < 0) {
		if (o->sort)
			die_usage("--sort puts groups in order: it takes --agg, --by or --bucket");
		return;
	}
	if (o->count)
		die_usage("-c is one number: for groups use --agg count");
	q->question = (struct rt_question){ .list = o->agg,
					    .by = o->by,
					    .bucket_ns = o->bucket_ns > 0 ? o->bucket_ns : 0,
					    .sort = o->sort };
	if (rt_aggregate_new(&q->groups, &q->question, &err) < 0)
		die_err(&err);
}

static int run(const struct rt_applet *self, int argc, char **argv)
{
	struct query_opts opts = { .n = QUERY_ALL, .bucket_ns = -1 };
	struct query q = { .opts = &opts };
	struct sources sources;
	char **operands, **words = query_copy_words(argc, argv);
	int code;

	argc = opt_parse(self, argc, argv, &opts, &operands, NULL);
	common_apply(&opts.common, &q.out);
	q.filter = rt_filter_new();
	if (!q.filter)
		die(EXIT_FAIL, "out of memory");
	event_filter_init(q.filter, &opts.event);
	if (opts.sql || opts.schema)
		query_sql(&opts, rt_filter_empty(q.filter), words);
	free(words);
	make_groups(&q);
	rt_wanted_init(&q.wanted);
	rt_filter_want(q.filter, &q.wanted);
	if (q.groups)
		rt_aggregate_want(q.groups, &q.wanted);
	if (opts.check &&
	    (opts.n != QUERY_ALL || opts.count || q.groups || !rt_filter_empty(q.filter)))
		die_usage("--check looks at every line: it takes no filter, -n, -c or groups");
	sources_find(&sources, &opts.common, &opts.select, argc, operands);
	code = opts.check ? check_run(&q, &sources) : query_run(&q, &sources);
	sources_release(&sources);
	rt_aggregate_free(q.groups);
	rt_filter_free(q.filter);
	opt_release(self, &opts);
	return code;
}

const struct rt_applet rt_applet_query = {
	.name = "query",
	.summary = "print the events of runs that meet a condition",
	.usage = "[OPTION...] [RUN|FILE|-]...",
	.groups = query_groups,
	.forms = "pretty|jsonl|json|table|csv",
	.operands = COMPLETE_RUN,
	.more = "Without RUN or FILE: -r, else $RT_RUN, else all runs of the runs folder, the\n"
		"oldest first. With -q nothing is printed: it exits with 0 at the first event\n"
		"found, and with 1 when there is none. Lines that had to be parsed and are no\n"
		"JSON objects are counted.",
	.run = run,
};
