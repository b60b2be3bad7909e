#include "package.h"

#include "bench_build.h"

#include <string.h>

static const char *const packages[] = {BENCH_PACKAGES};

const char *package_version(const char *package) {
  size_t length = strlen(package);
  for (size_t i = 0; i < sizeof packages / sizeof packages[0]; i++)
    if (strncmp(packages[i], package, length) == 0 && packages[i][length] == ' ') return packages[i];
  return package;
}
