/* The public header of a small library, of which check_abi.sh makes versions that differ. */
#ifndef LIBRARY_H
#define LIBRARY_H
#include <stddef.h>

typedef enum library_kind { LIBRARY_ONE, LIBRARY_TWO } library_kind;

typedef struct library_options {
  size_t size; /* of the struct, as its user knows it */
  long first;
  int last;
} library_options;

typedef struct library_plain {
  int first, last;
} library_plain;

/* What the library makes. Later versions
   may add fields at the end. */
typedef struct library_told {
  int first, told;
} library_told;

typedef struct library_outer {
  library_plain inner;
  int last;
} library_outer;

typedef struct library_handle library_handle;

library_handle *library_open(const library_options *options, library_kind kind);
int library_read(library_plain *plain);
int library_look(const library_outer *outer);
const library_told *library_tell(void);
int library_close(library_handle *handle, int how);

#endif
