/* The companion PATH.metadata in which datatrove, and our writer, say what a file of tokens holds. Lines
   of text:

       NAME OF THE TOKENIZER|BYTES OF A TOKEN     of a .ds also without the bar: 2 bytes
       NUMBER OF TOKENS
       the number for people
       headrace STAMP                             ours: the fingerprint of the tokens, in hex

   A companion that is not of this form is somebody else's, and says nothing. */
#ifndef HEADRACE_DATASET_TOKEN_METADATA_H
#define HEADRACE_DATASET_TOKEN_METADATA_H

#include "dataset/out_file.h"

/* Reads the companion of the file `path`; that there is none is no error. */
bool token_metadata_read(const char *path, token_metadata *metadata);

/* Compares an open file with what its companion says, the stamp in constant time. */
bool token_metadata_check(const token_file *file);

/* Writes what is to stand beside these tokens: fd, path, type and tokens of the file are looked at. */
bool token_metadata_write(out_file *out, const token_file *file);

#endif
