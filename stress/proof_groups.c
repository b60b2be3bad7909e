/* The store of groups under schedules (schedule/fibers.h): two to four at a time, each call in one of two shards, take
   groups and give them back, whoever took them, as producers and consumers do. Nobody gets a group that somebody has, and at rest each is
   free in one place or is somebody's. Then the same with stores that are wrong in one thing, each of which must be
   found.

   usage: proof_groups [seconds [threads [seed]]]
     seconds   0: one schedule, printed step by step
     threads   of a schedule at most, 2 to 4 */
#include <stdio.h>
#include <string.h>

#include "schedule/fibers.h"
#include "schedule/inside_groups.h"
#include "support/stress.h"

enum { CALLS_MAX = 8, GIVEN_MAX = 3, HELD_MAX = 64, MOST_NAMES = 1 << 10, CONTROL_SCHEDULES = 400000 };

typedef struct store_parts {
  uint32_t (*take)(group_store *store);
  void (*give)(group_store *store, const uint32_t *names, uint32_t count);
} store_parts;

static const store_parts shipped = {group_take, group_give};

static group_store store = GROUP_STORE_INIT;
static store_parts tested;
static uint32_t held[HELD_MAX], held_count; /* by anybody, as by a queue */
static bool is_held[MOST_NAMES];
static const char *wrong;
static unsigned calls[FIBERS_MAX];
static uint64_t random_state;

static void take(void) {
  uint32_t name = tested.take(&store);
  if (name == 0 || name >= MOST_NAMES || is_held[name]) {
    wrong = "somebody gets a group that somebody has";
    return;
  }
  is_held[name] = true;
  held[held_count++] = name;
}

static void give(uint32_t most) {
  uint32_t names[GIVEN_MAX], count = 0;
  while (count < most && held_count > 0) {
    uint32_t at = stress_random_below(&random_state, held_count);
    names[count++] = held[at];
    is_held[held[at]] = false;
    held[at] = held[--held_count];
  }
  if (count > 0) tested.give(&store, names, count);
}

static void run_thread(unsigned thread) {
  for (unsigned i = 0; i < calls[thread] && !wrong; i++) {
    uint32_t die = stress_random_below(&random_state, 8);
    fibers_be(stress_random_below(&random_state, 2));
    if (die < 4)
      take();
    else
      give(die == 7 ? GIVEN_MAX : 1);
  }
}

static void begin_with(store_parts parts) {
  tested = parts;
  inside_groups_reset(&store);
  memset(is_held, 0, sizeof is_held);
  held_count = 0;
  wrong = NULL;
}

/* Runs the schedule of one seed. Returns NULL or what was wrong. */
static const char *run_schedule(store_parts parts, uint64_t seed) {
  random_state = seed;
  begin_with(parts);
  unsigned threads = 2 + stress_random_below(&random_state, stress_threads() - 1);
  uint32_t begun = 1 + stress_random_below(&random_state, 4);
  while (held_count < begun && !wrong) take();
  inside_groups_arrange(&store, stress_random_below(&random_state, GROUP_STATES));
  for (uint32_t i = stress_random_below(&random_state, 4); i > 0; i--) give(1);
  for (unsigned i = 0; i < threads; i++) calls[i] = 1 + stress_random_below(&random_state, CALLS_MAX);
  unsigned changes = stress_random_below(&random_state, 6);
  if (fibers_run(threads, run_thread, stress_random(&random_state), changes, 12 * threads) != FIBERS_ENDED)
    return "does not end";
  if (wrong) return wrong;
  inside_groups_begin(&store);
  for (uint32_t i = 0; i < held_count; i++) inside_groups_meet(held[i]);
  return inside_groups_fault(0);
}

static uint64_t prove(void) {
  uint64_t schedules = 0;
  uint64_t end = stress_clock() + (uint64_t)(stress_seconds() * 1e9);
  fibers_trace(stress_seconds() == 0);
  do {
    uint64_t seed = stress_seed() + schedules++;
    const char *fault = run_schedule(shipped, seed);
    stress_check(!fault, "%s; again, step by step: proof_groups 0 %u %llu", fault, stress_threads(),
                 (unsigned long long)seed);
    stress_step("runs schedules");
  } while (stress_clock() < end);
  return schedules;
}

static _Atomic uint32_t *link_of(const void *owner, uint32_t name) {
  return &group_at(owner, name)->link;
}

static _Atomic uint32_t *chain_link(const void *owner, uint32_t name) {
  return &group_at(owner, name)->beside;
}

static uint32_t value(const _Atomic uint32_t *field) {
  return atomic_load_explicit(field, memory_order_relaxed);
}

typedef enum give_flaw {
  GIVE_RIGHT,
  GIVE_UNTAGGED,
  GIVE_CHAIN_EARLY,
  GIVE_FORGETS_CHAIN,
  GIVE_TOUCHES
} give_flaw;

/* group_give, one by one, with a flaw of choice. */
static void give_one(group_store *s, uint32_t name, give_flaw flaw) {
  stack *shard = &s->shards[counters_my_shard()];
  uint64_t seen = atomic_load_explicit(&shard->head, memory_order_acquire), next;
  uint32_t top, depth;
  bool full;
  do {
    top = stack_handle(seen);
    depth = top ? value(chain_link(s, top)) : 0;
    full = depth >= GROUP_CHAIN;
    if (full && flaw == GIVE_CHAIN_EARLY) stack_push(&s->chains, chain_link, s, top);
    atomic_store_explicit(link_of(s, name), full ? 0 : top, memory_order_relaxed);
    atomic_store_explicit(chain_link(s, name), full ? 1 : depth + 1, memory_order_relaxed);
    next = stack_word(stack_tag(seen) + (full && flaw != GIVE_UNTAGGED), name);
  } while (!atomic_compare_exchange_weak_explicit(&shard->head, &seen, next, memory_order_acq_rel,
                                                  memory_order_acquire));
  if (full && flaw != GIVE_CHAIN_EARLY && flaw != GIVE_FORGETS_CHAIN)
    stack_push(&s->chains, chain_link, s, top);
  if (flaw == GIVE_TOUCHES) atomic_store_explicit(link_of(s, name), 0, memory_order_relaxed);
}

#define GIVES(function, flaw)                                                                                \
  static void function(group_store *s, const uint32_t *names, uint32_t count) {                              \
    for (uint32_t i = 0; i < count; i++) give_one(s, names[i], flaw);                                        \
  }
GIVES(give_right, GIVE_RIGHT)
GIVES(give_untagged, GIVE_UNTAGGED)
GIVES(give_chain_early, GIVE_CHAIN_EARLY)
GIVES(give_forgets_chain, GIVE_FORGETS_CHAIN)
GIVES(give_touches, GIVE_TOUCHES)

typedef enum take_flaw { TAKE_RIGHT, TAKE_FORGETS_REST, TAKE_OVERWRITES, TAKE_KEEPS_REST } take_flaw;

/* group_take with a flaw in what becomes of the rest of a chain. */
static uint32_t take_one(group_store *s, take_flaw flaw) {
  stack *shard = &s->shards[counters_my_shard()];
  uint32_t name = stack_pop(shard, link_of, s);
  if (name) return name;
  name = stack_pop(&s->chains, chain_link, s);
  if (!name) return slab_allocate(&s->groups);
  uint32_t rest = value(link_of(s, name));
  uint64_t seen = atomic_load_explicit(&shard->head, memory_order_relaxed);
  if (!rest || flaw == TAKE_KEEPS_REST) return name;
  uint64_t next = stack_word(stack_tag(seen), rest);
  if (flaw == TAKE_OVERWRITES)
    atomic_store_explicit(&shard->head, next, memory_order_release);
  else if (stack_handle(seen) != 0 ||
           !atomic_compare_exchange_strong_explicit(&shard->head, &seen, next, memory_order_release,
                                                    memory_order_relaxed))
    if (flaw != TAKE_FORGETS_REST) stack_push(&s->chains, chain_link, s, rest);
  return name;
}

#define TAKES(function, flaw)                                                                                \
  static uint32_t function(group_store *s) {                                                                 \
    return take_one(s, flaw);                                                                                \
  }
TAKES(take_right, TAKE_RIGHT)
TAKES(take_forgets_rest, TAKE_FORGETS_REST)
TAKES(take_overwrites, TAKE_OVERWRITES)
TAKES(take_keeps_rest, TAKE_KEEPS_REST)

static const struct {
  const char *name;
  store_parts parts;
} controls[] = {
    {"a shard's chain is taken away, and its tag stays", {group_take, give_untagged}},
    {"a chain is for all before it is taken away", {group_take, give_chain_early}},
    {"a chain that is taken away is forgotten", {group_take, give_forgets_chain}},
    {"a group is written to once it is free", {group_take, give_touches}},
    {"the rest of a chain is forgotten if the shard has filled", {take_forgets_rest, group_give}},
    {"the rest of a chain takes the place of what came meanwhile", {take_overwrites, group_give}},
    {"the rest of a chain is kept", {take_keeps_rest, group_give}},
};

/* Returns what is wrong with the first schedule that fails, or NULL. */
static const char *first_fault(store_parts parts, uint64_t *schedules, uint64_t most) {
  const char *fault = NULL;
  for (*schedules = 0; !fault && *schedules < most; ++*schedules) {
    stress_step("looks for a fault");
    fault = run_schedule(parts, stress_seed() + *schedules);
  }
  return fault;
}

static void refute_all(void) {
  uint64_t schedules;
  const char *fault = first_fault((store_parts){take_right, give_right}, &schedules, 20000);
  stress_check(!fault, "the copies without a flaw: %s", fault);
  for (size_t i = 0; i < sizeof controls / sizeof *controls; i++) {
    fault = first_fault(controls[i].parts, &schedules, CONTROL_SCHEDULES);
    stress_check(fault, "control: %s: not found in %llu schedules", controls[i].name,
                 (unsigned long long)schedules);
    printf("control: %-58s %s after %llu schedules\n", controls[i].name, fault,
           (unsigned long long)schedules);
  }
}

int main(int argc, char **argv) {
  stress_begin(argc, argv, 1, 4);
  uint64_t schedules = prove();
  if (stress_seconds() > 0) refute_all();
  inside_groups_reset(&store);
  return stress_end("%llu schedules", (unsigned long long)schedules);
}
