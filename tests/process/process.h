/* What the programs share that show what the library does to its process. Each runs in processes of its own,
   since it changes signal handlers, forks or dies: `program CASE` runs one case and exits with 0 when all is
   as it should be. */
#ifndef HEADRACE_TESTS_PROCESS_H
#define HEADRACE_TESTS_PROCESS_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* What hangs is ended by SIGALRM after so long: the watchdog's thread would be one of those that are counted here. */
enum { CASE_SECONDS = 120 };

#define EXPECT(holds, ...)                                                                                   \
  do {                                                                                                       \
    if (holds) break;                                                                                        \
    fprintf(stderr, "%s:%d: not so: %s: ", __FILE__, __LINE__, #holds);                                      \
    fprintf(stderr, __VA_ARGS__);                                                                            \
    fputc('\n', stderr);                                                                                     \
    exit(1);                                                                                                 \
  } while (0)

#ifdef __SANITIZE_ADDRESS__ /* gcc's word; clang has a feature */
#define UNDER_ADDRESS_SANITIZER 1
#elif defined __has_feature
#if __has_feature(address_sanitizer)
#define UNDER_ADDRESS_SANITIZER 1
#endif
#endif

typedef struct process_case {
  const char *name;
  void (*run)(void);
} process_case;

/* Runs the case that is named; ends with 2 when there is none. */
static inline int run_case(int argc, char **argv, const process_case *cases, size_t n) {
  for (size_t i = 0; argc > 1 && i < n; i++) {
    if (strcmp(argv[1], cases[i].name) != 0) continue;
    alarm(CASE_SECONDS);
    cases[i].run();
    return 0;
  }
  for (size_t i = 0; i < n; i++) fprintf(stderr, "%s %s\n", argv[0], cases[i].name);
  return 2;
}

#endif
