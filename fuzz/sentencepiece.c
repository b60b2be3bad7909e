/* Models of SentencePiece: what is let through to libsentencepiece, which does not look at all of it, must not crash it.

   input: a text; the model. */
#include "support/tokenizers.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  const batch_tokenizer_options options = BATCH_TOKENIZER_OPTIONS_INIT;
  fuzz_input in = fuzz_begin(data, size);
  const fuzz_part text = fuzz_take_part(&in);
  fuzz_check_tokenizer(fuzz_write("x.model", in), &options, text, false);
  return fuzz_end();
}
