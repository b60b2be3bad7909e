/* Files of tokens read once more, by what docs/data-formats.md says of their bytes and with nothing of the library's: where
   tokens begin, how wide they are, each of them, and where documents of an index end.

   Usage:
       fuzz_contents c = fuzz_contents_of(dataset);
       fuzz_check_raw(dataset, &options, &c); */
#ifndef HEADRACE_FUZZ_RAW_TOKENS_H
#define HEADRACE_FUZZ_RAW_TOKENS_H

#include "support/contents.h"

/* Every file of tokens in the dataset is of the type that it should be, and the tokens and documents that were looked at are
   those in it.
   options: that the dataset was opened with, or NULL; with a subset nothing is compared. */
void fuzz_check_raw(const BatchDataset *dataset, const batch_dataset_options *options,
                    const fuzz_contents *contents);

#endif
