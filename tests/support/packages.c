#include "support/packages.h"

#include <stdlib.h>
#include <unistd.h>

#include "support/check.h"
#include "support/vocabulary.h"

static const struct {
  const char *name;
  bool built_in;
} packages[] = {
#ifdef HEADRACE_WITH_ZSTD
    [PACKAGE_ZSTD] = {"libzstd", true},
#else
    [PACKAGE_ZSTD] = {"libzstd", false},
#endif
#ifdef HEADRACE_WITH_ZLIB
    [PACKAGE_ZLIB] = {"zlib", true},
#else
    [PACKAGE_ZLIB] = {"zlib", false},
#endif
#ifdef HEADRACE_WITH_UTF8PROC
    [PACKAGE_UTF8PROC] = {"utf8proc", true},
#else
    [PACKAGE_UTF8PROC] = {"utf8proc", false},
#endif
#ifdef HEADRACE_WITH_PCRE2
    [PACKAGE_PCRE2] = {"PCRE2", true},
#else
    [PACKAGE_PCRE2] = {"PCRE2", false},
#endif
#ifdef HEADRACE_WITH_SENTENCEPIECE
    [PACKAGE_SENTENCEPIECE] = {"libsentencepiece", true},
#else
    [PACKAGE_SENTENCEPIECE] = {"libsentencepiece", false},
#endif
};

static void open_file_of(const char *data, size_t count, batch_format format) {
  char path[] = "/tmp/headrace-package-XXXXXX";
  const char *name = path;
  int file = mkstemp(path);
  cr_assert(file >= 0 && write(file, data, count) == (ssize_t)count);
  close(file);
  batch_dataset_options options = BATCH_DATASET_OPTIONS_INIT;
  options.format = format;
  batch_dataset_free(batch_dataset_open(&name, 1, &options));
  unlink(path);
}

static void use(test_package package) {
  const batch_tokenizer_options gpt2 = {.size = sizeof gpt2, .split = BATCH_SPLIT_GPT2};
  const batch_text_options nfc = {.size = sizeof(batch_text_options), .normal_form = BATCH_NORMAL_NFC};
  switch (package) {
  case PACKAGE_ZSTD:
    open_file_of("\x28\xB5\x2F\xFD\x20\x01\x09\0\0a", 10, BATCH_FORMAT_TEXT);
    break;
  case PACKAGE_ZLIB:
    open_file_of("\x1F\x8B\x08\0\0\0\0\0\0\xFF\x4B\x04\0\x43\xBE\xB7\xE8\x01\0\0\0", 21, BATCH_FORMAT_TEXT);
    break;
  case PACKAGE_UTF8PROC:
    batch_text_normalize("a", 1, &nfc, NULL, 0);
    break;
  case PACKAGE_PCRE2:
    batch_tokenizer_free(batch_tokenizer_open(vocabulary_path("small.tiktoken"), &gpt2));
    break;
  case PACKAGE_SENTENCEPIECE:
    batch_tokenizer_free(batch_tokenizer_sentencepiece("missing.model"));
    break;
  }
}

void need_package(test_package package) {
  check_forget_error();
  use(package);
  if (packages[package].built_in) {
    cr_assert_neq(batch_last_error()->code, BATCH_ERROR_UNSUPPORTED, "%s", batch_last_error()->message);
    return;
  }
  assert_error(BATCH_ERROR_UNSUPPORTED, "without", packages[package].name);
  cr_skip("built without %s, and it says so", packages[package].name);
}
