/* What others may ask of a writer. */
#ifndef HEADRACE_DATASET_WRITER_WRITER_INTERNAL_H
#define HEADRACE_DATASET_WRITER_WRITER_INTERNAL_H

#include "headrace/writer.h"

/* Refuses a file that is to be read when what is written will take it away. */
bool writer_check_input(const BatchWriter *writer, const char *path);

/* Half a document can be neither taken back nor ended: when one is begun, the writer fails with the error at
   hand. */
void writer_abandon(BatchWriter *writer);

#endif
