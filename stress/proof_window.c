/* Runs small programs on a window (sync/window.h) under schedules that a seed decides (schedule/fibers.h): two to
   four threads that publish one position, or two in the wrong order, with batches of which `size` go round, under
   numbers or under tickets; that take without waiting, waiting, or to a deadline; that close; and, where how many positions
   there are is not known from the beginning, that say so. Of every run is checked
     - that no position is refused, and each comes with its handle and its entry,
     - that when all threads sleep each has cause: the position at the head is not published, and nobody has
       closed the window or said that there is none; closing then wakes all,
     - that no waiter and no token is left over,
     - that there is an order of the calls in which the answers are those of a sequential window:
           publish p  p is published
           end        it is said which position is the last
           take       OK with the position at the head if that is published, and the head goes on; END if the head is
                      behind the last, as has been said; EMPTY or TIMEDOUT if the position at the head is not published; CLOSED if closed
           close      closed
       A take that began before the first close was over may be answered as if it were not closed.
   Then the same with windows that are wrong in one thing (schedule/window_mutants.c), each of which must be found.

   usage: proof_window [seconds [threads [seed]]]
     seconds   0: one schedule, printed step by step, and no mutants: with the seed that a failure printed, that failure
     threads   of a program at most, 2 to 4

   The schedules are sequentially consistent: a memory order that is too weak cannot be seen here. */
#include <stdio.h>
#include <string.h>

#include "schedule/fibers.h"
#include "schedule/small_window.h"
#include "support/stress.h"

enum { OPERATIONS_MAX = 4, CALLS_MAX = 48, POSITIONS_MAX = 8, MUTANT_SCHEDULES = 400000 };

typedef enum call_kind { PUBLISH, PUBLISH_TWO, TAKE, TAKE_TIMED, TAKE_WAITING, END, CLOSE, KINDS } call_kind;

typedef struct call {
  call_kind kind;
  unsigned thread;
  uint32_t position;    /* from the first one: published, or taken */
  window_status answer; /* of a take */
  uint64_t invoked, responded;
} call;

typedef struct program {
  uint32_t size, total;
  uint64_t first;
  bool tickets, open; /* open: that there are `total` positions is said by an END */
  unsigned threads, length[FIBERS_MAX];
  call_kind operations[FIBERS_MAX][OPERATIONS_MAX];
} program;

typedef struct sequential_window {
  uint32_t head, published; /* a bit a position */
  bool closed, ended;
} sequential_window;

static small_window_parts parts;
static small_window tested;
static program now_running;
static call calls[CALLS_MAX];
static unsigned recorded;
static uint64_t stamp, next_number;
static uint32_t idle[SMALL_WINDOW_MOST], idle_count; /* handles of the batches that are in their pool */
static uint32_t handle_of_position[POSITIONS_MAX];
static const char *wrong;

static call *record(unsigned thread, call_kind kind, uint32_t position) {
  call *c = &calls[recorded++];
  *c = (call){
      .kind = kind, .thread = thread, .position = position, .invoked = stamp++, .responded = UINT64_MAX};
  return c;
}

/* What threads do; between two schedule points a thread is alone. */

/* Gets a batch, then a position, as a worker does. False: there is none of them. */
static bool begin_position(uint32_t *handle, uint32_t *position) {
  if (idle_count == 0) return false;
  *handle = idle[--idle_count];
  uint64_t number = now_running.tickets ? window_ticket(&tested.window) : next_number++;
  *position = (uint32_t)(number - now_running.first);
  if (*position < now_running.total) return true;
  idle[idle_count++] = *handle;
  return false;
}

static void end_position(unsigned thread, uint32_t handle, uint32_t position) {
  call *c = record(thread, PUBLISH, position);
  handle_of_position[position] = handle;
  if (!parts.publish(&tested, now_running.first + position, handle))
    wrong = "a position that is inside is refused";
  c->responded = stamp++;
}

static void publish(unsigned thread) {
  uint32_t handle, position;
  if (begin_position(&handle, &position)) end_position(thread, handle, position);
}

static void publish_two(unsigned thread) {
  uint32_t handles[2], positions[2];
  unsigned count = 0;
  while (count < 2 && begin_position(&handles[count], &positions[count])) count++;
  while (count-- > 0) end_position(thread, handles[count], positions[count]);
}

static void take(unsigned thread, call_kind kind) {
  static const uint64_t deadlines[] = {[TAKE] = 0, [TAKE_TIMED] = 8, [TAKE_WAITING] = UINT64_MAX};
  window_taken taken;
  uint64_t entry = 0;
  call *c = record(thread, kind, 0);
  c->answer = parts.take(&tested, &taken, &entry, deadlines[kind]);
  c->responded = stamp++;
  if (c->answer != WINDOW_OK) return;
  c->position = (uint32_t)(taken.position - now_running.first);
  if (c->position >= now_running.total || taken.handle != handle_of_position[c->position])
    wrong = "a position comes with another one's handle";
  else if (entry != taken.position)
    wrong = "a position comes with another one's entry";
  if (idle_count < now_running.size) idle[idle_count++] = taken.handle;
}

static void close_window(unsigned thread) {
  call *c = record(thread, CLOSE, 0);
  parts.close(&tested.window);
  c->responded = stamp++;
}

static void end_window(unsigned thread) {
  call *c = record(thread, END, 0);
  if (now_running.open) parts.end(&tested.window, now_running.first + now_running.total);
  c->responded = stamp++;
}

static void run_thread(unsigned thread) {
  for (unsigned i = 0; i < now_running.length[thread]; i++) {
    call_kind kind = now_running.operations[thread][i];
    if (kind == PUBLISH)
      publish(thread);
    else if (kind == PUBLISH_TWO)
      publish_two(thread);
    else if (kind == CLOSE)
      close_window(thread);
    else if (kind == END)
      end_window(thread);
    else
      take(thread, kind);
  }
}

static call_kind random_operation(uint64_t *random) {
  if (stress_random_below(random, 32) == 0) return CLOSE;
  if (stress_random_below(random, 12) == 0) return END;
  if (stress_random_below(random, 2) == 0) return stress_random_below(random, 3) == 0 ? PUBLISH_TWO : PUBLISH;
  return TAKE + stress_random_below(random, 3);
}

static void make_program(uint64_t *random, unsigned most_threads) {
  static const uint64_t turns[] = {0, 1, WINDOW_TURN_MASK - 1, WINDOW_TURN_MASK};
  program *p = &now_running;
  p->size = 1 + stress_random_below(random, SMALL_WINDOW_MOST);
  p->total = 1 + stress_random_below(random, POSITIONS_MAX);
  p->first = turns[stress_random_below(random, 4)] << window_shift_for(p->size);
  p->tickets = stress_random_below(random, 2);
  p->open = stress_random_below(random, 2);
  p->threads = 2 + stress_random_below(random, most_threads - 1);
  for (unsigned t = 0; t < p->threads; t++) {
    p->length[t] = 1 + stress_random_below(random, OPERATIONS_MAX);
    for (unsigned i = 0; i < p->length[t]; i++) p->operations[t][i] = random_operation(random);
  }
}

static void begin(void) {
  wrong = NULL;
  recorded = 0;
  stamp = 0;
  next_number = now_running.first;
  idle_count = now_running.size;
  for (uint32_t i = 0; i < idle_count; i++) idle[i] = i + 1;
  memset(handle_of_position, 0, sizeof handle_of_position);
  small_window_init(&tested, now_running.size, now_running.first,
                    now_running.open ? UINT64_MAX : now_running.first + now_running.total);
}

static const char *check_sleepers(void) {
  uint32_t head = 0, published = 0;
  bool closed = false, asleep = false, ended = !now_running.open;
  for (unsigned i = 0; i < recorded; i++) {
    const call *c = &calls[i];
    asleep = asleep || c->responded == UINT64_MAX;
    closed = closed || c->kind == CLOSE;
    ended = ended || c->kind == END;
    if (c->kind == PUBLISH) published |= 1u << c->position;
    if (c->kind >= TAKE && c->kind <= TAKE_WAITING && c->responded != UINT64_MAX)
      head += c->answer == WINDOW_OK;
  }
  if (!asleep) return "does not end";
  if (closed) return "asleep although it is closed";
  if (head >= now_running.total) return ended ? "asleep at the end" : NULL;
  return published >> head & 1 ? "asleep beside the position at the head" : NULL;
}

/* Whether the take began before the window was closed for certain. */
static bool overlaps_close(const call *take) {
  for (unsigned i = 0; i < recorded; i++)
    if (calls[i].kind == CLOSE && calls[i].responded < take->invoked) return false;
  return true;
}

/* Does the take; false if the sequential window would not have answered so. */
static bool step_take(sequential_window *w, const call *c) {
  if (c->answer == WINDOW_CLOSED) return w->closed;
  if (w->closed && !overlaps_close(c)) return false;
  bool is_end = w->ended && w->head == now_running.total, is_there = w->published >> w->head & 1;
  switch (c->answer) {
  case WINDOW_OK:
    if (!is_there || c->position != w->head) return false;
    w->head++;
    return true;
  case WINDOW_END:
    return is_end;
  case WINDOW_EMPTY:
    return c->kind == TAKE && !is_there && !is_end;
  default:
    return c->kind == TAKE_TIMED && !is_there && !is_end;
  }
}

static bool step(sequential_window *w, const call *c) {
  if (c->kind >= TAKE && c->kind <= TAKE_WAITING) return step_take(w, c);
  if (c->kind == PUBLISH) w->published |= 1u << c->position;
  if (c->kind == CLOSE) w->closed = true;
  if (c->kind == END) w->ended = true;
  return true;
}

/* Whether the calls that are not in `done` can be put in an order: one goes first that no other one precedes. */
static bool has_order(uint64_t done, sequential_window w) {
  uint64_t first_response = UINT64_MAX;
  for (unsigned i = 0; i < recorded; i++)
    if (!(done >> i & 1) && calls[i].responded < first_response) first_response = calls[i].responded;
  if (first_response == UINT64_MAX) return true;
  for (unsigned i = 0; i < recorded; i++) {
    sequential_window next = w;
    if (done >> i & 1 || calls[i].invoked > first_response || !step(&next, &calls[i])) continue;
    if (has_order(done | UINT64_C(1) << i, next)) return true;
  }
  return false;
}

static const char *run_threads(uint64_t seed, unsigned changes) {
  fibers_end end = fibers_run(now_running.threads, run_thread, seed, changes, 30 * now_running.threads);
  if (end == FIBERS_ASLEEP && !wrong) {
    wrong = check_sleepers();
    if (wrong) return wrong;
    close_window(FIBERS_MAX - 1);
    end = fibers_go_on();
  }
  if (wrong) return wrong;
  return end == FIBERS_ENDED ? NULL : end == FIBERS_ASLEEP ? "asleep although it was closed" : "does not end";
}

/* Runs the program and the schedule of one seed. Returns NULL or what was wrong. */
static const char *run_schedule(uint64_t seed) {
  uint64_t random = seed;
  make_program(&random, stress_threads());
  unsigned changes = stress_random_below(&random, 6);
  begin();
  const char *found = run_threads(stress_random(&random), changes);
  if (found) return found;
  if (atomic_load_explicit(&tested.window.ready.word, memory_order_seq_cst) != 0)
    return "a waiter or a token is left over";
  return has_order(0, (sequential_window){0, 0, false, !now_running.open})
             ? NULL
             : "no order of the calls explains the answers";
}

static void report(const char *what, uint64_t seed) {
  static const char *const names[KINDS] = {"publish",           "publish two", "take", "take to a deadline",
                                           "take and wait for", "end",         "close"},
                           *const answers[] = {"OK", "LEFT", "EMPTY", "TIMEDOUT", "END", "CLOSED"};
  for (unsigned i = 0; i < recorded; i++)
    printf("  thread %u  %3llu to %3lld  %s %u %s\n", calls[i].thread, (unsigned long long)calls[i].invoked,
           (long long)calls[i].responded, names[calls[i].kind], calls[i].position,
           calls[i].kind >= TAKE && calls[i].kind <= TAKE_WAITING ? answers[calls[i].answer] : "");
  stress_fail("%s: size %u, %u positions; again, step by step: proof_window 0 %u %llu", what,
              now_running.size, now_running.total, stress_threads(), (unsigned long long)seed);
}

/* Runs schedules of a mutant until one fails; false if none did. */
static bool find(const window_mutant *m, uint64_t seed) {
  const char *found = NULL;
  unsigned schedules = 0;
  parts = small_window_shipped;
  m->change(&parts);
  for (; !found && schedules < MUTANT_SCHEDULES; schedules++) {
    found = run_schedule(seed++);
    stress_step("looks for a mutant");
  }
  printf("control: %-42s %s after %u schedules\n", m->name, found ? found : "FAILED: not found", schedules);
  fflush(stdout);
  return found;
}

int main(int argc, char **argv) {
  stress_begin(argc, argv, 1, 4);
  uint64_t seed = stress_seed(), schedules = 0, operations = 0, steps = 0;
  bool found_all = true;
  fibers_trace(stress_seconds() == 0);
  parts = small_window_shipped;
  do {
    const char *found = run_schedule(seed);
    if (found) report(found, seed);
    seed++, schedules++, operations += recorded, steps += fibers_steps();
    stress_step("runs schedules");
  } while (stress_goes_on());
  for (unsigned i = 0; i < WINDOW_MUTANTS && stress_seconds() > 0; i++)
    found_all = find(&window_mutants[i], stress_seed()) && found_all;
  stress_check(found_all, "a control passed");
  return stress_end("%llu schedules, %llu calls, %llu steps", (unsigned long long)schedules,
                    (unsigned long long)operations, (unsigned long long)steps);
}
