/* In the place of <sys/mman.h> for what sync/ring_list.c asks of it. */
#ifndef HEADRACE_STRESS_MMAN_STUB_H
#define HEADRACE_STRESS_MMAN_STUB_H

#include <stdlib.h>

#define PROT_READ     0
#define PROT_WRITE    0
#define MAP_PRIVATE   0
#define MAP_ANONYMOUS 0
#define MAP_FAILED    NULL

#define mmap(address, bytes, protection, flags, file, offset) malloc(bytes)
#define munmap(address, bytes)                                ((void)(bytes), free(address))

#endif
