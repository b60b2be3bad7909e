/* A program's own surroundings that the library must not depend on: a locale with another decimal point and other small
   letters, a clock of the day that jumps. The clock is this program's: its functions stand before the C library's. */
#include <ctype.h>
#include <dlfcn.h>
#include <locale.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>

#include "loader.h"

enum { TOKENS = 1500, ROOM = 1 << 14 };

static char folder[] = "/tmp/headrace-host-XXXXXX";

static void path_in(const char *name, char *path, size_t size) {
  EXPECT(snprintf(path, size, "%s/%s", folder, name) < (int)size, "%s", name);
}

static size_t read_and_remove(const char *name, char *to, size_t room) {
  char path[128];
  path_in(name, path, sizeof path);
  FILE *file = fopen(path, "r");
  EXPECT(file, "%s", path);
  size_t bytes = fread(to, 1, room, file);
  fclose(file);
  unlink(path);
  return bytes;
}

/* The companion says in words how many tokens there are: 1.50 kT. */
static size_t write_tokens(char *to, size_t room) {
  static int32_t ids[TOKENS];
  char path[128];
  batch_writer_options options = BATCH_WRITER_OPTIONS_INIT;
  options.token_type = BATCH_TOKEN_U32;
  path_in("X.BIN", path, sizeof path);
  BatchWriter *writer = batch_writer_create(path, &options);
  EXPECT(writer && batch_writer_append(writer, ids, TOKENS) && batch_writer_finish(writer), "%s",
         batch_last_error()->message);
  batch_writer_free(writer);
  unlink(path);
  return read_and_remove("X.BIN.metadata", to, room);
}

/* Nothing but its suffix says what is in it. */
static void read_name_in_capitals(void) {
  char path[128], tokens[2 * TOKENS] = {0};
  path_in("Y.BIN", path, sizeof path);
  FILE *file = fopen(path, "w");
  EXPECT(file && fwrite(tokens, 1, sizeof tokens, file) == sizeof tokens && fclose(file) == 0, "%s", path);
  BatchDataset *dataset = open_dataset(path);
  EXPECT(batch_dataset_tokens(dataset) == TOKENS, "%d expected", TOKENS);
  batch_dataset_free(dataset);
  unlink(path);
}

static size_t tell_metrics(char *to, size_t room) {
  batch_metrics_options options = BATCH_METRICS_OPTIONS_INIT;
  BatchQueue *queue = batch_queue_create(3);
  batch_metrics_object object = {.queue = queue};
  options.objects = &object;
  options.num_objects = 1;
  size_t bytes = batch_metrics_text(&options, to, room);
  EXPECT(bytes > 0 && bytes < room, "%s", batch_last_error()->message);
  batch_queue_free(queue);
  return bytes;
}

/* All that a program could read again. */
static size_t write_all(char *to) {
  size_t used = write_tokens(to, ROOM);
  used += tell_metrics(to + used, ROOM - used);
  to[used] = '\0';
  return used;
}

/* Made by the test's script, in LOCPATH. */
static void locales(void) {
  static char plain[ROOM + 1], other[ROOM + 1];
  char one_and_a_half[8];
  EXPECT(mkdtemp(folder), "mkdtemp");
  write_all(plain);
  if (!setlocale(LC_ALL, "xx_XX")) exit(77);
  snprintf(one_and_a_half, sizeof one_and_a_half, "%.1f", 1.5);
  EXPECT(strcmp(one_and_a_half, "1,5") == 0, "this locale is not another one: %s", one_and_a_half);
  EXPECT(tolower('I') != 'i', "this locale has the usual letters");
  write_all(other);
  read_name_in_capitals();
  EXPECT(strcmp(plain, other) == 0, "written in one locale:\n%s\nin the other:\n%s", plain, other);
  EXPECT(strstr(plain, "1.50 kT"), "%s", plain);
  EXPECT(rmdir(folder) == 0, "something is left in %s", folder);
}

static atomic_uint asked;

/* A day on, a day back, at each look. */
static time_t jump(void) {
  return atomic_fetch_add(&asked, 1) % 2 ? 86400 : -86400;
}

int clock_gettime(clockid_t clock, struct timespec *now) {
  int (*real)(clockid_t, struct timespec *) =
      __extension__(int (*)(clockid_t, struct timespec *)) dlsym(RTLD_NEXT, "clock_gettime");
  int answer = real(clock, now);
  if (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE) now->tv_sec += jump();
  return answer;
}

time_t time(time_t *now) {
  struct timespec day;
  clock_gettime(CLOCK_REALTIME, &day);
  if (now) *now = day.tv_sec;
  return day.tv_sec;
}

static double seconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static void clock_jumps(void) {
  enum { MS = 50 };
  BatchQueue *queue = batch_queue_create(1);
  BatchPool *pool = batch_pool_create(1, 1, 1, 0);
  Batch *out = batch_pool_allocate(pool), *batch;
  time_t first = time(NULL);
  EXPECT(time(NULL) != first, "the clock does not jump");
  double begin = seconds();
  EXPECT(batch_queue_dequeue_until(queue, &batch, batch_deadline_after(MS * 1000000)) == BATCH_TIMEDOUT, "%s",
         batch_last_error()->message);
  EXPECT(batch_pool_allocate_until(pool, &batch, batch_deadline_after(MS * 1000000)) == BATCH_TIMEDOUT, "%s",
         batch_last_error()->message);
  double waited = seconds() - begin;
  EXPECT(waited >= 2 * MS * 1e-3, "%f s", waited);
  batch_release(out);
  batch_pool_free(pool);
  batch_queue_free(queue);
}

int main(int argc, char **argv) {
  static const process_case cases[] = {{"locales", locales}, {"clock_jumps", clock_jumps}};
  return run_case(argc, argv, cases, sizeof cases / sizeof *cases);
}
