/*
 * Events to measure with: `gen COUNT [SEED]` prints as many lines, the same ones
 * each time. Of the kinds that a build driven by language models records:
 * progress, answers of models, commands, tasks begun and a few failed, over
 * seven stages, with messages of 4 to 14 words of which some need escapes or are
 * not ASCII. A line is some 200 bytes.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define MESSAGES 4096
#define COUNT(array) (sizeof(array) / sizeof(*(array)))
#define EPOCH 1767225600 /* 2026-01-01T00:00:00Z */

static const char *const stages[] = { "constraints", "spec",       "design_doc", "assets",
				      "scaffold",    "validation", "zip" };
static const char *const roles[] = { "planner", "coder", "reviewer", "tester" };
static const char *const models[] = { "gpt-4-turbo", "gpt-4o-2024-08-06", "small-7b" };
static const char *const components[] = { "runner", "execution_engine", "ai_service",
					  "file_operations", "terminal_interaction" };
static const char *const words[] = {
	"resolving",  "building",       "validating", "compiling", "linking",
	"fetching",   "writing",        "cache",      "module",    "asset",
	"scene",      "texture",        "level",      "plan",      "step",
	"token",      "budget",         "retry",      "backoff",   "\u201cquoted\u201d",
	"na\u00efve", "path/to/file.c", "\\\\n",      "tab\\\\t",  "\\\"x\\\"",
	"x=1",        "y={2}"
};

static char messages[MESSAGES][256];
static uint64_t state;

/* splitmix64, http://prng.di.unimi.it/splitmix64.c */
static uint64_t next(void)
{
	uint64_t x = state += UINT64_C(0x9e3779b97f4a7c15);

	x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
	return x ^ (x >> 31);
}

static unsigned int below(unsigned int n)
{
	return (unsigned int)(next() % n);
}

static void make_messages(void)
{
	for (size_t i = 0; i < MESSAGES; i++) {
		unsigned int n = 4 + below(11);

		while (n--) {
			strcat(messages[i], words[below(COUNT(words))]);
			if (n)
				strcat(messages[i], " ");
		}
	}
}

static void print_time(int64_t ms)
{
	time_t s = (time_t)(EPOCH + ms / 1000);
	char text[32];
	struct tm tm;

	gmtime_r(&s, &tm);
	strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &tm);
	printf("{\"ts\":\"%s.%03d+00:00\",\"type\":", text, (int)(ms % 1000));
}

static void print_rest(unsigned long i, unsigned long n)
{
	const char *stage = stages[i * COUNT(stages) / n], *message = messages[below(MESSAGES)];
	unsigned int kind = below(100);

	if (kind < 35)
		printf("\"progress\",\"stage\":\"%s\",\"message\":\"%s\",\"percent\":%lu}\n", stage,
		       message, i * 100 / n);
	else if (kind < 55)
		printf("\"llm_response_received\",\"stage\":\"%s\",\"message\":\"%s\","
		       "\"task_id\":\"task_%lu\",\"agent_role\":\"%s\",\"model\":\"%s\","
		       "\"duration_ms\":%u.%lu,\"metadata\":{\"prompt_tokens\":%u,"
		       "\"completion_tokens\":%u,\"cached\":false}}\n",
		       stage, message, i % 97, roles[below(COUNT(roles))],
		       models[below(COUNT(models))], 50 + below(8951), i % 10, 10 + below(3991),
		       1 + below(2000));
	else if (kind < 75)
		printf("\"command_executed\",\"level\":\"debug\",\"component\":\"%s\","
		       "\"action\":\"command_execution_completed\",\"stage\":\"%s\","
		       "\"message\":\"%s\",\"step_id\":\"step_%03lu\",\"duration_ms\":%u,"
		       "\"metadata\":{\"exit_code\":0,\"argv\":[\"make\",\"-j2\"]}}\n",
		       components[below(COUNT(components))], stage, message, i % 12,
		       1 + below(900));
	else if (kind < 97)
		printf("\"task_started\",\"stage\":\"%s\",\"message\":\"%s\",\"task_id\":\"task_%lu\","
		       "\"step\":%lu,\"total_steps\":12}\n",
		       stage, message, i % 97, i % 12);
	else
		printf("\"task_failed\",\"level\":\"error\",\"stage\":\"%s\",\"message\":\"%s\","
		       "\"task_id\":\"task_%lu\",\"state_before\":\"running\","
		       "\"state_after\":\"failed\",\"metadata\":{\"error_type\":\"AssertionError\"}}\n",
		       stage, message, i % 97);
}

int main(int argc, char **argv)
{
	unsigned long n = argc > 1 ? strtoul(argv[1], NULL, 10) : 0;
	int64_t ms = 0;

	if (n == 0) {
		fprintf(stderr, "usage: gen COUNT [SEED]\n");
		return 2;
	}
	state = argc > 2 ? strtoull(argv[2], NULL, 10) : 1;
	make_messages();
	for (unsigned long i = 0; i < n; i++) {
		ms += 1 + below(400);
		print_time(ms);
		print_rest(i, n);
	}
	return ferror(stdout) || fflush(stdout) == EOF;
}
