/* tokenizer.json of Hugging Face.

   input: what special tokens are; a text; the file, in which a byte 1 stands for the members of model.vocab that are the
   bytes, of the ids 0 to 255. */
#include <stdio.h>
#include <string.h>

#include "base/utf8.h"
#include "support/tokenizers.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);

static fuzz_bytes bytes_members;

/* As GPT-2 writes bytes: those that can be seen as they are, the others as characters from U+0100 on. */
static uint32_t character_of(int byte, uint32_t *next) {
  bool seen = (byte >= '!' && byte <= '~') || (byte >= 0xA1 && byte != 0xAD);
  return seen ? (uint32_t)byte : (*next)++;
}

int LLVMFuzzerInitialize(int *argc, char ***argv) {
  uint32_t next = 0x100;
  (void)argc, (void)argv;
  for (int i = 0; i < 256; i++) {
    char member[24], text[4];
    size_t bytes = utf8_put(character_of(i, &next), text);
    const char *escape = bytes == 1 && (*text == '"' || *text == '\\') ? "\\" : "";
    int length =
        snprintf(member, sizeof member, "%s\"%s%.*s\":%d", i ? "," : "", escape, (int)bytes, text, i);
    fuzz_append(&bytes_members, member, (size_t)length);
  }
  return 0;
}

static bool has(const fuzz_bytes *file, const char *word) {
  return memmem(file->data, file->used, word, strlen(word)) != NULL;
}

/* Nothing in the file that drops or changes text; other ways to write it than those of the corpus are taken for that. */
static bool keeps_all(const fuzz_bytes *file) {
  return !has(file, "Removed") && !has(file, "NF") && !has(file, "strip\":true") && !has(file, "\\u") &&
         !has(file, "strip\": ") && !has(file, "strip\" ") && !has(file, "strip\":\n") &&
         !has(file, "strip\":\t") && !has(file, "strip\":\r") && !has(file, "strip\"\n") &&
         !has(file, "strip\"\t") && !has(file, "strip\"\r");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static fuzz_bytes file;
  batch_tokenizer_options options = BATCH_TOKENIZER_OPTIONS_INIT;
  fuzz_input in = fuzz_begin(data, size);
  options.specials = (batch_specials)fuzz_take_below(&in, 3);
  const fuzz_part text = fuzz_take_part(&in);
  file.used = 0;
  fuzz_append_filled(&file, in, 1, &bytes_members);
  fuzz_check_tokenizer(fuzz_write("x.json", (fuzz_part){file.data, file.used}), &options, text,
                       keeps_all(&file));
  return fuzz_end();
}
