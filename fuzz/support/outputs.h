/* Folders that a target's runs write to, in fuzz_folder().

   Usage:
       const char *path = fuzz_output("out", "x.bin");     the folder is there and empty
       ... fuzz_output_again("out", "x.bin") ...           as it is */
#ifndef HEADRACE_FUZZ_OUTPUTS_H
#define HEADRACE_FUZZ_OUTPUTS_H

#include "support/fuzz.h"

/* The path of a name in an empty folder, or in the folder as it is; good until the eighth fuzz_path from here. */
const char *fuzz_output(const char *folder, const char *name);
const char *fuzz_output_again(const char *folder, const char *name);

/* Entries of the folder, hidden ones too. */
size_t fuzz_output_count(const char *folder);

#endif
