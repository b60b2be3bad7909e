#include "core/pool_memory.h"

#include <stdlib.h>
#include <sys/mman.h>
#include <sys/sysinfo.h>
#include <unistd.h>
#ifdef HEADRACE_WITH_NUMA
#include <numa.h>
#endif

#include "base/error.h"
#include "base/memory.h"
#include "core/arena_internal.h"

static void *heap_allocate(void *context, size_t bytes, size_t alignment) {
  (void)context;
  size_t rounded;
  if (!memory_round_up(bytes, alignment, &rounded)) return NULL;
  return aligned_alloc(alignment, rounded);
}

static void heap_deallocate(void *context, void *memory, size_t bytes) {
  (void)context, (void)bytes;
  free(memory);
}

/* What a pages allocator was asked for, packed into its context pointer: node + 1, or 0 for any,
   and whether huge pages are wanted. */
static void *pages_context(int node, bool huge) {
  return (void *)(((uintptr_t)(node + 1) << 1) | huge);
}

static size_t page_bytes(size_t bytes) {
  size_t rounded;
  return memory_round_up(bytes, memory_page_bytes(false), &rounded) ? rounded : 0;
}

static void bind_to_node(void *memory, size_t bytes, int node) {
#ifdef HEADRACE_WITH_NUMA
  if (node >= 0) numa_tonode_memory(memory, bytes, node);
#else
  (void)memory, (void)bytes, (void)node;
#endif
}

/* Maps bytes + alignment and gives back what lies before and behind the aligned part. */
static void *pages_allocate(void *context, size_t bytes, size_t alignment) {
  bool huge = (uintptr_t)context & 1;
  size_t wanted = page_bytes(bytes), whole;
  if (huge && alignment < memory_page_bytes(true)) alignment = memory_page_bytes(true);
  if (wanted == 0 || __builtin_add_overflow(wanted, alignment, &whole)) return NULL;
  char *start = mmap(NULL, whole, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (start == MAP_FAILED) return NULL;
  size_t before = -(uintptr_t)start & (alignment - 1);
  if (before) munmap(start, before);
  munmap(start + before + wanted, whole - before - wanted);
  if (huge) madvise(start + before, wanted, MADV_HUGEPAGE);
  bind_to_node(start + before, wanted, (int)((uintptr_t)context >> 1) - 1);
  /* cppcheck-suppress deallocret; what is unmapped lies before and behind it */
  return start + before;
}

static void pages_deallocate(void *context, void *memory, size_t bytes) {
  (void)context;
  munmap(memory, page_bytes(bytes));
}

static bool node_exists(int node) {
#ifdef HEADRACE_WITH_NUMA
  return numa_available() >= 0 && node <= numa_max_node() &&
         numa_bitmask_isbitset(numa_all_nodes_ptr, (unsigned)node);
#else
  (void)node;
  return false;
#endif
}

bool pool_memory_pages(const char *function, int numa_node, bool huge_pages, batch_allocator *allocator) {
  if (numa_node < 0)
    return error_fail(BATCH_ERROR_INVALID_ARGUMENT, "%s: numa_node is %d, expected 0 or BATCH_NUMA_NODE(n)",
                      function, numa_node);
  if (numa_node > 0 && !node_exists(numa_node - 1))
    return error_fail(BATCH_ERROR_UNSUPPORTED,
                      "%s: numa_node is BATCH_NUMA_NODE(%d), which this machine or build (libnuma) lacks",
                      function, numa_node - 1);
  *allocator = (batch_allocator){pages_allocate, pages_deallocate, pages_context(numa_node - 1, huge_pages)};
  return true;
}

bool pool_memory_allocator(const char *function, const batch_pool_options *options,
                           batch_allocator *allocator) {
  const batch_allocator *given = &options->allocator;
  if (!given->allocate != !given->deallocate)
    return error_fail(BATCH_ERROR_INVALID_ARGUMENT,
                      "%s: allocator has only one of allocate and deallocate, expected both or none",
                      function);
  if (given->allocate && (options->huge_pages || options->numa_node != 0))
    return error_fail(
        BATCH_ERROR_INVALID_ARGUMENT,
        "%s: %s is set beside an allocator, expected one or the other: where memory is, it decides", function,
        options->huge_pages ? "huge_pages" : "numa_node");
  if (!given->allocate && (options->huge_pages || options->numa_node != 0))
    return pool_memory_pages(function, options->numa_node, options->huge_pages, allocator);
  *allocator = given->allocate ? *given : (batch_allocator){heap_allocate, heap_deallocate, NULL};
  return true;
}

bool pool_memory_may_fit(const batch_allocator *allocator, uint32_t count, size_t bytes) {
  if (allocator->allocate != heap_allocate && allocator->allocate != pages_allocate &&
      allocator->allocate != arena_allocate)
    return true;
  struct sysinfo machine;
  size_t wanted;
  if (!memory_multiply(count, bytes, &wanted)) return false;
  if (sysinfo(&machine) != 0) return true;
  return wanted / machine.mem_unit <= (uint64_t)machine.totalram + machine.totalswap;
}
