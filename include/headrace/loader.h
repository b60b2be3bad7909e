/* The loader: worker threads that turn datasets into batches, shuffled, in a known order.

   Usage:
       batch_loader_options options = BATCH_LOADER_OPTIONS_INIT;
       options.batch_size = 32;
       options.sequence_length = 1024;
       options.vocab_size = 50257;
       options.seed = 1;
       BatchLoader *loader = batch_loader_create(dataset, &options);
       while ((batch = batch_loader_next(loader))) {
         train(batch);
         batch_release(batch);
       }
       if (batch_last_error()->code != BATCH_END)
         puts(batch_last_error()->message);
       batch_loader_free(loader);

   Where the ranks of a distributed run are said by its launcher:
       if (!batch_launcher_rank(&options.rank, &options.world))
         puts(batch_last_error()->message);

   Beside each checkpoint:
       batch_loader_state state;
       if (!batch_loader_get_state(loader, &state) ||
           !batch_loader_state_save(&state, "run.state"))
         puts(batch_last_error()->message);

   When the run goes on from it:
       if (batch_loader_state_load(&state, "run.state"))
         options.resume = &state;

   Order: it is a plan. A *row* is `sequence_length` positions (see batch_packing); an *epoch* is a
   permutation of all rows (of documents that are packed, of these, and of the rows of each window of them);
   a *step* is the next world * batch_size rows of the epoch, of which rank r gets the r-th batch_size. So
   what is in a batch depends on the tokens, the options that say what rows are and in which order they
   come, the epoch and the step alone: not on workers, timing, restarts, nor on how the tokens are stored.

   Rows missing from the last step of an epoch are padding: pad_id everywhere, mask 0. Every rank has the same
   number of steps, whatever is skipped; only BATCH_FAULT_STOP ends one rank before the others.

   In a batch: input is a row's ids, target the ids that follow them, mask 1 where both are there and 0 on
   padding, and where a loss mask says that the target is not to be learnt. documents (if asked for) numbers
   the documents of a row 0, 1, 2, ... and is -1 on padding; positions counts from each document's first token
   in the row. batch_id is the step within its epoch, epoch_id the epoch; both count from 0.

   Faults: each belongs to a batch: an id outside the vocabulary, a file that cannot be read or that became
   shorter (which makes the whole batch padding), a transform that failed. batch_faults says what happens
   then.

   A file that is truncated while it is mapped does not end the process: reads are guarded by a handler for
   SIGBUS, installed for good when the first loader is made, or documents are first looked up. Every SIGBUS
   that is not the library's goes where it would have gone without it. (A program with a handler of its own
   should install it before: one that comes later takes the place of ours.)

   Workers: they are threads of the library's. The program's signal handlers do not run in them, but for those
   of signals that an instruction raises (docs/process.md). Affinity and priority are those of the thread that
   makes the loader.

   Threads: next, close, get_state, state_at, replay, the counts and queries may run at the same time from any
   number of threads; batch_loader_free must be the last call. Batches may be released from any
   thread, also after batch_loader_free. Datasets, and what the transforms point at, must outlive
   the loader.

   Fork: the workers stay in the parent. In the child every call that needs them, and get_state, state_at,
   replay, places and get_stats, answers BATCH_ERROR_UNSUPPORTED at once; batch_loader_free frees the child's
   copy. A child makes loaders of its own; it may use the datasets that it has inherited.

   Progress: close never waits, and next only while the workers read their files, or while all batches of the
   pool are in use: workers stop when all are filled or in use, and go on when one is released.

   Memory: that of the pool's batches and of what the options and batch_packing say. Filling and delivering
   batches, faulty ones too, allocates nothing, but for the sentence of a thread's first error
   (batch_last_error), and for room for one more window of documents where workers are at more of them than
   there is room for; get_state, state_at, replay and batch_loader_fd may. */
#ifndef HEADRACE_LOADER_H
#define HEADRACE_LOADER_H

#include "batch.h"
#include "dataset.h"
#include "pool.h"
#include "transform.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct BatchLoader BatchLoader;

/* In which order an epoch visits the rows. */
typedef enum batch_shuffle {
  BATCH_SHUFFLE_ALL = 0, /* every order of all rows is about as likely */
  BATCH_SHUFFLE_BLOCKS,  /* blocks of consecutive rows in random order, shuffled within: for data
                            larger than memory */
  BATCH_SHUFFLE_NONE     /* as they lie in the files */
} batch_shuffle;

/* What a row is made of. */
typedef enum batch_packing {
  BATCH_PACK_WINDOWS = 0, /* consecutive tokens, whatever document they are of */
  BATCH_PACK_DOCUMENTS,   /* one document, cut or padded; those of fewer than 2 tokens, in which nothing
                             follows anything, have no row: 8 bytes of memory each */
  BATCH_PACK_BEST_FIT,    /* whole documents, as many as fit: each goes where the least room is left
                             (best fit decreasing, Johnson et al. 1974; Ding et al. 2024 for language
                             models). Longer ones are cut into full rows and a rest; those of fewer than
                             2 tokens are left out. See Packing */
  BATCH_PACK_BOS_ALIGNED  /* the same, but each row begins with the first token of a document: what of a
                             document is longer than a row is cropped */
} batch_packing;

/* Packing: with BATCH_PACK_BEST_FIT and BATCH_PACK_BOS_ALIGNED documents come in the order that `shuffle`
   says, pack_window of them at a time, and such a window is packed alone; its rows are shuffled among
   themselves (not with BATCH_SHUFFLE_NONE). With BATCH_SHUFFLE_BLOCKS a window has documents that follow
   each other. So a window is known from the seed, the epoch and its number, and nothing of the others.

   Windows are packed when they are needed, by the workers, the next one ahead; making a loader, or resuming,
   packs one (of each source, with weights; with drop_last as many as a whole step takes, amid an epoch of the
   next one too). Memory: 32 bytes for each document of a window, three windows (of each source, with weights)
   and one more for each worker that is far behind; 40 bytes for each document of one window to pack it; 24
   bytes for each window of an epoch.

   How many rows an epoch has is known when its last window has been packed, and differs a little from epoch
   to epoch: batch_loader_epoch_rows. With weights an epoch has as many rows as all tokens of all sources
   would fill; a resume then packs again what was packed since the run began. get_state, state_at, replay and
   places pack again what they need and nobody remembers: of the epochs before the last one all of the
   windows up to the step.

   A window that cannot be packed, since an index has become shorter or other documents are found in it, ends
   the loader with its error, whatever batch_faults says: what comes after it is not known. */

/* What happens to a batch with a fault. With several ranks, SKIP and HAND_ON leave each its number of
   steps. STOP ends the rank that has the fault, and the others know nothing of it: they wait for it in
   their next collective operation, unless the program ends them (MPI_Abort) or tells them. */
typedef enum batch_faults {
  BATCH_FAULT_STOP = 0, /* next answers NULL with the fault, from then on */
  BATCH_FAULT_SKIP,     /* the rows that have a fault become padding, mask 0; the batch, even if nothing
                           else is left in it, is delivered with status BATCH_OK. batch_last_error says
                           where the first fault is; batch_loader_stats counts batches and rows */
  BATCH_FAULT_HAND_ON   /* next gives it; Batch.status says what, batch_last_error where */
} batch_faults;

/* As many epochs as a batch can number: 2^32 - 1. */
#define BATCH_LOADER_ENDLESS UINT32_MAX

/* Places [first, first + count) of an epoch, in its order without any skip. */
typedef struct batch_loader_skip {
  uint64_t epoch, first, count;
} batch_loader_skip;

/* The most that a run can leave out, those that overlap or touch counted as one. */
#define BATCH_LOADER_MAX_SKIPS 64

/* A place in the order: what a training run saves beside its weights. Plain bytes, the same on
   every machine of the same byte order. The struct stays as it is for ever. */
typedef struct batch_loader_state {
  uint64_t magic; /* the bytes "hd_race" and a digit, the version */
  uint64_t data;  /* a hash of the tokens, and of the documents where the packing needs them */
  uint64_t seed;
  uint32_t sequence_length;
  uint16_t packing, shuffle;
  uint64_t order; /* a hash of what else the order depends on: weights, block_rows, rows of an epoch */
  uint64_t epoch;
  uint64_t step; /* the first one not delivered */
  uint64_t row;  /* its first one over all ranks: the place in the epoch */
  /* The window of the epoch in which that row lies, and the place of its first row; both 0 where rows do not
     come in windows. */
  uint64_t window, window_row;
  uint32_t reserved; /* 0 */
  uint32_t num_skips;
  uint64_t check;                                  /* over the fields before it, and the skips */
  batch_loader_skip skips[BATCH_LOADER_MAX_SKIPS]; /* [num_skips] that the run leaves out */
} batch_loader_state;

/* How ids are stored in a batch's input and target. */
typedef enum batch_id_type {
  BATCH_IDS_INT32 = 0,
  BATCH_IDS_INT64,
  BATCH_IDS_UINT16,
  BATCH_IDS_FLOAT32
} batch_id_type;

/* Start from BATCH_LOADER_OPTIONS_INIT; batch_size and sequence_length must be set. */
typedef struct batch_loader_options {
  size_t size;              /* see base.h */
  uint32_t batch_size;      /* rows of a batch, on each rank */
  uint32_t sequence_length; /* positions of a whole row, at most 2^31 - 1 */
  uint32_t vocab_size;      /* ids are below it; 0: any that id_type holds exactly */
  batch_id_type id_type;
  tensor_type mask_type; /* float32 or uint8 */
  bool with_documents;   /* documents and positions too */
  uint32_t workers;      /* threads, at most 4096; 0: 1 */
  uint32_t pool_size;    /* batches, which the workers share evenly; 0: 2 workers + 2 */
  uint64_t seed;         /* chooses the order and every random stream */
  batch_shuffle shuffle;
  uint64_t block_rows; /* of BATCH_SHUFFLE_BLOCKS; 0: 4096 */
  batch_packing packing;
  int32_t pad_id;       /* from 0 on, below vocab_size if that is not 0 */
  uint32_t epochs;      /* the run ends after so many; 0: 1 */
  uint64_t steps;       /* and after so many batches of this loader; 0: no such limit */
  bool drop_last;       /* leave out what must be padded: the last step of an epoch when rows are missing,
                           and of BATCH_PACK_WINDOWS the last row of each source when tokens are. (Rows of
                           documents are padded as ever) */
  uint32_t rank, world; /* this rank of so many; world 0: 1. batch_launcher_rank finds both */
  bool as_they_come;    /* deliver batches when they are ready, not in order */
  batch_faults faults;
  const batch_transform *transforms; /* [num_transforms], copied */
  size_t num_transforms;
  uint64_t resident_bytes;          /* of mapped files that the loader may keep mapped in; 0: 1 GiB */
  const batch_loader_state *resume; /* where to begin; NULL: at the beginning */
  /* How the loader's own pools are made, one for each worker: alignment, huge pages, node, allocator.
     pool_size and shape must be 0 there: they are above. NULL: as BATCH_POOL_OPTIONS_INIT says. */
  const batch_pool_options *pool_options;
  /* A pool of the caller's to take the batches from, in place of its own; NULL: none. See Pools. */
  BatchPool *pool;
  bool with_cu_seqlens; /* cu_seqlens, num_sequences and max_seqlen too, see Sequences */
  bool ignore_masked; /* target is BATCH_IGNORE_ID where mask is 0, after the transforms; not of uint16 ids */
  bool no_loss_across; /* mask 0 where the target is another document's first token, see Loss masks */
  /* Each document is cut for the ranks of a context, else each row, see Context parallel. */
  bool context_documents;
  uint32_t max_sequences; /* of with_cu_seqlens, from batch_size on; 0: batch_size * sequence_length */
  uint32_t context_rank,
      context_world; /* which part of each row, of so many; world 0: 1. See Context parallel */
  /* Documents of a window of BATCH_PACK_BEST_FIT and BATCH_PACK_BOS_ALIGNED, at most 2^30; 0: 65536, and of
     n sources with weights 65536 / n, at least 4096. */
  uint32_t pack_window;
  const batch_loader_skip *skips; /* [num_skips] places that the run leaves out, see Skips; copied */
  size_t num_skips;
} batch_loader_options;

/* Sequences: with_cu_seqlens shows the batch as one sequence of batch_size * sequence_length positions, at
   most 2^31 - 1, for attention kernels of variable lengths. A sequence in it is a run of equal numbers in
   documents, as it is with with_documents: a row begins one, and so do each document in it and the padding
   at its end. Where no boundaries of documents are known (BATCH_PACK_WINDOWS), each row is one, and its
   padding.

   A batch with more than max_sequences has a fault, BATCH_ERROR_OVERFLOW. Skipped, the rows become padding
   that have more than leaves one for each row after them. Handed on, those that are too many belong to the
   last one. The entries behind the last sequence's end are written in each batch: so 0 costs as much as
   another input.

   Loss masks: mask is 0 where the dataset says that the *target* is not to be learnt
   (batch_dataset_options.loss), and, with no_loss_across, at a document's last token, whose target the next
   document begins with. That is seen in BATCH_PACK_WINDOWS only, and needs the boundaries of the documents
   of every file; in the other packings no target is of another document. Where mask is 0 for this, input,
   target, documents and positions are as ever.

   Context parallel: with context_world C > 1 each row of the loader is for C ranks of the same `rank`, and
   a batch has sequence_length / C columns. sequence_length is that of the whole row, a multiple of 2C. The
   row is cut into 2C chunks, of which rank r gets chunk r and chunk 2C - 1 - r, one behind the other: so
   under a causal mask all have as much to do.

   With context_documents each document in the row is cut so, and the padding at the end of the row, each by
   itself; for that it has a multiple of 2C columns (also with C 1): those behind its last target have its
   number, positions that count on, pad_id, and mask 0. Not with BATCH_PACK_WINDOWS.

   Everything is found on whole rows and then cut, so that all ranks agree: transforms run on a batch of whole
   rows, cu_seqlens, num_sequences and max_seqlen are those of the whole rows. Memory: a batch of whole rows a
   worker, which batch_count_live counts. */

/* Skips: rows at places that are skipped are left out of their epoch: steps are made of the rows that are
   left, in the same order, and the epoch has fewer of them; one that is skipped entirely has none. (With
   weights a row that is skipped counts as given.) Intervals come in any order, may overlap, and may reach
   beyond the epoch's end.

   A run that resumes skips what its state says and what its options say: so after a step whose loss went
   wrong, resume from a state before it with the places of the rows that the batches had
   (batch_loader_places). At most BATCH_LOADER_MAX_SKIPS intervals; where a resumed run comes to more, those
   of epochs before the state's are let go of, and a replay of such an epoch does not know them. */

/* Pools: a pool of the caller's has batches of exactly the shape that the options say, is not closed and
   outlives the loader: freeing it before aborts. pool_size must be 0: the loader uses all the batches there
   are. batch_pool_resize may make it smaller while a loader has it, but not larger. The loader leaves the
   pool as it was: when batch_loader_free returns all batches are back but those that the caller has.

   Closing the pool ends a loader that still needs batches: batch_loader_next answers BATCH_CLOSED, at the
   latest when it would have waited; closing the loader leaves the pool open. All workers take from it, and
   write to memory that others wrote to before: four and more are faster with the loader's own pools, which
   pool_options gives any memory.

   Others may take batches from the same pool, up to 7 other loaders too; while they have them, the loader has
   fewer and waits for them to come back. A loader fills whatever it gets, without being asked: of two loaders
   on one pool one may have filled all batches, and who then waits for the other one alone waits until batches
   of the first are taken and released. So take from both at the same time, from threads of their own, or give
   each its pool. In a forked child's copy of the pool the batches that the workers had in hand are out for
   good. */

#define BATCH_LOADER_OPTIONS_INIT HEADRACE_OPTIONS_INIT(batch_loader_options)

/* A dataset and its share of the rows. The struct stays as it is for ever. */
typedef struct batch_loader_source {
  const BatchDataset *dataset;
  double weight;
} batch_loader_source;

/* Starts a loader over one dataset, which must outlive it.
   Returns: the loader, owned by the caller; NULL on a bad option, on a dataset without rows (or without
   documents where packing needs them), on a state of other data or options, on a pool that does not fit,
   when memory or threads run out. */
HEADRACE_API BatchLoader *batch_loader_create(const BatchDataset *dataset,
                                              const batch_loader_options *options);

/* As batch_loader_create over n >= 1 sources. All weights 0: an epoch is every row of every source once.
   All positive: an epoch has as many rows, drawn from the sources in proportion to their weights: after any
   number of rows since the run began each source has given less than one row more or fewer than its share
   of them. (Weights are taken to 1 part in 2^48: a share of 2^33 rows moves by less than 1/32768 of a row.)
   No weight may be below 2^-20 of their sum.

   A source gives all of its rows, in the order that `shuffle` says, before any comes again; then it begins
   again in another order (BATCH_SHUFFLE_NONE: in the same). Its passes go on from one epoch to the next.
   (Rows that drop_last leaves out at the end of an epoch count as given.)
   Memory: 24 bytes a worker for each row of a table. That has as many as the sum of the weights, where they
   are as whole numbers of a sum up to 65536 (0.3 and 0.7 are), else up to twice as many as come for 1 of
   the smallest share. */
HEADRACE_API BatchLoader *batch_loader_create_mixed(const batch_loader_source *sources, size_t n,
                                                    const batch_loader_options *options);

/* Takes the next batch, waiting while none is ready.
   Returns: the batch, whose reference the caller drops with batch_release; NULL at the end (BATCH_END in
   batch_last_error), when the loader or its pool is closed (BATCH_CLOSED), and after a fault that stops. */
HEADRACE_API Batch *batch_loader_next(BatchLoader *loader);

/* As batch_loader_next, waiting until `deadline` (see base.h).
   Returns: BATCH_OK and *batch, or else *batch NULL and the reason: BATCH_EMPTY with BATCH_NO_WAIT,
   BATCH_TIMEDOUT, BATCH_END, BATCH_CLOSED, a fault, BATCH_ERROR_INVALID_ARGUMENT, BATCH_ERROR_UNSUPPORTED
   in a forked child. With BATCH_FAULT_HAND_ON a faulty batch is BATCH_OK; its own status says what is
   wrong. */
HEADRACE_API batch_status batch_loader_next_until(BatchLoader *loader, Batch **batch, uint64_t deadline);

/* Give a descriptor to poll, and arm it for the next batch: as batch_queue_fd and batch_queue_arm (queue.h)
   say of the dequeuing side of a queue, with batch_loader_next_until and BATCH_NO_WAIT in the place of
   try_dequeue.
   Returns: as those. BATCH_READY: there may be a batch. BATCH_END, BATCH_CLOSED, the fault that the loader
   stopped with: what batch_loader_next_until answers from now on, and nothing is waited for. In a forked
   child: BATCH_ERROR_UNSUPPORTED. */
HEADRACE_API int batch_loader_fd(BatchLoader *loader);
HEADRACE_API batch_status batch_loader_arm(BatchLoader *loader);

/* Ends the loader: next answers BATCH_CLOSED from now on, workers stop after the batch they are
   at, whoever waits is woken. Returns at once. NULL, and closing twice, are fine. */
HEADRACE_API void batch_loader_close(BatchLoader *loader);

/* Closes, joins the workers and frees everything but batches that are out. NULL is fine;
   freeing it twice aborts. */
HEADRACE_API void batch_loader_free(BatchLoader *loader);

/* Gives the place after the last batch that next delivered, for options.resume of another loader. The rows
   that are left are then the same. With as_they_come: a step up to which all were delivered, the end when
   all were; those after it that were are delivered again.

   The other loader has the same data, seed, sequence_length, packing, pack_window, shuffling and weights,
   and the same drop_last where it leaves out a row; with context_documents and several documents a row, the
   same context_world. batch_size, world, workers and everything else may differ. What differs and must not
   is named when that loader is refused.

   The first call reads 4096 tokens of each dataset, and some boundaries of documents.
   Returns: true; false when that reading fails. */
HEADRACE_API bool batch_loader_get_state(BatchLoader *loader, batch_loader_state *state);

/* Gives the state of a run that has had all epochs before `epoch` and its first `rows` rows, over all ranks:
   for who kept no state, but a number. After `step` steps of the epoch that is step * world * batch_size, and
   where samples were counted their number. Rows that are skipped do not count, nor does padding.

   It does not matter where the loader is, and it stays there. So make one with the options of the run, ask
   it, free it, and make another with options.resume. At the end of an epoch the state is the beginning of
   the next one. Its step is the one that the row is in with this loader's world and batch_size. With drop_last
   the rows of an epoch are all that it has: what is left behind the state and too little for a step is
   left out by whoever goes on.

   Returns: true; false, *state unchanged, for an epoch that options.epochs ends before, for more rows than the
   epoch has, and when reading or packing fails. */
HEADRACE_API bool batch_loader_state_at(BatchLoader *loader, uint64_t epoch, uint64_t rows,
                                        batch_loader_state *state);

/* Saves a state as the file `path`, 96 bytes and 24 for each skip: written aside, flushed to the disk and
   renamed, so that whatever happens the old state or the new one is there. A link is followed; the mode of
   a state that is there is kept. What is there and is neither a state, of whatever version, nor empty is
   refused.
   Returns: true; false with an error that names the path; what was there is there, unless the last step,
   flushing the directory, has failed. */
HEADRACE_API bool batch_loader_state_save(const batch_loader_state *state, const char *path);

/* Reads a state that batch_loader_state_save or headrace feed --state wrote.
   Returns: true; false with an error that names the path, *state unchanged, when it cannot be read, or is cut
   off, damaged, something else, of another version or of a machine of another byte order. */
HEADRACE_API bool batch_loader_state_load(batch_loader_state *state, const char *path);

/* Makes one step again, in the calling thread: the batch that this rank got, or will get, as `step`
   of `epoch`, transforms included. It belongs to no pool.
   Returns: the batch; NULL on a step that this run has not (beyond the epoch or the last one, or before the
   place it was resumed at with another batch size or world, or more skips before it), lack of memory, or a
   fault, unless that is skipped. options.steps is no limit here. */
HEADRACE_API Batch *batch_loader_replay(BatchLoader *loader, uint64_t epoch, uint64_t step);

/* Who waits for whom, for more than a twentieth of the time since the loader was made. */
typedef enum batch_bottleneck {
  BATCH_BOTTLENECK_NONE = 0, /* neither has waited */
  BATCH_BOTTLENECK_DATA,     /* the trainer waits for the workers */
  BATCH_BOTTLENECK_TRAINER   /* the workers wait for the trainer */
} batch_bottleneck;

/* Returns "none", "data" or "trainer"; "?" for what is none of them. Static storage. */
HEADRACE_API const char *batch_bottleneck_name(batch_bottleneck bottleneck);

/* What a loader has done. Start from BATCH_LOADER_STATS_INIT. */
typedef struct batch_loader_stats {
  size_t size;      /* see base.h */
  uint64_t batches; /* delivered */
  uint64_t tokens;  /* in them: positions that had a pair of tokens before the transforms, masked or not */
  uint64_t bytes;   /* of the files, read to fill what was filled so far */
  uint64_t errors;  /* batches with a fault, delivered or not */
  uint64_t skipped; /* rows in them that were made padding (BATCH_FAULT_SKIP) */
  uint64_t trainer_wait_ns; /* spent in next calls while nothing was ready, all threads together */
  uint64_t worker_wait_ns;  /* spent by workers waiting for a batch to come back, all together */
  uint64_t worker_fill_ns;  /* spent by workers filling and transforming, all together */
  uint64_t pool_hits;       /* an idle batch was there at once: for a worker, or whoever else uses the pool */
  uint64_t pool_misses;     /* it had to be waited for */
  uint32_t queue_depth;     /* batches that are ready and not yet taken */
  uint32_t workers;
  uint32_t pool_size; /* batches that its pools, or the caller's, have, taken or not */
  batch_bottleneck bottleneck;
  uint64_t masked;  /* of `tokens`: positions whose mask was 0 before the transforms */
  uint64_t padding; /* in the batches: the other positions */
  /* Tokens of the documents in them that have no position in any row: those of whole rows, which each rank
     of a context counts. */
  uint64_t cropped;
} batch_loader_stats;

#define BATCH_LOADER_STATS_INIT HEADRACE_OPTIONS_INIT(batch_loader_stats)

/* Fills *stats, which begins as BATCH_LOADER_STATS_INIT; each figure is exact when nothing else runs.
   Returns: true; false when an argument is NULL or stats has no size, and in a forked child. */
HEADRACE_API bool batch_loader_get_stats(const BatchLoader *loader, batch_loader_stats *stats);

/* Returns the rows of an epoch, over all ranks; 0 and an error when loader is NULL. With
   BATCH_PACK_BEST_FIT and BATCH_PACK_BOS_ALIGNED, without weights, an estimate until an epoch has ended,
   then those of the last one that has. */
HEADRACE_API uint64_t batch_loader_epoch_rows(const BatchLoader *loader);

/* Returns the steps of an epoch of so many rows, without skips; 0 and an error when loader is NULL. */
HEADRACE_API uint64_t batch_loader_epoch_steps(const BatchLoader *loader);

/* What batch_loader_places says of a row that is padding because the epoch had no more rows. */
#define BATCH_NO_PLACE UINT64_MAX

/* Finds the places in their epoch of a batch's rows: places [batch_size], BATCH_NO_PLACE for padding. They
   are those of the order without skips, of all ranks together: no two rows of an epoch have the same. The
   batch is one of this loader's, also one that it made again, or a copy: what tells are its numbers of rows
   and columns, pool, batch_id (but for the symmetry group) and epoch_id.
   Returns: true; false, places unchanged, for a batch of another pool, of other numbers of rows or columns (a
   view of some of its rows included), or of a step or epoch that this loader never had. Batches of two
   loaders on one pool cannot be told apart. */
HEADRACE_API bool batch_loader_places(const BatchLoader *loader, const Batch *batch, uint64_t *places);

/* Finds this process's rank and the number of ranks in what Open MPI, Slurm or torchrun put into the
   environment; 0 and 1 where there is nothing.
   Returns: true; false, *rank and *world unchanged, when it makes no sense. */
HEADRACE_API bool batch_launcher_rank(uint32_t *rank, uint32_t *world);

#ifdef __cplusplus
}
#endif
#endif
