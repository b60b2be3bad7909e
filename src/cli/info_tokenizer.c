#include "info_tokenizer.h"

#include <inttypes.h>

#include "json.h"

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

static void print_json(const batch_tokenizer_facts *f) {
  json j = {0};
  json_open(&j, NULL, '{');
  json_text(&j, "tokenizer", kinds[f->kind]);
  json_count(&j, "vocab_size", f->vocab_size);
  if (f->end_of_text == BATCH_NO_TOKEN)
    json_null(&j, "end_of_text");
  else
    json_integer(&j, "end_of_text", f->end_of_text);
  if (f->kind >= BATCH_TOKENIZER_RANKS) {
    json_count(&j, "added_tokens", f->added_tokens);
    json_text(&j, "specials", specials[f->specials]);
    json_text(&j, "split", f->split);
    json_text(&j, "split_unicode", f->split_unicode);
    json_text(&j, "normal_form", forms[f->normal_form]);
    json_text(&j, "normal_unicode", f->normal_unicode);
  }
  json_close(&j);
}

int info_tokenizer(const char *command, const BatchTokenizer *tokenizer, bool as_json) {
  batch_tokenizer_facts facts = BATCH_TOKENIZER_FACTS_INIT;
  BatchTokenizer *bytes = tokenizer ? NULL : batch_tokenizer_bytes(1);
  bool good = batch_tokenizer_describe(tokenizer ? tokenizer : bytes, &facts);
  if (good) (as_json ? print_json : print_table)(&facts);
  batch_tokenizer_free(bytes);
  return good ? cli_finish_output(command) : cli_library_error(command);
}
