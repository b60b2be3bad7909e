#include "check/long_history.h"

#include <stdlib.h>
#include <string.h>

#include "check/range_max.h"

/* The bounds of a block; see long_history.h. GONE_BY: an instant by which it has been taken. */
enum { PUSH_BY, PUSH_FROM, FRONT_BY, FRONT_TO, GONE_BY, BOUNDS };

#define NO_BLOCK UINT32_MAX

typedef struct value {
  const history_operation *push; /* NULL: never pushed */
  const history_operation *taken;
  uint64_t from, by;         /* between these it was pushed */
  uint64_t told_by, told_to; /* the first response and the last invocation of a peek that told it */
} value;

typedef struct block {
  const history_operation *call; /* that took it; of a value that nobody took the push */
  uint64_t bound[BOUNDS];
} block;

typedef struct ranked {
  uint64_t key;
  uint32_t block;
} ranked;

/* Of all blocks up to a rank the two with the largest bound. */
typedef struct best_two {
  uint32_t first, second;
} best_two;

typedef struct gap {
  uint64_t start, end;
  uint32_t block;
} gap;

struct history_checker {
  const history_operation *operations;
  size_t n;
  uint32_t capacity;
  uint64_t
      closed_by; /* an instant by which the queue was closed, and before which all was done that needs it open */
  history_fault *fault;

  value *values; /* [values_size], by value */
  size_t values_size;
  size_t room; /* operations (and values taken) for which the arrays below have room */
  block *blocks;
  size_t blocks_size;
  ranked *ranks;
  best_two *best;
  gap *gaps;
  size_t gaps_size;
  uint64_t *from, *by, *gone, *to; /* sorted bounds of all values */
  size_t counted;
  range_max counts; /* the most that can have been inside */
};

history_checker *history_checker_create(void) {
  return calloc(1, sizeof(history_checker));
}

void history_checker_free(history_checker *c) {
  if (!c) return;
  void *const parts[] = {c->values, c->blocks, c->ranks, c->best, c->gaps, c->from, c->by, c->gone, c->to};
  for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) free(parts[i]);
  range_max_free(&c->counts);
  free(c);
}

static void *grown(void *memory, size_t count, size_t size) {
  void *more = realloc(memory, count * size);
  if (!more) abort();
  return more;
}

static void make_room(history_checker *c, size_t room) {
  if (room <= c->room) return;
  c->room = room;
  c->blocks = grown(c->blocks, room, sizeof *c->blocks);
  c->ranks = grown(c->ranks, room, sizeof *c->ranks);
  c->best = grown(c->best, room, sizeof *c->best);
  c->gaps = grown(c->gaps, room, sizeof *c->gaps);
  c->from = grown(c->from, room, sizeof *c->from);
  c->by = grown(c->by, room, sizeof *c->by);
  c->gone = grown(c->gone, room, sizeof *c->gone);
  c->to = grown(c->to, room, sizeof *c->to);
}

/* Finds a fault: always true, for the rules below to return. */
static bool found(history_checker *c, const char *what, const history_operation *a,
                  const history_operation *b) {
  *c->fault = (history_fault){what, {a, b}};
  return true;
}

static uint64_t smaller(uint64_t a, uint64_t b) {
  return a < b ? a : b;
}
static uint64_t larger(uint64_t a, uint64_t b) {
  return a > b ? a : b;
}

static bool takes(const history_operation *o) {
  return o->kind == HISTORY_POP || o->kind == HISTORY_POP_MANY;
}
static bool refused(const history_operation *o) {
  return o->result == HISTORY_FULL || o->result == HISTORY_EMPTY || o->result == HISTORY_TIMEDOUT;
}

/* Closing. It takes effect at one instant: not after any close or any answer CLOSED has come back,
   not before every call that needs an open queue began. Put as late as can be, it leaves most room
   to all of these; and what answers CLOSED because nothing is left finds that nothing is left rather
   later than sooner. So nothing is lost by fixing it there, and bounding the others by it. */
static bool bound_close(history_checker *c) {
  const history_operation *closes = NULL, *first = NULL;
  for (size_t i = 0; i < c->n; i++) {
    const history_operation *o = &c->operations[i];
    if (o->kind == HISTORY_CLOSE && o->result == HISTORY_OK) {
      if (closes) return found(c, "closed twice", closes, o);
      closes = o;
    }
    if (o->result == HISTORY_CLOSED || o->kind == HISTORY_CLOSE)
      if (o->responded < c->closed_by) c->closed_by = o->responded, first = o;
  }
  if (closes)
    return closes->invoked > c->closed_by && found(c, "answered CLOSED before the close", first, closes);
  for (size_t i = 0; i < c->n; i++) {
    const history_operation *o = &c->operations[i];
    if (o->kind == HISTORY_CLOSE && o->result == HISTORY_ANY && o->invoked <= c->closed_by) return false;
  }
  return first && found(c, "answered CLOSED before any close", first, NULL);
}

static bool needs_open(const history_operation *o) {
  return refused(o) || (o->kind == HISTORY_PUSH && o->result == HISTORY_OK);
}

static bool collect_push(history_checker *c, const history_operation *o) {
  uint32_t number = o->value[0];
  if (number == 0 || number >= HISTORY_MAX_VALUE) return found(c, "pushed a value out of range", o, NULL);
  if (number >= c->values_size) {
    size_t size = (size_t)number * 3 / 2 + 1;
    c->values = grown(c->values, size, sizeof *c->values);
    memset(c->values + c->values_size, 0, (size - c->values_size) * sizeof *c->values);
    c->values_size = size;
  }
  value *v = &c->values[number];
  if (v->push) return found(c, "pushed a value twice (not a history this checker is for)", v->push, o);
  *v = (value){
      .push = o, .from = o->invoked, .by = smaller(o->responded, c->closed_by), .told_by = HISTORY_NEVER};
  return false;
}

static bool collect_pushes(history_checker *c) {
  for (size_t i = 0; i < c->n; i++) {
    const history_operation *o = &c->operations[i];
    if (needs_open(o) && o->invoked > c->closed_by)
      return found(c, "an open queue's answer after the close", o, NULL);
    if (o->kind == HISTORY_PUSH && o->result == HISTORY_OK && collect_push(c, o)) return true;
  }
  return false;
}

/* Called for each value that a call takes or tells. */
static bool collect_value(history_checker *c, const history_operation *o, uint32_t number) {
  value *v = number < c->values_size ? &c->values[number] : NULL;
  if (!v || !v->push) return found(c, "a value that nobody pushed", o, NULL);
  if (o->responded < v->from) return found(c, "a value before it was pushed", o, v->push);
  if (o->kind == HISTORY_PEEK) {
    v->told_by = smaller(v->told_by, o->responded);
    v->told_to = larger(v->told_to, o->invoked);
    return false;
  }
  if (v->taken) return found(c, "a value taken twice", v->taken, o);
  v->taken = o;
  return false;
}

static bool collect_values(history_checker *c) {
  for (size_t i = 0; i < c->n; i++) {
    const history_operation *o = &c->operations[i];
    if (o->result != HISTORY_OK || o->kind == HISTORY_PUSH || o->kind == HISTORY_CLOSE) continue;
    for (uint32_t j = 0; j < o->count; j++)
      if (collect_value(c, o, o->value[j])) return true;
  }
  return false;
}

static void bound_front(history_checker *c, block *b) {
  bool taken = takes(b->call);
  b->bound[GONE_BY] = taken ? b->call->responded : HISTORY_NEVER;
  b->bound[FRONT_TO] = taken ? b->call->invoked : HISTORY_NEVER;
  b->bound[FRONT_BY] = b->bound[GONE_BY];
  const value *front = &c->values[b->call->value[0]];
  b->bound[FRONT_BY] = smaller(b->bound[FRONT_BY], front->told_by);
  b->bound[FRONT_TO] = larger(b->bound[FRONT_TO], front->told_to);
}

/* The values of a block were pushed in their order, all before it was taken, the first before it was
   the front; the others never were. */
static bool bound_pushes(history_checker *c, block *b) {
  const history_operation *o = b->call;
  value *v[HISTORY_MANY] = {&c->values[o->value[0]]};
  for (uint32_t i = 1; i < o->count; i++) v[i] = &c->values[o->value[i]];
  for (uint32_t i = 1; i < o->count; i++) v[i]->from = larger(v[i]->from, v[i - 1]->from);
  v[o->count - 1]->by = smaller(v[o->count - 1]->by, b->bound[GONE_BY]);
  for (uint32_t i = o->count - 1; i-- > 0;) v[i]->by = smaller(v[i]->by, v[i + 1]->by);
  v[0]->by = smaller(v[0]->by, b->bound[FRONT_BY]);
  for (uint32_t i = 0; i < o->count; i++) {
    if (v[i]->from > v[i]->by)
      return found(c, "values taken or told before they were pushed, or out of order", o, v[i]->push);
    if (i > 0 && v[i]->told_by != HISTORY_NEVER)
      return found(c, "told a value that was never the front", v[i]->push, o);
  }
  b->bound[PUSH_BY] = v[0]->by;
  b->bound[PUSH_FROM] = v[o->count - 1]->from;
  b->bound[FRONT_TO] = larger(b->bound[FRONT_TO], b->bound[PUSH_FROM]);
  return false;
}

static bool make_block(history_checker *c, const history_operation *o) {
  block *b = &c->blocks[c->blocks_size++];
  b->call = o;
  bound_front(c, b);
  if (b->bound[FRONT_TO] > b->bound[GONE_BY]) return found(c, "told a value that had left", o, NULL);
  return bound_pushes(c, b);
}

static bool make_blocks(history_checker *c) {
  for (size_t i = 0; i < c->n; i++) {
    const history_operation *o = &c->operations[i];
    if (o->result != HISTORY_OK) continue;
    bool left = o->kind == HISTORY_PUSH && !c->values[o->value[0]].taken;
    if ((left || takes(o)) && make_block(c, o)) return true;
  }
  return false;
}

static int compare_ranked(const void *a, const void *b) {
  uint64_t x = ((const ranked *)a)->key, y = ((const ranked *)b)->key;
  return x < y ? -1 : x > y;
}

/* How many of the sorted keys are smaller than key. */
static size_t rank_of(const ranked *ranks, size_t n, uint64_t key) {
  size_t low = 0;
  while (n > 0) {
    size_t half = n / 2;
    if (ranks[low + half].key < key) {
      low += half + 1;
      n -= half + 1;
    } else {
      n = half;
    }
  }
  return low;
}

/* Sorts the blocks by one bound and finds, up to each rank, the two that are largest by another. */
static void rank_blocks(history_checker *c, unsigned by, unsigned from) {
  best_two best = {NO_BLOCK, NO_BLOCK};
  for (uint32_t i = 0; i < c->blocks_size; i++) c->ranks[i] = (ranked){c->blocks[i].bound[by], i};
  qsort(c->ranks, c->blocks_size, sizeof *c->ranks, compare_ranked);
  for (size_t i = 0; i < c->blocks_size; i++) {
    uint32_t at = c->ranks[i].block;
    uint64_t bound = c->blocks[at].bound[from];
    if (best.first == NO_BLOCK || bound > c->blocks[best.first].bound[from])
      best = (best_two){at, best.first};
    else if (best.second == NO_BLOCK || bound > c->blocks[best.second].bound[from])
      best.second = at;
    c->best[i] = best;
  }
}

/* Looks for blocks x and y, each before the other: x by its first two bounds, by1(x) < from1(y), and y
   by the second two, by2(y) < from2(x). */
static bool find_cycle(history_checker *c, unsigned by1, unsigned from1, unsigned by2, unsigned from2) {
  rank_blocks(c, by2, from1);
  for (uint32_t x = 0; x < c->blocks_size; x++) {
    size_t before = rank_of(c->ranks, c->blocks_size, c->blocks[x].bound[from2]);
    if (before == 0) continue;
    best_two best = c->best[before - 1];
    uint32_t y = best.first != x ? best.first : best.second;
    if (y != NO_BLOCK && c->blocks[x].bound[by1] < c->blocks[y].bound[from1])
      return found(c, "values out of order", c->blocks[x].call, c->blocks[y].call);
  }
  return false;
}

static int compare_gaps(const void *a, const void *b) {
  uint64_t x = ((const gap *)a)->start, y = ((const gap *)b)->start;
  return x < y ? -1 : x > y;
}

/* The last gap that starts before the instant; NULL: none. */
static const gap *gap_before(const history_checker *c, uint64_t instant) {
  size_t low = 0, high = c->gaps_size;
  while (low < high) {
    size_t middle = (low + high) / 2;
    if (c->gaps[middle].start < instant)
      low = middle + 1;
    else
      high = middle;
  }
  return low > 0 ? &c->gaps[low - 1] : NULL;
}

static const gap *gap_around(const history_checker *c, uint64_t instant, uint32_t own) {
  const gap *g = gap_before(c, instant);
  return g && instant < g->end && g->block != own ? g : NULL;
}

/* Moves the bounds of others out of the gaps that blocks make between bounds `by` and `from`; these
   are disjoint, else find_cycle would have found two of them. */
static void clip(history_checker *c, unsigned by, unsigned from) {
  c->gaps_size = 0;
  for (uint32_t i = 0; i < c->blocks_size; i++) {
    const block *b = &c->blocks[i];
    if (b->bound[by] < b->bound[from]) c->gaps[c->gaps_size++] = (gap){b->bound[by], b->bound[from], i};
  }
  qsort(c->gaps, c->gaps_size, sizeof *c->gaps, compare_gaps);
  for (uint32_t i = 0; c->gaps_size > 0 && i < c->blocks_size; i++) {
    uint64_t *bound = c->blocks[i].bound;
    const gap *early = gap_around(c, bound[by], i), *late = gap_around(c, bound[from], i);
    if (early) bound[by] = early->start;
    if (late) bound[from] = late->end;
    const gap *gone = by == FRONT_BY ? gap_around(c, bound[GONE_BY], i) : NULL;
    if (gone) bound[GONE_BY] = gone->start;
  }
}

static bool find_disorder(history_checker *c) {
  if (find_cycle(c, PUSH_BY, PUSH_FROM, PUSH_BY, PUSH_FROM)) return true;
  if (find_cycle(c, FRONT_BY, FRONT_TO, FRONT_BY, FRONT_TO)) return true;
  clip(c, PUSH_BY, PUSH_FROM);
  clip(c, FRONT_BY, FRONT_TO);
  for (uint32_t i = 0; i < c->blocks_size; i++) {
    uint64_t *bound = c->blocks[i].bound;
    bound[PUSH_BY] = smaller(bound[PUSH_BY], bound[FRONT_BY]);
    bound[FRONT_TO] = larger(bound[FRONT_TO], bound[PUSH_FROM]);
    if (bound[PUSH_FROM] > bound[GONE_BY])
      return found(c, "taken before it can have been pushed", c->blocks[i].call, NULL);
  }
  return find_cycle(c, PUSH_BY, PUSH_FROM, FRONT_BY, FRONT_TO);
}

/* EMPTY, and CLOSED of a call that takes or tells: at some instant of the call nothing need have been
   inside. From push_by to front_to a block is inside for sure. At an instant that no block covers
   so, every value can be put wholly before (if it can have been taken by then) or wholly after (if it
   need not have been pushed by then): one whose push is over must be put before and can be; one whose
   pop is over is put before; so putting the others anywhere adds no order between two values that
   the rules above do not have already. */
static bool find_false_empty(history_checker *c) {
  c->gaps_size = 0;
  for (uint32_t i = 0; i < c->blocks_size; i++) {
    const block *b = &c->blocks[i];
    if (b->bound[PUSH_BY] < b->bound[FRONT_TO])
      c->gaps[c->gaps_size++] = (gap){b->bound[PUSH_BY], b->bound[FRONT_TO], i};
  }
  qsort(c->gaps, c->gaps_size, sizeof *c->gaps, compare_gaps);
  size_t merged = 0;
  for (size_t i = 0; i < c->gaps_size; i++) {
    if (merged > 0 && c->gaps[i].start < c->gaps[merged - 1].end)
      c->gaps[merged - 1].end = larger(c->gaps[merged - 1].end, c->gaps[i].end);
    else
      c->gaps[merged++] = c->gaps[i];
  }
  c->gaps_size = merged;
  for (size_t i = 0; i < c->n; i++) {
    const history_operation *o = &c->operations[i];
    if (o->kind == HISTORY_PUSH || o->kind == HISTORY_CLOSE || o->result == HISTORY_OK) continue;
    bool closed = o->result == HISTORY_CLOSED;
    uint64_t start = closed ? larger(o->invoked, c->closed_by) : o->invoked;
    uint64_t end = closed ? o->responded : smaller(o->responded, c->closed_by);
    /* At the instant of the close itself CLOSED comes after every push. */
    const gap *g = gap_before(c, closed ? start + 1 : start);
    if (g && end < g->end)
      return found(c, "EMPTY (or drained) while a value was inside", o, c->blocks[g->block].call);
  }
  return false;
}

static int compare_instants(const void *a, const void *b) {
  uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
  return x < y ? -1 : x > y;
}

static void count_block(history_checker *c, const block *b) {
  const history_operation *o = b->call;
  for (uint32_t i = 0; i < o->count; i++) {
    const value *v = &c->values[o->value[i]];
    c->from[c->counted] = o->count == 1 ? b->bound[PUSH_FROM] : v->from;
    c->by[c->counted] = o->count == 1 ? b->bound[PUSH_BY] : v->by;
    c->gone[c->counted] = b->bound[GONE_BY];
    c->to[c->counted++] = b->bound[FRONT_TO];
  }
}

static void count_values(history_checker *c) {
  c->counted = 0;
  for (size_t i = 0; i < c->blocks_size; i++) count_block(c, &c->blocks[i]);
  uint64_t *const parts[] = {c->from, c->by, c->gone, c->to};
  for (unsigned i = 0; i < 4; i++) qsort(parts[i], c->counted, sizeof(uint64_t), compare_instants);
}

/* Right after any instant: pushed for sure, less those that can have been taken. */
static bool find_too_full(history_checker *c) {
  size_t taken = 0;
  for (size_t pushed = 0; pushed < c->counted; pushed++) {
    while (taken < c->counted && c->to[taken] <= c->by[pushed]) taken++;
    if (pushed + 1 > taken + c->capacity)
      return found(c, "more values inside than there is room for", NULL, NULL);
  }
  return false;
}

/* At each instant that can be a maximum: those that can have been pushed, less those taken for sure. */
static void count_most(history_checker *c) {
  size_t pushed = 0, gone = 0;
  range_max_clear(&c->counts);
  while (pushed < c->counted) {
    uint64_t now = c->from[pushed];
    if (gone < c->counted && c->gone[gone] < now) now = c->gone[gone] + 1;
    while (pushed < c->counted && c->from[pushed] <= now) pushed++;
    while (gone < c->counted && c->gone[gone] < now) gone++;
    range_max_append(&c->counts, now, (uint32_t)(pushed - gone));
  }
  for (; gone < c->counted && c->gone[gone] != HISTORY_NEVER; gone++)
    range_max_append(&c->counts, c->gone[gone] + 1, (uint32_t)(pushed - gone - 1));
  range_max_finish(&c->counts);
}

static bool find_false_full(history_checker *c) {
  count_most(c);
  for (size_t i = 0; i < c->n; i++) {
    const history_operation *o = &c->operations[i];
    if (o->kind != HISTORY_PUSH || !refused(o)) continue;
    if (c->capacity == 0 ||
        range_max_of(&c->counts, o->invoked, smaller(o->responded, c->closed_by)) < c->capacity)
      return found(c, "FULL while there was room", o, NULL);
  }
  return false;
}

static bool is_well_formed(history_checker *c) {
  for (size_t i = 0; i < c->n; i++) {
    const history_operation *o = &c->operations[i];
    if (!history_is_well_formed(o) || o->responded == HISTORY_NEVER)
      return !found(c, "an answer that such a call cannot give", o, NULL);
  }
  return true;
}

static bool find_fault(history_checker *c) {
  if (!is_well_formed(c) || bound_close(c) || collect_pushes(c) || collect_values(c)) return true;
  if (make_blocks(c) || find_disorder(c) || find_false_empty(c)) return true;
  count_values(c);
  return (c->capacity > 0 && find_too_full(c)) || find_false_full(c);
}

/* Leaves the table of values as it was. */
static void forget_values(history_checker *c) {
  for (size_t i = 0; i < c->n; i++) {
    const history_operation *o = &c->operations[i];
    if (o->kind == HISTORY_PUSH && o->value[0] < c->values_size)
      c->values[o->value[0]] = (value){.push = NULL};
  }
}

bool history_has_fault(history_checker *checker, uint32_t capacity, const history_operation *operations,
                       size_t n, history_fault *fault) {
  checker->operations = operations;
  checker->n = n;
  checker->capacity = capacity;
  checker->fault = fault;
  checker->closed_by = HISTORY_NEVER;
  checker->blocks_size = 0;
  make_room(checker, n + 1);
  bool has_fault = find_fault(checker);
  forget_values(checker);
  return has_fault;
}

void history_fault_print(FILE *file, const history_fault *fault) {
  fprintf(file, "not linearizable: %s\n", fault->what);
  for (unsigned i = 0; i < 2; i++)
    if (fault->calls[i]) history_print(file, fault->calls[i], 1);
}
