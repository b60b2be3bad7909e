/* headrace bench: runs headrace-bench, a program of its own because it links what Headrace is
   measured against. */
#include "cli.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Where it may lie, seen from this program: beside it, in a build tree, installed. */
static const char *const places[] = {"headrace-bench", "../../bench/headrace-bench",
                                     "../libexec/headrace/headrace-bench"};

static bool own_directory(char *path, size_t size) {
  ssize_t length = readlink("/proc/self/exe", path, size - 1);
  if (length <= 0) return false;
  path[length] = '\0';
  char *slash = strrchr(path, '/');
  if (slash != NULL) *slash = '\0';
  return slash != NULL;
}

int command_bench(int argc, char **argv) {
  char directory[4000], program[4096];
  (void)argc;
  if (!own_directory(directory, sizeof directory)) {
    fprintf(stderr, "headrace bench: /proc/self/exe cannot be read: %s\n", strerror(errno));
    return 1;
  }
  for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
    snprintf(program, sizeof program, "%s/%s", directory, places[i]);
    if (access(program, X_OK) != 0) continue;
    execv(program, argv);
    fprintf(stderr, "headrace bench: %s cannot be run: %s\n", program, strerror(errno));
    return 1;
  }
  fprintf(
      stderr,
      "headrace bench: the program headrace-bench was not found (in %s: %s, %s or %s); it is built with the "
      "CMake option HEADRACE_BENCH=ON and installed with the component 'bench'\n",
      directory, places[0], places[1], places[2]);
  return 1;
}
