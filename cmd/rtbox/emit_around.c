/* What rt-emit takes from the run and the step around it, where nothing else is said. */
#include "emit.h"
#include "trace.h"

#include <stdlib.h>
#include <string.h>

void emit_set_surroundings(struct rt_event *ev)
{
	const char *correlation = env_value("RT_CORRELATION_ID"), *run_id = env_value("RT_RUN_ID");
	const char *stage = env_value("RT_STAGE"), *step = env_value("RT_STEP_ID");
	const char *component = env_value("RT_COMPONENT"), *trace = env_value("TRACEPARENT");
	struct rt_trace around;

	if (stage && !rt_event_has(ev, RT_F_STAGE))
		rt_event_set_text(ev, RT_F_STAGE, rt_str(stage));
	if (step && !rt_event_has(ev, RT_F_STEP_ID)) {
		rt_event_set_text(ev, RT_F_STEP_ID, rt_str(step));
		/* With a stage it is the step's span: that of a run goes without saying. */
		if (stage && trace && !rt_event_has(ev, RT_F_SPAN_ID) &&
		    rt_trace_parse(&around, rt_str(trace)))
			rt_event_set_text(ev, RT_F_SPAN_ID, (struct rt_str){ trace + 36, 16 });
	}
	if (component && rt_id_valid(rt_str(component)) && !rt_event_has(ev, RT_F_COMPONENT))
		rt_event_set_text(ev, RT_F_COMPONENT, rt_str(component));
	/*
	 * The run's own id says nothing in its own file, and a request must only
	 * correlate with its own response.
	 */
	if (correlation && !(run_id && strcmp(correlation, run_id) == 0) &&
	    !rt_event_has(ev, RT_F_CORRELATION_ID) && ev->type != RT_T_LLM_REQUEST_SENT &&
	    ev->type != RT_T_LLM_RESPONSE_RECEIVED)
		rt_event_set_text(ev, RT_F_CORRELATION_ID, rt_str(correlation));
}
