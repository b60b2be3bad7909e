/* Structs that begin with their size, see base.h: from a caller, whose header may be older or newer than the
   library, into the library's own copy, and back.

   Usage:
       static const options_type type = OPTIONS_TYPE(batch_pool_options, BATCH_POOL_OPTIONS_INIT, allocator);
       batch_pool_options mine;
       if (!options_read(&type, "batch_pool_create_with", "options", given, &mine)) return NULL;

   A struct has no padding at its end, so that a field that is added lies behind all that older callers have. */
#ifndef HEADRACE_BASE_OPTIONS_H
#define HEADRACE_BASE_OPTIONS_H

#include <headrace/base.h>

typedef struct options_type {
  const char *init; /* the macro that callers begin with */
  size_t first;     /* bytes that the struct had in the first release */
  size_t bytes;     /* that it has here */
  size_t known;     /* of them, before those that are reserved for later versions */
} options_type;

/* last: the field that was the last one in the first release. */
#define OPTIONS_TYPE(type, init, last)                                                                       \
  { #init, offsetof(type, last) + sizeof(((const type *)NULL)->last), sizeof(type), sizeof(type) }

/* The same of a struct that ends, in this release, with bytes that are `reserved`. */
#define OPTIONS_TYPE_GROWN(type, init, last)                                                                 \
  { #init, offsetof(type, last) + sizeof(((const type *)NULL)->last), sizeof(type), offsetof(type, reserved) }

/* Of a struct that has ended with bytes that are `reserved` from the first release on. */
#define OPTIONS_TYPE_RESERVED(type, init)                                                                    \
  { #init, sizeof(type), sizeof(type), offsetof(type, reserved) }

/* Copies the struct that a caller gave as `argument` of `function` to mine: 0 is what the caller's header does
   not have. False with BATCH_ERROR_INVALID_ARGUMENT: NULL, or no size that the struct can have;
   BATCH_ERROR_UNSUPPORTED: something is set that this library does not know. */
bool options_read(const options_type *type, const char *function, const char *argument, const void *given,
                  void *mine);

/* Copies mine to the struct that a caller gave to be filled, all but the size, which is the caller's: no byte
   beyond that is written, and what this library does not have is 0. False with BATCH_ERROR_INVALID_ARGUMENT. */
bool options_write(const options_type *type, const char *function, const char *argument, const void *mine,
                   void *given);

#endif
