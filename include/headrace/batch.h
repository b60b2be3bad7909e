/* A batch: what one training step consumes. Three [batch_size, sequence_length] tensors (input, target,
   mask), three more where they are asked for, and their metadata, shared between threads by an atomic
   reference count.

   Usage:
       Batch *batch = batch_create(32, 1024, 50257); // its count is 1
       Batch *parts[4];
       batch_split(batch, 4, parts); // views of 8 rows each, nothing copied
       batch_free(batch);            // the views keep the elements alive
       for (int i = 0; i < 4; i++) batch_free(parts[i]);

   Threads: the reference count may be changed from any thread at any time. Elements and
   metadata have no lock: hand a batch over through a queue, or let everyone only read.

   Life cycle: batch_create, batch_copy, batch_split, batch_merge and batch_pool_allocate give a reference
   that the caller drops once, with batch_release or batch_free (the same thing), or hands on with
   batch_queue_enqueue. The last drop gives the batch back to its pool, or frees it. Dropping a reference to
   a batch that is already free aborts, and so does reading one with the calls below.

   Memory: headers live in memory that is never returned to the system; elements are malloc memory that each
   tensor owns (owns_data true), but for views, and for pools, whose batches have theirs in one block.

   Fields: the caller may write all of them but ref_count. What the tensors show must stay batch_size
   times sequence_length elements each, in any shape (tensor_reshape) and of any type that is not wider
   than they were made (dtype); else the calls below refuse the batch with an error. A tensor that owns
   its elements may be put into a batch in place of one that has been freed: the batch frees it.
   `Tensor t = batch->input` is good while the batch lives and its tensors are not reshaped. A batch that a
   program puts together from these fields can be copied, validated, printed, balanced and put into a symmetry
   group, and nothing else: every other call needs one that the library made, and aborts or worse.

   Two copies: of the library in one process (a program linked with the static one, a plugin with the shared
   one), each knows nothing of the other's batches: a batch, queue or pool that another copy made aborts in
   the first call that gets it, but for the calls that take a batch made by hand too, to which it is such a
   one. */
#ifndef HEADRACE_BATCH_H
#define HEADRACE_BATCH_H

#include "tensor.h"

#ifdef __cplusplus
#include <atomic>
typedef std::atomic<int> batch_atomic_int;
#else
#include <stdatomic.h>
typedef atomic_int batch_atomic_int;
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* The most batches, views and those of pools included, that a process can have at one time. */
#define BATCH_MAX_LIVE ((uint32_t)((1u << 24) - 2))

/* Symmetry groups are numbered 0 to BATCH_SYMMETRY_GROUPS - 1 (see distribute.h). */
#define BATCH_SYMMETRY_GROUPS 12

/* In target: this position does not count, whatever the mask says (as in other trainers). */
#define BATCH_IGNORE_ID (-100)

/* Three tensors, or more, and what is known of them. The fields stay as they are for ever, and where they
   are.

   cu_seqlens is what attention kernels take that see a batch as one sequence of tokens (FlashAttention's
   varlen, Transformer Engine's thd): the starts of num_sequences sequences, which lie one behind the other,
   then the end of the last one, which the entries behind it hold too: its length is the same for every
   batch. What a loader writes there says batch_loader_options. Views have none: batch_split. */
typedef struct Batch {
  uint64_t batch_id;          /* the caller's; bits 60-63 hold the symmetry group */
  uint32_t epoch_id;          /* the caller's; a loader's: the epoch, from 0 on */
  batch_atomic_int ref_count; /* read it with atomic_load; only the library writes it */
  double processing_time;     /* seconds; the consumer's */
  bool is_processed;          /* the consumer's */
  bool is_pooled;             /* its elements belong to a pool */
  batch_status status;        /* a loader's verdict; BATCH_OK everywhere else */
  uint32_t batch_size;        /* rows */
  uint32_t sequence_length;   /* columns */
  uint32_t vocab_size;        /* ids are below it; 0: any */
  size_t total_memory;        /* bytes of elements that this batch shows */
  Tensor input;               /* [batch_size, sequence_length] token ids or features */
  Tensor target;              /* [batch_size, sequence_length] */
  Tensor mask;            /* [batch_size, sequence_length]; the loader's: 1, and 0 for what does not count */
  Tensor documents;       /* as mask, which document of its row each token is of: ndim 0 unless asked for */
  Tensor positions;       /* as mask, its place in that document: ndim 0 unless asked for */
  Tensor cu_seqlens;      /* [max_sequences + 1] int32, cumulative starts: ndim 0 unless asked for */
  uint32_t num_sequences; /* in cu_seqlens */
  uint32_t max_seqlen;    /* the longest of them */
} Batch;

/* What a batch consists of; all zero is the default: float32, nothing optional. It stays as it is for ever.
   */
typedef struct batch_shape {
  uint32_t batch_size;      /* rows, >= 1 */
  uint32_t sequence_length; /* columns, >= 1 */
  uint32_t vocab_size;
  tensor_type input_type; /* of input and target */
  tensor_type mask_type;
  bool with_documents;    /* documents and positions too, int32 */
  uint32_t max_sequences; /* cu_seqlens too, for so many, at most 2^31 - 2; 0: none */
} batch_shape;

/* Makes a batch of three float32 tensors; input and target zero, mask all ones.
   batch_size and sequence_length >= 1; vocab_size 0 means that ids are not checked.
   Returns: the batch with count 1; NULL on a bad size, overflow, lack of memory, or with
   BATCH_MAX_LIVE batches alive (BATCH_ERROR_OVERFLOW, as for every call that makes one). */
HEADRACE_API Batch *batch_create(uint32_t batch_size, uint32_t sequence_length, uint32_t vocab_size);

/* As batch_create, with other element types and the optional tensors; those are all 0, and so is
   num_sequences.
   Returns: as batch_create. */
HEADRACE_API Batch *batch_create_with(const batch_shape *shape);

/* Drops the caller's reference, as batch_release; views of the batch stay valid. NULL is fine. */
HEADRACE_API void batch_free(Batch *batch);

/* Makes a deep copy, metadata included, that belongs to no pool: each tensor of the type it has, in the
   shape [batch_size, sequence_length], whatever shape the original had.
   Returns: the copy with count 1; NULL on failure. */
HEADRACE_API Batch *batch_copy(const Batch *batch);

/* Cuts a batch into n zero-copy views of consecutive rows, whose sizes differ by at most 1 (the larger ones
   first). The views keep the elements alive; the parent may be freed first: of the parent only the
   reference count changes. Metadata is copied to each. Rows are counted in elements: a reshaped tensor is
   cut as if it were [batch_size, sequence_length]. A view has no cu_seqlens, and num_sequences 0: those of
   a part would begin with 0 again.
   n: 1 to batch_size, and no more than BATCH_MAX_LIVE leaves room for.
   Returns: true and out[0..n-1], one reference each; false, and out untouched, on failure. */
HEADRACE_API bool batch_split(const Batch *batch, uint32_t n, Batch **out);

/* Joins n >= 1 batches row by row. Same sequence_length, vocab_size and element types, or it is an error.
   Adjacent views of one parent, in order, are merged without a copy; anything else is copied. Metadata is
   the first one's. The sources keep their references.

   Where all of them have cu_seqlens, the batch has them too, each one's behind those before it, with room
   for as many as all have room for; where only some do, it is an error. (Views have none, and so neither
   has what they are merged to.)
   Returns: the batch with count 1; NULL on failure. */
HEADRACE_API Batch *batch_merge(Batch **batches, uint32_t n);

/* Adds a reference. Aborts on a batch that is free, or when the count would overflow. */
HEADRACE_API void batch_retain(Batch *batch);

/* Drops a reference; the last one gives the batch back to its pool or frees it. NULL is fine.
   Aborts on a batch that is already free.
   Progress: lock-free for a batch of a pool, which takes no lock and neither allocates nor frees, and makes no system
   call but to tell who waits: one wakes a thread that waits for a batch of the pool, one more each loader that
   takes its batches from a pool of the caller's and waits for one, and one writes to the descriptor of batch_pool_fd
   if that is armed. The last ones of a pool that was freed, or has shrunk, give their elements back to its allocator
   there: an arena's (arena.h) does no more than the above, the library's own calls free() or munmap(). Batches of
   no pool call free(). */
HEADRACE_API void batch_release(Batch *batch);

/* Returns how many batches are alive in the process: those made and not freed, views, and the batches of
   every pool, idle ones included, until the pool is freed and they have come back. Exact when nothing else
   runs.

   For tests: a leak checker does not see a batch that was dropped without a release, since its header stays
   reachable; what a test makes more than it frees is the difference of two such counts.
   batch_pool_outstanding says it of one pool.
   Cost: it looks at the header of every batch that has been freed. */
HEADRACE_API size_t batch_count_live(void);

/* Where a batch of a pool has its elements, for one copy to a device: all tensors that it has, in the order of the
   struct, one behind the other, each at a multiple of 64 bytes from the first, input, with which the block
   begins. Where each begins, as the bytes from input's elements to its own, is the same in every batch of the
   pool. Between them, and behind the last, lie up to 63 bytes that mean nothing.
   bytes: gets the length of the block, a multiple of 64; may be NULL.
   Returns: the block, which is good as long as the batch is held; NULL, and 0 bytes, with an error for a batch of
   no pool, for a view, and where one of the tensors shows other elements than the pool has given it (one that
   was reshaped, or shows its elements as another type, does not). */
HEADRACE_API void *batch_block(const Batch *batch, size_t *bytes);

/* Prints metadata and the first elements of each tensor to stdout. */
HEADRACE_API void batch_print(const Batch *batch);

/* Checks that the elements are numbers to compute with: floats of every tensor finite; integer ids of input
   and target in [0, vocab_size) when vocab_size is not 0, or BATCH_IGNORE_ID in target. Features, additive
   masks and fractions pass; a mask of -INFINITY does not, one of -1e9 does. cu_seqlens begins with 0 and
   never falls.
   Returns: true; false with an error that names tensor, row, column and value of the first fault, where row
   and column count elements from the start, whatever the tensor's shape. */
HEADRACE_API bool batch_validate(const Batch *batch);

/* As batch_validate, for batches of token ids, what a loader delivers: ids that are stored as floats are in
   range too, and the mask is in [0, 1]. */
HEADRACE_API bool batch_validate_strict(const Batch *batch);

#ifdef __cplusplus
}
#endif
#endif
