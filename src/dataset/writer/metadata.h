/* PATH.metadata beside a token file, as datatrove writes it beside a .ds, and a line of ours: see
   token_metadata.h, which reads it. */
#ifndef HEADRACE_DATASET_WRITER_METADATA_H
#define HEADRACE_DATASET_WRITER_METADATA_H

#include "dataset/out_file.h"

/* Writes what is to stand beside these tokens: fd, path, type and tokens of the file are looked at. */
bool metadata_write(out_file *out, const source_file *file);

#endif
