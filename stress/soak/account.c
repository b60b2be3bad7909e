#include "soak/account.h"

#include <dirent.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/sanitizers.h"
#include "soak/soak.h"

/* Sanitizers bring an allocator of their own, which mallinfo2 does not know and which keeps what is freed. */
#if defined(UNDER_ASAN) || defined(UNDER_TSAN)
#define SANITIZED 1
size_t __sanitizer_get_current_allocated_bytes(void);
#else
#define SANITIZED 0
#endif

enum { RSS, MALLOC, MAPPINGS, DESCRIPTORS, THREADS, LIVE, FIGURES, FEWEST_RESTS = 8, MOST_RESTS = 1 << 14 };
#define PATIENCE UINT64_C(5000000000) /* nanoseconds */

/* A figure, and by how much it may rise: an amount and a share of its mean. Both 0: not at all. Until it settles, after so
   many seconds, it rises by what is touched for the first time. */
static const struct figure {
  const char *name, *unit;
  double amount, share, settles;
  bool judged;
} figures[FIGURES] = {
    {"resident", "KiB", 4096, 0.10, 60, !SANITIZED},
    {"malloc", "bytes", 16384, 0.0005, 0, true},
    {"mappings", "", 24, 0.05, 60, !SANITIZED},
    {"descriptors", "", 0, 0, 0, true},
    {"threads", "", 0, 0, 0, true},
    {"live_batches", "", 0, 0, 0, true},
};

static FILE *csv;
static uint64_t begun;
static struct rest { double seconds, values[FIGURES]; } rests[MOST_RESTS];
static unsigned num_rests;

static double entries(const char *path) {
  double n = 0;
  DIR *folder = opendir(path);
  stress_check(folder, "%s cannot be read", path);
  for (struct dirent *entry; (entry = readdir(folder));) n += entry->d_name[0] != '.';
  closedir(folder);
  return n;
}

static double lines_of_maps(void) {
  double n = 0;
  char text[4096];
  FILE *file = fopen("/proc/self/maps", "r");
  stress_check(file, "/proc/self/maps cannot be read");
  for (size_t got; (got = fread(text, 1, sizeof text, file)) > 0;)
    for (size_t i = 0; i < got; i++) n += text[i] == '\n';
  fclose(file);
  return n;
}

static double resident(void) {
  long pages = 0;
  FILE *file = fopen("/proc/self/statm", "r");
  stress_check(file && fscanf(file, "%*d %ld", &pages) == 1, "/proc/self/statm cannot be read");
  fclose(file);
  return (double)pages * (double)sysconf(_SC_PAGESIZE) / 1024;
}

static double allocated(void) {
#if SANITIZED
  return (double)__sanitizer_get_current_allocated_bytes();
#else
  struct mallinfo2 info = mallinfo2();
  return (double)info.uordblks + (double)info.hblkhd;
#endif
}

void account_begin(const char *path) {
  begun = stress_clock();
  csv = path ? fopen(path, "w") : NULL;
  stress_check(!path || csv, "%s cannot be written", path);
  if (!csv) return;
  fprintf(csv, "seconds,rest");
  for (unsigned i = 0; i < FIGURES; i++) fprintf(csv, ",%s", figures[i].name);
  fprintf(csv, ",hands,processors");
  for (unsigned i = 0; i < SOAK_KINDS; i++) fprintf(csv, ",%s", soak_kind_names[i]);
  fprintf(csv, "\n");
}

/* Threads that were joined are in the list for some instants more. Where some stay for good, that is waited for once. */
static double threads_that_stay(bool at_rest) {
  static bool some_stay;
  double n = entries("/proc/self/task");
  for (uint64_t until = stress_clock() + PATIENCE; at_rest && num_rests > 0 && !some_stay;) {
    if (n <= rests[0].values[THREADS]) break;
    some_stay = stress_clock() > until;
    soak_pause(1000);
    n = entries("/proc/self/task");
  }
  return n;
}

void account_sample(bool at_rest) {
  struct rest now = {.seconds = (double)(stress_clock() - begun) * 1e-9};
  if (at_rest && !SANITIZED) malloc_trim(0);
  now.values[RSS] = resident();
  now.values[MALLOC] = allocated();
  now.values[MAPPINGS] = lines_of_maps();
  now.values[DESCRIPTORS] = entries("/proc/self/fd");
  now.values[THREADS] = threads_that_stay(at_rest);
  now.values[LIVE] = (double)batch_count_live();
  if (at_rest && num_rests < MOST_RESTS) rests[num_rests++] = now;
  if (!csv) return;
  fprintf(csv, "%.3f,%d", now.seconds, at_rest);
  for (unsigned i = 0; i < FIGURES; i++) fprintf(csv, ",%.0f", now.values[i]);
  fprintf(csv, ",%u,%ld", stress_threads(), sysconf(_SC_NPROCESSORS_ONLN));
  for (unsigned i = 0; i < SOAK_KINDS; i++) fprintf(csv, ",%" PRIu64, soak_counted((soak_kind)i));
  fprintf(csv, "\n");
  fflush(csv);
}

static double most(unsigned figure, unsigned from, unsigned to) {
  double found = 0;
  for (unsigned i = from; i < to; i++)
    if (rests[i].values[figure] > found) found = rests[i].values[figure];
  return found;
}

/* By how much the line of least squares through rests [from, to) rises from the first to the last. */
static double rise(unsigned figure, unsigned from, unsigned to) {
  double n = to - from, t = 0, v = 0, tt = 0, tv = 0;
  for (unsigned i = from; i < to; i++) {
    t += rests[i].seconds / n;
    v += rests[i].values[figure] / n;
  }
  for (unsigned i = from; i < to; i++) {
    tt += (rests[i].seconds - t) * (rests[i].seconds - t);
    tv += (rests[i].seconds - t) * (rests[i].values[figure] - v);
  }
  return tt > 0 ? tv / tt * (rests[to - 1].seconds - rests[from].seconds) : 0;
}

static double mean(unsigned figure) {
  double sum = 0;
  for (unsigned i = 0; i < num_rests; i++) sum += rests[i].values[figure];
  return sum / num_rests;
}

static bool is_flat(unsigned figure, FILE *to) {
  const struct figure *f = &figures[figure];
  unsigned half = num_rests / 2, quarter = num_rests / 4;
  double allowance = f->amount + f->share * mean(figure), by_line = rise(figure, half, num_rests);
  double before = most(figure, quarter, half), after = most(figure, num_rests - quarter, num_rests);
  bool exact = f->amount == 0, flat = exact || (by_line <= allowance && after - before <= allowance);
  for (unsigned i = 0; exact && i < num_rests; i++)
    flat = flat && rests[i].values[figure] == rests[0].values[figure];
  fprintf(to, "  %-12s %12.0f at the first rest, %12.0f at the last %-5s", f->name, rests[0].values[figure],
          rests[num_rests - 1].values[figure], f->unit);
  if (exact)
    fprintf(to, "; must be the same at every rest: ");
  else
    fprintf(to, "; second half rises by %.0f, most of the last quarter %+.0f, allowed %.0f: ", by_line,
            after - before, allowance);
  const char *unjudged = !f->judged                                      ? "not judged under a sanitizer"
                         : !exact && num_rests < FEWEST_RESTS            ? "too few rests to judge by"
                         : rests[num_rests - 1].seconds < 2 * f->settles ? "too short a run to judge by"
                                                                         : NULL;
  fprintf(to, "%s\n", unjudged ? unjudged : flat ? "flat" : "NOT FLAT");
  return flat || unjudged;
}

void account_end(void) {
  if (csv) stress_check(fclose(csv) == 0, "the CSV cannot be written");
  csv = NULL;
}

account_answer account_verdict(FILE *to) {
  bool flat = true;
  fprintf(to, "at %u rests:\n", num_rests);
  for (unsigned i = 0; i < FIGURES; i++) flat &= is_flat(i, to);
  return !flat ? ACCOUNT_NOT_FLAT : num_rests < FEWEST_RESTS ? ACCOUNT_NOT_JUDGED : ACCOUNT_FLAT;
}
