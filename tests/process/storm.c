/* A storm of signals, one every 100 us, whose handler interrupts system calls (EINTR) or has them made again
   (SA_RESTART): tokens, files, batches, states and deadlines are those of a calm day. */
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <time.h>

#include "loader.h"

static char folder[] = "/tmp/headrace-storm-XXXXXX", text_path[64], tokens_path[64], state_path[64];
static atomic_uint interrupted;

static void interrupt(int number) {
  (void)number;
  atomic_fetch_add(&interrupted, 1);
}

/* Not the timer of alarm, which is the watchdog's. */
static timer_t begin_storm(int flags) {
  timer_t timer;
  struct sigaction action = {.sa_handler = interrupt, .sa_flags = flags};
  struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1};
  struct itimerspec often = {{0, 100000}, {0, 100000}};
  EXPECT(sigaction(SIGUSR1, &action, NULL) == 0 && timer_create(CLOCK_MONOTONIC, &event, &timer) == 0 &&
             timer_settime(timer, 0, &often, NULL) == 0,
         "no timer");
  return timer;
}

static void write_text(void) {
  FILE *file = fopen(text_path, "w");
  for (int i = 0; file && i < 60000; i++) fprintf(file, "line %d\n", i * 7919);
  EXPECT(file && fclose(file) == 0, "%s", text_path);
}

static uint64_t mix(uint64_t hash, uint64_t value) {
  return (hash ^ value) * UINT64_C(0x100000001b3);
}

static void tokenize(void) {
  batch_dataset_options reading = BATCH_DATASET_OPTIONS_INIT;
  batch_writer_options writing = BATCH_WRITER_OPTIONS_INIT;
  reading.workers = 2;
  writing.vocab_size = 257;
  BatchWriter *writer = batch_writer_create(tokens_path, &writing);
  EXPECT(writer &&
             batch_tokenize_files(&(const char *){text_path}, 1, &reading, writer, NULL, NULL) == BATCH_OK &&
             batch_writer_finish(writer),
         "%s", batch_last_error()->message);
  batch_writer_free(writer);
}

/* Half of the batches, a state that is saved and loaded, and the other half from there. */
static uint64_t train(batch_io io) {
  uint64_t hash = 0;
  batch_loader_state state;
  batch_dataset_options reading = BATCH_DATASET_OPTIONS_INIT;
  batch_loader_options options = small_options(8, 128);
  reading.io = io;
  options.workers = 2;
  BatchDataset *dataset = batch_dataset_open(&(const char *){tokens_path}, 1, &reading);
  EXPECT(dataset && batch_dataset_fingerprint(dataset, &hash), "%s", batch_last_error()->message);
  for (int half = 0; half < 2; half++) {
    BatchLoader *loader = start_loader(dataset, &options);
    uint64_t steps = half ? UINT64_MAX : batch_loader_epoch_steps(loader) / 2;
    for (Batch *batch; steps > 0 && (batch = batch_loader_next(loader)); steps--) {
      for (uint32_t i = 0; i < batch->input.total_size; i++) hash = mix(hash, (uint64_t)batch->input.i32[i]);
      batch_release(batch);
    }
    EXPECT(batch_loader_get_state(loader, &state) && batch_loader_state_save(&state, state_path) &&
               batch_loader_state_load(&state, state_path),
           "%s", batch_last_error()->message);
    batch_loader_free(loader);
    options.resume = &state;
  }
  batch_dataset_free(dataset);
  return hash;
}

static double seconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static void wait_to_deadline(void) {
  enum { MS = 50 };
  Batch *batch;
  BatchQueue *queue = batch_queue_create(1);
  double begin = seconds();
  batch_status status = batch_queue_dequeue_until(queue, &batch, batch_deadline_after(MS * 1000000));
  double waited = seconds() - begin;
  EXPECT(status == BATCH_TIMEDOUT && waited >= MS * 1e-3, "%s after %f s", batch_status_name(status), waited);
  batch_queue_free(queue);
}

static uint64_t do_all(void) {
  tokenize();
  uint64_t hash = mix(train(BATCH_IO_MAP), train(BATCH_IO_READ));
  wait_to_deadline();
  unlink(tokens_path);
  unlink(state_path);
  return hash;
}

static void in_storm(int flags) {
  EXPECT(mkdtemp(folder), "mkdtemp");
  snprintf(text_path, sizeof text_path, "%s/text.txt", folder);
  snprintf(tokens_path, sizeof tokens_path, "%s/tokens.bin", folder);
  snprintf(state_path, sizeof state_path, "%s/state", folder);
  write_text();
  uint64_t calm = do_all();
  timer_t timer = begin_storm(flags);
  uint64_t stormy = do_all();
  timer_delete(timer);
  unlink(text_path);
  EXPECT(interrupted > 100, "%u signals", interrupted);
  EXPECT(calm == stormy, "%llx and %llx", (unsigned long long)calm, (unsigned long long)stormy);
  EXPECT(rmdir(folder) == 0, "something is left in %s", folder);
}

static void interrupted_calls(void) {
  in_storm(0);
}

static void restarted_calls(void) {
  in_storm(SA_RESTART);
}

int main(int argc, char **argv) {
  static const process_case cases[] = {{"interrupted_calls", interrupted_calls},
                                       {"restarted_calls", restarted_calls}};
  return run_case(argc, argv, cases, sizeof cases / sizeof *cases);
}
