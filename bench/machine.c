#include "clock.h"
#include "frame.h"

#include "bench_build.h"
#include "team.h"

#include <headrace/base.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

const char *bench_package(const char *name) {
  static const char *const packages[] = {BENCH_PACKAGES};
  size_t length = strlen(name);
  for (size_t i = 0; i < sizeof packages / sizeof packages[0]; i++)
    if (strncmp(packages[i], name, length) == 0 && packages[i][length] == ' ') return packages[i];
  return name;
}

static void processor_name(char *name, size_t size) {
  char line[512];
  FILE *f = fopen("/proc/cpuinfo", "r");
  snprintf(name, size, "unknown processor");
  while (f != NULL && fgets(line, sizeof line, f) != NULL) {
    const char *colon = strchr(line, ':');
    if (strncmp(line, "model name", 10) != 0 || colon == NULL) continue;
    snprintf(name, size, "%s", colon + 2);
    name[strcspn(name, "\n")] = '\0';
    break;
  }
  if (f != NULL) fclose(f);
}

/* Nanoseconds that a reading of the clock takes: what every time measured here contains. */
static double clock_reading(void) {
  enum { READINGS = 10000 };
  uint64_t begin = bench_now();
  for (int i = 1; i < READINGS; i++) (void)bench_now();
  return (double)(bench_now() - begin) / READINGS;
}

void machine_print(FILE *to, const bench_suite *suite) {
  char name[256], date[64];
  struct utsname system;
  double load[1] = {0};
  time_t now = time(NULL);
  struct tm parts;
  processor_name(name, sizeof name);
  uname(&system);
  if (getloadavg(load, 1) < 1) load[0] = -1;
  strftime(date, sizeof date, "%Y-%m-%d %H:%M UTC", gmtime_r(&now, &parts));
  fprintf(to, "headrace bench %s, %s\n", suite->name, date);
  fprintf(to, "  library   headrace %s, commit %s\n", batch_version(), BENCH_COMMIT);
  fprintf(to, "  compiler  %s, flags %s\n", BENCH_COMPILER, BENCH_FLAGS);
  fprintf(to, "  machine   %s, %ld processors, %.1f GiB, load %.2f\n", name, sysconf(_SC_NPROCESSORS_ONLN),
          (double)sysconf(_SC_PHYS_PAGES) * (double)sysconf(_SC_PAGESIZE) / (1024.0 * 1024 * 1024), load[0]);
  fprintf(to, "  figures   of threads on %u processor%s\n", bench_processors(),
          bench_processors() == 1 ? "" : "s");
  fprintf(to, "  system    %s %s %s, %.0f ns a reading of the clock\n\n", system.sysname, system.release,
          system.machine, clock_reading());
}

bool machine_directory(char *path, size_t size) {
  ssize_t length = readlink("/proc/self/exe", path, size - 1);
  if (length <= 0) {
    fprintf(stderr, "headrace-bench: /proc/self/exe cannot be read\n");
    return false;
  }
  path[length] = '\0';
  *strrchr(path, '/') = '\0';
  return true;
}
