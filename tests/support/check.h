/* What the unit tests say again and again: a call was refused for this reason, a call prints this,
   a call ends the process with this message.

   Usage:
       assert_refused(!batch_split(batch, 9, parts), BATCH_ERROR_INVALID_ARGUMENT, "batch_split", "n", "9");
       assert_aborts(release_twice, NULL, "batch_release");

   The words after the status must all be in the error's message; "a|b" stands for either. Another
   error is provoked before the call: one that an earlier call left does not count. */
#ifndef HEADRACE_TESTS_CHECK_H
#define HEADRACE_TESTS_CHECK_H

#include <criterion/criterion.h>
#include <headrace/headrace.h>
#include <signal.h>
#include <stdio.h>
#include <sys/types.h>

#if defined(__SANITIZE_ADDRESS__)
#define CHECK_UNDER_ASAN
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define CHECK_UNDER_ASAN
#endif
#endif

/* Of cases that are many and alike one in so many is tried where a sanitizer, counting, an emulator or valgrind makes each
   of them slow; elsewhere all are. */
#if defined(CHECK_UNDER_ASAN) || defined(HEADRACE_SLOW)
enum { CHECK_ONE_IN = 5 };
#else
enum { CHECK_ONE_IN = 1 };
#endif

/* The first in scripts/test --full, the second in scripts/test. */
#ifdef HEADRACE_LONG_TESTS
#define CHECK_LONG_OR_SHORT(at_length, quickly) (at_length)
#else
#define CHECK_LONG_OR_SHORT(at_length, quickly) (quickly)
#endif

/* How a message may say that a pointer is NULL: the second is what %p prints. */
#define CHECK_NULL "NULL|(nil)"

#define assert_refused(refused, status, ...)                                                                 \
  do {                                                                                                       \
    check_forget_error();                                                                                    \
    cr_assert((refused), "not so: %s", #refused);                                                            \
    assert_error(status, __VA_ARGS__);                                                                       \
  } while (0)

/* The calling thread's last error has this status, and its message has all the words. */
#define assert_error(status, ...)                                                                            \
  do {                                                                                                       \
    const batch_error *error_ = batch_last_error();                                                          \
    const char *missing_ = check_missing_word(error_->message, (const char *[]){__VA_ARGS__, NULL});         \
    cr_assert_eq(error_->code, status, "%s instead of " #status ": \"%s\"", batch_status_name(error_->code), \
                 error_->message);                                                                           \
    cr_assert_null(missing_, "\"%s\" does not name \"%s\"", error_->message, missing_);                      \
  } while (0)

#define assert_aborts(function, argument, ...)                                                               \
  do {                                                                                                       \
    check_ending ending_ = check_end_of(function, argument);                                                 \
    const char *missing_ = check_missing_word(ending_.message, (const char *[]){__VA_ARGS__, NULL});         \
    cr_assert_eq(ending_.signal, SIGABRT, "ended with signal %d, status %d: \"%s\"", ending_.signal,         \
                 ending_.status, ending_.message);                                                           \
    cr_assert_null(missing_, "\"%s\" does not name \"%s\"", ending_.message, missing_);                      \
  } while (0)

/* `text` has all the words. */
#define assert_says(text, ...)                                                                               \
  do {                                                                                                       \
    const char *missing_ = check_missing_word(text, (const char *[]){__VA_ARGS__, NULL});                    \
    cr_assert_null(missing_, "\"%s\" does not say \"%s\"", text, missing_);                                  \
  } while (0)

#define assert_count(batch, expected)                                                                        \
  cr_assert_eq(check_count(batch), expected, "reference count %d instead of %d", check_count(batch),         \
               (int)(expected))

/* How a forked child that ran a function ended, and what it wrote to stderr. */
typedef struct check_ending {
  int signal; /* 0: it exited */
  int status; /* its exit status; 128 + signal if it did not exit */
  char message[4096];
} check_ending;

/* Replaces the last error by one of batch_symmetry_group. */
void check_forget_error(void);
const char *check_missing_word(const char *text, const char *const *words);
check_ending check_end_of(void (*function)(void *argument), void *argument);

/* Skips the test where a limit of memory does not hold: qemu, which emulates a process, takes no notice of it. */
void check_needs_limits_of_memory(void);

/* Skips the test where C++ without memory throws nothing but ends the process: under valgrind. */
void check_needs_exceptions_of_memory(void);

/* Returns what `function` writes to the file descriptor (1: stdout, 2: stderr); the caller frees. */
char *check_output_of(int descriptor, void (*function)(void *argument), void *argument);

int check_count(Batch *batch);

/* A batch of 1 x 1 with this id: what a queue test moves about. */
Batch *check_small_batch(uint64_t id);

#endif
