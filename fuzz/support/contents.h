/* All that a dataset can be asked, asked and checked: so what is opened is readable, and two ways to the same tokens are
   compared by what they give.

   Usage:
       fuzz_contents mapped = fuzz_open(&path, 1, &options), read = fuzz_open(&path, 1, &with_pread);
       fuzz_check_same(&mapped, &read, "mapped and read");
       fuzz_contents_free(&mapped);
       fuzz_contents_free(&read); */
#ifndef HEADRACE_FUZZ_CONTENTS_H
#define HEADRACE_FUZZ_CONTENTS_H

#include "support/fuzz.h"

/* Tokens and documents beyond so many are not looked at one by one. */
enum { FUZZ_CONTENTS_MOST = 1 << 16 };

typedef struct fuzz_contents {
  bool opened; /* false: refused, with the error that follows */
  batch_status refused;
  char message[1024];
  uint64_t tokens, documents, fingerprint;
  int64_t smallest, largest;
  bool readable; /* every id is one that can be read */
  bool has_loss;
  size_t count;  /* of tokens that were looked at */
  int32_t *ids;  /* [count], where readable */
  uint8_t *loss; /* [count] */
  size_t num_ends;
  uint64_t *ends; /* [num_ends] of documents */
} fuzz_contents;

/* Options of every kind but texts, from four bytes. */
batch_dataset_options fuzz_take_dataset_options(fuzz_input *in);

/* Opens a path as options say, both mapped and read, with a subset and without, and compares all of it, in memory too.
   Returns: whether it was opened. */
bool fuzz_check_path(const char *path, const batch_dataset_options *options);

/* Asks an open dataset everything; what does not go together is a fault. */
fuzz_contents fuzz_contents_of(const BatchDataset *dataset);

/* Opens paths, asks everything and frees the dataset; or checks that the refusal names `must_name`. */
fuzz_contents fuzz_open(const char *const *paths, size_t n, const batch_dataset_options *options,
                        const char *must_name);

/* Both are refused for the same kind of reason, or have the same in them. */
void fuzz_check_same(const fuzz_contents *a, const fuzz_contents *b, const char *which);

/* A dataset in memory of the tokens, documents and loss mask of `whole`, opened with the same options (NULL: none; format
   and token type are let go), is what `expected` is. Where `whole` cannot be read to the end nothing is compared. */
void fuzz_check_memory(const fuzz_contents *whole, const batch_dataset_options *options,
                       const fuzz_contents *expected);

void fuzz_contents_free(fuzz_contents *contents);

#endif
