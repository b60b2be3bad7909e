/* headrace --version: which one it is, and what is in it. */
#include <string.h>

#include "cli.h"

/* The optional parts of the library, in the order of batch_features: what each gives, and the Debian package that a
   build needs for it. */
static const struct {
  const char *name, *gives, *package;
} parts[] = {
    {"numa", "pools on one NUMA node", "libnuma-dev"},
    {"zstd", "text in .zst files", "libzstd-dev"},
    {"zlib", "text in .gz files", "zlib1g-dev"},
    {"utf8proc", "normal forms, case folding, added tokens that are whole words", "libutf8proc-dev"},
    {"pcre2", "byte-level BPE: rank files of tiktoken, tokenizer.json", "libpcre2-dev"},
    {"sentencepiece", "SentencePiece models", "libsentencepiece-dev"},
    {"usdt", "probes for bpftrace and SystemTap", "systemtap-sdt-dev"},
};
enum { PARTS = sizeof parts / sizeof *parts };

static bool has(const char *features, const char *name) {
  size_t length = strlen(name);
  for (const char *at = features; (at = strstr(at, name)); at += length)
    if ((at == features || at[-1] == ' ') && (at[length] == ' ' || at[length] == '\0')) return true;
  return false;
}

int cli_version(void) {
  const char *features = batch_features();
  size_t missing = 0;
  printf("headrace %s\n", batch_version());
  for (size_t i = 0; i < PARTS; i++) {
    bool here = has(features, parts[i].name);
    missing += !here;
    if (here)
      printf("%s: %s\n", parts[i].name, parts[i].gives);
    else
      printf("no %s: no %s (%s)\n", parts[i].name, parts[i].gives, parts[i].package);
  }
  if (missing) puts("What is missing comes with a build where the Debian package in brackets is installed.");
  return cli_finish_output("--version");
}
