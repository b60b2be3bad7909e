/* Mutations of inputs whose rest is text: what normalization and splits trip over is put in, beside what libFuzzer does.

   Usage, in a target:
       size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t most, unsigned seed) {
         return mutate_text(data, size, most, seed, HEAD, random_splittable);
       } */
#ifndef HEADRACE_FUZZ_MUTATE_H
#define HEADRACE_FUZZ_MUTATE_H

#include "support/files.h"

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t most, unsigned seed);

/* head: bytes in front of the text. make: some text of about so many bytes. */
size_t mutate_text(uint8_t *data, size_t size, size_t most, unsigned seed, size_t head,
                   bytes (*make)(uint64_t *state, size_t count, bool malformed));

#endif
