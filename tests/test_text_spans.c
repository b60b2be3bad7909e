/* Documents of .jsonl of which not everything is to be learnt: spans, prompts, chat messages. */
#include "support/dataset_check.h"
#include "support/gathered.h"
#include "support/packages.h"

#include "support/random.h"
#include "text/encode.h"
#include "text/jsonl.h"
#include "text/span_options.h"

#include <stdlib.h>

TestSuite(text_spans, .init = files_begin, .fini = files_end);

/* Bytes behind a mark, so that one sees what the tokenizer was given as a text of its own. */
enum { MARK = 256, END_OF_TEXT = 257 };

static size_t encode_behind_mark(void *context, const char *text, size_t count, int32_t *ids,
                                 size_t capacity) {
  (void)context;
  for (size_t i = 0; i <= count && i < capacity; i++) ids[i] = i == 0 ? MARK : (uint8_t)text[i - 1];
  return count + 1;
}

/* Ids for people: a bar begins a span, a dollar sign is the end of text, braces are around what is not to be learnt, a
   document ends with a line feed. */
static char *shown(const bytes *given) {
  bytes out = {0};
  bool masked = false;
  for (size_t at = 0; at < given->used;) {
    int32_t id;
    memcpy(&id, given->data + at, sizeof id);
    at += sizeof id;
    bool end = id == -1, now = !end && (id & MASKED);
    if (now != masked) put_u8(&out, now ? '{' : '}');
    masked = now;
    if (end) at += sizeof(text_place);
    id &= ~MASKED;
    put_u8(&out, (uint8_t)(end ? '\n' : id == MARK ? '|' : id == END_OF_TEXT ? '$' : id));
  }
  put_u8(&out, '\0');
  return (char *)out.data;
}

/* What becomes of lines; both ways to call it are good for one call. */
static char *text_of(const char *lines, const batch_dataset_options *options, gathered *g) {
  const text_file file = {write_text("a.jsonl", lines), -1, true, false};
  batch_dataset_options mine = *options;
  BatchTokenizer *tokenizer = mine.tokenizer ? NULL : custom(encode_behind_mark, NULL);
  if (tokenizer) mine.tokenizer = tokenizer;
  *g = (gathered){0};
  encode(&file, &mine, g);
  batch_tokenizer_free(tokenizer);
  char *text = shown(&g->given);
  free_bytes(&g->given);
  return text;
}

static void assert_gives(const char *lines, const batch_dataset_options *options, const char *expected) {
  gathered g;
  char *text = text_of(lines, options, &g);
  cr_assert(g.good, "%s", g.message);
  cr_assert_str_eq(text, expected);
  free(text);
}

/* A good line before and behind. An @ stands before what is wrong; the sentence is what stands behind that place. */
static void assert_bad(const char *line, const batch_dataset_options *options, const char *sentence) {
  static const char *const goods[] = {"{\"text\":\"\"}\n", "{\"prompt\":\"\",\"completion\":\"\"}\n",
                                      "{\"messages\":[]}\n"};
  batch_dataset_options mine = *options;
  const char *good = goods[mine.spans ? mine.spans->kind : BATCH_SPANS_TEXT], *wrong = strchr(line, '@');
  char lines[1000], expected[400];
  cr_assert_not_null(wrong);
  snprintf(lines, sizeof lines, "%s%.*s%s\n%s", good, (int)(wrong - line), line, wrong + 1, good);
  snprintf(expected, sizeof expected, ": at byte %zu: line 2: %s", strlen(good) + (size_t)(wrong - line),
           sentence);
  gathered g;
  char *text = text_of(lines, &mine, &g);
  cr_assert(!g.good, "%s was taken", line);
  cr_assert_str_eq(text, "\n", "only what stands before the line is given");
  const char *found = strstr(g.message, ": at byte ");
  cr_assert(found && strcmp(found, expected) == 0, "%s: %s\n%s", line, g.message, expected);
  free(text);
  mine.on_bad_line = BATCH_BAD_LINE_SKIP;
  text = text_of(lines, &mine, &g);
  cr_assert(g.good && g.bad_lines == 1, "%s", g.message);
  cr_assert_str_eq(text, "\n\n");
  free(text);
}

Test(text_spans, an_array_of_spans_needs_no_option) {
  const batch_dataset_options options = BATCH_DATASET_OPTIONS_INIT;
  assert_gives(
      "{\"text\":[{\"text\":\"ask\",\"train\":false},{\"text\":\"answer\"}]}\n{\"text\":\"whole\"}\n",
      &options, "{|ask}|answer\n|whole\n");
  assert_gives("{\"text\":[{\"train\":true,\"text\":\"a\"},{\"text\":\"b\",\"train\":0},{\"text\":\"c\","
               "\"train\":null},{\"x\":[],\"text\":\"d\",\"train\":1}]}\n",
               &options, "|a{|b}|c|d\n");
  assert_gives("{\"text\":[]}\n{\"text\":[{\"text\":\"\",\"train\":false},{\"text\":\"a\"}]}", &options,
               "\n|a\n");
  assert_gives("{\"text\":[{\"text\":\"first\",\"text\":\"last\",\"train\":true,\"train\":false}]}", &options,
               "{|last}\n");
  assert_gives("{\"text\":[{\"te\\u0078t\":\"\\u00fc\\n\",\"tr\\u0061in\":false}]}", &options,
               "{|\xc3\xbc\n}\n");
}

Test(text_spans, the_separator_is_learnt) {
  batch_dataset_options options = BATCH_DATASET_OPTIONS_INIT;
  options.end_of_text = END_OF_TEXT;
  options.separator = BATCH_SEPARATOR_AFTER;
  const char *lines = "{\"text\":[{\"text\":\"a\",\"train\":false}]}\n{\"text\":[]}\n";
  assert_gives(lines, &options, "{|a}$\n$\n");
  options.separator = BATCH_SEPARATOR_BEFORE;
  assert_gives(lines, &options, "${|a}\n$\n");
}

Test(text_spans, the_member_that_says_what_is_learnt_may_be_named) {
  batch_span_options spans = BATCH_SPAN_OPTIONS_INIT;
  batch_dataset_options options = BATCH_DATASET_OPTIONS_INIT;
  options.spans = &spans;
  options.text_field = "input.segments";
  spans.train_field = "meta.label";
  assert_gives("{\"input\":{\"segments\":[{\"text\":\"a\",\"meta\":{\"label\":false}},{\"text\":\"b\","
               "\"train\":false}]}}",
               &options, "{|a}|b\n");
}

Test(text_spans, arrays_that_are_no_spans_are_bad_lines) {
  const batch_dataset_options options = BATCH_DATASET_OPTIONS_INIT;
  assert_bad("{\"text\":@7}", &options, "found a number as \"text\", expected a string or an array of spans");
  assert_bad("{\"text\":[@\"a\"]}", &options, "found a string as span 1, expected an object");
  assert_bad("{\"text\":[{\"text\":\"a\"},@[]]}", &options, "found an array as span 2, expected an object");
  assert_bad("{\"text\":[{\"text\":\"a\"},@{\"train\":true}]}", &options,
             "found nothing as \"text\" of span 2, expected a string");
  assert_bad("{\"text\":[{\"text\":@[]}]}", &options,
             "found an array as \"text\" of span 1, expected a string");
  assert_bad("{\"text\":[{\"text\":\"a\",\"train\":@\"no\"}]}", &options,
             "found a string as \"train\" of span 1, expected true, false, 1 or 0");
  assert_bad("{\"text\":[{\"text\":\"a\",\"train\":@0.5}]}", &options,
             "found a number as \"train\" of span 1, expected true, false, 1 or 0");
  assert_bad("{\"text\":[{\"text\":\"a\"}@", &options,
             "found no JSON (the end of the line), expected a comma or ]");
}

Test(text_spans, prompts_are_not_learnt_and_completions_are) {
  batch_span_options spans = BATCH_SPAN_OPTIONS_INIT;
  batch_dataset_options options = BATCH_DATASET_OPTIONS_INIT;
  options.spans = &spans;
  spans.kind = BATCH_SPANS_PROMPT;
  assert_gives("{\"prompt\":\"ask\",\"completion\":\"answer\"}\n{\"completion\":\"b\",\"prompt\":\"\"}\n",
               &options, "{|ask}|answer\n|b\n");
  assert_bad("@{\"prompt\":\"a\"}", &options, "found nothing as \"completion\", expected a string");
  assert_bad("{\"completion\":\"a\",\"prompt\":@[]}", &options,
             "found an array as \"prompt\", expected a string");
  spans.prompt_field = "in.q";
  spans.completion_field = "in.a";
  assert_gives("{\"in\":{\"a\":\"answer\",\"q\":\"ask\"},\"q\":1}\n{\"in.q\":\"x\",\"in\":{\"a\":\"z\",\"q\":"
               "\"y\"}}\n",
               &options, "{|ask}|answer\n{|x}|z\n");
}

static batch_dataset_options message_options(batch_span_options *spans) {
  batch_dataset_options options = BATCH_DATASET_OPTIONS_INIT;
  *spans = (batch_span_options)BATCH_SPAN_OPTIONS_INIT;
  spans->kind = BATCH_SPANS_MESSAGES;
  options.spans = spans;
  return options;
}

#define CHAT                                                                                                 \
  "{\"messages\":[{\"role\":\"user\",\"content\":\"ask\"},{\"content\":\"answer\",\"role\":\"assistant\"}]}" \
  "\n"

Test(text_spans, messages_of_the_assistant_are_learnt_with_what_is_put_behind_them) {
  batch_span_options spans;
  const batch_dataset_options options = message_options(&spans);
  assert_gives(CHAT, &options, "{|ask\n}|answer\n\n");
  spans.before = "<{role}>";
  spans.after = "</{role} {role}>";
  assert_gives(CHAT, &options, "{|<user>|ask</user user>|<assistant>}|answer</assistant assistant>\n");
  spans.before = "{role";
  spans.after = "";
  assert_gives(CHAT, &options, "{|{role|ask|{role}|answer\n");
}

Test(text_spans, roles_that_are_learnt_may_be_named_and_a_message_may_say_it_itself) {
  batch_span_options spans;
  batch_dataset_options options = message_options(&spans);
  static const char lines[] =
      "{\"a\":{\"b\":[{\"from\":\"gpt\",\"v\":{\"x\":\"1\"}},{\"from\":\"human\",\"v\":{\"x\":\"2\"}},{"
      "\"from\":\"gpt\",\"v\":{\"x\":\"3\"},\"weight\":0},{\"from\":\"human\",\"v\":{\"x\":\"4\"},\"weight\":"
      "1},{\"from\":\"\",\"v\":{\"x\":\"5\"}},{\"from\":\"\\u0067pt\",\"v\":{\"x\":\"6\"},\"weight\":null}]}}"
      "\n";
  options.text_field = "a.b";
  spans.role_field = "from";
  spans.content_field = "v.x";
  spans.after = "";
  spans.train_roles = "tool,gpt";
  assert_gives(lines, &options, "|1{|2|3}|4{|5}|6\n");
  spans.train_roles = "";
  assert_gives(lines, &options, "{|1|2|3}|4{|5|6}\n");
  spans.train_roles = ",human,,gp";
  assert_gives(lines, &options, "{|1}|2{|3}|4{|5|6}\n");
  spans.train_field = "nothing";
  assert_gives(lines, &options, "{|1}|2{|3}|4{|5|6}\n");
}

Test(text_spans, blanks_around_a_role_are_refused) {
  static const char *const lists[] = {"user, assistant", "user ,assistant", " user", "user\n", "a,\tb"};
  batch_span_options spans;
  batch_dataset_options options = message_options(&spans);
  for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
    spans.train_roles = lists[i];
    cr_assert_null(batch_dataset_open((const char *[]){"nowhere"}, 1, &options));
    cr_assert_eq(batch_last_error()->code, BATCH_ERROR_INVALID_ARGUMENT);
    cr_assert(strstr(batch_last_error()->message, "expected no blanks around a role"), "%s",
              batch_last_error()->message);
  }
  spans.train_roles = "the user,a b";
  cr_assert_null(batch_dataset_open((const char *[]){"nowhere"}, 1, &options));
  cr_assert_eq(batch_last_error()->code, BATCH_ERROR_IO, "a blank inside is part of a name");
}

Test(text_spans, content_may_be_in_parts_of_text) {
  batch_span_options spans;
  const batch_dataset_options options = message_options(&spans);
  assert_gives("{\"messages\":[{\"role\":\"assistant\",\"content\":[{\"type\":\"text\",\"text\":\"a\"},{"
               "\"text\":\"b\",\"type\":\"text\"}]},{\"role\":\"user\",\"content\":[]}]}\n",
               &options, "|ab\n{|\n}\n");
  assert_bad("{\"messages\":[{\"role\":\"a\",\"content\":[{\"type\":\"text\",\"text\":\"a\"},{\"type\":@"
             "\"image_url\"}]}]}",
             &options, "found \"image_url\" as \"type\" of part 2 of message 1, expected \"text\"");
  assert_bad("{\"messages\":[{\"role\":\"a\",\"content\":[@{\"text\":\"a\"}]}]}", &options,
             "found nothing as \"type\" of part 1 of message 1, expected \"text\"");
  assert_bad("{\"messages\":[{\"role\":\"a\",\"content\":[@{\"type\":\"text\"}]}]}", &options,
             "found nothing as \"text\" of part 1 of message 1, expected a string");
  assert_bad("{\"messages\":[{\"role\":\"a\",\"content\":[@\"a\"]}]}", &options,
             "found a string as part 1 of message 1, expected an object");
}

Test(text_spans, messages_that_are_none_are_bad_lines) {
  batch_span_options spans;
  const batch_dataset_options options = message_options(&spans);
  assert_bad("{\"messages\":@\"a\"}", &options,
             "found a string as \"messages\", expected an array of messages");
  assert_bad("@{\"text\":\"a\"}", &options,
             "found nothing as \"messages\", expected an array of messages; another member is named by "
             "options.text_field, --field");
  assert_bad("{\"messages\":[@1]}", &options, "found a number as message 1, expected an object");
  assert_bad("{\"messages\":[@{\"content\":\"a\"}]}", &options,
             "found nothing as \"role\" of message 1, expected a string");
  assert_bad("{\"messages\":[{\"role\":@null,\"content\":\"a\"}]}", &options,
             "found null as \"role\" of message 1, expected a string");
  assert_bad(
      "{\"messages\":[@{\"role\":\"user\"}]}", &options,
      "found nothing as \"content\" of message 1, expected a string or an array of parts of type \"text\"");
  assert_bad(
      "{\"messages\":[{\"role\":\"user\",\"content\":@null}]}", &options,
      "found null as \"content\" of message 1, expected a string or an array of parts of type \"text\"");
  assert_bad("{\"messages\":[{\"role\":\"user\",\"content\":\"a\"},{\"role\":\"assistant\",\"content\":\"b\","
             "\"weight\":@2}]}",
             &options, "found a number as \"weight\" of message 2, expected true, false, 1 or 0");
}

static void assert_options_refused(const batch_dataset_options *options, const char *sentence) {
  encode_options mine;
  check_forget_error();
  cr_assert(!encode_read_options("test", options, &mine));
  assert_error(BATCH_ERROR_INVALID_ARGUMENT, "test", sentence);
}

Test(text_spans, options_that_do_not_go_together_are_refused) {
  batch_span_options spans = BATCH_SPAN_OPTIONS_INIT;
  batch_dataset_options options = BATCH_DATASET_OPTIONS_INIT;
  options.spans = &spans;
  spans.kind = (batch_spans)3;
  assert_options_refused(&options, "options.spans->kind is 3, expected 0 to 2");
  spans.kind = BATCH_SPANS_TEXT;
  spans.before = "x";
  assert_options_refused(
      &options, "options.spans->before is \"x\", expected NULL: kind BATCH_SPANS_TEXT has no use for it");
  spans.before = NULL;
  spans.kind = BATCH_SPANS_MESSAGES;
  spans.prompt_field = "p";
  assert_options_refused(&options, "options.spans->prompt_field is \"p\", expected NULL");
  spans.kind = BATCH_SPANS_PROMPT;
  options.text_field = "t";
  assert_options_refused(&options, "options.text_field is \"t\", expected NULL");
  spans.size = 3;
  assert_options_refused(&options, "options.spans.size is 3");
}

Test(text_spans, each_span_has_its_own_normal_form_and_white_space) {
  need_package(PACKAGE_UTF8PROC);
  batch_text_options how = BATCH_TEXT_OPTIONS_INIT;
  batch_dataset_options options = BATCH_DATASET_OPTIONS_INIT;
  options.text = &how;
  how.normal_form = BATCH_NORMAL_NFC;
  how.squeeze_space = true;
  assert_gives("{\"text\":[{\"text\":\"a  \",\"train\":false},{\"text\":\"  "
               "e\"},{\"text\":\"\\u0301\"},{\"text\":\"e\\u0301\"}]}\n",
               &options, "{|a }| e|\xcc\x81|\xc3\xa9\n");
}

Test(text_spans, malformed_text_is_kept_replaced_or_refused_span_by_span) {
  static const char lines[] = "{\"text\":[{\"text\":\"a\\ud83d\",\"train\":false},{\"text\":\"\\udca7z\"},{"
                              "\"text\":\"\xe2\x82\"},{\"text\":\"\xac\"}]}\n";
  batch_text_options how = BATCH_TEXT_OPTIONS_INIT;
  batch_dataset_options options = BATCH_DATASET_OPTIONS_INIT;
  options.text = &how;
  assert_gives(lines, &options, "{|a\xed\xa0\xbd}|\xed\xb2\xa7z|\xe2\x82|\xac\n");
  how.malformed = BATCH_MALFORMED_REPLACE;
  assert_gives(lines, &options, "{|a\xef\xbf\xbd}|\xef\xbf\xbdz|\xef\xbf\xbd|\xef\xbf\xbd\n");
  how.malformed = BATCH_MALFORMED_ERROR;
  assert_bad("{\"text\":[{\"text\":\"a\"},{\"text\":\"b@\\udca7\"}]}", &options,
             "found half of a surrogate pair (\\udca7), expected both or UTF-8");
  batch_span_options spans;
  options = message_options(&spans);
  options.text = &how;
  assert_bad("{\"messages\":[{\"role\":\"@\xff\",\"content\":\"b\"}]}", &options,
             "found byte 0xFF, expected UTF-8");
}

Test(text_spans, what_stands_around_messages_counts_for_the_longest_document) {
  batch_span_options spans;
  batch_dataset_options options = message_options(&spans);
  options.longest_document = 100;
  spans.before = "0123456789012345678901234567890123456789";
  assert_gives(
      "{\"messages\":[{\"role\":\"a\",\"content\":\"\"},{\"role\":\"a\",\"content\":\"\"}]}\n", &options,
      "{|0123456789012345678901234567890123456789|\n|0123456789012345678901234567890123456789|\n}\n");
  assert_bad("{\"messages\":[{\"role\":\"a\",\"content\":\"0123456789012345678\"},@{\"role\":\"a\","
             "\"content\":\"\"}]}",
             &options,
             "found more than 100 bytes up to message 2, with what stands around them, expected at most that "
             "many (the longest document: options.longest_document)");
}

/* A long span is tokenized in parts; those of the next one begin a text again. */
Test(text_spans, long_spans_are_cut_where_the_tokenizer_allows_it) {
  bytes lines = {0};
  batch_dataset_options options = BATCH_DATASET_OPTIONS_INIT;
  put_text(&lines, "{\"text\":[");
  for (unsigned i = 0; i < 6; i++) {
    put_text(&lines, i ? ",{\"text\":\"" : "{\"text\":\"");
    for (unsigned k = 0; k < 1000 + i; k++) put_u8(&lines, (uint8_t)('a' + i));
    put_text(&lines, i % 2 ? "\"}" : "\",\"train\":false}");
  }
  put_text(&lines, "]}\n");
  put_u8(&lines, 0);
  text_job_step = 64;
  BatchTokenizer *tokenizer = batch_tokenizer_bytes(0);
  options.tokenizer = tokenizer;
  gathered g;
  char *text = text_of((const char *)lines.data, &options, &g), *at = text;
  cr_assert(g.good, "%s", g.message);
  for (unsigned i = 0; i < 6; i++) {
    char is[3] = {(char)('a' + i), 0, 0};
    at += *at == '{' || *at == '}';
    cr_assert_eq(strspn(at, is), 1000 + i);
    at += 1000 + i;
  }
  cr_assert_str_eq(at, "\n");
  batch_tokenizer_free(tokenizer);
  free_bytes(&lines);
  free(text);
}

/* Of every kind, some bad. */
static bytes random_chats(unsigned count) {
  bytes lines = {0};
  for (unsigned i = 0; i < count; i++) {
    bytes text = random_text(&seed, i % 13 == 0 ? 2000 : i % 5 * 40, true);
    put_text(&lines, "{\"messages\":[");
    for (size_t at = 0, k = 0; at < text.used; at += 30, k++) {
      put_text(&lines, k ? ",{\"role\":" : "{\"role\":");
      put_text(&lines, k % 3 ? "\"user\",\"content\":" : "\"assistant\",\"content\":");
      put_string(&lines, text.data + at, text.used - at < 30 ? text.used - at : 30);
      put_text(&lines, i % 17 == 9 && k == 1 ? ",\"weight\":7}" : k % 5 == 4 ? ",\"weight\":1}" : "}");
    }
    put_text(&lines, "]}\n");
    free_bytes(&text);
  }
  return lines;
}

static size_t masked_runs(const bytes *given) {
  size_t runs = 0;
  char *text = shown(given);
  for (const char *at = text; (at = strchr(at, '{')); at++) runs++;
  free(text);
  return runs;
}

static void assert_same_for_any_number(const text_file *file, batch_dataset_options options) {
  gathered alone = {0};
  options.workers = 1;
  encode(file, &options, &alone);
  cr_assert_gt(masked_runs(&alone.given), 1);
  for (options.workers = 2; options.workers <= 8; options.workers++) {
    gathered many = {0};
    encode(file, &options, &many);
    cr_assert_str_eq(many.message, alone.message, "%u workers", options.workers);
    cr_assert_eq(many.given.used, alone.given.used, "%u workers", options.workers);
    cr_assert(begins_with(&alone.given, &many.given), "%u workers", options.workers);
    free_bytes(&many.given);
  }
  free_bytes(&alone.given);
}

Test(text_spans, ids_and_what_is_learnt_are_the_same_for_any_number_of_workers) {
  batch_span_options spans;
  batch_dataset_options options = message_options(&spans);
  bytes chats = random_chats(120), lines = random_lines(150);
  const text_file chat = {write_bytes("c.jsonl", &chats), -1, true, false},
                  file = {write_bytes("s.jsonl", &lines), -1, true, false};
  text_job_step = 700;
  spans.before = "<|{role}|>";
  for (unsigned skip = 0; skip < 2; skip++) {
    options.on_bad_line = (batch_bad_line)skip;
    assert_same_for_any_number(&chat, options);
    batch_dataset_options plain = BATCH_DATASET_OPTIONS_INIT;
    plain.on_bad_line = (batch_bad_line)skip;
    assert_same_for_any_number(&file, plain);
  }
}

Test(text_spans, special_tokens_are_looked_for_span_by_span) {
  need_package(PACKAGE_PCRE2);
  batch_tokenizer_options how = BATCH_TOKENIZER_OPTIONS_INIT;
  batch_span_options spans;
  batch_dataset_options options = message_options(&spans);
  how.specials = BATCH_SPECIALS_ERROR;
  BatchTokenizer *tokenizer = batch_tokenizer_open(HEADRACE_TEST_VOCABULARY "/small.json", &how);
  cr_assert_not_null(tokenizer, "%s", batch_last_error()->message);
  options.tokenizer = tokenizer;
  spans.after = "";
  gathered g;
  char *text = text_of("{\"messages\":[{\"role\":\"user\",\"content\":\"<|endof\"},{\"role\":\"assistant\","
                       "\"content\":\"text|>\"}]}\n",
                       &options, &g);
  cr_assert(g.good, "a token lies across the border of two spans: %s", g.message);
  free(text);
  text = text_of("{\"messages\":[{\"role\":\"user\",\"content\":\"a\"},{\"role\":\"assistant\",\"content\":"
                 "\"b<|endoftext|>\"}]}\n",
                 &options, &g);
  cr_assert(!g.good && strstr(g.message, "line 1") && strstr(g.message, "<|endoftext|>"), "%s", g.message);
  free(text);
  batch_tokenizer_free(tokenizer);
}

/* A line of which some bytes are others; it ends where its block of memory does. Returns whether it was taken. */
static bool read_damaged(const char *sample, const jsonl_form *form) {
  static const char alphabet[] = "{}[]\":,\\/01.truefalsnx \xff\xed";
  size_t count = strlen(sample);
  char *text = malloc(count);
  memcpy(text, sample, count);
  for (uint32_t changes = 1 + random_below(&seed, 3); changes > 0; changes--)
    text[random_below(&seed, (uint32_t)count)] = alphabet[random_below(&seed, sizeof alphabet - 1)];
  const jsonl_line line = {text, count};
  jsonl_document document = {0};
  jsonl_wrong wrong;
  bool good = jsonl_read(&line, form, &document, &wrong);
  cr_assert(good || (wrong.at <= count && strncmp(wrong.what, "found ", 6) == 0), "%.*s: %s", (int)count,
            text, wrong.what);
  for (size_t i = 0; good && i < document.num_spans; i++)
    cr_assert(document.spans[i].end <= document.text.used &&
              document.spans[i].end > (i > 0 ? document.spans[i - 1].end : 0));
  cr_assert(!good || document.num_spans == 0 ||
            document.spans[document.num_spans - 1].end == document.text.used);
  jsonl_document_free(&document);
  free(text);
  return good;
}

Test(text_spans, damaged_lines_are_refused_or_have_spans_that_are_all_of_their_text) {
  static const char *const samples[] = {
      "{\"text\":[{\"text\":\"a\\u00fcb\",\"train\":false},{\"n\":[1],\"text\":\"c\"},{\"text\":\"\"}]}",
      "{\"prompt\":\"ask\",\"m\":{\"prompt\":1},\"completion\":\"an\\nswer\"}",
      "{\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":\"a\"}]},{\"role\":"
      "\"assistant\","
      "\"content\":\"b\",\"weight\":1}]}"};
  for (int kind = BATCH_SPANS_TEXT; kind <= BATCH_SPANS_MESSAGES; kind++) {
    batch_span_options given = {.size = sizeof given, .kind = (batch_spans)kind}, spans;
    unsigned taken = 0;
    cr_assert(span_options_read("test", &given, &spans));
    for (unsigned round = 0; round < 60000; round++) {
      const jsonl_form form = {span_options_field(&spans), &spans, (batch_malformed)(round % 3), 100};
      taken += read_damaged(samples[kind], &form);
    }
    cr_assert(taken > 1000 && taken < 59000, "%u taken", taken);
  }
}
