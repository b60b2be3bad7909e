#include "base/memory.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

size_t memory_page_bytes(bool huge) {
  return huge ? (size_t)2 << 20 : (size_t)sysconf(_SC_PAGESIZE);
}

void *memory_allocate(size_t bytes) {
  size_t rounded;
  if (!memory_round_up(bytes, MEMORY_ALIGNMENT, &rounded)) return NULL;
  return aligned_alloc(MEMORY_ALIGNMENT, rounded);
}

void *memory_allocate_zeroed(size_t bytes) {
  void *block = memory_allocate(bytes);
  if (block) memset(block, 0, bytes);
  return block;
}

void memory_free(void *block) {
  free(block);
}
