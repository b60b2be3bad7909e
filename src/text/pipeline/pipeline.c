#include "text/pipeline/pipeline.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/probes.h"
#include "base/sanitizers.h"
#include "sync/handle_queue.h"
#include "sync/line.h"
#include "sync/thread.h"
#include "sync/window.h"

enum { JOBS_A_WORKER = 4 };
#define REPORT_NS (PORT_SECOND_NS / 10)

typedef struct text_worker {
  pipeline *p;
  pthread_t thread;
  job_encoder encoder;
} text_worker;

struct pipeline {
  job_reader *reader;
  pthread_t reader_thread;
  text_worker *workers;
  uint32_t num_workers; /* that run */
  bool reads;           /* so does the reader */
  unsigned generation;  /* of the process, see thread.h */
  uint64_t waited;      /* by the calling thread, for the next job */
  text_job *jobs;       /* [num_jobs]; job i has the handle i + 1 */
  uint32_t num_jobs;
  uint64_t most_bytes;       /* on their way, before the reader waits */
  handle_queue *idle, *work; /* jobs without text, and with text */
  event idle_ready, work_ready;
  _Atomic uint64_t *slots; /* the window's */
  window done;
  /* pipeline_free sets it, all threads read it. */
  _Alignas(PORT_LINE) _Atomic bool stopped;
  /* Bytes of text on their way: the reader adds, the calling thread takes away. */
  _Alignas(PORT_LINE) _Atomic uint64_t bytes;
};

/* relaxed: who goes on a moment longer does some more in vain. */
static bool goes_on(void *context) {
  const pipeline *p = context;
  return !atomic_load_explicit(&p->stopped, memory_order_relaxed);
}

static text_job *job_of(const pipeline *p, uint32_t handle) {
  handed_over(&p->jobs[handle - 1]);
  return &p->jobs[handle - 1];
}

static uint32_t handle_of_job(const pipeline *p, const text_job *job) {
  hand_over(job);
  return (uint32_t)(job - p->jobs) + 1;
}

bool pipeline_is_elsewhere(const pipeline *p) {
  return p->generation != thread_generation();
}

/* A thread that waits for a job. */
typedef struct attempt {
  pipeline *p;
  uint32_t handle; /* 0: the pipeline was stopped, or there is none any more */
} attempt;

/* seq_cst, here and in retry_work: that there is nothing is decided by these loads, see event.h; they pair with the store in
   stop and the subtraction in take_back. */
static bool retry_idle(void *context) {
  attempt *a = context;
  const pipeline *p = a->p;
  if (atomic_load_explicit(&p->stopped, memory_order_seq_cst)) return true;
  if (atomic_load_explicit(&p->bytes, memory_order_seq_cst) > p->most_bytes) return false;
  return handle_queue_pop(p->idle, &a->handle) == RING_OK;
}

static bool retry_work(void *context) {
  attempt *a = context;
  if (atomic_load_explicit(&a->p->stopped, memory_order_seq_cst)) return true;
  return handle_queue_pop(a->p->work, &a->handle) != RING_EMPTY;
}

/* NULL: there is none any more. */
static text_job *take(pipeline *p, event *ready, event_retry *retry) {
  attempt a = {p, 0};
  if (!retry(&a)) event_wait(ready, retry, &a, UINT64_MAX);
  return a.handle ? job_of(p, a.handle) : NULL;
}

static void give(pipeline *p, handle_queue *queue, event *ready, const text_job *job) {
  if (handle_queue_push(queue, handle_of_job(p, job)) != RING_OK)
    error_abort("text: no room for one of %u jobs", p->num_jobs);
  event_notify(ready, 1);
}

static void give_work(pipeline *p, const text_job *job) {
  PROBE3(text_read, job->number, job->text.used, job->times.reader_wait);
  /* relaxed: the reader itself reads it next. */
  atomic_fetch_add_explicit(&p->bytes, job->text.used, memory_order_relaxed);
  give(p, p->work, &p->work_ready, job);
}

static void *read_jobs(void *context) {
  pipeline *p = context;
  pthread_setname_np(pthread_self(), "headrace-read");
  for (bool last = false; !last;) {
    uint64_t waits = port_clock();
    text_job *job = take(p, &p->idle_ready, retry_idle);
    waits = port_clock() - waits;
    if (!job || !job_reader_next(p->reader, job)) break;
    job->times.reader_wait = waits;
    last = job->last;
    give_work(p, job);
  }
  handle_queue_close(p->work);
  event_notify_all(&p->work_ready);
  return NULL;
}

static void *work(void *context) {
  text_worker *w = context;
  pipeline *p = w->p;
  pthread_setname_np(pthread_self(), "headrace-text");
  uint64_t since = port_clock();
  for (text_job *job; (job = take(p, &p->work_ready, retry_work)); since = port_clock()) {
    uint64_t number = job->number;
    job->times.workers_wait = port_clock() - since;
    if (!job_encoder_run(&w->encoder, job)) break;
    if (pipeline_is_elsewhere(p)) break; /* in a child that the tokenizer has forked */
    PROBE3(text_encoded, number, job->count, job->times.workers_wait);
    if (!window_publish(&p->done, number, handle_of_job(p, job)))
      error_abort("text: job %llu is done while %llu of %u have been taken", (unsigned long long)number,
                  (unsigned long long)window_head(&p->done), p->num_jobs);
  }
  return NULL;
}

/* A window_look. */
static bool any(void *context, uint64_t position) {
  (void)context, (void)position;
  return true;
}

static void take_back(pipeline *p, text_job *job) {
  uint64_t bytes = job->text.used;
  text_job_clear(job);
  /* seq_cst: pairs with the load in retry_idle, as NOTICE with REGISTER in event.h. */
  atomic_fetch_sub_explicit(&p->bytes, bytes, memory_order_seq_cst);
  give(p, p->idle, &p->idle_ready, job);
}

static bool deliver_next(pipeline *p, text_delivery *d, bool *last) {
  window_taken taken;
  uint64_t since = port_clock();
  bool taken_one = window_take(&p->done, any, NULL, &taken, since + REPORT_NS) == WINDOW_OK;
  uint64_t waited = port_clock() - since;
  p->waited += waited;
  d->times.writer_wait += waited;
  if (!taken_one) return text_delivery_report(d);
  text_job *job = job_of(p, taken.handle);
  *last = job->last;
  if (!text_delivery_give(d, job)) return false;
  PROBE3(text_written, job->number, job->count, p->waited);
  p->waited = 0;
  take_back(p, job);
  return true;
}

bool pipeline_deliver(pipeline *p, text_delivery *d) {
  d->times.threads = p->num_workers;
  bool good = true;
  for (bool last = false; good && !last;) {
    good = deliver_next(p, d, &last);
    if (pipeline_is_elsewhere(p))
      return error_fail(BATCH_ERROR_UNSUPPORTED,
                        "%.700s: the threads that tokenize it are in the process that forked this one",
                        d->path ? d->path : "");
  }
  return good;
}

static bool make_queue(handle_queue **queue, uint32_t capacity) {
  *queue = line_alloc(handle_queue_bytes(capacity));
  return *queue && handle_queue_init(*queue, capacity, NULL) == 0;
}

static bool make_parts(pipeline *p, uint32_t workers) {
  p->workers = calloc(workers, sizeof *p->workers);
  p->jobs = calloc(p->num_jobs, sizeof *p->jobs);
  p->slots = calloc((size_t)1 << window_shift_for(p->num_jobs), sizeof *p->slots);
  if (!p->workers || !p->jobs || !p->slots || !make_queue(&p->idle, p->num_jobs) ||
      !make_queue(&p->work, p->num_jobs))
    return false;
  window_init(&p->done, p->slots, p->num_jobs, 0, UINT64_MAX);
  event_init(&p->idle_ready);
  event_init(&p->work_ready);
  return true;
}

static uint64_t most_bytes(const pipeline *p) {
  uint64_t usual = (uint64_t)p->num_jobs * text_job_step, longest = p->reader->longest;
  return 2 * (longest > usual && longest < UINT64_MAX / 2 ? longest : usual);
}

static pipeline *make(job_reader *reader, uint32_t workers) {
  pipeline *p = thread_prepare() == 0 ? line_alloc(sizeof *p) : NULL;
  if (!p) return NULL;
  memset(p, 0, sizeof *p);
  p->reader = reader;
  p->generation = thread_generation();
  p->num_jobs = JOBS_A_WORKER * workers;
  p->most_bytes = most_bytes(p);
  if (make_parts(p, workers)) return p;
  pipeline_free(p);
  return NULL;
}

static bool start_worker(pipeline *p, const batch_dataset_options *options, const BatchTokenizer *tokenizer) {
  text_worker *w = &p->workers[p->num_workers];
  w->p = p;
  bool good = job_encoder_make(&w->encoder, options, tokenizer);
  w->encoder.tick = goes_on;
  w->encoder.tick_context = p;
  good = good && thread_start(&w->thread, work, w) == 0;
  if (!good) job_encoder_free(&w->encoder);
  p->num_workers += good;
  return good;
}

/* It waits: no job is idle yet. */
static bool start_reader(pipeline *p) {
  job_reader before = *p->reader;
  p->reader->tick = goes_on;
  p->reader->tick_context = p;
  p->reads = thread_start(&p->reader_thread, read_jobs, p) == 0;
  if (!p->reads) *p->reader = before;
  return p->reads;
}

pipeline *pipeline_start(job_reader *reader, const batch_dataset_options *options,
                         const BatchTokenizer *tokenizer, uint32_t workers, text_job *first) {
  pipeline *p = make(reader, workers);
  if (!p) return NULL;
  while (p->num_workers < workers && start_worker(p, options, tokenizer)) {
  }
  if (p->num_workers == 0 || !start_reader(p)) {
    pipeline_free(p);
    return NULL;
  }
  p->jobs[0] = *first;
  *first = (text_job){0};
  give_work(p, &p->jobs[0]);
  for (uint32_t i = 1; i < p->num_jobs; i++) give(p, p->idle, &p->idle_ready, &p->jobs[i]);
  return p;
}

static void stop(pipeline *p) {
  /* seq_cst: pairs with the loads in retry_idle and retry_work, as NOTICE with REGISTER in event.h. */
  atomic_store_explicit(&p->stopped, true, memory_order_seq_cst);
  event_notify_all(&p->idle_ready);
  event_notify_all(&p->work_ready);
  if (p->reads) pthread_join(p->reader_thread, NULL);
  for (uint32_t i = 0; i < p->num_workers; i++) {
    pthread_join(p->workers[i].thread, NULL);
    job_encoder_free(&p->workers[i].encoder);
  }
}

/* Also of one that was made half-way. */
void pipeline_free(pipeline *p) {
  stop(p);
  for (uint32_t i = 0; p->jobs && i < p->num_jobs; i++) text_job_free(&p->jobs[i]);
  free(p->workers);
  free(p->jobs);
  free(p->slots);
  free(p->idle);
  free(p->work);
  free(p);
}
