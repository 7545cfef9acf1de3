/* Where everything of a run lies: every file name in a run, opening and creating one. */
#ifndef RT_RUNDIR_H
#define RT_RUNDIR_H

#include "buf.h"
#include "err.h"
#include "id.h"

#define RT_STATUS_FILE "status.json"
#define RT_METADATA_FILE "metadata.json"
#define RT_METRICS_FILE "metrics.json"
#define RT_EVENTS_FILE "events.jsonl"
#define RT_LOG_FILE "logs.txt"
#define RT_JSON_LOG_FILE "logs.jsonl"
#define RT_LOGS_DIR "logs"
#define RT_RUN_LOG_NAME "run.log" /* in logs/ */
#define RT_RUN_LOG RT_LOGS_DIR "/" RT_RUN_LOG_NAME
#define RT_STEP_LOG "output.log"      /* in logs/step_001/ */
#define RT_STEP_CONTEXT "context.txt" /* there, too */
#define RT_CONTEXT_DIR "context"
#define RT_BEGUN_DIR ".begun"
#define RT_ARTIFACTS_DIR "artifacts"
#define RT_SUMMARY_FILE "logs_summary.txt"
#define RT_SUMMARY_MD_FILE "summary.md"
#define RT_ALIVE_FILE ".alive"
#define RT_SOCKET_FILE ".sock"
#define RT_ARCHIVE_FILE "archive.json"
#define RT_INDEX_FILE "INDEX.md" /* in the runs folder */
#define RT_PRIVATE_DIR ".rt"     /* in the runs folder, with these caches */
#define RT_CATALOG_FILE "catalog.jsonl"
#define RT_ORDER_FILE "files.jsonl"
#define RT_TRASH_DIR "trash"            /* runs that are being deleted */
#define RT_PRUNE_LOCK_FILE "prune.lock" /* one rt-prune at a time */

struct rt_packed;
struct rt_unpacker;

struct rt_rundir {
	int fd;       /* the directory; -1: there is none, all of it is in an archive */
	char *path;   /* absolute; of the archive where there is no directory */
	char id[256]; /* the directory's name */
	struct rt_packed *archive; /* what it lacks may be in there; NULL: see runfile.h */
};

/*
 * Open the run directory `path` (an existing directory; whether it holds a run
 * is not looked at). Release it.
 */
int rt_rundir_open(struct rt_rundir *d, const char *path, struct rt_err *err);
void rt_rundir_release(struct rt_rundir *d);

/*
 * The same to read the run, with what is in its archive; `path` may be that of
 * an archive. Without an unpacker (NULL) archives are not looked into.
 */
int rt_rundir_open_reader(struct rt_rundir *d, const char *path, const struct rt_unpacker *unpacker,
			  struct rt_err *err);

/* Look for an archive in a directory that rt_rundir_open opened, if there is an unpacker. */
int rt_rundir_adopt(struct rt_rundir *d, const struct rt_unpacker *unpacker, struct rt_err *err);

/* The name of the archive that is in the directory, or NULL. */
const char *rt_rundir_archive(int dirfd);

/* What becomes of a file of a run when that is archived. */
enum rt_part {
	RT_PART_NONE, /* no part of the record: the archive itself, what only lives in a live run */
	RT_PART_BESIDE, /* git tracks it: it is not archived */
	RT_PART_KEPT,   /* archived, and stays: for lists, and what git may track */
	RT_PART_PACKED, /* archived, and removed when the directory is pruned */
};

/* By its path in the run ("logs/run.log"). */
enum rt_part rt_rundir_part(const char *path);

/* Whether the run is in its archive: the directory has no events of it. */
bool rt_rundir_packed(const struct rt_rundir *d);

/* Open the folder in a runs folder where caches are, RT_PRIVATE_DIR; -1: there is none. */
int rt_rundir_open_private(const char *runs_dir);

/* Whether the directory `name` in dirfd looks like a run: status.json, events.jsonl or an archive. */
bool rt_rundir_is_run(int dirfd, const char *name);

/* Make the runs folder with its .gitignore and .rt, where it is not there yet. */
int rt_runs_create(const char *runs_dir, struct rt_err *err);

/* A file and what stands in it first. */
struct rt_file_text {
	const char *name;
	struct rt_str text;
	bool unsynced; /* it is not waited for until this one is on the disk */
};

/*
 * Make the run directory RUNS/[GROUP/]ID with these files and an empty logs
 * folder. It appears whole or not at all; the runs folder and the group (NULL:
 * none) are made where they are missing. RT_ERR_REFUSED when the name is taken.
 */
int rt_rundir_create(struct rt_rundir *d, const char *runs_dir, const char *group, const char *id,
		     const struct rt_file_text *files, size_t n, bool durable, struct rt_err *err);

/*
 * Wait until these of the run's files are on the disk; "." is the directory itself,
 * ".." the one that it is in.
 */
int rt_rundir_sync(const struct rt_rundir *d, const char *const *names, size_t n,
		   struct rt_err *err);

/* The id of a step, which is the name of its folder in logs/: "step_003". */
#define RT_STEP_ID_SIZE 32
void rt_rundir_step_id(char id[RT_STEP_ID_SIZE], int number);

/* The number of the step with this id; 0: it is no such id. */
int rt_rundir_step_number(const char *id);

/*
 * Make logs/step_NNN with a number that no other step has, and say which it
 * was. Safe from many processes at once.
 */
int rt_rundir_new_step(const struct rt_rundir *d, int *number, struct rt_err *err);

/* Open (append, create) logs/[step_NNN/]NAME; step 0: the run's own. -1 and errno. */
int rt_rundir_open_log(const struct rt_rundir *d, int step, const char *name);

/* Whether the step, a valid name, has a folder in logs/. */
bool rt_rundir_has_logs(const struct rt_rundir *d, const char *step_id);

/*
 * The same as rt_rundir_open_log for the log of a component, a valid name: in the
 * step's folder, which is there, or in the run's where step_id is "". Those that
 * would share a name with captured output ("output", "run") have "-component"
 * behind it.
 */
int rt_rundir_open_component(const struct rt_rundir *d, const char *step_id, const char *name);

/*
 * Rename such a log to NAME.1, the one that is called so to NAME.2 and so on, so
 * that at most `backups` stay, and open a new one. -1 and errno: the log itself
 * is still there.
 */
int rt_rundir_rotate_log(const struct rt_rundir *d, int step, const char *name, int backups);

#endif
