/* The pre_tokenizer of a tokenizer.json: how text is split. */
#include <string.h>

#include "base/error.h"
#include "text/readers/tokenizer_json.h"

typedef struct split_reader {
  splitter *split;
  bool byte_level; /* the step that ends them all was read */
  char why[200];
} split_reader;

static bool refuse_split(const json_reader *r, const char *where, json_slice place, const split_reader *s) {
  if (strncmp(s->why, "no memory", 9) == 0)
    return error_fail(BATCH_ERROR_OUT_OF_MEMORY, "%.700s: %s", r->file->path, s->why);
  return json_refuse_at(r, place.text, "found %s in %s, expected a split that this version implements",
                        s->why, where);
}

static bool read_byte_level(json_reader *r, const char *where, json_slice object, split_reader *s) {
  json_field fields[] = {{.name = "type"},
                         {.name = "add_prefix_space", .needed = true},
                         {.name = "trim_offsets"},
                         {.name = "use_regex"}};
  bool use_regex = true, any;
  if (!json_read_fields(r, where, object, fields, 4) || !json_must_be(r, where, &fields[1], "false", NULL) ||
      !json_read_flag(r, where, &fields[2], &any) || !json_read_flag(r, where, &fields[3], &use_regex))
    return false;
  s->byte_level = true;
  return !use_regex || splitter_add_named(s->split, SPLITTER_GPT2, s->why, sizeof s->why) ||
         refuse_split(r, where, object, s);
}

static bool read_behavior(json_reader *r, const char *where, const json_field *field,
                          split_behavior *behavior) {
  static const char *const names[] = {
      [SPLIT_ISOLATED] = "\"Isolated\"",
      [SPLIT_REMOVED] = "\"Removed\"",
      [SPLIT_MERGED_WITH_PREVIOUS] = "\"MergedWithPrevious\"",
      [SPLIT_MERGED_WITH_NEXT] = "\"MergedWithNext\"",
      [SPLIT_CONTIGUOUS] = "\"Contiguous\"",
  };
  for (size_t i = 0; i < sizeof names / sizeof *names; i++)
    if (json_is(field->value, names[i])) {
      *behavior = (split_behavior)i;
      return true;
    }
  return json_refuse(r, where, field, "Isolated, Removed, MergedWithPrevious, MergedWithNext or Contiguous");
}

/* The pattern's text goes to r->text. */
static bool read_pattern(json_reader *r, const char *where, const json_field *field, bool *regex) {
  json_field fields[] = {{.name = "String"}, {.name = "Regex"}};
  if (!json_read_fields(r, where, field->value, fields, 2)) return false;
  *regex = fields[1].value.text;
  if (*regex == (fields[0].value.text != NULL))
    return json_refuse(r, where, field, "either a \"Regex\" or a \"String\"");
  return json_read_text(r, where, &fields[*regex]);
}

static bool read_split(json_reader *r, const char *where, json_slice object, split_reader *s) {
  json_field fields[] = {{.name = "type"},
                         {.name = "pattern", .needed = true},
                         {.name = "behavior", .needed = true},
                         {.name = "invert", .needed = true}};
  split_behavior behavior = SPLIT_ISOLATED;
  bool invert, regex;
  if (!json_read_fields(r, where, object, fields, 4) || !read_behavior(r, where, &fields[2], &behavior) ||
      !json_read_flag(r, where, &fields[3], &invert) || !read_pattern(r, where, &fields[1], &regex))
    return false;
  const char *text = r->text.data ? r->text.data : "";
  bool good =
      regex ? splitter_add_regex(s->split, text, r->text.used, SPLIT_ONIGURUMA, behavior, invert, s->why,
                                 sizeof s->why)
            : splitter_add_string(s->split, text, r->text.used, behavior, invert, s->why, sizeof s->why);
  return good || refuse_split(r, where, fields[1].value, s);
}

static bool read_digits(json_reader *r, const char *where, json_slice object, split_reader *s) {
  json_field fields[] = {{.name = "type"}, {.name = "individual_digits", .needed = true}};
  bool individual;
  return json_read_fields(r, where, object, fields, 2) && json_read_flag(r, where, &fields[1], &individual) &&
         (splitter_add_digits(s->split, individual, s->why, sizeof s->why) ||
          refuse_split(r, where, object, s));
}

static bool read_step(void *context, json_reader *r, const char *where, json_slice value);

static bool read_sequence(json_reader *r, const char *where, json_slice object, split_reader *s) {
  json_field fields[] = {{.name = "type"}, {.name = "pretokenizers", .needed = true}};
  return json_read_fields(r, where, object, fields, 2) && json_read_array(r, where, &fields[1], read_step, s);
}

/* What comes behind ByteLevel would see its alphabet instead of the text. */
static bool read_step(void *context, json_reader *r, const char *where, json_slice value) {
  split_reader *s = context;
  json_slice type;
  if (!json_read_type(r, where, value, &type)) return false;
  if (s->byte_level)
    return json_refuse_at(r, value.text, "found %s behind ByteLevel, expected nothing behind it", where);
  if (json_is(type, "ByteLevel")) return read_byte_level(r, where, value, s);
  if (json_is(type, "Split")) return read_split(r, where, value, s);
  if (json_is(type, "Digits")) return read_digits(r, where, value, s);
  if (json_is(type, "Sequence")) return read_sequence(r, where, value, s);
  return json_refuse_at(r, value.text,
                        "found \"type\": \"%.*s\" in %s, expected ByteLevel, Split, Digits or a "
                        "Sequence of them%s",
                        (int)(type.bytes < 60 ? type.bytes : 60), type.text ? type.text : "", where,
                        json_is(type, "Metaspace") ? " " JSON_USE_MODEL : "");
}

bool json_read_pre_tokenizer(json_reader *r, json_slice value, splitter *split) {
  split_reader s = {.split = split};
  if (!splitter_supported(r->file->path)) return false;
  if (!json_is(value, "null") && !read_step(&s, r, "pre_tokenizer", value)) return false;
  if (!s.byte_level)
    return json_refuse_at(r, value.text,
                          "found no ByteLevel in pre_tokenizer, expected it, since only byte-level "
                          "vocabularies are implemented " JSON_USE_MODEL);
  return splitter_finish(split, s.why, sizeof s.why) || refuse_split(r, "pre_tokenizer", value, &s);
}
