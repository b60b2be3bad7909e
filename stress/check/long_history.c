#include "check/long_history.h"

#include <stdlib.h>
#include <string.h>

#include "check/long_blocks.h"

#define NO_BLOCK UINT32_MAX

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

void *history_grown(void *memory, size_t count, size_t size) {
  void *more = realloc(memory, count * size);
  if (!more) abort();
  return more;
}

static void make_room(history_checker *c, size_t room) {
  if (room <= c->room) return;
  c->room = room;
  c->blocks = history_grown(c->blocks, room, sizeof *c->blocks);
  c->ranks = history_grown(c->ranks, room, sizeof *c->ranks);
  c->best = history_grown(c->best, room, sizeof *c->best);
  c->gaps = history_grown(c->gaps, room, sizeof *c->gaps);
  c->from = history_grown(c->from, room, sizeof *c->from);
  c->by = history_grown(c->by, room, sizeof *c->by);
  c->gone = history_grown(c->gone, room, sizeof *c->gone);
  c->to = history_grown(c->to, room, sizeof *c->to);
}

bool history_found(history_checker *c, const char *what, const history_operation *a,
                   const history_operation *b) {
  *c->fault = (history_fault){what, {a, b}};
  return true;
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
      if (closes) return history_found(c, "closed twice", closes, o);
      closes = o;
    }
    if (o->result == HISTORY_CLOSED || o->kind == HISTORY_CLOSE)
      if (o->responded < c->closed_by) c->closed_by = o->responded, first = o;
  }
  if (closes)
    return closes->invoked > c->closed_by &&
           history_found(c, "answered CLOSED before the close", first, closes);
  for (size_t i = 0; i < c->n; i++) {
    const history_operation *o = &c->operations[i];
    if (o->kind == HISTORY_CLOSE && o->result == HISTORY_ANY && o->invoked <= c->closed_by) return false;
  }
  return first && history_found(c, "answered CLOSED before any close", first, NULL);
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
      return history_found(c, "values out of order", c->blocks[x].call, c->blocks[y].call);
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
      return history_found(c, "taken before it can have been pushed", c->blocks[i].call, NULL);
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
    if (history_pushes(o) || o->kind == HISTORY_CLOSE || o->result == HISTORY_OK) continue;
    bool closed = o->result == HISTORY_CLOSED;
    uint64_t start = closed ? larger(o->invoked, c->closed_by) : o->invoked;
    uint64_t end = closed ? o->responded : smaller(o->responded, c->closed_by);
    /* At the instant of the close itself CLOSED comes after every push. */
    const gap *g = gap_before(c, closed ? start + 1 : start);
    if (g && end < g->end)
      return history_found(c, "EMPTY (or drained) while a value was inside", o, c->blocks[g->block].call);
  }
  return false;
}

static int compare_instants(const void *a, const void *b) {
  uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
  return x < y ? -1 : x > y;
}

static void count_block(history_checker *c, const block *b) {
  for (uint32_t at = b->first; at != 0; at = c->values[at].next) {
    const value *v = &c->values[at];
    bool alone = at == b->first && v->next == 0;
    c->from[c->counted] = alone ? b->bound[PUSH_FROM] : v->from;
    c->by[c->counted] = alone ? b->bound[PUSH_BY] : v->by;
    c->gone[c->counted] = alone ? b->bound[GONE_BY] : v->gone_by;
    c->to[c->counted++] = alone ? b->bound[FRONT_TO] : v->gone_from;
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
      return history_found(c, "more values inside than there is room for", NULL, NULL);
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
    if (!history_pushes(o) || !history_refused(o)) continue;
    if (c->capacity == 0 ||
        range_max_of(&c->counts, o->invoked, smaller(o->responded, c->closed_by)) < c->capacity)
      return history_found(c, "FULL while there was room", o, NULL);
  }
  return false;
}

static bool is_well_formed(history_checker *c) {
  for (size_t i = 0; i < c->n; i++) {
    const history_operation *o = &c->operations[i];
    if (!history_is_well_formed(o) || o->responded == HISTORY_NEVER || o->kind >= HISTORY_IS_EMPTY)
      return !history_found(c, "an answer that such a call cannot give", o, NULL);
  }
  return true;
}

static bool find_fault(history_checker *c) {
  if (!is_well_formed(c) || bound_close(c) || history_make_blocks(c)) return true;
  if (find_disorder(c) || find_false_empty(c)) return true;
  count_values(c);
  return (c->capacity > 0 && find_too_full(c)) || find_false_full(c);
}

bool history_has_fault(history_checker *checker, uint32_t capacity, const history_operation *operations,
                       size_t n, history_fault *fault) {
  checker->operations = operations;
  checker->n = n;
  checker->capacity = capacity;
  checker->fault = fault;
  checker->closed_by = HISTORY_NEVER;
  checker->blocks_size = 0;
  checker->pushed = 0;
  size_t values = 0;
  for (size_t i = 0; i < n; i++) values += history_pushes(&operations[i]) ? operations[i].count : 0;
  make_room(checker, values + 1);
  bool has_fault = find_fault(checker);
  history_forget_values(checker);
  return has_fault;
}

void history_fault_print(FILE *file, const history_fault *fault) {
  fprintf(file, "not linearizable: %s\n", fault->what);
  for (unsigned i = 0; i < 2; i++)
    if (fault->calls[i]) history_print(file, fault->calls[i], 1);
}
