/* The small parts of a tokenizer.json: normalizer, post-processor, decoder. */
#include <stdlib.h>

#include "base/error.h"
#include "text/normal_form.h"
#include "text/readers/tokenizer_json.h"

static bool is_none(json_slice value) {
  return !value.text || json_is(value, "null");
}

static bool refuse_type(const json_reader *r, const char *where, json_slice object, json_slice type,
                        const char *expected) {
  if (!type.text)
    return json_refuse_at(r, object.text, "found no \"type\" in %s, expected %s", where, expected);
  return json_refuse_at(r, type.text, "found \"type\": \"%.*s\" in %s, expected %s",
                        (int)(type.bytes < 60 ? type.bytes : 60), type.text, where, expected);
}

/* A sequence of parts of one kind under this name. */
static bool visit_sequence(json_reader *r, const char *where, json_slice object, const char *name,
                           json_read_element element, void *context) {
  json_field fields[] = {{.name = "type"}, {.name = name, .needed = true}};
  return json_read_fields(r, where, object, fields, 2) &&
         json_read_array(r, where, &fields[1], element, context);
}

static bool only_type(json_reader *r, const char *where, json_slice object) {
  json_field field = {.name = "type"};
  return json_read_fields(r, where, object, &field, 1);
}

/* NFKC swallows NFC before and behind it. */
static bool visit_normalizer(void *context, json_reader *r, const char *where, json_slice value) {
  batch_normal_form *form = context;
  json_slice type;
  if (!json_read_type(r, where, value, &type)) return false;
  if (json_is(type, "Sequence"))
    return visit_sequence(r, where, value, "normalizers", visit_normalizer, context);
  bool nfc = json_is(type, "NFC");
  if (!nfc && !json_is(type, "NFKC"))
    return refuse_type(r, where, value, type, "NFC, NFKC or a Sequence of them");
  if (nfc && *form == BATCH_NORMAL_NONE) *form = BATCH_NORMAL_NFC;
  if (!nfc) *form = BATCH_NORMAL_NFKC;
  return only_type(r, where, value);
}

bool json_read_normalizer(json_reader *r, json_slice value, own_form_rules **form) {
  batch_normal_form kind = BATCH_NORMAL_NONE;
  *form = NULL;
  if (is_none(value)) return true;
  if (!visit_normalizer(&kind, r, "normalizer", value)) return false;
  if (!kind) return true;
  if (!normal_form_supported(r->file->path)) return false;
  *form = malloc(sizeof **form);
  if (!*form) return json_no_memory(r);
  own_form_rules_make(*form, kind);
  return true;
}

/* Its flags are about offsets and about what a pre-tokenizer does. */
static bool check_byte_level(json_reader *r, const char *where, json_slice object) {
  json_field fields[] = {
      {.name = "type"}, {.name = "add_prefix_space"}, {.name = "trim_offsets"}, {.name = "use_regex"}};
  bool any;
  return json_read_fields(r, where, object, fields, 4) && json_read_flag(r, where, &fields[1], &any) &&
         json_read_flag(r, where, &fields[2], &any) && json_read_flag(r, where, &fields[3], &any);
}

/* A template adds special tokens around a text, which are the loader's business. */
static bool check_template(json_reader *r, const char *where, json_slice object) {
  json_field fields[] = {{.name = "type"}, {.name = "single"}, {.name = "pair"}, {.name = "special_tokens"}};
  return json_read_fields(r, where, object, fields, 4);
}

static bool visit_post_processor(void *context, json_reader *r, const char *where, json_slice value) {
  json_slice type;
  if (!json_read_type(r, where, value, &type)) return false;
  if (json_is(type, "ByteLevel")) return check_byte_level(r, where, value);
  if (json_is(type, "TemplateProcessing")) return check_template(r, where, value);
  if (json_is(type, "Sequence"))
    return visit_sequence(r, where, value, "processors", visit_post_processor, context);
  return refuse_type(r, where, value, type, "ByteLevel, TemplateProcessing or a Sequence of them");
}

bool json_check_post_processor(json_reader *r, json_slice value) {
  return is_none(value) || visit_post_processor(NULL, r, "post_processor", value);
}

static bool visit_decoder(void *context, json_reader *r, const char *where, json_slice value) {
  json_slice type;
  if (!json_read_type(r, where, value, &type)) return false;
  if (json_is(type, "ByteLevel")) return check_byte_level(r, where, value);
  if (json_is(type, "Sequence")) return visit_sequence(r, where, value, "decoders", visit_decoder, context);
  return refuse_type(r, where, value, type, "ByteLevel or a Sequence of it " JSON_USE_MODEL);
}

bool json_check_decoder(json_reader *r, json_slice value) {
  return is_none(value) || visit_decoder(NULL, r, "decoder", value);
}
