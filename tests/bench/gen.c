/*
 * gen N [SEED]: N events as a pipeline of language models, commands and tasks
 * writes them, the same ones each time: 35 % progress, 20 % responses with
 * tokens, 20 % commands, 22 % tasks that start and 3 % that fail.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const char *const stages[] = { "constraints", "spec",	   "design_doc", "assets",
				      "scaffold",    "validation", "zip" };
static const char *const roles[] = { "planner", "coder", "reviewer", "tester" };
static const char *const models[] = { "gpt-4-turbo", "gpt-4o-2024-08-06", "small-7b" };
static const char *const components[] = { "runner", "execution_engine", "ai_service",
					  "file_operations", "terminal_interaction" };
static const char *const words[] = { "resolving", "building", "validating", "compiling", "linking",
				     "fetching", "writing", "cache", "module", "asset", "scene",
				     "texture", "level", "plan", "step", "token", "budget", "retry",
				     "backoff", "“quoted”", "naïve", "path/to/file.c", "\\\\n",
				     "tab\\\\t", "x=1", "y={2}" };

#define COUNT(a) (sizeof(a) / sizeof(*(a)))

/* splitmix64, Steele, Lea and Flood 2014. */
static uint64_t state;

static uint64_t below(uint64_t n)
{
	uint64_t z = state += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return (z ^ z >> 31) % n;
}

static void put_message(void)
{
	uint64_t n = 4 + below(11);

	fputs("\"message\":\"", stdout);
	while (n--)
		printf("%s%s", words[below(COUNT(words))], n ? " " : "\"");
}

static void put_event(uint64_t i, uint64_t n, const char *ts)
{
	const char *stage = stages[i * 7 / n];
	uint64_t kind = below(100), task = i % 97;

	printf("{\"ts\":\"%s\",\"type\":\"", ts);
	if (kind < 35) {
		printf("progress\",\"stage\":\"%s\",", stage);
		put_message();
		printf(",\"percent\":%d}\n", (int)(i * 100 / n));
	} else if (kind < 55) {
		printf("llm_response_received\",\"stage\":\"%s\",", stage);
		put_message();
		printf(",\"task_id\":\"task_%d\",\"agent_role\":\"%s\",\"model\":\"%s\","
		       "\"duration_ms\":%d.%d,\"metadata\":{\"prompt_tokens\":%d,"
		       "\"completion_tokens\":%d,\"cached\":false}}\n",
		       (int)task, roles[below(COUNT(roles))], models[below(COUNT(models))],
		       (int)(50 + below(8950)), (int)(i % 10), (int)(10 + below(3990)),
		       (int)(1 + below(1999)));
	} else if (kind < 75) {
		printf("command_executed\",\"level\":\"debug\",\"component\":\"%s\","
		       "\"action\":\"command_execution_completed\",\"stage\":\"%s\",",
		       components[below(COUNT(components))], stage);
		put_message();
		printf(",\"step_id\":\"step_%03d\",\"duration_ms\":%d,\"metadata\":"
		       "{\"exit_code\":0,\"argv\":[\"make\",\"-j2\"]}}\n",
		       (int)(i % 12), (int)(1 + below(899)));
	} else if (kind < 97) {
		printf("task_started\",\"stage\":\"%s\",", stage);
		put_message();
		printf(",\"task_id\":\"task_%d\",\"step\":%d,\"total_steps\":12}\n", (int)task,
		       (int)(i % 12));
	} else {
		printf("task_failed\",\"level\":\"error\",\"stage\":\"%s\",", stage);
		put_message();
		printf(",\"task_id\":\"task_%d\",\"state_before\":\"running\",\"state_after\":"
		       "\"failed\",\"metadata\":{\"error_type\":\"AssertionError\"}}\n",
		       (int)task);
	}
}

int main(int argc, char **argv)
{
	uint64_t n = argc > 1 ? strtoull(argv[1], NULL, 10) : 1000, ms = 0;
	time_t seconds = 1767225600; /* 2026-01-01 */
	char ts[40], day[24];
	struct tm tm;

	state = argc > 2 ? strtoull(argv[2], NULL, 10) : 1;
	for (uint64_t i = 0; i < n; i++) {
		ms += 1 + below(400);
		seconds += (time_t)(ms / 1000);
		ms %= 1000;
		strftime(day, sizeof(day), "%Y-%m-%dT%H:%M:%S", gmtime_r(&seconds, &tm));
		snprintf(ts, sizeof(ts), "%s.%03d+00:00", day, (int)ms);
		put_event(i, n, ts);
	}
	return fflush(stdout) == 0 ? 0 : 1;
}
