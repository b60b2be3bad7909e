/* Reads JSON whose every member must be known: the slices of an object's values are put where a table of fields says,
   what is not in the table is refused with its name and value.

   Usage:
       json_field fields[] = {{.name = "type", .needed = true}, {.name = "invert"}};
       if (!json_read_fields(r, "pre_tokenizer", object, fields, 2)) ...
       if (!json_read_flag(r, "pre_tokenizer", &fields[1], &invert)) ... */
#ifndef HEADRACE_TEXT_READERS_JSON_READER_H
#define HEADRACE_TEXT_READERS_JSON_READER_H

#include "text/json.h"
#include "text/tokenizer_file.h"

enum {
  JSON_ARRAYS = 16
}; /* within one another, each of which is passed over once more for every one around it */
enum { JSON_WHERE = 160 }; /* room for what names a place: "pre_tokenizer.pretokenizers[1]" */

typedef struct json_reader {
  const tokenizer_file *file;
  text_buffer text; /* of json_read_text and json_unescape_text */
  unsigned arrays;  /* that are being visited, one within the other */
} json_reader;

typedef struct json_field {
  const char *name;
  bool needed;
  json_slice value; /* as it stands in the file; text is NULL where there is none */
} json_field;

/* All of these answer false with BATCH_ERROR_FORMAT (or BATCH_ERROR_OUT_OF_MEMORY): path, offset, found, expected.
   where: what the object is. */

/* The fields of the object that is the whole file, which begins with a brace. All that is read after that is valid. */
bool json_read_document(json_reader *r, const char *where, json_field *fields, size_t count);

bool json_read_fields(json_reader *r, const char *where, json_slice object, json_field *fields, size_t count);

/* The member "type" of an object, without its quotes; its text is NULL where there is none. */
bool json_read_type(json_reader *r, const char *where, json_slice object, json_slice *type);
bool json_is(json_slice slice, const char *word);

/* The value, as the function says, is found, and something else was expected. */
bool json_refuse(const json_reader *r, const char *where, const json_field *field, const char *expected);

/* The same, of a place in the file that is no member. */
__attribute__((format(printf, 3, 4))) bool json_refuse_at(const json_reader *r, const char *place,
                                                          const char *text, ...);

/* A field that may be missing, or else must be one of these, as they stand in JSON: "null", "false". NULL: no second. */
bool json_must_be(const json_reader *r, const char *where, const json_field *field, const char *one,
                  const char *other);

/* true or false; what is missing leaves *flag. */
bool json_read_flag(const json_reader *r, const char *where, const json_field *field, bool *flag);

/* 0 to 2^31 - 1. */
bool json_read_id(const json_slice *value, int32_t *id);

/* What a string means, in r->text; a lone surrogate and what is no UTF-8 is refused. */
bool json_read_text(json_reader *r, const char *where, const json_field *field);
bool json_unescape_text(json_reader *r, const json_slice *string);

/* Calls `element` with each of an array of objects or of anything, and with what it is: "where.name[3]". */
typedef bool (*json_read_element)(void *context, json_reader *r, const char *where, json_slice value);
bool json_read_array(json_reader *r, const char *where, const json_field *field, json_read_element element,
                     void *context);

#endif
