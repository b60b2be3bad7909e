/* Everything at once, for hours: see soak.h.

   soak [OPTION...] HOURS    the options are those that `soak -h` prints. scripts/soak builds and runs it, and draws. */
#include "soak/soak.h"

#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "soak/account.h"
#include "soak/data.h"
#include "soak/options.h"
#include "soak/stop.h"
#include "soak/watch.h"

/* How often each is drawn, and whether calls may fail on purpose in it. */
static const struct scene {
  const char *name;
  void (*play)(hand *h);
  unsigned weight;
  bool bears_faults;
} scenes[] = {
    {"train", scene_train, 0, false},     {"loader", scene_loader, 12, true},
    {"queue", scene_queue, 12, true},     {"pool", scene_pool, 8, true},
    {"spheres", scene_spheres, 8, true},  {"shared", scene_shared, 8, false},
    {"files", scene_files, 3, true},      {"text", scene_text, 4, true},
    {"open", scene_open, 4, true},        {"state", scene_state, 3, true},
    {"writer", scene_writer, 3, true},    {"tokenize", scene_tokenize, 3, true},
    {"fork", scene_fork, 2, false},       {"command", scene_command, 1, false},
    {"signals", scene_signals, 2, false},
};
enum { SCENES = sizeof scenes / sizeof *scenes, LEAKED = 1 << 16, FEWEST_RESTS = 12 };

static const char *const *names_of_scenes(void) {
  static const char *names[SCENES + 1];
  for (size_t i = 0; i < SCENES; i++) names[i] = scenes[i].name;
  return names;
}

static char folder[128];
static atomic_bool hands_are_there, is_over;
static atomic_uint ready; /* hands that are there */

static void *stay(void *unused) {
  for (;;) pause();
  return unused;
}

static _Atomic(void *) leaked; /* a compiler may do without memory that nobody sees */

/* Of each hand, after each rest. */
static void leak(void) {
  pthread_t thread;
  const char *what = soak_options.leak;
  bool all = what && !strcmp(what, "all");
  if (!what) return;
  /* cppcheck-suppress leakNoVarFunctionCall; that is the control */
  if (all || !strcmp(what, "memory")) atomic_store_explicit(&leaked, malloc(LEAKED), memory_order_relaxed);
  /* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): that is the control */
  if ((all || !strcmp(what, "descriptor")) && dup(0) < 0) exit(1);
  if ((all || !strcmp(what, "thread")) && pthread_create(&thread, NULL, stay, NULL) != 0) exit(1);
  if (all || !strcmp(what, "batch")) soak_batch(1);
}

static const struct scene *draw(hand *h) {
  unsigned all = 0;
  for (unsigned i = 0; i < SCENES; i++) {
    if (soak_options.only && !strcmp(soak_options.only, scenes[i].name)) return &scenes[i];
    all += scenes[i].weight;
  }
  if (h->number == 0) return &scenes[0];
  unsigned at = hand_below(h, all), i = 0;
  while (at >= scenes[i].weight) at -= scenes[i++].weight;
  return &scenes[i];
}

static void play(hand *h, const struct scene *s) {
  static const uint32_t rates[] = {3, 10, 40, 200, 1000};
  bool faulty = s->bears_faults && !soak_options.no_faults && hand_once_in(h, 3);
  h->faults.one_in = faulty ? rates[hand_below(h, 5)] : 0;
  atomic_store(&h->faults.failed, 0);
  faults_begin(&h->faults, stress_random(&h->random));
  s->play(h);
  faults_end();
}

/* The first hand, when all have begun. */
static void stick(hand *h) {
  if (!soak_options.stick || h->number != 0) return;
  hand_step(h, "is stuck");
  if (!strcmp(soak_options.stick, "awake"))
    for (;;) atomic_load(&is_over);
  stay(NULL);
}

static void live(stress_thread *self) {
  char own[sizeof folder + 16];
  hand h = {.number = self->number, .random = self->random, .folder = own};
  snprintf(own, sizeof own, "%s/%u", folder, h.number);
  watch_hand(h.number);
  signals_hand(h.number);
  batch_release(batch_pool_try_allocate(NULL)); /* an error: the room for its sentence stays */
  stress_check(batch_last_error()->code != BATCH_OK, "no pool has a batch");
  /* What is made once and kept is made before anything is counted. */
  for (unsigned i = 1; i < SCENES && h.number == 0 && stop_signal() == 0; i++)
    if (scenes[i].play != scene_signals && scenes[i].play != scene_command) play(&h, &scenes[i]);
  atomic_fetch_add(&ready, 1);
  while (!atomic_load(&hands_are_there)) soak_pause(1000);
  stick(&h);
  while (!atomic_load(&is_over)) {
    play(&h, draw(&h));
    if (watch_rest_here(h.number)) leak();
  }
}

static void progress(double seconds, double of) {
  bool terminal = isatty(1);
  printf("%s%.0f of %.0f s: %" PRIu64 " batches, %" PRIu64 " loaders, %" PRIu64 " queues, %" PRIu64
         " faults%s",
         terminal ? "\r\033[K" : "", seconds, of, soak_counted(SOAK_BATCHES), soak_counted(SOAK_LOADERS),
         soak_counted(SOAK_QUEUES), soak_counted(SOAK_FAULTS), terminal ? "" : "\n");
  fflush(stdout);
}

static void rest(void) {
  watch_rest_begin(soak_options.threads, soak_options.patience);
  shared_check_rest();
  account_sample(true);
  watch_rest_end();
}

/* Rests are a minute apart, or there are 40 of them; samples a second; lines of progress as fit a terminal or a pipe. Returns the
   seconds that it took: less than was asked for where a signal came. */
static double watch_over_hands(void) {
  double of = soak_options.hours * 3600, between = of / 40 < 60 ? of / 40 : 60, next_rest = between,
         next_look = 1;
  unsigned rests = 0;
  double now, told = 0, telling = isatty(1) || of < 10 ? 1 : of / 10 < 60 ? of / 10 : 60;
  for (uint64_t begun = stress_clock();;) {
    now = (double)(stress_clock() - begun) * 1e-9;
    if (stop_signal() != 0 || (now >= of && rests >= FEWEST_RESTS)) break;
    if (now >= next_rest) rest(), rests++, next_rest += between;
    if (now >= next_look)
      account_sample(false), watch_look(soak_options.threads, soak_options.patience), next_look += 1;
    if (now >= told + telling) progress(now, of), told = now;
    if (next_rest < now) next_rest = now + between;
    if (next_look < now) next_look = now + 1;
    soak_pause(5000);
  }
  rest();
  return now;
}

static void make_folders(void) {
  const char *temporary = getenv("TMPDIR");
  char command[256];
  snprintf(folder, sizeof folder, "%s/headrace-soak-XXXXXX", temporary ? temporary : "/tmp");
  stress_check(mkdtemp(folder), "%s cannot be made", folder);
  for (unsigned i = 0; i < soak_options.threads; i++) {
    snprintf(command, sizeof command, "%s/%u", folder, i);
    stress_check(mkdir(command, 0700) == 0, "%s cannot be made", command);
  }
}

static int remove_one(const char *path, const struct stat *is, int what, struct FTW *where) {
  (void)is, (void)what, (void)where;
  return remove(path);
}

void soak_remove_folders(void) {
  if (nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS) != 0) printf("%s is left\n", folder);
}

static void tell_run(FILE *to, double seconds) {
  if (stop_signal() != 0)
    fprintf(to, "stopped by signal %d (%s) before its %.3f hours were over\n", stop_signal(),
            strsignal(stop_signal()), soak_options.hours);
  fprintf(to, "%.3f hours, %u hands, %ld processors, seed %" PRIu64 "; done:\n", seconds / 3600,
          soak_options.threads, sysconf(_SC_NPROCESSORS_ONLN), soak_options.seed);
  for (unsigned i = 0; i < SOAK_KINDS; i++)
    fprintf(to, "%s%s %" PRIu64,
            i % 6 ? ", "
            : i   ? "\n  "
                  : "  ",
            soak_kind_names[i], soak_counted((soak_kind)i));
  fprintf(to, "\n");
}

/* What was done and whether it was flat; printed, and in the report. */
static account_answer tell(FILE *to, double seconds) {
  static const char *const words[] = {
      [ACCOUNT_FLAT] = "flat", [ACCOUNT_NOT_FLAT] = "NOT FLAT", [ACCOUNT_NOT_JUDGED] = "not judged"};
  tell_run(to, seconds);
  account_answer answer = account_verdict(to);
  fprintf(to,
          "%s: %" PRIu64 " batches of loaders as the reference has them, %" PRIu64 " through queues, %" PRIu64
          " processed by spheres; %" PRIu64 " calls failed on purpose\n",
          words[answer], soak_counted(SOAK_BATCHES), soak_counted(SOAK_PASSED), soak_counted(SOAK_PROCESSED),
          soak_counted(SOAK_FAULTS));
  return answer;
}

static void report(const char *path, double seconds) {
  FILE *file = fopen(path, "w");
  stress_check(file, "%s cannot be written", path);
  tell(file, seconds);
  stress_check(fclose(file) == 0, "%s cannot be written", path);
}

/* What is not flat is a fault, however short the run; else one that was stopped ends by its signal. Returns the exit status. */
static int end(double seconds) {
  account_end();
  if (soak_options.report) report(soak_options.report, seconds);
  account_answer answer = tell(stdout, seconds);
  if (answer == ACCOUNT_NOT_FLAT || stop_signal() == 0) return answer == ACCOUNT_FLAT ? 0 : 1;
  fflush(stdout);
  signal(stop_signal(), SIG_DFL);
  raise(stop_signal());
  return 1;
}

int main(int argc, char **argv) {
  static stress_thread hands[WATCH_HANDS];
  soak_read_options(argc, argv, names_of_scenes());
  /* Freed blocks that threads keep for themselves would count as allocated. */
  char *own = realpath("/proc/self/exe", NULL);
  if (own && !getenv("GLIBC_TUNABLES") && setenv("GLIBC_TUNABLES", "glibc.malloc.tcache_count=0", 1) == 0)
    execv(own, argv);
  free(own);
  stress_begin_as(argv[0], soak_options.hours * 3600, soak_options.threads, soak_options.seed);
  stop_watch();
  make_folders();
  data_begin(folder);
  text_begin(soak_options.tokenizer);
  command_begin(soak_options.command, folder);
  shared_begin(soak_options.threads);
  signals_begin(soak_options.threads);
  stress_start(hands, soak_options.threads, "hand", live, NULL);
  while (atomic_load(&ready) < soak_options.threads) soak_pause(1000);
  account_begin(soak_options.csv);
  atomic_store(&hands_are_there, true);
  double seconds = watch_over_hands();
  atomic_store(&is_over, true);
  watch_over();
  stress_join(hands, soak_options.threads);
  shared_end();
  data_end();
  soak_remove_folders();
  printf("%s", isatty(1) ? "\r\033[K" : "");
  return end(seconds);
}
