/* Batches whose every element and field is known. */
#ifndef HEADRACE_TESTS_BATCHES_H
#define HEADRACE_TESTS_BATCHES_H

#include <headrace/batch.h>

/* 6 x 5, int32 ids, uint8 mask, with documents and positions. */
extern const batch_shape mixed_shape;

/* Input 0, 1, 2, ...; target one more; metadata that no default looks like. */
Batch *counting_batch(uint32_t rows, uint32_t columns);

void assert_metadata_of_counting_batch(const Batch *batch);

/* The batch shows rows first, first + 1, ... of a counting batch with these columns. */
void assert_rows(const Batch *batch, uint32_t first, uint32_t rows, uint32_t columns);

void free_all(Batch **batches, uint32_t n);

#endif
