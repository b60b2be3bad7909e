/* Tokens without any header: their type is said by the caller, a companion or the name, or it is u16. */
#include "dataset/formats/format.h"
#include "dataset/token_type.h"

bool format_tokens_to_end(token_file *file, batch_token_type type) {
  uint32_t width = batch_token_type_size(type);
  uint64_t bytes = file->map_bytes - file->data_offset;
  file->type = type;
  file->tokens = bytes / width;
  return bytes % width == 0 ||
         format_fail(file->path, file->data_offset,
                     "found %" PRIu64 " bytes of tokens, expected a multiple of %" PRIu32 " (tokens are %s)",
                     bytes, width, batch_token_type_name(type));
}

static bool agree(const token_file *file, batch_token_type one, const char *who, batch_token_type other,
                  const char *whose) {
  return !one || !other || batch_token_type_size(one) == batch_token_type_size(other) ||
         format_fail(file->path, 0, "found %s as %s says, expected %s as %s says", batch_token_type_name(one),
                     who, batch_token_type_name(other), whose);
}

/* The caller's word, the companion's, the name's, else u16; where two of them speak they must agree. */
static bool find_type(const token_file *file, const batch_dataset_options *options, batch_token_type *type) {
  static const char companion[] = "its .metadata";
  batch_token_type said = options->token_type, by_name = token_type_of_name(file->path),
                   by_metadata = token_type_of_width(file->metadata.width);
  *type = said ? said : by_name ? by_name : by_metadata ? by_metadata : BATCH_TOKEN_U16;
  return agree(file, by_metadata, companion, said, "options.token_type") &&
         agree(file, by_name, "the name", said, "options.token_type") &&
         agree(file, by_metadata, companion, by_name, "the name");
}

static bool open_headerless(token_file *file, const batch_dataset_options *options) {
  batch_token_type type;
  return find_type(file, options, &type) && format_tokens_to_end(file, type);
}

static const format_output output = {
    .types = {BATCH_TOKEN_U16, BATCH_TOKEN_U32}, .metadata = METADATA_IF_UNTOLD, .suffix = ""};

const format_kind format_headerless = {.name = "headerless", .open = open_headerless, .output = &output};
