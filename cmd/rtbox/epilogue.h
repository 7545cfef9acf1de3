/*
 * What belongs to the end of a run: its state, what is written of it, who is
 * told. None of it ever changes how rt-run ends.
 */
#ifndef RT_EPILOGUE_H
#define RT_EPILOGUE_H

#include "opt.h"
#include "record.h"

struct epilogue_opts {
	bool summarize, github;
};
extern const struct opt epilogue_opts[];

/*
 * Record the end of a run, then write its metrics.json, with --summarize the
 * summary as well, and with --github add that to the page of the job. What can
 * be made good later is only said. 1: that it ended so was recorded before.
 */
int end_run(struct rt_record *record, const struct rt_change *change, const struct epilogue_opts *o,
	    struct rt_err *err);

#endif
