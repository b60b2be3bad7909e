/* Memory that runs out on purpose, and that knows what is still allocated.

   Usage:
       inject_failures("batch_create", make, &(case_context){...});
   calls `make` again and again; in call k the k-th allocation inside the library fails. Each
   time it must answer false with BATCH_ERROR_OUT_OF_MEMORY in the last error and leave as much
   allocated as before; a call that does without what failed may answer true. It ends when a
   call no longer reaches its k-th allocation, prints how many failures were injected, and
   returns that number.

   How: a test that includes this header is linked with the static library and with --wrap for
   malloc, calloc, realloc, reallocarray, strdup, strndup, asprintf, aligned_alloc, posix_memalign, free,
   mmap, munmap, pthread_create, and for what allocates inside of pthread_setspecific,
   pthread_atfork and glob. */
#ifndef HEADRACE_TESTS_FAILING_MEMORY_H
#define HEADRACE_TESTS_FAILING_MEMORY_H

#include <stdbool.h>
#include <stddef.h>

/* Makes whatever the test is about; on success it undoes that and answers true. */
typedef bool (*failing_call)(void *context);

unsigned inject_failures(const char *name, failing_call call, void *context);

/* The n-th allocation from now on fails, and every one after it if `lasting`. 0: none. */
void memory_fails_at(unsigned n, bool lasting);

/* The n-th thread from now on, and every one after it, cannot be made. 0: all can. */
void memory_threads_fail_at(unsigned n);

/* Returns how many allocations there were since memory_fails_at. */
unsigned memory_allocations(void);

/* Returns how many blocks are allocated now. */
size_t memory_live(void);

#endif
