/*
 * Where the events come from that a question is put to: what RUN, FILE and "-"
 * mean, opening them, and which part of them is worth reading.
 */
#ifndef RT_SOURCE_H
#define RT_SOURCE_H

#include "catalog.h"
#include "common.h"
#include "evlog.h"
#include "filter.h"
#include "runfile.h"
#include "unpack.h"

/* A run, a file, or a stream. */
struct source {
	char *name;               /* for messages: the file as it was named, or that of the run */
	char *dir;                /* the run directory, or its archive, or NULL */
	char *run_id;             /* of the run, or NULL */
	const struct rt_row *row; /* what the list said of it: see sources_find_rows */
	bool standard;            /* standard input */
	struct rt_runfile file;   /* that is open, of a run */
	int fd;                   /* -1: not open */
	bool stream;              /* cannot be sought */
	const struct unpack *unpack;
	off_t from;          /* where the lines begin that are looked at */
	off_t to;            /* where they end; -1: at the end of the file */
	off_t ordered;       /* so much of it is known to be in the order of time */
	struct rt_buf *kept; /* of a stream with -n: its last matching lines, as a ring */
	size_t n_kept, oldest;
	size_t lines;   /* that were parsed so far, those that are skipped included */
	size_t skipped; /* lines that are no events */
};

struct sources {
	struct source *v;
	size_t n;
	struct unpack unpack; /* they are read with it, so this stays where it is */
	int code;             /* exit code of the arguments that could not be resolved, or 0 */
	bool across;          /* several runs or files: events say which run they are of */
	char *runs_dir;
	struct rt_catalog listed; /* what `row` of the sources is of */
};

/*
 * Find what the operands mean, else -r, $RT_RUN, or the selected runs, oldest
 * first (all of them without a selection). What is not there is said, and the
 * others are answered. Release it.
 */
void sources_find(struct sources *s, const struct common_opts *c, const struct select_opts *select,
		  int argc, char **argv);

/*
 * The same, and of runs that were selected, not named, what their list said stays
 * at hand as `row`: it need not be read again.
 */
void sources_find_rows(struct sources *s, const struct common_opts *c,
		       const struct select_opts *select, int argc, char **argv);
void sources_release(struct sources *s);

/* Open a source; says what is wrong and returns false. */
bool source_open(struct source *s);
void source_close(struct source *s);

/* Whether its events are in an archive: they come as a stream, of no known size. */
bool source_is_packed(const struct source *s);

/* The file of a source that is one, for a look: -1 when it cannot be opened, which is not said. */
int source_peek(const struct source *s);

/*
 * Whether a last line without its newline may still grow: somebody is writing
 * this run. Otherwise it is an event when it is whole.
 */
bool source_is_written(const struct source *s);

/* Find out how much of a large file is in order, if the filter has a time and nobody says so. */
void source_find_order(struct source *s, const struct rt_filter *f, const char *runs_dir);

/* Whether status.json says that all of the run's events, so many bytes, are in order. */
bool source_says_order(const struct source *s, off_t size);

/* Leave out what the filter's time cannot be met by, where the order of the events is known. */
void source_narrow(struct source *s, const struct rt_filter *f);

/*
 * Parse a line and put the question; of the event nothing is known but what is
 * wanted. Lines that are no events are counted. `lines`: see rt_event_parse_for.
 */
static inline bool source_match(struct source *s, const struct rt_filter *f,
				const struct rt_wanted *wanted, struct rt_str line,
				const struct rt_lines *lines, bool torn, struct rt_event *ev,
				struct rt_buf *scratch)
{
	s->lines++;
	if (torn && source_is_written(s))
		return false;
	if (rt_event_parse_for(ev, line, wanted, lines) < 0) {
		s->skipped++;
		return false;
	}
	return rt_filter_match(f, ev, scratch);
}

/* Say of which sources how many lines were skipped, and that archives could not be read. */
void sources_tell_skipped(const struct sources *s);

#endif
