/* Names that become paths: run ids, groups, components, artifact keys. */
#ifndef RT_ID_H
#define RT_ID_H

#include "buf.h"
#include "err.h"

#define RT_ID_MAX 128
#define RT_KEY_MAX (2 * RT_ID_MAX + 1) /* of an artifact */

/* A random UUID (RFC 9562 version 4, by libuuid) in lower case. */
void rt_id_make(char out[37]);

/* [A-Za-z0-9][A-Za-z0-9._-]{0,127} */
bool rt_id_valid(struct rt_str name);

/*
 * The same as a check of user input: `what` ("run id", "group") goes into the
 * message. Names that the runs folder itself uses (INDEX.md) are refused too.
 */
int rt_id_check(const char *what, const char *name, struct rt_err *err);

/* An artifact key: one or two such names with one "/" between them. */
int rt_key_check(const char *key, struct rt_err *err);

#endif
