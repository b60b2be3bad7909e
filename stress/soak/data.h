/* What loaders read, and what they must give: plans, each a dataset (or a mix) with options, and a hash of every batch of
   its epochs, made in quiet with one worker and looked through token by token where rows are windows. */
#ifndef HEADRACE_STRESS_SOAK_DATA_H
#define HEADRACE_STRESS_SOAK_DATA_H

#include <headrace/headrace.h>

enum { PLAN_EPOCHS = 3, PLAN_MOST_STEPS = 256, PLAN_STATES = 16 };

typedef struct soak_plan {
  const char *name;
  batch_loader_options options;
  batch_loader_source sources[2];
  size_t num_sources;
  uint64_t steps[PLAN_EPOCHS]; /* epochs may differ */
  uint64_t hashes[PLAN_EPOCHS][PLAN_MOST_STEPS];
  batch_loader_state states[PLAN_STATES]; /* evenly spread, the first at the beginning */
} soak_plan;

/* Writes the files below the folder, opens them and makes the plans; leaves the reason and ends the program where it
   cannot. */
void data_begin(const char *folder);
void data_end(void);

soak_plan *data_plans(void);
unsigned data_num_plans(void);

/* The token at a place of the headerless file; its text, and where that is. */
uint16_t data_token(uint64_t i);
const char *data_text(size_t *bytes);
const char *data_path(const char *name);

BatchLoader *plan_loader(const soak_plan *plan, const batch_loader_options *options);

/* Of everything in a batch. */
uint64_t batch_hash(const Batch *batch);

/* Ends the program unless this is the batch that the plan has for its epoch and step. */
void plan_check(const soak_plan *plan, const Batch *batch);

#endif
