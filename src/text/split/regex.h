/* Regular expressions, by PCRE2: the one file that knows it. */
#ifndef HEADRACE_TEXT_SPLIT_REGEX_H
#define HEADRACE_TEXT_SPLIT_REGEX_H

#include <stdbool.h>
#include <stddef.h>

typedef struct regex regex;
typedef struct regex_match regex_match; /* one thread's */

bool regex_supported(const char *function);

/* Compiles a pattern in PCRE2's syntax, or a string that is looked for as it is. NULL: why [room] says what is wrong
   with it, or "no memory ...". */
regex *regex_compile(const char *pattern, size_t bytes, bool literal, char *why, size_t room);
void regex_free(regex *r);

/* Room for a match of any regex, and a stack for matching. NULL: no memory. */
regex_match *regex_match_create(void);
void regex_match_free(regex_match *match);

enum { REGEX_INNER_START = 1, REGEX_INNER_END = 2 }; /* where subject ends, and ^ and $ do not match */

enum { REGEX_NO_MEMORY = -1, REGEX_GAVE_UP = -2 }; /* more steps than PCRE2 takes for a match */

/* The first match in well-formed subject [bytes] from `from` on, into [*start, *end). 1: there is one; 0: there is
   none; or one of the two above. */
int regex_find(const regex *r, regex_match *match, const char *subject, size_t bytes, size_t from, int inner,
               size_t *start, size_t *end);

/* "14.0.0"; "" in a build without PCRE2. */
const char *regex_unicode_version(void);

#endif
