/* Who a message names: the function that was called. */
#ifndef HEADRACE_TESTS_MESSAGES_H
#define HEADRACE_TESTS_MESSAGES_H

#include "support/check.h"

#include <string.h>

static inline bool begins_with(const char *text, const char *function) {
  size_t length = strlen(function);
  return strncmp(text, function, length) == 0 && text[length] == ':';
}

/* The call fails and its message begins with the function's name. */
#define REFUSES(function, ...)                                                                               \
  do {                                                                                                       \
    check_forget_error();                                                                                    \
    (void)(function(__VA_ARGS__));                                                                           \
    cr_assert(begins_with(batch_last_error()->message, #function), "%s(%s) says \"%s\"", #function,          \
              #__VA_ARGS__, batch_last_error()->message);                                                    \
  } while (0)

/* The call is right whatever it is given: it leaves the older error standing. */
#define TAKES(function, ...)                                                                                 \
  do {                                                                                                       \
    check_forget_error();                                                                                    \
    (void)(function(__VA_ARGS__));                                                                           \
    cr_assert(begins_with(batch_last_error()->message, "batch_symmetry_group"), "%s(%s) says \"%s\"",        \
              #function, #__VA_ARGS__, batch_last_error()->message);                                         \
  } while (0)

/* The function ends the process, with a message in the name of the public function. */
#define ABORTS(public, function, argument)                                                                   \
  do {                                                                                                       \
    check_ending ending = check_end_of(function, argument);                                                  \
    cr_assert_eq(ending.signal, SIGABRT, "%s ended with signal %d: \"%s\"", #function, ending.signal,        \
                 ending.message);                                                                            \
    cr_assert(begins_with(ending.message, "headrace: " #public), "%s says \"%s\"", #function,                \
              ending.message);                                                                               \
  } while (0)

#endif
