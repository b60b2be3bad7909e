/* What a run is: lines of a name, a tab and a value. A run that goes on is compared with how it began, and what differs
   is named. */
#ifndef HEADRACE_DATASET_WRITER_RUN_DESCRIPTION_H
#define HEADRACE_DATASET_WRITER_RUN_DESCRIPTION_H

#include <stddef.h>
#include <sys/stat.h>

#include "headrace/writer.h"
#include "text/text_buffer.h"

/* Add what determines the bytes of the output: what the writer makes of ids, what becomes of text (but for what only
   stops a run, see run_limits), how many files are read, and each of them. BATCH_ERROR_OUT_OF_MEMORY. */
bool describe_writer(text_buffer *lines, const batch_writer_options *options);
bool describe_encoding(text_buffer *lines, const batch_dataset_options *options);
bool describe_inputs(text_buffer *lines, size_t count);
bool describe_input(text_buffer *lines, const char *path, const struct stat *status);

/* Whether `before` begins with what `now` says, or is that. Otherwise BATCH_ERROR_INVALID_ARGUMENT with the first line that
   differs. output: for messages. */
bool description_begins(const char *output, const text_buffer *now, const text_buffer *before);
bool description_is(const char *output, const text_buffer *now, const text_buffer *before);

#endif
