/* The packing suite: packing.c measures, packing_data.c makes the documents. */
#ifndef BENCH_PACKING_H
#define BENCH_PACKING_H

#include <headrace/headrace.h>
#include <stdbool.h>
#include <stdint.h>

/* Makes a file of tokens, all 0 and not on the disk, with its index of so many documents, if it is not there already;
   the one before is removed. */
bool packing_data_make(uint64_t documents);
void packing_data_free(void);

BatchDataset *packing_data_open(void);

/* Pairs of a token and the next one: in the documents, or in the file as one. */
uint64_t packing_data_pairs(bool across);

#endif
