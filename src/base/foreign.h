/* Files of other kinds, told by their first bytes, so that they can be refused by name. */
#ifndef HEADRACE_BASE_FOREIGN_H
#define HEADRACE_BASE_FOREIGN_H

#include <stddef.h>
#include <stdint.h>

/* "an xz file" and so on; NULL for what is not known. */
const char *foreign_name(const uint8_t *head, size_t bytes);

/* Only what is told by at least four bytes: tokens hardly begin like that. */
const char *foreign_name_certain(const uint8_t *head, size_t bytes);

#endif
