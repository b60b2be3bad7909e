#include "check/history.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { TABLE_BITS = 14, TABLE_PROBES = 8, UNKNOWN_VALUE = 255 };

/* The sequential queue. Values are numbered as they are pushed, equal ones alike. */
typedef struct contents {
  uint8_t size;
  bool closed;
  uint8_t item[HISTORY_VALUES_MAX]; /* the oldest first */
} contents;

/* One call, its values numbered. */
typedef struct step {
  const history_operation *call;
  uint8_t item[HISTORY_MANY];
} step;

/* A configuration from which the search has failed: which calls were done, and what was inside then. */
typedef struct failed {
  uint64_t done;
  uint32_t round; /* of the search that wrote it: older ones are as good as empty */
  contents inside;
} failed;

struct history_search {
  history_model model;
  unsigned n;
  uint32_t round;
  uint64_t mandatory;                  /* calls that came back */
  step steps[HISTORY_SEARCH_MAX];      /* in the order of invocation */
  uint64_t before[HISTORY_SEARCH_MAX]; /* of a push: pushes that came before, as what was taken shows */
  unsigned values_n;
  uint32_t values[HISTORY_VALUES_MAX]; /* by number */
  uint8_t pushed_by[HISTORY_VALUES_MAX];
  bool repeat; /* some are pushed again */
  uint32_t table_mask;
  failed table[1u << TABLE_BITS];
};

history_search *history_search_create(void) {
  return calloc(1, sizeof(history_search));
}

void history_search_free(history_search *search) {
  free(search);
}

static bool is_full(const history_search *s, const contents *c) {
  return s->model.capacity > 0 && c->size >= s->model.capacity;
}

/* Puts in the first `count` values of the call. */
static bool apply_push(const history_search *s, const step *at, contents *c, unsigned count) {
  if (c->closed || (s->model.capacity > 0 && c->size + count > s->model.capacity)) return false;
  memcpy(c->item + c->size, at->item, count);
  c->size = (uint8_t)(c->size + count);
  return true;
}

/* Drops the `count` oldest, or the newest of a stack. */
static void take(const history_search *s, contents *c, unsigned count) {
  c->size = (uint8_t)(c->size - count);
  if (!s->model.last_in_first) memmove(c->item, c->item + count, c->size);
}

static bool front_is(const history_search *s, const step *at, const contents *c) {
  unsigned count = at->call->count;
  if (c->size < count) return false;
  if (s->model.last_in_first) return count == 1 && c->item[c->size - 1] == at->item[0];
  return memcmp(c->item, at->item, count) == 0;
}

static bool apply_take(const history_search *s, const step *at, contents *c) {
  if (!front_is(s, at, c)) return false;
  if (at->call->kind != HISTORY_PEEK) take(s, c, at->call->count);
  return true;
}

/* OK of this call, if that is what the sequential queue answers. */
static bool apply_ok(const history_search *s, const step *at, contents *c) {
  switch ((history_kind)at->call->kind) {
  case HISTORY_PUSH:
  case HISTORY_PUSH_MANY:
    return apply_push(s, at, c, at->call->count);
  case HISTORY_CLOSE:
    if (c->closed) return false;
    c->closed = true;
    return true;
  case HISTORY_IS_EMPTY:
    return c->size > 0;
  case HISTORY_IS_FULL:
    return !is_full(s, c);
  default:
    return apply_take(s, at, c);
  }
}

static bool apply_refusal(const history_search *s, const step *at, const contents *c) {
  history_kind kind = at->call->kind;
  if (kind == HISTORY_IS_EMPTY) return c->size == 0;
  if (kind == HISTORY_IS_FULL) return is_full(s, c);
  bool pushes = history_pushes(at->call);
  if (at->call->result == HISTORY_CLOSED)
    return c->closed && (pushes || kind == HISTORY_CLOSE || c->size == 0);
  return !c->closed && (pushes ? is_full(s, c) : c->size == 0);
}

/* An effect that a call without a known answer may have had; effects are numbered from 0. */
static bool apply_any(const history_search *s, const step *at, contents *c, unsigned effect) {
  switch ((history_kind)at->call->kind) {
  case HISTORY_CLOSE:
    c->closed = true;
    return effect == 0;
  case HISTORY_PUSH:
  case HISTORY_PUSH_MANY:
    return apply_push(s, at, c, effect + 1);
  case HISTORY_PEEK:
  case HISTORY_IS_EMPTY:
  case HISTORY_IS_FULL:
    return false; /* the same as if it had not happened */
  default:
    if (effect >= c->size) return false;
    take(s, c, effect + 1);
    return true;
  }
}

static unsigned effects(const step *at) {
  bool many = at->call->kind == HISTORY_POP_MANY || at->call->kind == HISTORY_PUSH_MANY;
  return many && at->call->result == HISTORY_ANY ? at->call->count : 1;
}

static bool apply(const history_search *s, const step *at, contents *c, unsigned effect) {
  if (at->call->result == HISTORY_OK) return apply_ok(s, at, c);
  if (at->call->result == HISTORY_ANY) return apply_any(s, at, c, effect);
  return apply_refusal(s, at, c);
}

static bool changes_nothing(const step *at) {
  bool looks = at->call->kind == HISTORY_PEEK || at->call->kind >= HISTORY_IS_EMPTY;
  return at->call->result != HISTORY_ANY && (at->call->result != HISTORY_OK || looks);
}

static uint32_t hash(uint64_t done, const contents *c) {
  uint64_t h = done * UINT64_C(0x9e3779b97f4a7c15);
  for (unsigned i = 0; i < c->size; i++) h = (h ^ c->item[i]) * UINT64_C(0x100000001b3);
  return (uint32_t)(h ^ h >> 32);
}

static bool same(const failed *entry, uint64_t done, const contents *c) {
  return entry->done == done && entry->inside.size == c->size && entry->inside.closed == c->closed &&
         memcmp(entry->inside.item, c->item, c->size) == 0;
}

/* The entry of a configuration: its own, or one to write to; NULL: the table has no place for it, and
   it will be searched again if it comes again. */
static failed *entry_of(history_search *s, uint64_t done, const contents *c, bool *known) {
  uint32_t at = hash(done, c);
  *known = false;
  for (unsigned i = 0; i < TABLE_PROBES; i++) {
    failed *entry = &s->table[(at + i) & s->table_mask];
    if (entry->round != s->round) return entry;
    *known = same(entry, done, c);
    if (*known) return entry;
  }
  return NULL;
}

static void remember(history_search *s, uint64_t done, const contents *c) {
  bool known;
  failed *entry = entry_of(s, done, c, &known);
  if (!entry || known) return;
  entry->done = done;
  entry->round = s->round;
  entry->inside.size = c->size;
  entry->inside.closed = c->closed;
  memcpy(entry->inside.item, c->item, c->size);
}

/* The calls that may be the next: those invoked before any other one that is left has responded. */
static uint64_t next_calls(const history_search *s, uint64_t done) {
  uint64_t next = 0, end = HISTORY_NEVER;
  for (unsigned i = 0; i < s->n && s->steps[i].call->invoked <= end; i++) {
    if (done >> i & 1) continue;
    /* NOLINTNEXTLINE(clang-analyzer-core.UndefinedBinaryOperatorResult): the first call is behind none of its turn */
    if (s->steps[i].call->in_turn && !(done >> (i - 1) & 1)) continue;
    if (!(s->before[i] & ~done)) next |= UINT64_C(1) << i;
    if (s->steps[i].call->responded < end) end = s->steps[i].call->responded;
  }
  return next;
}

/* Does at once whatever changes nothing and is right now: no order is better for it. */
static uint64_t do_what_changes_nothing(history_search *s, uint64_t done, contents *c) {
  for (bool again = true; again;) {
    again = false;
    uint64_t next = next_calls(s, done);
    for (unsigned i = 0; i < s->n; i++) {
      if (!(next >> i & 1) || !changes_nothing(&s->steps[i]) || !apply(s, &s->steps[i], c, 0)) continue;
      done |= UINT64_C(1) << i;
      again = true;
    }
  }
  return done;
}

static bool search_from(history_search *s, uint64_t done, contents *c) {
  bool known;
  done = do_what_changes_nothing(s, done, c);
  if ((done & s->mandatory) == s->mandatory) return true;
  if (entry_of(s, done, c, &known) && known) return false;
  uint64_t next = next_calls(s, done);
  for (unsigned i = 0; i < s->n; i++) {
    for (unsigned effect = 0; next >> i & 1 && effect < effects(&s->steps[i]); effect++) {
      contents then = *c;
      if (apply(s, &s->steps[i], &then, effect) && search_from(s, done | UINT64_C(1) << i, &then))
        return true;
    }
  }
  remember(s, done, c);
  return false;
}

/* How many values there are at most, in a call of this kind. */
static unsigned most_values(history_kind kind) {
  if (kind == HISTORY_PUSH_MANY || kind == HISTORY_POP_MANY) return HISTORY_MANY;
  return kind == HISTORY_PUSH || kind == HISTORY_POP || kind == HISTORY_PEEK;
}

static bool count_is_well_formed(const history_operation *o) {
  if (o->kind == HISTORY_PUSH) return o->count == 1;
  if (o->count > most_values(o->kind)) return false;
  if (o->responded == HISTORY_NEVER) return true;
  return o->result == HISTORY_OK ? o->count > 0 || most_values(o->kind) == 0 : o->count == 0;
}

bool history_is_well_formed(const history_operation *o) {
  bool pushes = history_pushes(o), asks = o->kind >= HISTORY_IS_EMPTY;
  if (!count_is_well_formed(o) || o->responded < o->invoked) return false;
  if (o->kind == HISTORY_PUSH_MANY && o->mode != HISTORY_TRY) return false;
  if (o->responded == HISTORY_NEVER) return o->result == HISTORY_ANY;
  switch ((history_result)o->result) {
  case HISTORY_OK:
    return true;
  case HISTORY_FULL:
    return (pushes || o->kind == HISTORY_IS_FULL) && o->mode == HISTORY_TRY;
  case HISTORY_EMPTY:
    return !pushes && o->kind != HISTORY_CLOSE && o->kind != HISTORY_IS_FULL && o->mode == HISTORY_TRY;
  case HISTORY_TIMEDOUT:
    return o->kind != HISTORY_CLOSE && !asks && o->mode == HISTORY_TIMED;
  case HISTORY_CLOSED:
    return !asks;
  case HISTORY_ANY:
    return o->kind == HISTORY_CLOSE;
  }
  return false;
}

static uint8_t number_of(const history_search *s, uint32_t value) {
  for (unsigned i = 0; i < s->values_n; i++)
    if (s->values[i] == value) return (uint8_t)i;
  return UNKNOWN_VALUE;
}

/* Whether it may have put in its values. */
static bool may_have_pushed(const history_operation *o) {
  return history_pushes(o) && (o->result == HISTORY_OK || o->result == HISTORY_ANY);
}

static void number_pushes(history_search *s, const history_operation *operations, unsigned n) {
  unsigned pushed = 0;
  s->values_n = 0;
  s->repeat = false;
  for (unsigned i = 0; i < n; i++)
    for (uint32_t j = 0; may_have_pushed(&operations[i]) && j < operations[i].count; j++) {
      if (pushed++ == HISTORY_VALUES_MAX) abort();
      if (number_of(s, operations[i].value[j]) == UNKNOWN_VALUE)
        s->values[s->values_n++] = operations[i].value[j];
      else
        s->repeat = true;
    }
}

/* Puts the calls in the order of invocation, parts of a call as they are. */
static void sort_calls(history_search *s, const history_operation *operations, unsigned n) {
  s->n = n;
  number_pushes(s, operations, n);
  for (unsigned i = 0; i < n; i++) {
    unsigned at = i;
    for (; at > 0 && s->steps[at - 1].call->invoked > operations[i].invoked; at--)
      s->steps[at] = s->steps[at - 1];
    s->steps[at].call = &operations[i];
  }
  s->mandatory = 0;
  for (unsigned i = 0; i < n; i++) {
    const history_operation *call = s->steps[i].call;
    if (call->responded != HISTORY_NEVER) s->mandatory |= UINT64_C(1) << i;
    for (unsigned j = 0; j < call->count; j++) s->steps[i].item[j] = number_of(s, call->value[j]);
  }
}

static void comes_before(history_search *s, unsigned first, unsigned second) {
  if (first != second) s->before[second] |= UINT64_C(1) << first;
}

/* Of each push: a response by which one of its values had been taken, and an invocation from which on one was. */
typedef struct taking {
  uint64_t by[HISTORY_SEARCH_MAX], from[HISTORY_SEARCH_MAX];
} taking;

/* Of all pushes those that have lost a value to this call. Those of its later values came later. */
static void note_taken(history_search *s, const step *at, taking *t) {
  unsigned pusher[HISTORY_MANY];
  for (unsigned j = 0; j < at->call->count; j++) {
    if (at->item[j] == UNKNOWN_VALUE) return;
    unsigned p = pusher[j] = s->pushed_by[at->item[j]];
    if (at->call->responded < t->by[p]) t->by[p] = at->call->responded;
    if (at->call->invoked > t->from[p]) t->from[p] = at->call->invoked;
    for (unsigned i = 0; i < j; i++) comes_before(s, pusher[i], p);
  }
}

/* First in, first out: what was surely taken before went in before. So the search need not try other orders. Not where
   values repeat, nor on a stack. */
static void order_pushes(history_search *s) {
  taking t;
  memset(s->before, 0, sizeof s->before);
  if (s->repeat || s->model.last_in_first) return;
  for (unsigned i = 0; i < s->n; i++) {
    t.by[i] = HISTORY_NEVER;
    t.from[i] = 0;
    if (!may_have_pushed(s->steps[i].call)) continue;
    for (unsigned j = 0; j < s->steps[i].call->count; j++) s->pushed_by[s->steps[i].item[j]] = (uint8_t)i;
  }
  for (unsigned i = 0; i < s->n; i++) {
    history_kind kind = s->steps[i].call->kind;
    if ((kind == HISTORY_POP || kind == HISTORY_POP_MANY) && s->steps[i].call->result == HISTORY_OK)
      note_taken(s, &s->steps[i], &t);
  }
  for (unsigned i = 0; i < s->n; i++)
    for (unsigned j = 0; j < s->n; j++)
      if (t.by[i] < t.from[j]) comes_before(s, i, j);
}

/* Empties the table, by counting rounds; a small part of it will do for a small history. */
static void forget(history_search *s) {
  if (++s->round == 0) {
    memset(s->table, 0, sizeof s->table);
    s->round = 1;
  }
  s->table_mask = (1u << (s->n <= 16 ? 9 : s->n <= 24 ? 12 : TABLE_BITS)) - 1;
}

bool history_is_linearizable(history_search *search, history_model model, const history_operation *operations,
                             unsigned n) {
  contents empty = {.size = 0};
  if (n > HISTORY_SEARCH_MAX) abort();
  for (unsigned i = 0; i < n; i++)
    if (!history_is_well_formed(&operations[i])) return false;
  search->model = model;
  sort_calls(search, operations, n);
  order_pushes(search);
  forget(search);
  return search_from(search, 0, &empty);
}

void history_print(FILE *file, const history_operation *operations, unsigned n) {
  static const char *const kinds[] = {"push", "push_many", "pop",      "pop_many",
                                      "peek", "close",     "is_empty", "is_full"};
  static const char *const modes[] = {"", " waiting", " until"};
  static const char *const results[] = {"OK", "FULL", "EMPTY", "CLOSED", "TIMEDOUT", "?"};
  for (unsigned i = 0; i < n; i++) {
    const history_operation *o = &operations[i];
    fprintf(file, "  thread %u  %20" PRIu64 " .. ", o->thread, o->invoked);
    if (o->responded == HISTORY_NEVER)
      fprintf(file, "%20s", "never");
    else
      fprintf(file, "%20" PRIu64, o->responded);
    fprintf(file, "  %s%s", kinds[o->kind], modes[o->mode]);
    for (unsigned j = 0; j < o->count; j++) fprintf(file, " %" PRIu32, o->value[j]);
    fprintf(file, " -> %s\n", results[o->result]);
  }
}
