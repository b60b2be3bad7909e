/* What the trainers' command lines have in common. */
#ifndef EXAMPLES_ARGUMENTS_H
#define EXAMPLES_ARGUMENTS_H

#include <stdbool.h>
#include <stdint.h>

/* Reads all of `text` as a number from low to high; false: it is none. */
bool parse_number(const char *text, double low, double high, double *value);
bool parse_whole(const char *text, uint64_t low, uint64_t high, uint64_t *value);
bool parse_small(const char *text, uint32_t low, uint32_t high, uint32_t *value);

/* Says that an option is wrong; returns the exit status. */
int bad_usage(const char *program, const char *name, const char *text, const char *expected);

#endif
