/* Splits that are known: their patterns, and the scanners that do the same. */
#ifndef HEADRACE_TEXT_SPLIT_KNOWN_H
#define HEADRACE_TEXT_SPLIT_KNOWN_H

#include "text/split/scan.h"
#include "text/split/splitter.h"

/* The regex of a step that may be a known one. */
typedef enum known_step {
  KNOWN_NONE,
  KNOWN_GPT2,
  KNOWN_CL100K,
  KNOWN_O200K,
  KNOWN_QWEN2,
  KNOWN_DEEPSEEK3_NUMBERS,
  KNOWN_DEEPSEEK3_CJK,
  KNOWN_DEEPSEEK3_REST
} known_step;

typedef struct known_way {
  const char *name;
  scanner *scan;
} known_way;

const char *known_pattern(splitter_name name);

/* *step: what the regex of a step is, in PCRE2's syntax, if it isolates its matches or does as much. false: why [room]
   is "no memory ...". */
bool known_regex(const char *translated, size_t bytes, split_behavior behavior, bool invert, known_step *step,
                 char *why, size_t room);

/* The scanner that does these steps; NULL: there is none. */
const known_way *known_steps(const known_step *steps, unsigned count);

#endif
