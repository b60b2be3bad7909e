/* What every other header of Headrace rests on: the export mark, status codes, the last error,
   deadlines, how option structs grow.

   Usage:
       if (!batch_split(batch, 4, parts))
         fprintf(stderr, "%s\n", batch_last_error()->message);

   Errors: every function that can fail answers with false, NULL, -1, BATCH_TOKENIZER_FAILED, a number
   smaller than was asked for or a batch_status other than BATCH_OK, and leaves the reason in
   batch_last_error(), which belongs to the calling thread. A success leaves an older error standing (but
   for a batch with a fault that a loader skips or hands on, see loader.h); look only after a failure, or,
   where the answer does not tell (tensor_set, or the 0 of batch_queue_size(NULL)), clear it before:
   batch_clear_error(). The library prints nothing to stderr.

   Programming errors that cannot be survived (releasing a batch that is already free) abort with a message
   that names the call.

   Freeing: what batch_queue_free, batch_pool_free, batch_arena_free, batch_spheres_stop, batch_loader_free,
   batch_dataset_free, batch_writer_free and batch_tokenizer_free are given must be there: freeing it twice
   aborts. What cannot be told: that another object of the kind has come to the same address meanwhile (the
   free then is that one's, and its own aborts), any double free once more than some thousand objects have
   been there at one time, and every other call on what has been freed, but for pools (see pool.h), and
   tensor_free of a tensor that is gone.

   Callbacks: every function that a caller gives to the library (allocators, tokenizers, transforms,
   what spheres process, progress) returns to it: neither a C++ exception nor longjmp nor pthread_exit may
   leave one, since the frames in between hold locks, threads and memory and know nothing of it.

   Cancellation: no call is a cancellation point, waiting ones neither; callbacks in the caller's thread run
   with cancellation disabled. With PTHREAD_CANCEL_ASYNCHRONOUS nothing may be called.

   Structs that grow: those of options begin with `size`, which their INIT sets; 0 is the default of every
   other field. What later versions add stands at the end, and they take the structs of programs that were
   compiled with this one for what they are. One of a later version is taken where all that this one does
   not know of it, what is reserved in this one included, is 0, else it is BATCH_ERROR_UNSUPPORTED; one
   without a size, {0}, is BATCH_ERROR_INVALID_ARGUMENT.

   Structs that a program gives to be filled begin with their size too, and nothing is written beyond it.
   Those that the library gives as pointers (batch_error, batch_tokenize_progress) grow at the end; every
   other one stays as it is for ever.

   The process: which threads, signal handlers and descriptors there are, what holds after a fork and
   after dlclose, and what a sandbox must allow, is in docs/process.md. */
#ifndef HEADRACE_BASE_H
#define HEADRACE_BASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The version of the headers; HEADRACE_VERSION is one number of it, 203 for 0.2.3, for #if. Before 1.0 each
   minor version may change the interface, and has a soname and symbol version of its own
   (libheadrace.so.0.2, HEADRACE_0.2): a program runs with the minor version that it was compiled for. */
#define HEADRACE_VERSION_MAJOR 0
#define HEADRACE_VERSION_MINOR 1
#define HEADRACE_VERSION_PATCH 0
#define HEADRACE_VERSION                                                                                     \
  (HEADRACE_VERSION_MAJOR * 10000 + HEADRACE_VERSION_MINOR * 100 + HEADRACE_VERSION_PATCH)

#if defined(__GNUC__)
#define HEADRACE_API __attribute__((visibility("default")))
#else
#define HEADRACE_API
#endif

/* How an option struct, or one to be filled, begins: its size set, all else 0. */
#ifdef __cplusplus
extern "C++" template <typename T>
#if __cplusplus >= 201402L
constexpr
#endif
    T batch_options_init() {
  T options{};
  options.size = sizeof(T);
  return options;
}
#define HEADRACE_OPTIONS_INIT(type) (batch_options_init<type>())
#else
#define HEADRACE_OPTIONS_INIT(type)                                                                          \
  { .size = sizeof(type) }
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* What a call answers: an ordinary outcome, or an error; more outcomes may come before the errors. */
typedef enum batch_status {
  BATCH_OK = 0,                      /* done */
  BATCH_FULL,                        /* no room, and the caller did not ask to wait */
  BATCH_EMPTY,                       /* nothing there, and the caller did not ask to wait */
  BATCH_CLOSED,                      /* closed; for a dequeue: closed and drained */
  BATCH_TIMEDOUT,                    /* the deadline passed while waiting */
  BATCH_END,                         /* a loader has delivered its last batch */
  BATCH_READY,                       /* there is something already, and nothing to wait for */
  BATCH_ERROR_INVALID_ARGUMENT = 32, /* an argument is not what the call expects */
  BATCH_ERROR_OVERFLOW,              /* a size is larger than what can be addressed */
  BATCH_ERROR_OUT_OF_MEMORY,         /* nothing leaked, nothing changed */
  BATCH_ERROR_OUT_OF_RANGE,          /* an index or a token id lies outside */
  BATCH_ERROR_IO,                    /* a file could not be opened, read, mapped or written */
  BATCH_ERROR_FORMAT,                /* a file is not what it claims to be */
  BATCH_ERROR_UNSUPPORTED            /* this build or machine lacks what the call needs */
} batch_status;

/* The last failure in the calling thread. `message` is one sentence that names the function,
   the argument, its value and what was expected; for a file: path, offset, found, expected. It is UTF-8 of at
   most 1023 bytes without control characters: what it quotes of paths and files is escaped as \xNN. Later
   versions may add fields at the end. */
typedef struct batch_error {
  batch_status code;   /* BATCH_OK before the first error */
  const char *message; /* valid until the thread's next error */
} batch_error;

/* Returns the calling thread's last error: never NULL, BATCH_OK and "" before the first one. When there is
   no memory for the sentence (a kilobyte from the thread's first error to its end) `message` is a fixed
   one; the code is right in any case. Call it again after each failure: the sentence is put together by
   this call, and what an older call gave is not kept up to date.
   Threads: any. The pointer is valid in this thread until it ends. */
HEADRACE_API const batch_error *batch_last_error(void);

/* Forgets the calling thread's last error: code BATCH_OK, message "". What a function that answers nothing
   (batch_retain, tensor_set), or a number or a pointer that may be right, has to say is then what
   batch_last_error() returns after the call. Ends the validity of an earlier message.
   Threads: any; it concerns the caller alone. */
HEADRACE_API void batch_clear_error(void);

/* Returns the name of a status without BATCH_: "FULL", "ERROR_IO"; static storage. */
HEADRACE_API const char *batch_status_name(batch_status status);

/* Returns the version of the library that is loaded, which may be another patch than the headers': as text,
   "0.2.3", in static storage, and as the number that HEADRACE_VERSION is, 203.
   Threads: any. */
HEADRACE_API const char *batch_version(void);
HEADRACE_API int batch_version_number(void);

/* Returns the optional parts that the library which is loaded was built with, separated by blanks, in this
   order; "" for none; static storage. A call that needs a part that is missing is BATCH_ERROR_UNSUPPORTED,
   naming it.
   - numa: pools on one NUMA node (pool.h)
   - zstd, zlib: text in .zst and .gz files
   - utf8proc: normal forms, case folding, added tokens that are whole words (tokenizer.h)
   - pcre2: byte-level BPE: rank files of tiktoken, tokenizer.json
   - sentencepiece: SentencePiece models
   - usdt: probes for bpftrace and SystemTap
   Later versions may add parts at the end.
   Threads: any. */
HEADRACE_API const char *batch_features(void);

/* Deadlines are absolute CLOCK_MONOTONIC times in nanoseconds: not to wait at all, and to wait without end.
   */
#define BATCH_NO_WAIT UINT64_C(0)
#define BATCH_FOREVER UINT64_MAX

/* Returns the deadline `nanoseconds` from now; BATCH_FOREVER where the sum would overflow. */
HEADRACE_API uint64_t batch_deadline_after(uint64_t nanoseconds);

#ifdef __cplusplus
}
#endif
#endif
