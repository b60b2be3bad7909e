/* Rank files of tiktoken.

   input: the split; what special tokens are, and one of the caller's; a text; the file, in which a byte 1 stands for the
   256 lines of the bytes, of the ranks 0 to 255. */
#include <stdio.h>

#include "support/tokenizers.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);

static fuzz_bytes bytes_lines;

int LLVMFuzzerInitialize(int *argc, char ***argv) {
  static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  (void)argc, (void)argv;
  for (int i = 0; i < 256; i++) {
    char line[16];
    int bytes = snprintf(line, sizeof line, "%c%c== %d\n", digits[i >> 2], digits[(i & 3) << 4], i);
    fuzz_append(&bytes_lines, line, (size_t)bytes);
  }
  return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static fuzz_bytes file;
  batch_tokenizer_options options = BATCH_TOKENIZER_OPTIONS_INIT;
  fuzz_input in = fuzz_begin(data, size);
  options.split = (batch_text_split)fuzz_take_below(&in, BATCH_SPLIT_QWEN2 + 1);
  unsigned how = fuzz_take_u8(&in);
  const batch_special_token special = {"<mine>", fuzz_take_u8(&in) + 200};
  options.specials = (batch_specials)(how % 3);
  options.special_tokens = &special;
  options.special_token_count = how >> 7;
  const fuzz_part text = fuzz_take_part(&in);
  file.used = 0;
  fuzz_append_filled(&file, in, 1, &bytes_lines);
  fuzz_check_tokenizer(fuzz_write("x.tiktoken", (fuzz_part){file.data, file.used}), &options, text, true);
  return fuzz_end();
}
