#include "info_tokenizer.h"

#include <inttypes.h>

static const char *const kinds[] = {"bytes", "custom", "SentencePiece model", "rank file", "tokenizer.json"};
static const char *const forms[] = {"none", "nfc", "nfkc"};
static const char *const specials[] = {"ignore", "allow", "error"};

static void print_table(const batch_tokenizer_facts *f) {
  bool bpe = f->kind >= BATCH_TOKENIZER_RANKS;
  printf("tokenizer     %s\nvocabulary    %s\n", kinds[f->kind], cli_thousands(f->vocab_size));
  if (f->end_of_text == BATCH_NO_TOKEN)
    puts("end of text   none");
  else
    printf("end of text   %" PRId32 "\n", f->end_of_text);
  if (!bpe) return;
  printf("added tokens  %s\nspecials      %s\n", cli_thousands(f->added_tokens), specials[f->specials]);
  if (f->split)
    printf("split         %s, Unicode %s\n", f->split, f->split_unicode);
  else
    puts("split         none");
  if (f->normal_form) printf("normal form   %s, Unicode %s\n", forms[f->normal_form], f->normal_unicode);
}

static void print_text(const char *key, const char *text) {
  if (text)
    printf(",\n  \"%s\": \"%s\"", key, text);
  else
    printf(",\n  \"%s\": null", key);
}

static void print_json(const batch_tokenizer_facts *f) {
  bool bpe = f->kind >= BATCH_TOKENIZER_RANKS;
  printf("{\n  \"tokenizer\": \"%s\",\n  \"vocab_size\": %" PRIu32, kinds[f->kind], f->vocab_size);
  if (f->end_of_text == BATCH_NO_TOKEN)
    printf(",\n  \"end_of_text\": null");
  else
    printf(",\n  \"end_of_text\": %" PRId32, f->end_of_text);
  if (bpe) {
    printf(",\n  \"added_tokens\": %" PRIu32, f->added_tokens);
    print_text("specials", specials[f->specials]);
    print_text("split", f->split);
    print_text("split_unicode", f->split_unicode);
    print_text("normal_form", forms[f->normal_form]);
    print_text("normal_unicode", f->normal_unicode);
  }
  puts("\n}");
}

int info_tokenizer(const char *command, const BatchTokenizer *tokenizer, bool json) {
  batch_tokenizer_facts facts = BATCH_TOKENIZER_FACTS_INIT;
  BatchTokenizer *bytes = tokenizer ? NULL : batch_tokenizer_bytes(1);
  bool good = batch_tokenizer_describe(tokenizer ? tokenizer : bytes, &facts);
  if (good) (json ? print_json : print_table)(&facts);
  batch_tokenizer_free(bytes);
  return good ? cli_finish_output(command) : cli_library_error(command);
}
