/* A libcuda.so.1 without a GPU: the functions that headrace._cuda calls, as the driver API says of them. Device
   memory is memory, a stream is a thread. What the real one would take and do wrongly is an error here: a copy
   from memory that is not registered, a call from within a host function, a call that needs a context in a
   thread without one.

   Tests hold all streams (stand_in_hold), let the next call of a function fail (stand_in_fail), and count. */
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
  INVALID_VALUE = 1,
  OUT_OF_MEMORY,
  NOT_INITIALIZED,
  INVALID_CONTEXT = 201,
  NOT_READY = 600,
  ALREADY_REGISTERED = 712,
  NOT_REGISTERED,
  NOT_PERMITTED = 800
};
enum { DEVICES = 2, RANGES = 256 };

typedef struct Context {
  int device, users;
} Context;

typedef struct Event {
  unsigned recorded, passed; /* how often */
} Event;

typedef struct Work {
  struct Work *next;
  void (*function)(void *);
  void *argument, *to;
  const void *from;
  size_t bytes;
  Event *record, *wait;
  unsigned turn; /* of the event */
} Work;

typedef struct Stream {
  Work *first, **last;
  bool busy;
} Stream;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static Context contexts[DEVICES];
static struct {
  char *memory;
  size_t bytes;
} ranges[RANGES];
static Stream *legacy; /* the stream 0 */
static bool initialized, held;
static int misuses;
static Stream *capturing;
static char failing[64], signalling[64];
static int failing_code, calls_before;
static long host_functions, copies, registrations;
static _Thread_local Context *current;
static _Thread_local bool in_host_function;

/* For tests. */
void stand_in_hold(int hold) {
  pthread_mutex_lock(&lock);
  held = hold;
  pthread_cond_broadcast(&changed);
  pthread_mutex_unlock(&lock);
}

void stand_in_fail(const char *function, int code, int after) {
  strncpy(failing, function, sizeof failing - 1);
  failing_code = code;
  calls_before = after;
}

/* SIGUSR1 comes within the next call of a function. */
void stand_in_signal(const char *function) {
  strncpy(signalling, function, sizeof signalling - 1);
}

void stand_in_capture(Stream *stream) {
  capturing = stream;
}
long stand_in_copies(void) {
  return copies;
}
long stand_in_host_functions(void) {
  return host_functions;
}
long stand_in_registrations(void) {
  return registrations;
}
int stand_in_primary_users(int device) {
  return contexts[device].users;
}

/* Since the last call. */
int stand_in_misuses(void) {
  pthread_mutex_lock(&lock);
  int found = misuses;
  misuses = 0;
  pthread_mutex_unlock(&lock);
  return found;
}

int stand_in_registered(void) {
  int count = 0;
  for (int i = 0; i < RANGES; i++) count += ranges[i].memory != NULL;
  return count;
}

/* What every call answers first: 0, or why it cannot be made. */
static int begin(const char *function, bool needs_context) {
  if (in_host_function) {
    pthread_mutex_lock(&lock);
    misuses++;
    pthread_mutex_unlock(&lock);
    return NOT_PERMITTED;
  }
  if (!initialized) return NOT_INITIALIZED;
  if (strcmp(function, signalling) == 0) {
    signalling[0] = '\0';
    raise(SIGUSR1);
  }
  if (strcmp(function, failing) == 0 && calls_before-- == 0) {
    failing[0] = '\0';
    return failing_code;
  }
  return needs_context && !current ? INVALID_CONTEXT : 0;
}

#define BEGIN(needs_context)                                                                                 \
  do {                                                                                                       \
    int code_ = begin(__func__, needs_context);                                                              \
    if (code_) return code_;                                                                                 \
  } while (0)

static void forked(void) {
  initialized = false;
}

int cuInit(unsigned flags) {
  static pid_t owner;
  if (owner && owner != getpid()) return NOT_INITIALIZED; /* in a forked child, for good */
  if (!owner) pthread_atfork(NULL, NULL, forked);
  owner = getpid();
  initialized = true;
  int code = begin(__func__, false);
  return flags ? INVALID_VALUE : code;
}

static const struct {
  int code;
  const char *name, *text;
} errors[] = {{INVALID_VALUE, "CUDA_ERROR_INVALID_VALUE", "invalid argument"},
              {OUT_OF_MEMORY, "CUDA_ERROR_OUT_OF_MEMORY", "out of memory"},
              {NOT_INITIALIZED, "CUDA_ERROR_NOT_INITIALIZED", "initialization error"},
              {INVALID_CONTEXT, "CUDA_ERROR_INVALID_CONTEXT", "invalid device context"},
              {ALREADY_REGISTERED, "CUDA_ERROR_HOST_MEMORY_ALREADY_REGISTERED",
               "part or all of the requested memory range is already mapped"},
              {NOT_REGISTERED, "CUDA_ERROR_HOST_MEMORY_NOT_REGISTERED",
               "pointer does not correspond to a registered memory region"},
              {NOT_PERMITTED, "CUDA_ERROR_NOT_PERMITTED", "operation not permitted"}};

static int error_of(int code, const char **answer, bool name) {
  *answer = NULL;
  for (size_t i = 0; i < sizeof errors / sizeof *errors; i++)
    if (errors[i].code == code) *answer = name ? errors[i].name : errors[i].text;
  return *answer ? 0 : INVALID_VALUE;
}

int cuGetErrorName(int code, const char **name) {
  return error_of(code, name, true);
}
int cuGetErrorString(int code, const char **text) {
  return error_of(code, text, false);
}

int cuDeviceGetCount(int *count) {
  BEGIN(false);
  *count = DEVICES;
  return 0;
}

int cuDeviceGet(int *device, int ordinal) {
  BEGIN(false);
  *device = ordinal;
  return ordinal < 0 || ordinal >= DEVICES ? 101 : 0;
}

int cuDevicePrimaryCtxRetain(Context **context, int device) {
  BEGIN(false);
  contexts[device].device = device;
  contexts[device].users++;
  *context = &contexts[device];
  return 0;
}

int cuDevicePrimaryCtxRelease_v2(int device) {
  BEGIN(false);
  if (contexts[device].users == 0) return INVALID_CONTEXT;
  contexts[device].users--;
  return 0;
}

int cuCtxGetCurrent(Context **context) {
  BEGIN(false);
  *context = current;
  return 0;
}

int cuCtxGetDevice(int *device) {
  BEGIN(true);
  *device = current->device;
  return 0;
}

int cuCtxSetCurrent(Context *context) {
  BEGIN(false);
  if (context && !context->users) return INVALID_CONTEXT;
  current = context;
  return 0;
}

/* The range that has all of this memory, or, with `any`, some of it; -1: none. */
static int find_range(const char *memory, size_t bytes, bool any) {
  for (int i = 0; i < RANGES; i++) {
    const char *begin = ranges[i].memory;
    if (!begin) continue;
    const char *end = begin + ranges[i].bytes;
    if (any ? memory < end && begin < memory + bytes : begin <= memory && memory + bytes <= end) return i;
  }
  return -1;
}

int cuMemHostRegister_v2(char *memory, size_t bytes, unsigned flags) {
  BEGIN(true);
  int code = OUT_OF_MEMORY;
  pthread_mutex_lock(&lock);
  if (!memory || !bytes || flags != 1)
    code = INVALID_VALUE;
  else if (find_range(memory, bytes, true) >= 0)
    code = ALREADY_REGISTERED;
  else
    for (int i = 0; code && i < RANGES; i++)
      if (!ranges[i].memory) {
        for (size_t at = 0; at < bytes; at += 4096) *(volatile char *)(memory + at); /* it is there */
        ranges[i].memory = memory;
        ranges[i].bytes = bytes;
        registrations++;
        code = 0;
      }
  pthread_mutex_unlock(&lock);
  return code;
}

int cuMemHostUnregister(char *memory) {
  BEGIN(true);
  int code = NOT_REGISTERED;
  pthread_mutex_lock(&lock);
  for (int i = 0; i < RANGES; i++)
    if (memory && ranges[i].memory == memory) {
      for (size_t at = 0; at < ranges[i].bytes; at += 4096)
        *(volatile char *)(memory + at); /* it is still there */
      ranges[i].memory = NULL;
      code = 0;
    }
  pthread_mutex_unlock(&lock);
  return code;
}

static void do_work(Work *work) {
  if (work->from) memcpy(work->to, work->from, work->bytes);
  if (work->function) {
    in_host_function = true;
    work->function(work->argument);
    in_host_function = false;
  }
  pthread_mutex_lock(&lock);
  copies += work->from != NULL;
  host_functions += work->function != NULL;
  if (work->record && work->record->passed < work->turn) work->record->passed = work->turn;
}

static void *run_stream(void *argument) {
  Stream *stream = argument;
  pthread_mutex_lock(&lock);
  for (;;) {
    Work *work = stream->first;
    stream->busy = work != NULL;
    if (!work) pthread_cond_broadcast(&changed);
    if (!work || held || (work->wait && work->wait->passed < work->turn)) {
      pthread_cond_wait(&changed, &lock);
      continue;
    }
    if (!(stream->first = work->next)) stream->last = &stream->first;
    pthread_mutex_unlock(&lock);
    do_work(work); /* takes the lock */
    pthread_cond_broadcast(&changed);
    free(work);
  }
  return NULL;
}

static Stream *new_stream(void) {
  Stream *stream = calloc(1, sizeof *stream);
  stream->last = &stream->first;
  pthread_t thread;
  if (pthread_create(&thread, NULL, run_stream, stream)) abort();
  pthread_detach(thread);
  return stream;
}

static Stream *find_stream(Stream *stream) {
  pthread_mutex_lock(&lock);
  if (!stream && !legacy) legacy = new_stream();
  pthread_mutex_unlock(&lock);
  return stream ? stream : legacy;
}

static int add(Stream *stream, Work what) {
  Work *work = malloc(sizeof *work);
  *work = what;
  work->next = NULL;
  stream = find_stream(stream);
  pthread_mutex_lock(&lock);
  if (work->record) work->turn = ++work->record->recorded;
  if (work->wait) work->turn = work->wait->recorded;
  *stream->last = work;
  stream->last = &work->next;
  stream->busy = true;
  pthread_cond_broadcast(&changed);
  pthread_mutex_unlock(&lock);
  return 0;
}

int cuStreamCreate(Stream **stream, unsigned flags) {
  BEGIN(true);
  if (flags != 1) return INVALID_VALUE; /* CUDA would take 0: a stream that waits for the stream 0 */
  *stream = new_stream();
  return 0;
}

int cuStreamIsCapturing(Stream *stream, int *status) {
  BEGIN(true);
  *status = stream && stream == capturing;
  return 0;
}

int cuStreamSynchronize(Stream *stream) {
  BEGIN(true);
  stream = find_stream(stream);
  pthread_mutex_lock(&lock);
  while (stream->busy) pthread_cond_wait(&changed, &lock);
  pthread_mutex_unlock(&lock);
  return 0;
}

int cuEventCreate(Event **event, unsigned flags) {
  BEGIN(true);
  *event = calloc(1, sizeof **event);
  return flags == 2 ? 0 : INVALID_VALUE;
}

int cuEventQuery(Event *event) {
  BEGIN(true);
  pthread_mutex_lock(&lock);
  bool passed = event->passed == event->recorded;
  pthread_mutex_unlock(&lock);
  return passed ? 0 : NOT_READY;
}

int cuEventRecord(Event *event, Stream *stream) {
  BEGIN(true);
  return add(stream, (Work){.record = event});
}

int cuStreamWaitEvent(Stream *stream, Event *event, unsigned flags) {
  BEGIN(true);
  return flags ? INVALID_VALUE : add(stream, (Work){.wait = event});
}

int cuMemcpyHtoDAsync_v2(uint64_t to, const void *from, size_t bytes, Stream *stream) {
  BEGIN(true);
  pthread_mutex_lock(&lock);
  bool there = find_range(from, bytes, false) >= 0;
  misuses += !there;
  pthread_mutex_unlock(&lock);
  return there ? add(stream, (Work){.to = (void *)(uintptr_t)to, .from = from, .bytes = bytes})
               : INVALID_VALUE;
}

int cuLaunchHostFunc(Stream *stream, void (*function)(void *), void *argument) {
  BEGIN(true);
  return function ? add(stream, (Work){.function = function, .argument = argument}) : INVALID_VALUE;
}
