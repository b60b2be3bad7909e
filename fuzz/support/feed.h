/* A loader over a dataset whose ids are known.

   Usage:
       fuzz_contents c = fuzz_contents_of(dataset);
       fuzz_check_feed(&c, dataset, how); */
#ifndef HEADRACE_FUZZ_FEED_H
#define HEADRACE_FUZZ_FEED_H

#include "support/contents.h"

/* In the order of the files a loader gives each id and the one that follows it, where that is to be learnt, and no other.
   how: the numbers of rows and positions. Contents of one token, or not all looked at, are passed over. */
void fuzz_check_feed(const fuzz_contents *contents, const BatchDataset *dataset, unsigned how);

#endif
