/*
 * rt-prune: which runs are to go, because they are old, too many or take too much
 * room. Deleting and archiving one is in prune_act.c.
 */
#include "prune.h"
#include "applets.h"
#include "clock.h"
#include "common.h"
#include "die.h"
#include "helper.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct prune_opts {
	struct common_opts common;
	struct output_opts output;
	struct select_opts select;
	int64_t older_ns, keep_last; /* -1: not given */
	const char *max_size;
	bool keep_failed, archive, delete, dry_run;
};

/* clang-format off */
static const struct opt prune_opts[] = {
	{ 0, "", NULL, OPT_HEADING, 0, NULL, "What goes", NULL, COMPLETE_NONE },
	{ 0, "older-than", NULL, OPT_DURATION, offsetof(struct prune_opts, older_ns), "TIME",
	  "runs that ended longer ago than this (14d, 12h)", NULL, COMPLETE_NONE },
	{ 0, "max-size", NULL, OPT_STRING, offsetof(struct prune_opts, max_size), "SIZE",
	  "the oldest runs, until the runs folder takes no more than this (500M, 10G)", NULL,
	  COMPLETE_NONE },
	{ 0, "keep-last", NULL, OPT_INT, offsetof(struct prune_opts, keep_last), "N",
	  "of each name the last N runs stay; alone: all others go", NULL, COMPLETE_NONE },
	{ 0, "keep-failed", NULL, OPT_FLAG, offsetof(struct prune_opts, keep_failed), NULL,
	  "runs that failed stay", NULL, COMPLETE_NONE },
	{ 0, "", NULL, OPT_HEADING, 0, NULL, "What becomes of it", NULL, COMPLETE_NONE },
	{ 0, "archive", NULL, OPT_FLAG, offsetof(struct prune_opts, archive), NULL,
	  "it is archived: rt-archive --prune", NULL, COMPLETE_NONE },
	{ 0, "delete", NULL, OPT_FLAG, offsetof(struct prune_opts, delete), NULL,
	  "it is deleted, an archive with it", NULL, COMPLETE_NONE },
	{ 0, "dry-run", NULL, OPT_FLAG, offsetof(struct prune_opts, dry_run), NULL,
	  "only say what would be done", NULL, COMPLETE_NONE },
	{ .name = NULL },
};

static const struct opt_group prune_groups[] = {
	{ prune_opts, 0 },
	{ select_opts, offsetof(struct prune_opts, select) },
	{ output_opts, offsetof(struct prune_opts, output) },
	{ common_opts, offsetof(struct prune_opts, common) },
	{ NULL, 0 },
};
/* clang-format on */

static const char table_columns[] =
	"run_id=RUN,name,status,finished_at=FINISHED,action,size_bytes=BYTES";
static const char csv_columns[] =
	"run_id,name,group,status,finished_at,action,size_bytes,freed_bytes,path";

/* Whether a run goes. */
enum fate {
	STAYS,
	GOES,
	GOES_FOR_ROOM, /* when the folder is too large */
};

struct candidate {
	const struct rt_row *row;
	size_t place; /* in the list, newest first */
	enum fate fate;
};

/* What is being done. */
struct work {
	const struct prune_opts *o;
	struct prune *p;
	struct records records;
	enum out_mode mode;
	size_t n_goes, n_done, n_failed;
	int64_t freed;
	bool progress; /* it is shown */
};

static int compare_names(const void *a, const void *b)
{
	const struct candidate *x = a, *y = b;
	int order = strcmp(x->row->name, y->row->name);

	return order ? order : (x->place > y->place) - (x->place < y->place);
}

static int compare_oldest_first(const void *a, const void *b)
{
	const struct candidate *x = a, *y = b;

	return (x->place < y->place) - (x->place > y->place);
}

static bool is_old(const struct prune_opts *o, const struct rt_row *row, int64_t now_ns)
{
	int64_t ended_ns = row->finished_ns ? row->finished_ns : row->updated_ns;

	return ended_ns && rt_clock_span(ended_ns, now_ns) > o->older_ns;
}

/* `rank`: how many of the same name are newer. */
static enum fate decide(const struct prune_opts *o, const struct rt_row *row, int64_t rank,
			int64_t now_ns)
{
	enum rt_state state = row->state;

	if (!rt_state_over(state) || state == RT_LOST || (o->keep_failed && state == RT_FAILED) ||
	    rank < o->keep_last)
		return STAYS;
	if (o->older_ns >= 0 && is_old(o, row, now_ns))
		return GOES;
	if (o->max_size)
		return GOES_FOR_ROOM;
	return o->older_ns < 0 ? GOES : STAYS;
}

/* All runs, the oldest first, with what becomes of them. Free it. */
static struct candidate *choose(const struct prune_opts *o, const struct rt_catalog *c)
{
	struct candidate *v = xcalloc(c->n + 1, sizeof(*v));
	int64_t now_ns = rt_clock_now_ns(), rank = 0;
	size_t lost = 0;

	for (size_t i = 0; i < c->n; i++) {
		v[i] = (struct candidate){ .row = &c->rows[i], .place = i };
		lost += c->rows[i].state == RT_LOST;
	}
	qsort(v, c->n, sizeof(*v), compare_names);
	for (size_t i = 0; i < c->n; i++) {
		rank = i && strcmp(v[i - 1].row->name, v[i].row->name) == 0 ? rank + 1 : 0;
		v[i].fate = decide(o, v[i].row, rank, now_ns);
		if (v[i].fate != STAYS && o->archive && prune_is_archived(v[i].row))
			v[i].fate = STAYS;
	}
	qsort(v, c->n, sizeof(*v), compare_oldest_first);
	if (lost)
		note("%zu lost runs are left alone: rt-run reap --all ends them", lost);
	return v;
}

static void print_record(struct work *w, const struct rt_row *row, int64_t size, int64_t freed)
{
	struct rt_buf json;

	if (w->mode == OUT_PRETTY)
		return;
	rt_buf_init(&json);
	rt_row_json(row, &json);
	json.len--; /* the brace */
	rt_buf_addf(&json, ",\"action\":\"%s\",\"size_bytes\":%lld",
		    w->o->archive ? "archive" : "delete", (long long)size);
	if (freed >= 0)
		rt_buf_addf(&json, ",\"freed_bytes\":%lld", (long long)freed);
	rt_buf_addc(&json, '}');
	records_add(&w->records, rt_buf_view(&json));
	rt_buf_release(&json);
}

/* The cursor stays where the line begins, so that an error covers it. */
static void show_progress(const struct work *w, const struct rt_row *row)
{
	if (!w->progress)
		return;
	fprintf(stderr, "\033[K%s %zu of %zu: %.60s\r", w->o->archive ? "archiving" : "deleting",
		w->n_done + w->n_failed + 1, w->n_goes, row->id);
	fflush(stderr);
}

/* Do it; how many bytes that freed, 0 where it failed. */
static int64_t act(struct work *w, const struct rt_row *row)
{
	int64_t size = prune_run_bytes(row), freed = w->o->archive ? -1 : size;
	int got = 1;

	if (!w->o->dry_run) {
		show_progress(w, row);
		got = w->o->archive ? prune_archive(w->p, row) : prune_delete(w->p, row);
		if (got > 0 && w->o->archive)
			freed = size - prune_run_bytes(row);
	}
	w->n_failed += got < 0;
	if (got <= 0)
		return 0;
	w->n_done++;
	print_record(w, row, size, freed);
	/* what an archive will take is not known before there is one */
	freed = w->o->dry_run ? size : freed;
	w->freed += freed > 0 ? freed : 0;
	return freed;
}

/* What goes in any case; then the oldest of the others, while the folder is too large. */
static void act_on_all(struct work *w, const struct candidate *v, size_t n, uint64_t max_size)
{
	int64_t size, most = max_size > INT64_MAX ? INT64_MAX : (int64_t)max_size;

	for (size_t i = 0; i < n; i++)
		w->n_goes += v[i].fate != STAYS;
	for (size_t i = 0; i < n; i++)
		if (v[i].fate == GOES)
			act(w, v[i].row);
	if (!w->o->max_size)
		return;
	size = prune_all_bytes(w->p) - (w->o->dry_run ? w->freed : 0);
	for (size_t i = 0; i < n && size > most; i++)
		if (v[i].fate == GOES_FOR_ROOM)
			size -= act(w, v[i].row);
	if (size > most) {
		char text[32];

		out_bytes(text, size);
		warn("\"%s\" %s %s: no other run may go", w->p->runs_dir,
		     w->o->dry_run ? "would still take" : "still takes", text);
	}
}

static void say_result(const struct work *w)
{
	const char *what = w->o->archive ? "archived" : "deleted";
	char freed[32];

	if (prog_verbosity() < 0 || (w->mode != OUT_PRETTY && w->mode != OUT_TABLE) ||
	    (w->n_done == 0 && !w->o->dry_run))
		return;
	out_bytes(freed, w->freed);
	if (w->o->dry_run)
		printf("%zu %s would be %s, which %s %s\n", w->n_done,
		       w->n_done == 1 ? "run" : "runs", what, w->n_done == 1 ? "takes" : "take",
		       freed);
	else
		printf("%zu %s %s, %s freed\n", w->n_done, w->n_done == 1 ? "run" : "runs", what,
		       freed);
}

/* What becomes of the runs that are listed. */
static void prune_listed(struct work *w, const struct rt_catalog *c, uint64_t max_size,
			 struct out *out)
{
	struct candidate *candidates = choose(w->o, c);
	const char *columns = w->o->output.columns;

	if (!columns)
		columns = w->mode == OUT_CSV ? csv_columns : table_columns;
	records_begin(&w->records, out, w->mode, w->o->output.format, columns);
	act_on_all(w, candidates, c->n, max_size);
	if (w->progress)
		fputs("\033[K", stderr);
	if (w->mode == OUT_TABLE && w->records.n == 0)
		w->records.mode = OUT_PRETTY; /* no titles above nothing */
	records_end(&w->records);
	say_result(w);
	free(candidates);
}

static int work(const struct prune_opts *o, struct prune *p, uint64_t max_size, struct out *out)
{
	struct work w = { .o = o, .p = p };
	struct rt_err err = RT_ERR_INIT;
	struct rt_selection selection;
	struct rt_catalog c;

	w.mode = output_mode(&o->output, "pretty|table|jsonl|json|csv");
	if (w.mode == OUT_PRETTY && o->dry_run && prog_verbosity() >= 0)
		w.mode = OUT_TABLE;
	w.progress = !o->dry_run && prog_verbosity() >= 0 && isatty(STDERR_FILENO) == 1;
	if (!o->dry_run && prune_empty_trash(p) < 0)
		w.n_failed++;
	selection_init(&selection, &o->select);
	if (rt_catalog_list(&c, p->runs_dir, &selection, &p->unpack.unpacker, &err) < 0)
		die_err(&err);
	unpack_tell(&p->unpack);
	prune_listed(&w, &c, max_size, out);
	selection_tell_unreadable(&c, p->runs_dir);
	rt_catalog_release(&c);
	selection_release(&selection);
	return w.n_failed ? EXIT_FAIL : 0;
}

/* Dies of what makes no sense; a command line that could delete all says so in words. */
static void check(const struct prune_opts *o, int argc, char **argv, uint64_t *max_size)
{
	if (argc)
		die_usage("runs are selected by options: \"%s\" is too much (rt-archive takes RUN)",
			  argv[0]);
	if (o->common.run)
		die_usage("runs are selected by options: -r means nothing here");
	if (o->archive == o->delete)
		die_usage(o->archive ? "--archive and --delete exclude each other" :
				       "what is to become of old runs? --archive or --delete");
	if (o->older_ns < 0 && o->keep_last < 0 && !o->max_size)
		die_usage("which runs go? --older-than, --keep-last or --max-size says it");
	if (o->max_size && !size_parse(o->max_size, max_size))
		die_usage("bad --max-size \"%s\": a number of bytes, or 500M, 10G", o->max_size);
}

static int prune_run(const struct rt_applet *self, int argc, char **argv)
{
	struct prune_opts o = { .older_ns = -1, .keep_last = -1 };
	struct prune p;
	struct out out;
	struct stat st;
	uint64_t max_size = 0;
	char *runs_dir, *helper;
	int code = 0;

	argc = opt_parse(self, argc, argv, &o, &argv, NULL);
	common_apply(&o.common, &out);
	check(&o, argc, argv, &max_size);
	runs_dir = common_runs_dir(&o.common);
	helper = o.archive && !o.dry_run ? helper_need(helper_of("archive")) : NULL;
	free(helper);
	if (stat(runs_dir, &st) < 0) {
		warn("no runs in \"%s\"", runs_dir);
	} else if (prune_open(&p, runs_dir, o.dry_run) > 0) {
		code = work(&o, &p, max_size, &out);
		prune_close(&p);
	} else {
		warn("another rt-prune is at work in \"%s\"", runs_dir);
		prune_close(&p);
	}
	free(runs_dir);
	opt_release(self, &o);
	return code;
}

const struct rt_applet rt_applet_prune = {
	.name = "prune",
	.summary = "archive or delete old runs",
	.usage = "--older-than TIME [OPTION...] --archive|--delete\n"
		 "--max-size SIZE [OPTION...] --archive|--delete\n"
		 "--keep-last N [OPTION...] --archive|--delete",
	.groups = prune_groups,
	.forms = "pretty|table|jsonl|json|csv",
	.operands = COMPLETE_NONE,
	.more = "Of all runs, unless options select some. Only runs that are completed, failed or\n"
		"cancelled go. For cron: quiet when there is nothing to do, else one line.",
	.run = prune_run,
};
