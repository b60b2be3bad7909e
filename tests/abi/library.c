#include "library.h"

struct library_handle {
  int hidden;
};

library_handle *library_open(const library_options *options, library_kind kind) {
  static library_handle only;
  only.hidden = options->last + (int)kind;
  return &only;
}
int library_read(library_plain *plain) {
  return plain->last;
}
int library_look(const library_outer *outer) {
  return outer->last;
}
const library_told *library_tell(void) {
  static const library_told told = {1, 2};
  return &told;
}
int library_close(library_handle *handle, int how) {
  return handle->hidden + how;
}
