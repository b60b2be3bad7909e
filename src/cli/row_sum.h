/* A checksum of what is in one row of a batch: sums of them, modulo 2^64, tell whether the same rows were made. */
#ifndef HEADRACE_CLI_ROW_SUM_H
#define HEADRACE_CLI_ROW_SUM_H

#include "cli.h"

/* Of the elements of a row that is at a place of an epoch: input, target, mask, and documents, positions and the lengths of
   its sequences (cu_seqlens) where the batch has them. Ids are int32, the mask uint8. */
uint64_t row_sum(const Batch *batch, uint32_t row, uint64_t epoch, uint64_t place);

#endif
