/* Values of named members of a JSON object. "a.b" is member b of the object a, unless there is a member of the whole
   name. Of members of one name the last counts; names with escapes are compared by what they mean. */
#ifndef HEADRACE_TEXT_JSON_FIND_H
#define HEADRACE_TEXT_JSON_FIND_H

#include "text/json.h"

/* What stands under a name. */
typedef struct json_found {
  json_slice string; /* text is NULL where it is no string */
  const char *value; /* its first byte; NULL: nothing stands there */
} json_found;

typedef struct json_field {
  const char *name;
  json_found found;
} json_field;

enum { JSON_FIND_MOST = 4 }; /* fields at once */

/* Finds fields [count] in the object at hand, and passes over it. False: it is not valid, which *t says, or
   *out_of_memory. */
bool json_find(json_text *t, json_field *fields, size_t count, bool *out_of_memory);

#endif
