/* The loader suite: what its files share. loader.c measures the loader, loader_limit.c the loops that it is compared with,
   loader_data.c makes the tokens; loader_loops.c, the loops themselves, is compiled with -O3. */
#ifndef BENCH_LOADER_H
#define BENCH_LOADER_H

#include <headrace/headrace.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* LOADER_BATCHES: in rotation, of each loop. LOADER_EPOCHS: the first one maps the pages in. */
enum { LOADER_BATCHES = 16, LOADER_EPOCHS = 3, LOADER_MOST_WORKERS = 256, LOADER_VOCABULARY = 50257 };

typedef struct loader_shape {
  uint32_t rows, length; /* of a batch; of a row, in tokens */
} loader_shape;

typedef struct loader_cell {
  batch_shuffle shuffle;
  uint32_t workers;
  loader_shape shape;
} loader_cell;

/* What a loop reads and where it writes. windows: [count] starts, in tokens, in the order to visit. */
typedef struct loader_loop {
  const uint16_t *tokens;
  const uint64_t *windows;
  size_t count;
  loader_shape shape;
  FILE *file;   /* the same tokens */
  int32_t *out; /* LOADER_BATCHES batches of input and target, [rows, length] each */
} loader_loop;

typedef void loader_loop_run(const loader_loop *loop);

/* Widens each window to input and target, the next one on its way from memory. */
loader_loop_run loader_limit;

/* Copies the bytes of each window. */
loader_loop_run loader_memcpy;

/* As llm.c does: seek and read a batch's windows into a buffer, then widen. */
loader_loop_run loader_fread;

/* loader_data.c: random tokens in a file without a name, in the page cache: 400 M, or what a quarter of the free memory
   holds; quick: 4 M. */
bool loader_data_make(bool quick);
void loader_data_free(void);

/* Batches of an epoch, the last of which is full. */
uint64_t loader_data_steps(loader_shape shape);

/* Both as if nobody had read it before: nothing is mapped in yet. NULL after bench_wrong(). */
BatchDataset *loader_data_open(void);
const uint16_t *loader_data_map(void);
void loader_data_unmap(const uint16_t *tokens);

/* Where the windows of an epoch begin, in order or shuffled: [rows * steps]. The latest one asked for stays. NULL
   without memory. */
const uint64_t *loader_data_order(loader_shape shape, batch_shuffle shuffle);

/* One token, and the file for who reads it. */
uint16_t loader_data_token(uint64_t index);
FILE *loader_data_file(void);

/* loader_limit.c: the loop in as many threads, each over its part of the windows, epoch after epoch: values[0], tokens a
   nanosecond in the first one, and values[1] in the later ones. */
bool loader_measure_loop(loader_loop_run *run, const loader_cell *cell, uint32_t threads, double *values);

#endif
