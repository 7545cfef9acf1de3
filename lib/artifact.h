/*
 * The artifact store of a run: files by their keys, in artifacts/. What is put
 * is there whole, or not at all, and an event says so.
 */
#ifndef RT_ARTIFACT_H
#define RT_ARTIFACT_H

#include "record.h"
#include "runfile.h"
#include "sha256.h"

struct rt_artifact {
	char key[RT_KEY_MAX + 1];
	int64_t size;
	int64_t modified_ns;            /* 0: not known, as of one in an archive */
	char sha256[RT_SHA256_HEX + 1]; /* "": not asked for */
};

/*
 * Store what can be read from `from`, to its end, under `key`, which is checked.
 * What *a says, its sum first of all, is of what was stored. ev is the event
 * that tells of it (artifact_created or artifact_updated), initialised by the
 * caller, who may have said in it where it comes from. The event comes after
 * the data, under the run's lock: the last event is of what is there.
 */
int rt_artifact_put(struct rt_record *r, const char *key, int from, struct rt_event *ev,
		    struct rt_artifact *a, struct rt_err *warning, struct rt_err *err);

/* Remove it: artifact_deleted. RT_ERR_NOTFOUND when it is not there. */
int rt_artifact_remove(struct rt_record *r, const char *key, struct rt_event *ev,
		       struct rt_artifact *a, struct rt_err *warning, struct rt_err *err);

/*
 * Open the artifact `key`, or else `key`.json, in the run's directory or its
 * archive. *a gets key, size and time; with `sum` it is read for its sum, which
 * takes time. RT_ERR_NOTFOUND when it is not there. Close f.
 */
int rt_artifact_open(struct rt_runfile *f, struct rt_artifact *a, const struct rt_rundir *d,
		     const char *key, struct rt_err *err);
int rt_artifact_stat(struct rt_artifact *a, const struct rt_rundir *d, const char *key, bool sum,
		     struct rt_err *err);

/* The keys of all artifacts in their order, each once. Free them. */
struct rt_artifact_keys {
	char **v;
	size_t n;
};
int rt_artifact_keys_load(struct rt_artifact_keys *keys, const struct rt_rundir *d,
			  struct rt_err *err);
void rt_artifact_keys_release(struct rt_artifact_keys *keys);

/* Remove what those have left behind who were killed while they put something. Best effort. */
void rt_artifact_sweep(const struct rt_rundir *d);

/* Append it as a JSON object: key, size_bytes, modified_at, sha256. */
void rt_artifact_json(const struct rt_artifact *a, struct rt_buf *out);

#endif
