/* The types of events: their names, how others spell these, and what they say by themselves. */
#include "event_names.h"

/*
 * Known types: the name, and the message they have when none is given. A part
 * in [] is left out when its field is not there; a {field} outside of [] is one
 * that --strict wants.
 */
static const struct rt_type_def types[RT_TYPE_COUNT] = {
	[RT_T_OTHER] = { "", 0, "" },
	[RT_T_RUN_STARTED] = { "run_started", 11, "Run started" },
	[RT_T_RUN_COMPLETED] = { "run_completed", 13, "Run completed" },
	[RT_T_RUN_FAILED] = { "run_failed", 10, "Run failed[: {error}]" },
	[RT_T_RUN_CANCELLED] = { "run_cancelled", 13, "Run cancelled[: {error}]" },
	[RT_T_RUN_PAUSED] = { "run_paused", 10, "Run paused" },
	[RT_T_RUN_RESUMED] = { "run_resumed", 11, "Run resumed" },
	[RT_T_SESSION_STARTED] = { "session_started", 15, "Session started" },
	[RT_T_SESSION_COMPLETED] = { "session_completed", 17, "Session completed" },
	[RT_T_SESSION_FAILED] = { "session_failed", 14, "Session failed[: {error}]" },
	[RT_T_SESSION_ABORTED] = { "session_aborted", 15, "Session aborted[: {error}]" },
	[RT_T_PROGRESS] = { "progress", 8, "Progress[ in {stage}][: {percent}%]" },
	[RT_T_PHASE_TRANSITION] = { "phase_transition", 16, "Phase[ {state_before} to] {stage}" },
	[RT_T_PHASE_STARTED] = { "phase_started", 13, "Phase {stage} started" },
	[RT_T_PHASE_COMPLETED] = { "phase_completed", 15, "Phase {stage} completed" },
	[RT_T_ITERATION_STARTED] = { "iteration_started", 17,
				     "Iteration {iteration}[ of {max_iterations}] started" },
	[RT_T_ITERATION_COMPLETED] = { "iteration_completed", 19,
				       "Iteration {iteration}[ of {max_iterations}] completed" },
	[RT_T_STEP_STARTED] = { "step_started", 12, "Step[ {step}][ of {total_steps}] started" },
	[RT_T_STEP_COMPLETED] = { "step_completed", 14, "Step[ {step}] completed" },
	[RT_T_STEP_FAILED] = { "step_failed", 11, "Step[ {step}] failed[: {error}]" },
	[RT_T_STEP_RETRYING] = { "step_retrying", 13, "Step[ {step}] retrying[: {error}]" },
	[RT_T_STEP_SKIPPED] = { "step_skipped", 12, "Step[ {step}] skipped" },
	[RT_T_TASK_SCHEDULED] = { "task_scheduled", 14, "Task {task_id} scheduled" },
	[RT_T_TASK_STARTED] = { "task_started", 12, "Task {task_id} started" },
	[RT_T_TASK_COMPLETED] = { "task_completed", 14, "Task {task_id} completed" },
	[RT_T_TASK_FAILED] = { "task_failed", 11, "Task {task_id} failed[: {error}]" },
	[RT_T_TASK_RETRYING] = { "task_retrying", 13, "Task {task_id} retrying[: {error}]" },
	[RT_T_TASK_SKIPPED] = { "task_skipped", 12, "Task {task_id} skipped" },
	[RT_T_AGENT_INVOKED] = { "agent_invoked", 13, "Agent {agent_role} invoked" },
	[RT_T_AGENT_RESPONSE] = { "agent_response", 14, "Agent {agent_role} responded" },
	[RT_T_LLM_REQUEST_SENT] = { "llm_request_sent", 16,
				    "LLM request to {model}[ for {agent_role}]" },
	[RT_T_LLM_RESPONSE_RECEIVED] = { "llm_response_received", 21,
					 "LLM response from {model}[ for {agent_role}]" },
	[RT_T_MODEL_ROUTED] = { "model_routed", 12, "Routed to {model}[ for {agent_role}]" },
	[RT_T_COST_TRACKING] = { "cost_tracking", 13, "Cost so far" },
	[RT_T_GATE_CHECKED] = { "gate_checked", 12, "Gate[ {component}] checked[: {result}]" },
	[RT_T_GATE_EVALUATED] = { "gate_evaluated", 14,
				  "Gate[ {component}] evaluated[: {result}]" },
	[RT_T_GATE_BLOCKED] = { "gate_blocked", 12, "Gate[ {component}] blocked[: {result}]" },
	[RT_T_GATE_WARNED] = { "gate_warned", 11, "Gate[ {component}] warned[: {result}]" },
	[RT_T_DIFF_APPLIED] = { "diff_applied", 12, "Diff applied" },
	[RT_T_DIFF_FAILED] = { "diff_failed", 11, "Diff failed[: {error}]" },
	[RT_T_COMMAND_EXECUTED] = { "command_executed", 16, "Command executed[: {action}]" },
	[RT_T_FILE_WRITTEN] = { "file_written", 12, "File written[: {result}]" },
	[RT_T_FILE_READ_FAILED] = { "file_read_failed", 16, "File could not be read[: {error}]" },
	[RT_T_VERIFICATION_STARTED] = { "verification_started", 20, "Verification started" },
	[RT_T_VERIFICATION_PASSED] = { "verification_passed", 19, "Verification passed" },
	[RT_T_VERIFICATION_FAILED] = { "verification_failed", 19,
				       "Verification failed[: {error}]" },
	[RT_T_ARTIFACT_CREATED] = { "artifact_created", 16, "Artifact created[: {result}]" },
	[RT_T_ARTIFACT_UPDATED] = { "artifact_updated", 16, "Artifact updated[: {result}]" },
	[RT_T_ARTIFACT_DELETED] = { "artifact_deleted", 16, "Artifact deleted[: {result}]" },
	[RT_T_DELIVERY_STARTED] = { "delivery_started", 16, "Delivery started" },
	[RT_T_DELIVERY_COMPLETED] = { "delivery_completed", 18, "Delivery completed" },
	[RT_T_CLARIFICATION_REQUESTED] = { "clarification_requested", 23,
					   "Clarification requested" },
	[RT_T_CLARIFICATION_ANSWERED] = { "clarification_answered", 22, "Clarification answered" },
	[RT_T_PAUSE_REQUESTED] = { "pause_requested", 15, "Pause requested" },
	[RT_T_RESUME_REQUESTED] = { "resume_requested", 16, "Resume requested" },
	[RT_T_CANCEL_REQUESTED] = { "cancel_requested", 16, "Cancel requested" },
	[RT_T_CONTEXT_ADDED] = { "context_added", 13, "Context added" },
	[RT_T_INFO] = { "info", 4, "" },
	[RT_T_WARNING] = { "warning", 7, "" },
	[RT_T_ERROR] = { "error", 5, "[{error}]" },
};

const char *rt_type_name(enum rt_type t)
{
	return types[t].name;
}

struct rt_str rt_type_text(enum rt_type t)
{
	return (struct rt_str){ types[t].name, types[t].len };
}

const char *rt_type_template(enum rt_type t)
{
	return types[t].message;
}

/*
 * The known types by the length of their names, the frequent ones first, and where each
 * length begins.
 */
static const uint8_t types_by_length[] = {
	RT_T_INFO,
	RT_T_ERROR,
	RT_T_WARNING,
	RT_T_PROGRESS,
	RT_T_RUN_FAILED,
	RT_T_RUN_PAUSED,
	RT_T_STEP_FAILED,
	RT_T_TASK_FAILED,
	RT_T_DIFF_FAILED,
	RT_T_GATE_WARNED,
	RT_T_RUN_RESUMED,
	RT_T_RUN_STARTED,
	RT_T_STEP_SKIPPED,
	RT_T_STEP_STARTED,
	RT_T_TASK_SKIPPED,
	RT_T_TASK_STARTED,
	RT_T_DIFF_APPLIED,
	RT_T_FILE_WRITTEN,
	RT_T_GATE_BLOCKED,
	RT_T_GATE_CHECKED,
	RT_T_MODEL_ROUTED,
	RT_T_AGENT_INVOKED,
	RT_T_PHASE_STARTED,
	RT_T_STEP_RETRYING,
	RT_T_TASK_RETRYING,
	RT_T_CONTEXT_ADDED,
	RT_T_COST_TRACKING,
	RT_T_RUN_CANCELLED,
	RT_T_RUN_COMPLETED,
	RT_T_AGENT_RESPONSE,
	RT_T_STEP_COMPLETED,
	RT_T_TASK_COMPLETED,
	RT_T_TASK_SCHEDULED,
	RT_T_GATE_EVALUATED,
	RT_T_SESSION_FAILED,
	RT_T_PHASE_COMPLETED,
	RT_T_PAUSE_REQUESTED,
	RT_T_SESSION_ABORTED,
	RT_T_SESSION_STARTED,
	RT_T_COMMAND_EXECUTED,
	RT_T_LLM_REQUEST_SENT,
	RT_T_PHASE_TRANSITION,
	RT_T_ARTIFACT_CREATED,
	RT_T_ARTIFACT_DELETED,
	RT_T_ARTIFACT_UPDATED,
	RT_T_CANCEL_REQUESTED,
	RT_T_DELIVERY_STARTED,
	RT_T_FILE_READ_FAILED,
	RT_T_RESUME_REQUESTED,
	RT_T_ITERATION_STARTED,
	RT_T_SESSION_COMPLETED,
	RT_T_DELIVERY_COMPLETED,
	RT_T_ITERATION_COMPLETED,
	RT_T_VERIFICATION_FAILED,
	RT_T_VERIFICATION_PASSED,
	RT_T_VERIFICATION_STARTED,
	RT_T_LLM_RESPONSE_RECEIVED,
	RT_T_CLARIFICATION_ANSWERED,
	RT_T_CLARIFICATION_REQUESTED,
};

static const uint8_t type_lengths[] = {
	0, 0, 0, 0, 0, 1, 2, 2, 3, 4, 4, 6, 12, 21, 29, 35, 39, 49, 51, 52, 55, 56, 57, 58, 59,
};

static enum rt_type find_known(struct rt_str name)
{
	uint64_t head;

	if (name.n > RT_TYPE_MAX)
		return RT_T_OTHER;
	head = rt_str_head(name);
	for (size_t i = type_lengths[name.n]; i < type_lengths[name.n + 1]; i++) {
		const struct rt_type_def *def = &types[types_by_length[i]];

		if (rt_load64(def->name) == head &&
		    (name.n <= 8 || rt_same_bytes(def->name, name.p, name.n)))
			return (enum rt_type)types_by_length[i];
	}
	return RT_T_OTHER;
}

/* How others end the names of our types. */
static const struct {
	const char *theirs, *ours;
} endings[] = {
	{ "_start", "_started" },        { "_begin", "_started" },
	{ "_complete", "_completed" },   { "_end", "_completed" },
	{ "_finished", "_completed" },   { "_succeeded", "_completed" },
	{ "_fail", "_failed" },          { "_failure", "_failed" },
	{ "_canceled", "_cancelled" },   { "_aborted", "_cancelled" },
	{ "_retry", "_retrying" },       { "_retried", "_retrying" },
	{ "_skip", "_skipped" },         { "_passed", "_completed" },
	{ "_request", "_request_sent" }, { "_response", "_response_received" },
};

static enum rt_type find_twin(struct rt_str name)
{
	char copy[64];

	if (name.n >= 32)
		return RT_T_OTHER;
	for (size_t i = 0; i < name.n; i++) {
		char c = name.p[i];

		if (c >= 'A' && c <= 'Z')
			c = (char)(c | 0x20);
		copy[i] = c == '.' || c == '-' || c == ':' ? '_' : c;
	}
	/* What is a stage here is a phase in the names of types; both have five letters. */
	if (name.n > 6 && memcmp(copy, "stage_", 6) == 0)
		memcpy(copy, "phase", 5);
	name.p = copy;
	if (find_known(name) != RT_T_OTHER)
		return find_known(name);
	for (size_t i = 0; i < sizeof(endings) / sizeof(*endings); i++) {
		struct rt_str theirs = rt_str(endings[i].theirs), ours = rt_str(endings[i].ours);
		struct rt_str twin;

		if (name.n <= theirs.n || memcmp(copy + name.n - theirs.n, theirs.p, theirs.n) != 0)
			continue;
		memcpy(copy + name.n - theirs.n, ours.p, ours.n);
		twin = (struct rt_str){ copy, name.n - theirs.n + ours.n };
		return find_known(twin);
	}
	return RT_T_OTHER;
}

enum rt_type rt_type_find(struct rt_str name)
{
	enum rt_type t = find_known(name);

	return t != RT_T_OTHER ? t : find_twin(name);
}

/* A spelling, and that with which others begin it. */
static void with_stage(char *name, void (*each)(void *arg, const char *name), void *arg)
{
	each(arg, name);
	if (strncmp(name, "phase_", 6) != 0)
		return;
	memcpy(name, "stage", 5);
	each(arg, name);
}

void rt_type_spellings(enum rt_type t, void (*each)(void *arg, const char *name), void *arg)
{
	struct rt_str name = rt_type_text(t);
	char copy[64];

	memcpy(copy, name.p, name.n + 1);
	with_stage(copy, each, arg);
	for (size_t i = 0; i < sizeof(endings) / sizeof(*endings); i++) {
		struct rt_str ours = rt_str(endings[i].ours);

		if (name.n <= ours.n || memcmp(name.p + name.n - ours.n, ours.p, ours.n) != 0)
			continue;
		memcpy(copy, name.p, name.n - ours.n);
		memcpy(copy + name.n - ours.n, endings[i].theirs, strlen(endings[i].theirs) + 1);
		with_stage(copy, each, arg);
	}
}

bool rt_type_valid(struct rt_str name)
{
	if (name.n == 0 || name.n > 64 || name.p[0] < 'a' || name.p[0] > 'z')
		return false;
	for (size_t i = 1; i < name.n; i++) {
		char c = name.p[i];

		if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '.' ||
		      c == ':' || c == '-'))
			return false;
	}
	return true;
}
