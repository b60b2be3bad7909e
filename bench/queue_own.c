#include "queue_own.h"

#include "lists.h"
#include "team.h"

#include <stdio.h>
#include <string.h>

const bench_option queue_own_options[QUEUE_OWN_OPTIONS] = {
    [QUEUE_OWN_THREADS] = {"threads", "LIST",
                           "cells of your own: NpMc (N producers, M consumers) or pairs-N, e.g.\n"
                           "3p2c,6p6c,pairs-12; without it, the next three take the usual ones"},
    [QUEUE_OWN_CAPACITY] = {"capacity", "LIST", "their capacities, e.g. 64,4096 (1024)"},
    [QUEUE_OWN_MANY] = {"many", "LIST",
                        "so many at most in a call, e.g. 8,64, beside one by the calls for one; NpMc only"},
    [QUEUE_OWN_BLOCKING] = {"blocking", NULL, "by the calls that wait"}};

static const char *value_of(const bench_options *options, unsigned option, const char *otherwise) {
  return options->own[option] != NULL ? options->own[option] : otherwise;
}

bool queue_own_wanted(const bench_options *options) {
  for (unsigned i = 0; i < QUEUE_OWN_OPTIONS; i++)
    if (options->own[i] != NULL) return true;
  return false;
}

static bool take_shape(const char **at, queue_shape *shape) {
  *shape = (queue_shape){.kind = QUEUE_PAIRS};
  if (take_text(at, "pairs-")) return take_number(at, 1, BENCH_TEAM_MAX, &shape->producers);
  shape->kind = QUEUE_STREAM;
  return take_number(at, 1, BENCH_TEAM_MAX, &shape->producers) && take_text(at, "p") &&
         take_number(at, 1, BENCH_TEAM_MAX, &shape->consumers) && take_text(at, "c") &&
         shape->producers + shape->consumers <= BENCH_TEAM_MAX;
}

static bool parse_shapes(const char *text, queue_own *own) {
  const char *at = text;
  do {
    if (own->shape_count == QUEUE_OWN_MOST || !take_shape(&at, &own->shapes[own->shape_count++]) ||
        !take_comma(&at))
      return bench_refuse("--threads", text,
                          "a list of NpMc and pairs-N, as 3p2c,pairs-12: %d at most, of 1 to %d threads",
                          QUEUE_OWN_MOST, BENCH_TEAM_MAX);
  } while (*at != '\0');
  return true;
}

static bool parse_numbers(const char *option, const char *text, uint32_t least, uint32_t greatest,
                          uint32_t *numbers, uint32_t most) {
  uint32_t count;
  return take_numbers(text, least, greatest, numbers, most, &count) ||
         bench_refuse(option, text, "a list of numbers, as 8,64: %u at most, from %u to %u", most, least,
                      greatest);
}

/* Makes the shapes take and give many. */
static bool parse_many(const char *text, queue_own *own) {
  own->many[0] = 1;
  if (!parse_numbers("--many", text, 2, BENCH_MANY, own->many + 1, BENCH_MAX_METRICS - 1)) return false;
  for (uint32_t i = 0; i < own->shape_count; i++) {
    if (own->shapes[i].kind != QUEUE_STREAM)
      return bench_refuse("--many", text, "only NpMc in --threads beside it, not pairs-N");
    own->shapes[i].kind = QUEUE_BULK;
    memcpy(own->shapes[i].many, own->many, sizeof own->many);
  }
  return true;
}

bool queue_own_parse(const bench_options *options, queue_own *own) {
  const char *many = options->own[QUEUE_OWN_MANY];
  const char *usual =
      many != NULL ? "1p1c,4p4c,8p8c" : "pairs-1,pairs-2,pairs-4,pairs-8,1p1c,2p2c,4p4c,8p8c,1p4c,4p1c";
  *own = (queue_own){0};
  if (options->cells != NULL)
    return bench_refuse(
        "--cells", options->cells,
        "nothing beside --threads, --capacity, --many and --blocking, which make cells of their own");
  if (!parse_shapes(value_of(options, QUEUE_OWN_THREADS, usual), own)) return false;
  if (many != NULL && !parse_many(many, own)) return false;
  for (uint32_t i = 0; i < own->shape_count; i++)
    own->shapes[i].waits = options->own[QUEUE_OWN_BLOCKING] != NULL;
  return parse_numbers("--capacity", value_of(options, QUEUE_OWN_CAPACITY, "1024"), 1, QUEUE_MOST_CAPACITY,
                       own->capacities, QUEUE_OWN_MOST);
}
