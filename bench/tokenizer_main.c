/* headrace-bench-tokenizer: what headrace-bench runs for the suite of the tokenizers, with the same arguments. */
#include "bench.h"

int main(int argc, char **argv) {
  return bench_main(&bench_tokenizer, argc - 1, argv + 1);
}
