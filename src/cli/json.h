/* A JSON object on the standard output, for programs: member after member, as they come. Members of the whole and elements
   of its arrays have a line each.

   Usage:
       json j = {0};
       json_open(&j, NULL, '{');
       json_count(&j, "tokens", 5);
       json_open(&j, "files", '[');
       ...
       json_close(&j);
       json_close(&j); */
#ifndef HEADRACE_CLI_JSON_H
#define HEADRACE_CLI_JSON_H

#include <stdbool.h>
#include <stdint.h>

enum { JSON_DEEPEST = 8 };

typedef struct json {
  unsigned depth;             /* objects and arrays that are open */
  char closing[JSON_DEEPEST]; /* of each */
  bool begun[JSON_DEEPEST];   /* whether it has a member */
} json;

/* Opens the whole, with what is said of any run: the command, how it ended ("done", "stopped" by a signal or "failed"), and the
   sentence on stderr that says why it failed. */
void json_open_run(json *j, const char *command, const char *ended);

/* key: NULL in an array, and of the whole. bracket: '{' or '['. */
void json_open(json *j, const char *key, char bracket);
void json_close(json *j);

void json_count(json *j, const char *key, uint64_t value);
void json_integer(json *j, const char *key, int64_t value);
void json_number(json *j, const char *key, double value);
void json_bool(json *j, const char *key, bool value);

/* What threads of a pipeline did: how long they were at work, and waited, all together. */
void json_stage(json *j, const char *key, uint32_t threads, uint64_t busy_ns, uint64_t wait_ns);

/* What is not UTF-8 becomes U+FFFD; NULL is null. */
void json_text(json *j, const char *key, const char *text);

/* Sixteen digits, as a string: a hash does not fit the numbers of other programs. */
void json_hash(json *j, const char *key, uint64_t value);

void json_null(json *j, const char *key);

#endif
