/* SIGBUS: reads of files that have become shorter are errors, in whatever thread and with whatever signal mask;
   every other SIGBUS goes where it would have gone without the library. */
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "loader.h"

enum { DOCUMENTS = 100000, LENGTH = 10, TOKENS = DOCUMENTS * LENGTH };

static char tokens_path[64], index_path[80];

static void put(const char *path, const void *data, size_t bytes) {
  FILE *file = fopen(path, "w");
  EXPECT(file && fwrite(data, 1, bytes, file) == bytes && fclose(file) == 0, "%s", path);
}

static void remove_files(void) {
  unlink(tokens_path);
  unlink(index_path);
}

static BatchDataset *make_dataset(void) {
  static uint16_t tokens[TOKENS];
  static uint64_t ends[DOCUMENTS];
  for (uint32_t i = 0; i < TOKENS; i++) tokens[i] = (uint16_t)(i % 50000);
  for (uint64_t i = 0; i < DOCUMENTS; i++) ends[i] = (i + 1) * LENGTH;
  snprintf(tokens_path, sizeof tokens_path, "/tmp/headrace-sigbus-%d.ds", (int)getpid());
  snprintf(index_path, sizeof index_path, "%s.index", tokens_path);
  atexit(remove_files);
  put(tokens_path, tokens, sizeof tokens);
  put(index_path, ends, sizeof ends);
  return open_dataset(tokens_path);
}

static batch_loader_options loader_options(batch_packing packing) {
  batch_loader_options o = small_options(4, 64);
  o.packing = packing;
  o.faults = BATCH_FAULT_HAND_ON;
  o.pool_size = 2;
  return o;
}

static void expect_io_error(const char *call, bool refused) {
  EXPECT(refused, "%s did not fail", call);
  EXPECT(batch_last_error()->code == BATCH_ERROR_IO, "%s: %s", call, batch_last_error()->message);
}

static void block_everything(void) {
  sigset_t all;
  sigfillset(&all);
  pthread_sigmask(SIG_BLOCK, &all, NULL);
}

static void a_worker_made_with_everything_blocked(void) {
  batch_loader_options options = loader_options(BATCH_PACK_WINDOWS);
  BatchDataset *dataset = make_dataset();
  block_everything();
  BatchLoader *loader = start_loader(dataset, &options);
  EXPECT(truncate(tokens_path, 4096) == 0, "truncate");
  unsigned faulty = 0;
  for (Batch *batch; (batch = batch_loader_next(loader)); batch_release(batch))
    faulty += batch->status == BATCH_ERROR_IO;
  EXPECT(faulty > TOKENS / 256 / 2, "%u faulty batches", faulty);
  EXPECT(batch_last_error()->code == BATCH_END, "%s", batch_last_error()->message);
  batch_loader_free(loader);
  batch_dataset_free(dataset);
}

/* Everything that reads a mapping in the caller's thread, when the index has been cut to so many bytes. */
static void read_everything(BatchDataset *dataset, off_t bytes) {
  batch_loader_options options = loader_options(BATCH_PACK_DOCUMENTS),
                       best = loader_options(BATCH_PACK_BEST_FIT),
                       marked = loader_options(BATCH_PACK_WINDOWS);
  batch_loader_state state, other;
  uint64_t start, end;
  marked.with_documents = true;
  BatchLoader *loader = start_loader(dataset, &options), *windows = start_loader(dataset, &marked);
  EXPECT(batch_loader_get_state(loader, &state), "%s", batch_last_error()->message);
  batch_loader_free(loader);
  loader = start_loader(dataset, &options);
  EXPECT(truncate(index_path, bytes) == 0, "truncate");
  expect_io_error("batch_dataset_document", !batch_dataset_document(dataset, DOCUMENTS - 1, &start, &end));
  expect_io_error("batch_loader_get_state", !batch_loader_get_state(loader, &other));
  expect_io_error("batch_loader_replay", !batch_loader_replay(loader, 0, 7));
  expect_io_error("batch_loader_replay", !batch_loader_replay(windows, 0, 7));
  expect_io_error("batch_loader_create, best fit", !batch_loader_create(dataset, &best));
  options.resume = &state;
  expect_io_error("batch_loader_create, resume", !batch_loader_create(dataset, &options));
  EXPECT(truncate(tokens_path, 0) == 0, "truncate");
  expect_io_error("batch_loader_replay", !batch_loader_replay(windows, 0, 7));
  batch_loader_free(loader);
  batch_loader_free(windows);
}

static void calls(void) {
  BatchDataset *dataset = make_dataset();
  read_everything(dataset, 0);
  batch_dataset_free(dataset);
}

/* What is missing of the last page reads as zeros, without a signal. */
static void calls_cut_within_a_page(void) {
  BatchDataset *dataset = make_dataset();
  read_everything(dataset, DOCUMENTS * sizeof(uint64_t) - 8);
  batch_dataset_free(dataset);
}

static void calls_with_everything_blocked(void) {
  BatchDataset *dataset = make_dataset();
  sigset_t before, after;
  block_everything();
  pthread_sigmask(SIG_SETMASK, NULL, &before);
  read_everything(dataset, 4096);
  pthread_sigmask(SIG_SETMASK, NULL, &after);
  for (int i = 1; i < SIGRTMIN; i++)
    EXPECT(sigismember(&before, i) == sigismember(&after, i), "the mask has changed: signal %d", i);
  batch_dataset_free(dataset);
}

static BatchDataset *kept_dataset;

/* The library has installed its handler by now. */
static void install_ours(void) {
  uint64_t start, end;
  kept_dataset = make_dataset();
  EXPECT(batch_dataset_document(kept_dataset, 0, &start, &end), "%s", batch_last_error()->message);
}

/* And has done what it is there for. */
static void fault_of_ours(void) {
  uint64_t start, end;
  EXPECT(truncate(index_path, 0) == 0, "truncate");
  expect_io_error("batch_dataset_document",
                  !batch_dataset_document(kept_dataset, DOCUMENTS - 1, &start, &end));
}

static volatile char *hole(void) {
  int file = memfd_create("hole", 0);
  EXPECT(file >= 0 && ftruncate(file, 4096) == 0, "memfd");
  volatile char *map = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  EXPECT(map != MAP_FAILED && ftruncate(file, 0) == 0, "mmap");
  return map;
}

static void by_read(void) {
  (void)*hole();
}
static void by_raise(void) {
  raise(SIGBUS);
}
static void by_kill(void) {
  kill(getpid(), SIGBUS);
}

/* The signal that ended a child which did this; 0: it lived. */
static int ending_of(void (*act)(void)) {
  fflush(NULL);
  pid_t child = fork();
  if (child == 0) {
    (void)setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
    alarm(20);
    act();
    _exit(0);
  }
  int status;
  EXPECT(waitpid(child, &status, 0) == child, "waitpid");
  EXPECT(!WIFEXITED(status) || WEXITSTATUS(status) == 0, "exit status %d", WEXITSTATUS(status));
  return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

static void the_default(void) {
  signal(SIGBUS, SIG_DFL);
  install_ours();
  fault_of_ours();
  EXPECT(ending_of(by_read) == SIGBUS, "a read");
  EXPECT(ending_of(by_raise) == SIGBUS, "raise");
  EXPECT(ending_of(by_kill) == SIGBUS, "kill");
}

/* The system ignores what is sent, not what an instruction does. */
static void ignored(void) {
  signal(SIGBUS, SIG_IGN);
  install_ours();
  fault_of_ours();
  EXPECT(ending_of(by_read) == SIGBUS, "a read");
  EXPECT(ending_of(by_raise) == 0, "raise");
  EXPECT(ending_of(by_kill) == 0, "kill");
}

static sigjmp_buf back;
static volatile sig_atomic_t seen_number, seen_blocked, seen_nested, seen_on_stack, times;
static volatile int seen_code;
static void *volatile seen_address, *volatile seen_machine;
static char alternative[1 << 16];

static void look(int number) {
  sigset_t mask;
  pthread_sigmask(SIG_SETMASK, NULL, &mask);
  seen_number = number;
  seen_blocked = sigismember(&mask, SIGUSR1);
  seen_nested = !sigismember(&mask, SIGBUS);
  seen_on_stack = (uintptr_t)__builtin_frame_address(0) - (uintptr_t)alternative < sizeof alternative;
  times++;
}

static void plain(int number) {
  look(number);
  siglongjmp(back, 1);
}

static void with_info(int number, siginfo_t *info, void *machine) {
  look(number);
  seen_code = info->si_code;
  seen_address = info->si_addr;
  seen_machine = machine;
  siglongjmp(back, 1);
}

static void set_handler(int flags, bool mask) {
  struct sigaction action = {.sa_flags = flags};
  if (flags & SA_SIGINFO)
    action.sa_sigaction = with_info;
  else
    action.sa_handler = plain;
  sigemptyset(&action.sa_mask);
  if (mask) sigaddset(&action.sa_mask, SIGUSR1);
  EXPECT(sigaction(SIGBUS, &action, NULL) == 0, "sigaction");
  stack_t stack = {.ss_sp = alternative, .ss_size = sizeof alternative};
  EXPECT(sigaltstack(&stack, NULL) == 0, "sigaltstack");
}

/* The handler leaves by siglongjmp, which restores the mask. */
static void expect_handled(void (*act)(void)) {
  sigset_t before, after;
  int had = times;
  pthread_sigmask(SIG_SETMASK, NULL, &before);
  if (sigsetjmp(back, 1) == 0) act();
  pthread_sigmask(SIG_SETMASK, NULL, &after);
  EXPECT(times == had + 1, "handled %d times", times - had);
  EXPECT(seen_number == SIGBUS, "signal %d", seen_number);
  for (int i = 1; i < SIGRTMIN; i++)
    EXPECT(sigismember(&before, i) == sigismember(&after, i), "signal %d", i);
}

static void expect_seen(bool blocked, bool nested, bool on_stack) {
  EXPECT(seen_blocked == blocked, "SIGUSR1 blocked: %d", seen_blocked);
  EXPECT(seen_nested == nested, "SIGBUS let through: %d", seen_nested);
  EXPECT(seen_on_stack == on_stack, "on the alternative stack: %d", seen_on_stack);
}

static void a_plain_handler(void) {
  set_handler(0, false);
  install_ours();
  void (*const acts[])(void) = {by_read, by_raise, by_kill};
  for (int i = 0; i < 3; i++) {
    expect_handled(acts[i]);
    expect_seen(false, false, false);
  }
  fault_of_ours();
  EXPECT(times == 3, "a fault of the library's reached the program");
  expect_handled(by_read);
}

static volatile char *the_hole;
static void by_reading_it(void) {
  (void)*the_hole;
}

static void a_handler_with_information(void) {
  set_handler(SA_SIGINFO, false);
  install_ours();
  the_hole = hole();
  expect_handled(by_reading_it);
  EXPECT(seen_address == (const void *)(uintptr_t)the_hole, "%p", seen_address);
  EXPECT(seen_machine && seen_code == BUS_ADRERR, "code %d", seen_code);
  expect_handled(by_kill);
  EXPECT(seen_code == SI_USER, "code %d", seen_code);
  expect_handled(by_raise);
  EXPECT(seen_code == SI_TKILL, "code %d", seen_code);
}

static void its_mask(void) {
  set_handler(SA_SIGINFO, true);
  install_ours();
  fault_of_ours();
  sigset_t mask;
  pthread_sigmask(SIG_SETMASK, NULL, &mask);
  EXPECT(!sigismember(&mask, SIGUSR1) && !sigismember(&mask, SIGBUS),
         "a fault of the library's leaves a mask");
  expect_handled(by_read);
  expect_seen(true, false, false);
}

static void its_flags(void) {
  set_handler(SA_NODEFER | SA_ONSTACK, true);
  install_ours();
  fault_of_ours();
  expect_handled(by_read);
  expect_seen(true, true, true);
  expect_handled(by_raise);
  expect_seen(true, true, true);
}

static void handle_read(void) {
  expect_handled(by_read);
}

static void once_only(void) {
  set_handler((int)SA_RESETHAND, false);
  install_ours();
  fault_of_ours();
  EXPECT(ending_of(handle_read) == 0, "it is there in a child too");
  expect_handled(by_read);
  EXPECT(ending_of(by_read) == SIGBUS, "a read");
  EXPECT(ending_of(by_kill) == SIGBUS, "kill");
}

/* Blocked and sent: it waits, also while the library reads, and comes as it was sent. */
static void sent_while_blocked(void) {
  uint64_t start, end;
  sigset_t bus;
  siginfo_t info;
  signal(SIGBUS, SIG_DFL);
  install_ours();
  sigemptyset(&bus);
  sigaddset(&bus, SIGBUS);
  pthread_sigmask(SIG_BLOCK, &bus, NULL);
  kill(getpid(), SIGBUS);
  EXPECT(batch_dataset_document(kept_dataset, 1, &start, &end), "%s", batch_last_error()->message);
  EXPECT(start == LENGTH && end == 2 * LENGTH, "%llu", (unsigned long long)start);
  fault_of_ours();
  EXPECT(sigtimedwait(&bus, &info, &(struct timespec){0, 0}) == SIGBUS, "it does not wait any more");
  EXPECT(info.si_code == SI_USER && info.si_pid == getpid(), "code %d", info.si_code);
  raise(SIGBUS);
  fault_of_ours();
  EXPECT(sigtimedwait(&bus, &info, &(struct timespec){0, 0}) == SIGBUS, "it does not wait any more");
  EXPECT(info.si_pid == getpid(), "from %d", (int)info.si_pid);
}

static void read_into_a_hole(void) {
  batch_dataset_read(kept_dataset, 0, LENGTH, (int32_t *)(uintptr_t)hole());
}

/* Where the library writes to is the caller's, whatever it reads from. */
static void a_hole_of_the_callers(void) {
  signal(SIGBUS, SIG_DFL);
  install_ours();
  EXPECT(ending_of(read_into_a_hole) == SIGBUS, "a call that writes to it");
  fault_of_ours();
}

int main(int argc, char **argv) {
#define CASE(name)                                                                                           \
  { #name, name }
  static const process_case cases[] = {
      CASE(a_worker_made_with_everything_blocked),
      CASE(calls),
      CASE(calls_cut_within_a_page),
      CASE(calls_with_everything_blocked),
      CASE(the_default),
      CASE(ignored),
      CASE(a_plain_handler),
      CASE(a_handler_with_information),
      CASE(its_mask),
      CASE(its_flags),
      CASE(once_only),
      CASE(sent_while_blocked),
      CASE(a_hole_of_the_callers),
  };
  return run_case(argc, argv, cases, sizeof cases / sizeof *cases);
}
