#include "text/split/known.h"

#include <string.h>

#include "text/split/pattern.h"

/* As tiktoken and the models' own files have them. */
#define SHORT_FORMS "(?i:'s|'t|'re|'ve|'m|'ll|'d)"
#define BREAKS      "|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+"
#define CAPITALS    "[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]"
#define SMALL       "[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]"
#define BEFORE      "[^\\r\\n\\p{L}\\p{N}]?"

static const char gpt2[] =
    "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+";
static const char cl100k[] =
    SHORT_FORMS "|" BEFORE "\\p{L}+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*" BREAKS;
static const char o200k[] =
    BEFORE CAPITALS "*" SMALL "+" SHORT_FORMS "?|" BEFORE CAPITALS "+" SMALL "*" SHORT_FORMS
                    "?|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*" BREAKS;
static const char qwen2[] = SHORT_FORMS "|" BEFORE "\\p{L}+|\\p{N}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*" BREAKS;
static const char deepseek3_numbers[] = "\\p{N}{1,3}";
static const char deepseek3_cjk[] =
    "[\xE4\xB8\x80-\xE9\xBE\xA5\xE3\x81\x80-\xE3\x82\x9F\xE3\x82\xA0-\xE3\x83\xBF]+";
static const char deepseek3_rest[] =
    "[!\"#$%&'()*+,\\-./:;<=>?@\\[\\\\\\]^_`{|}~][A-Za-z]+|"
    "[^\\r\\n\\p{L}\\p{P}\\p{S}]?[\\p{L}\\p{M}]+| ?[\\p{P}\\p{S}]+[\\r\\n]*" BREAKS;

static const struct {
  const char *pattern;
  known_step step;
  bool whole; /* every well-formed text consists of matches */
} known[] = {{gpt2, KNOWN_GPT2, true},
             {cl100k, KNOWN_CL100K, true},
             {o200k, KNOWN_O200K, true},
             {qwen2, KNOWN_QWEN2, true},
             {deepseek3_numbers, KNOWN_DEEPSEEK3_NUMBERS, false},
             {deepseek3_cjk, KNOWN_DEEPSEEK3_CJK, false},
             {deepseek3_rest, KNOWN_DEEPSEEK3_REST, false}};

const char *known_pattern(splitter_name name) {
  static const char *const patterns[] = {[SPLITTER_GPT2] = gpt2,
                                         [SPLITTER_CL100K] = cl100k,
                                         [SPLITTER_O200K] = o200k,
                                         [SPLITTER_LLAMA3] = cl100k,
                                         [SPLITTER_QWEN2] = qwen2};
  return patterns[name];
}

bool known_regex(const char *translated, size_t bytes, split_behavior behavior, bool invert, known_step *step,
                 char *why, size_t room) {
  text_buffer other = {0};
  bool done = true;
  *step = KNOWN_NONE;
  for (size_t i = 0; i < sizeof known / sizeof *known && done && *step == KNOWN_NONE; i++) {
    bool isolates = behavior == SPLIT_ISOLATED || (behavior == SPLIT_REMOVED && invert && known[i].whole);
    other.used = 0;
    done = pattern_translate(known[i].pattern, strlen(known[i].pattern), SPLIT_RUST, &other, why, room);
    if (done && isolates && other.used == bytes && memcmp(other.data, translated, bytes) == 0)
      *step = known[i].step;
  }
  text_buffer_free(&other);
  return done;
}

const known_way *known_steps(const known_step *steps, unsigned count) {
  static const known_way ways[] = {[KNOWN_GPT2] = {"gpt2", scan_gpt2},
                                   [KNOWN_CL100K] = {"cl100k", scan_cl100k},
                                   [KNOWN_O200K] = {"o200k", scan_o200k},
                                   [KNOWN_QWEN2] = {"qwen2", scan_qwen2}};
  static const known_way deepseek3 = {"deepseek3", scan_deepseek3};
  if (count == 1 && steps[0] >= KNOWN_GPT2 && steps[0] <= KNOWN_QWEN2) return &ways[steps[0]];
  bool deepseek = count == 3 && steps[0] == KNOWN_DEEPSEEK3_NUMBERS && steps[1] == KNOWN_DEEPSEEK3_CJK &&
                  steps[2] == KNOWN_DEEPSEEK3_REST;
  return deepseek ? &deepseek3 : NULL;
}
