/* What the soak is told on the command line. */
#ifndef HEADRACE_STRESS_SOAK_OPTIONS_H
#define HEADRACE_STRESS_SOAK_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

extern struct soak_options {
  double hours;
  unsigned threads, patience;
  uint64_t seed;
  const char *csv, *report, *command, *only, *leak, *stick, *tokenizer;
  bool no_faults;
} soak_options;

/* Ends the program, saying how it is used, where something is wrong; scenes: their names, NULL at the end. */
void soak_read_options(int argc, char **argv, const char *const *scenes);

#endif
