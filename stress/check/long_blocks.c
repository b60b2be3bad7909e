#include "check/long_blocks.h"

#include <string.h>

static bool needs_open(const history_operation *o) {
  return history_refused(o) || (history_pushes(o) && o->result == HISTORY_OK);
}

static bool collect_push(history_checker *c, const history_operation *o, uint32_t number) {
  if (number == 0 || number >= HISTORY_MAX_VALUE)
    return history_found(c, "pushed a value out of range", o, NULL);
  if (number >= c->values_size) {
    size_t size = (size_t)number * 3 / 2 + 1;
    c->values = history_grown(c->values, size, sizeof *c->values);
    memset(c->values + c->values_size, 0, (size - c->values_size) * sizeof *c->values);
    c->values_size = size;
  }
  value *v = &c->values[number];
  if (v->push)
    return history_found(c, "pushed a value twice (not a history this checker is for)", v->push, o);
  *v = (value){.push = o,
               .from = o->invoked,
               .by = smaller(o->responded, c->closed_by),
               .gone_from = HISTORY_NEVER,
               .gone_by = HISTORY_NEVER,
               .told_by = HISTORY_NEVER};
  c->pushed++;
  return false;
}

/* A call of several says that b comes right after a. */
static bool link_values(history_checker *c, const history_operation *o, uint32_t a, uint32_t b) {
  value *before = &c->values[a], *after = &c->values[b];
  if ((before->next != 0 && before->next != b) || (after->before != 0 && after->before != a))
    return history_found(c, "values that are not neighbours, or out of order", o, after->push);
  before->next = b;
  after->before = a;
  return false;
}

static bool link_all(history_checker *c, const history_operation *o) {
  for (uint32_t j = 1; j < o->count; j++)
    if (link_values(c, o, o->value[j - 1], o->value[j])) return true;
  return false;
}

static bool collect_pushes(history_checker *c) {
  for (size_t i = 0; i < c->n; i++) {
    const history_operation *o = &c->operations[i];
    if (needs_open(o) && o->invoked > c->closed_by)
      return history_found(c, "an open queue's answer after the close", o, NULL);
    if (!history_pushes(o) || o->result != HISTORY_OK) continue;
    for (uint32_t j = 0; j < o->count; j++)
      if (collect_push(c, o, o->value[j])) return true;
    if (link_all(c, o)) return true;
  }
  return false;
}

/* Called for each value that a call takes or tells. */
static bool collect_value(history_checker *c, const history_operation *o, uint32_t number) {
  value *v = number < c->values_size ? &c->values[number] : NULL;
  if (!v || !v->push) return history_found(c, "a value that nobody pushed", o, NULL);
  if (o->responded < v->from) return history_found(c, "a value before it was pushed", o, v->push);
  if (o->kind == HISTORY_PEEK) {
    v->told_by = smaller(v->told_by, o->responded);
    v->told_to = larger(v->told_to, o->invoked);
    return false;
  }
  if (v->taken) return history_found(c, "a value taken twice", v->taken, o);
  v->taken = o;
  v->gone_from = o->invoked;
  v->gone_by = o->responded;
  return false;
}

static bool collect_values(history_checker *c) {
  for (size_t i = 0; i < c->n; i++) {
    const history_operation *o = &c->operations[i];
    if (o->result != HISTORY_OK || history_pushes(o) || o->kind == HISTORY_CLOSE) continue;
    for (uint32_t j = 0; j < o->count; j++)
      if (collect_value(c, o, o->value[j])) return true;
    if (link_all(c, o)) return true;
  }
  return false;
}

/* Whether b, which comes right after a, was put in, or was taken, in the same step. */
static bool same_push(const value *a, const value *b) {
  return a->push == b->push;
}
static bool same_take(const value *a, const value *b) {
  return a->taken && a->taken == b->taken;
}

/* Along a block nothing is pushed before what is in front of it, nor taken: what comes first bounds the others from
   below. A peek tells what is in front, so it comes after all that was taken before, and before this is. Returns the
   last value. */
static uint32_t bound_from_below(history_checker *c, uint32_t first) {
  uint64_t from = 0, gone = 0;
  uint32_t last = first;
  for (uint32_t at = first; at != 0; at = c->values[last = at].next) {
    value *v = &c->values[at];
    v->from = from = larger(from, v->from);
    gone = larger(gone, larger(v->gone_from, larger(v->from, v->told_to)));
    v->gone_from = gone;
  }
  return last;
}

/* And what comes last from above; what was pushed in one step, alike. */
static void bound_from_above(history_checker *c, uint32_t last) {
  uint64_t by = HISTORY_NEVER, gone = HISTORY_NEVER, told = HISTORY_NEVER;
  uint32_t first = last;
  for (uint32_t at = last; at != 0; at = c->values[first = at].before) {
    value *v = &c->values[at];
    v->gone_by = gone = smaller(smaller(gone, told), v->gone_by);
    v->by = by = smaller(smaller(by, v->by), smaller(gone, v->told_by));
    told = smaller(told, v->told_by);
  }
  for (uint32_t at = c->values[first].next; at != 0; at = c->values[at].next) {
    value *v = &c->values[at];
    const value *before = &c->values[v->before];
    if (same_push(before, v)) v->by = before->by;
  }
}

/* Raises the lower bounds of what was taken in one step to those of the last of it. */
static void bound_steps_from_below(history_checker *c, uint32_t last) {
  for (uint32_t at = last; c->values[at].before != 0; at = c->values[at].before) {
    value *v = &c->values[at], *before = &c->values[v->before];
    if (same_take(before, v)) before->gone_from = v->gone_from;
  }
}

static bool find_fault_inside(history_checker *c, uint32_t first) {
  for (uint32_t at = first; at != 0; at = c->values[at].next) {
    const value *v = &c->values[at];
    const history_operation *o = v->taken ? v->taken : v->push;
    if (v->from > v->by)
      return history_found(c, "values taken or told before they were pushed, or out of order", o, v->push);
    if (v->gone_from > v->gone_by)
      return history_found(c, "values taken or told out of order, or told after they had left", o, v->push);
    if (v->told_by != HISTORY_NEVER && v->before != 0 && same_take(&c->values[v->before], v))
      return history_found(c, "told a value that was never the front", v->push, o);
  }
  return false;
}

static bool make_block(history_checker *c, uint32_t first) {
  uint32_t last = bound_from_below(c, first);
  bound_from_above(c, last);
  bound_steps_from_below(c, last);
  if (find_fault_inside(c, first)) return true;
  const value *f = &c->values[first], *l = &c->values[last];
  block *b = &c->blocks[c->blocks_size++];
  b->call = f->taken ? f->taken : f->push;
  b->first = first;
  b->bound[PUSH_BY] = f->by;
  b->bound[PUSH_FROM] = l->from;
  b->bound[FRONT_BY] = smaller(f->gone_by, f->told_by);
  b->bound[FRONT_TO] = l->gone_from;
  b->bound[GONE_BY] = l->gone_by;
  return false;
}

static size_t length_from(const history_checker *c, uint32_t first) {
  size_t length = 0;
  for (uint32_t at = first; at != 0; at = c->values[at].next) length++;
  return length;
}

bool history_make_blocks(history_checker *c) {
  size_t in_blocks = 0;
  if (collect_pushes(c) || collect_values(c)) return true;
  for (size_t i = 0; i < c->n; i++) {
    const history_operation *o = &c->operations[i];
    if (!history_pushes(o) || o->result != HISTORY_OK) continue;
    for (uint32_t j = 0; j < o->count; j++) {
      if (c->values[o->value[j]].before != 0) continue;
      if (make_block(c, o->value[j])) return true;
      in_blocks += length_from(c, o->value[j]);
    }
  }
  return in_blocks < c->pushed && history_found(c, "values that follow one another in a circle", NULL, NULL);
}

void history_forget_values(history_checker *c) {
  for (size_t i = 0; i < c->n; i++) {
    const history_operation *o = &c->operations[i];
    for (uint32_t j = 0; history_pushes(o) && j < o->count; j++)
      if (o->value[j] < c->values_size) c->values[o->value[j]] = (value){.push = NULL};
  }
}
