#include "pool_cells.h"

#include "lists.h"

#include <stdio.h>

const bench_option pool_own_options[POOL_OWN_OPTIONS] = {
    [POOL_OWN_THREADS] = {"threads", "LIST",
                          "cells of your own: both-N or sides-N, e.g. both-3,sides-8; without it\n"
                          "--capacity takes the usual ones"},
    [POOL_OWN_CAPACITY] = {"capacity", "LIST", "batches in their pools, e.g. 8,256 (64)"}};

#define USUAL_SHAPES   "both-1,both-2,both-4,both-8,sides-1,sides-2,sides-4"
#define USUAL_CAPACITY "64"

enum { MOST_LISTED = 32, MOST = MOST_LISTED * MOST_LISTED };

static const bench_metric speed[] = {{"", "Mpairs/s", false}};

static struct {
  bench_cell cells[MOST];
  pool_shape shapes[MOST];
  char names[MOST][24];
  size_t count;
} made;

static void add_cell(pool_shape shape, uint32_t capacity) {
  size_t i = made.count++;
  made.shapes[i] = shape;
  if (shape.both > 0)
    snprintf(made.names[i], sizeof made.names[i], "both-%u", shape.both);
  else
    snprintf(made.names[i], sizeof made.names[i], "sides-%u", shape.couples);
  made.cells[i] = (bench_cell){.name = made.names[i],
                               .capacity = capacity,
                               .metrics = speed,
                               .metric_count = 1,
                               .quick = shape.couples < 4,
                               .detail = &made.shapes[i]};
}

static bool take_shape(const char **at, pool_shape *shape) {
  *shape = (pool_shape){0};
  if (take_text(at, "both-")) return take_number(at, 1, BENCH_TEAM_MAX, &shape->both);
  return take_text(at, "sides-") && take_number(at, 1, POOL_MOST_COUPLES, &shape->couples);
}

static bool parse_shapes(const char *list, pool_shape *shapes, uint32_t *count) {
  const char *at = list;
  *count = 0;
  do {
    if (*count == MOST_LISTED || !take_shape(&at, &shapes[(*count)++]) || !take_comma(&at))
      return bench_refuse("--threads", list,
                          "a list of both-N and sides-N, as both-3,sides-8: %d at most, of 1 to %d threads",
                          MOST_LISTED, BENCH_TEAM_MAX);
  } while (*at != '\0');
  return true;
}

static bool parse_capacities(const char *list, uint32_t *capacities, uint32_t *count) {
  return take_numbers(list, 1, POOL_MOST_SIZE, capacities, MOST_LISTED, count) ||
         bench_refuse("--capacity", list, "a list of numbers, as 8,256: %d at most, from 1 to %d",
                      MOST_LISTED, POOL_MOST_SIZE);
}

bool pool_cells_make(const bench_options *options, const bench_cell **cells, size_t *count) {
  const char *threads = options->own[POOL_OWN_THREADS], *sizes = options->own[POOL_OWN_CAPACITY];
  pool_shape shapes[MOST_LISTED];
  uint32_t capacities[MOST_LISTED], shape_count, capacity_count;
  if ((threads != NULL || sizes != NULL) && options->cells != NULL)
    return bench_refuse("--cells", options->cells,
                        "nothing beside --threads and --capacity, which make cells of their own");
  if (!parse_shapes(threads != NULL ? threads : USUAL_SHAPES, shapes, &shape_count) ||
      !parse_capacities(sizes != NULL ? sizes : USUAL_CAPACITY, capacities, &capacity_count))
    return false;
  for (uint32_t i = 0; i < shape_count; i++)
    for (uint32_t j = 0; j < capacity_count; j++) add_cell(shapes[i], capacities[j]);
  if (threads != NULL)
    for (size_t i = 0; i < made.count; i++) made.cells[i].quick = true;
  *cells = made.cells;
  *count = made.count;
  return true;
}
