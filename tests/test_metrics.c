/* batch_metrics_text: the format, the values, any time. */
#include <headrace/headrace.h>

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "support/exposition.h"
#include "support/failing_memory.h"
#include "support/loader.h"
#include "support/threads.h"
#include "support/watchdog.h"

static void begin(void) {
  watchdog_on();
  loader_begin();
}
TestSuite(metrics, .init = begin, .fini = loader_end);

enum { ROOM = 1 << 16 };
static char text[ROOM];

static void no_work(void *context, uint32_t sphere, Batch *batch) {
  (void)context, (void)sphere, (void)batch;
}

static BatchSpheres *two_spheres(void) {
  batch_spheres_options options = BATCH_SPHERES_OPTIONS_INIT;
  options.num_spheres = 2;
  options.process = no_work;
  return batch_spheres_start(&options);
}

static batch_metrics_options options_of(const batch_metrics_object *objects, size_t n) {
  batch_metrics_options options = BATCH_METRICS_OPTIONS_INIT;
  options.objects = objects;
  options.num_objects = n;
  return options;
}

/* Reads what is written of these. */
static exposition read_text(const batch_metrics_options *options) {
  exposition e;
  size_t length = batch_metrics_text(options, text, ROOM);
  cr_assert(length > 0 && length < ROOM, "%s", batch_last_error()->message);
  cr_assert_eq(length, strlen(text));
  const char *fault = exposition_read(&e, text);
  cr_assert_null(fault, "%s in\n%s", fault, text);
  return e;
}

static void assert_value(const exposition *e, const char *name, const char *labels, uint64_t value) {
  const exposition_sample *sample = exposition_find(e, name, labels);
  cr_assert_not_null(sample, "no %s{%s} in\n%s", name, labels, text);
  cr_assert_eq(sample->value, value, "%s{%s} is %llu instead of %llu", name, labels,
               (unsigned long long)sample->value, (unsigned long long)value);
}

Test(metrics, of_nothing_are_the_version) {
  batch_metrics_options options = BATCH_METRICS_OPTIONS_INIT;
  exposition e = read_text(&options);
  char version[40];
  snprintf(version, sizeof version, "version=\"%s\"", batch_version());
  cr_assert_eq(e.count, 1);
  assert_value(&e, "headrace_build_info", version, 1);
  exposition_free(&e);
}

/* Reads both when nothing comes between: a worker may count its last wait behind the last batch. */
static exposition read_loader(BatchLoader *loader, batch_loader_stats *s) {
  batch_metrics_object object = {.loader = loader};
  batch_metrics_options options = options_of(&object, 1);
  for (;;) {
    *s = stats_of(loader);
    exposition e = read_text(&options);
    batch_loader_stats after = stats_of(loader);
    if (after.worker_wait_ns == s->worker_wait_ns && after.worker_fill_ns == s->worker_fill_ns) return e;
    exposition_free(&e);
  }
}

Test(metrics, of_a_loader_are_its_statistics) {
  batch_loader_options o = small_options();
  BatchLoader *loader = start_loader(dataset, &o);
  for (Batch *batch; (batch = next_batch(loader)); batch_release(batch)) continue;
  batch_loader_stats s;
  exposition e = read_loader(loader, &s);
  assert_value(&e, "headrace_loader_batches_total", "", STEPS);
  assert_value(&e, "headrace_loader_tokens_total", "", s.tokens);
  assert_value(&e, "headrace_loader_masked_tokens_total", "", s.masked);
  assert_value(&e, "headrace_loader_padding_positions_total", "", s.padding);
  assert_value(&e, "headrace_loader_cropped_tokens_total", "", s.cropped);
  assert_value(&e, "headrace_loader_read_bytes_total", "", s.bytes);
  assert_value(&e, "headrace_loader_faulty_batches_total", "", s.errors);
  assert_value(&e, "headrace_loader_skipped_rows_total", "", s.skipped);
  assert_value(&e, "headrace_loader_trainer_wait_seconds_total", "", s.trainer_wait_ns);
  assert_value(&e, "headrace_loader_worker_wait_seconds_total", "", s.worker_wait_ns);
  assert_value(&e, "headrace_loader_worker_fill_seconds_total", "", s.worker_fill_ns);
  assert_value(&e, "headrace_loader_pool_waits_total", "", s.pool_misses);
  assert_value(&e, "headrace_loader_ready_batches", "", 0);
  assert_value(&e, "headrace_loader_pool_batches", "", s.pool_size);
  assert_value(&e, "headrace_loader_workers", "", s.workers);
  cr_assert(s.tokens > 0 && s.bytes > 0 && s.worker_fill_ns > 0);
  exposition_free(&e);
  batch_loader_free(loader);
}

Test(metrics, of_queues_and_pools_are_what_their_calls_say) {
  BatchQueue *in = batch_queue_create(4), *out = batch_queue_create(0);
  BatchPool *pool = batch_pool_create(3, 1, 1, 10);
  Batch *held = batch_pool_allocate(pool), *other = batch_pool_allocate(pool);
  cr_assert(batch_queue_enqueue(in, other));
  batch_release(batch_pool_allocate(pool));
  batch_queue_close(out);
  batch_metrics_object objects[] = {
      {.name = "in", .queue = in}, {.pool = pool}, {.name = "out", .queue = out}};
  batch_metrics_options options = options_of(objects, 3);
  exposition e = read_text(&options);
  assert_value(&e, "headrace_queue_batches", "name=\"in\"", 1);
  assert_value(&e, "headrace_queue_batches", "name=\"out\"", 0);
  assert_value(&e, "headrace_queue_capacity_batches", "name=\"in\"", 4);
  assert_value(&e, "headrace_queue_capacity_batches", "name=\"out\"", 0);
  assert_value(&e, "headrace_queue_closed", "name=\"in\"", 0);
  assert_value(&e, "headrace_queue_closed", "name=\"out\"", 1);
  assert_value(&e, "headrace_pool_batches", "", 3);
  assert_value(&e, "headrace_pool_outstanding_batches", "", 2);
  assert_value(&e, "headrace_pool_allocations_total", "", 3);
  assert_value(&e, "headrace_pool_waits_total", "", 0);
  exposition_free(&e);
  cr_assert(
      batch_pool_resize(pool, 2)); /* what is taken away was not handed out, but the counter does not fall */
  batch_queue_free(in);
  cr_assert_not_null(batch_pool_allocate_until(pool, &other, BATCH_NO_WAIT) == BATCH_OK ? other : NULL);
  cr_assert_null(batch_pool_try_allocate(pool));
  e = read_text(&(batch_metrics_options){sizeof options, objects + 1, 1, NULL, 0});
  assert_value(&e, "headrace_pool_batches", "", 2);
  assert_value(&e, "headrace_pool_outstanding_batches", "", 2);
  assert_value(&e, "headrace_pool_allocations_total", "", 5);
  assert_value(&e, "headrace_pool_waits_total", "", 1);
  exposition_free(&e);
  batch_release(held);
  batch_release(other);
  batch_queue_free(out);
  batch_pool_free(pool);
}

Test(metrics, of_spheres_are_those_of_each) {
  BatchSpheres *spheres = two_spheres();
  for (int i = 0; i < 20; i++) batch_spheres_dispatch(spheres, BATCH_SPHERES_ANY, check_small_batch(1));
  batch_spheres_drain(spheres);
  batch_metrics_object object = {.name = "lanes", .spheres = spheres};
  batch_metrics_options options = options_of(&object, 1);
  exposition e = read_text(&options);
  for (uint32_t i = 0; i < 2; i++) {
    char labels[60];
    batch_sphere_stats stats = BATCH_SPHERE_STATS_INIT;
    cr_assert(batch_spheres_get_stats(spheres, i, &stats));
    snprintf(labels, sizeof labels, "name=\"lanes\",sphere=\"%u\"", i);
    assert_value(&e, "headrace_spheres_processed_batches_total", labels, stats.processed);
    assert_value(&e, "headrace_spheres_stolen_batches_total", labels, stats.stolen);
  }
  exposition_free(&e);
  batch_spheres_stop(spheres);
}

Test(metrics, of_tokenizing_are_its_progress) {
  batch_tokenize_progress progress = {.bytes = 5,
                                      .total_bytes = 9,
                                      .tokens = UINT64_MAX,
                                      .documents = 2,
                                      .bad_lines = 1,
                                      .masked = 3,
                                      .reader_ns = 1,
                                      .reader_wait_ns = 1000000000,
                                      .worker_ns = 1999999999,
                                      .worker_wait_ns = UINT64_MAX,
                                      .writer_ns = 7,
                                      .writer_wait_ns = 8,
                                      .workers = 4};
  batch_metrics_object object = {.tokenize = &progress};
  batch_metrics_options options = options_of(&object, 1);
  exposition e = read_text(&options);
  assert_value(&e, "headrace_tokenize_bytes_total", "", 5);
  assert_value(&e, "headrace_tokenize_input_bytes", "", 9);
  assert_value(&e, "headrace_tokenize_tokens_total", "", UINT64_MAX);
  assert_value(&e, "headrace_tokenize_documents_total", "", 2);
  assert_value(&e, "headrace_tokenize_bad_lines_total", "", 1);
  assert_value(&e, "headrace_tokenize_masked_tokens_total", "", 3);
  assert_value(&e, "headrace_tokenize_reader_busy_seconds_total", "", 1);
  assert_value(&e, "headrace_tokenize_reader_wait_seconds_total", "", 1000000000);
  assert_value(&e, "headrace_tokenize_worker_busy_seconds_total", "", 1999999999);
  assert_value(&e, "headrace_tokenize_worker_wait_seconds_total", "", UINT64_MAX);
  assert_value(&e, "headrace_tokenize_writer_busy_seconds_total", "", 7);
  assert_value(&e, "headrace_tokenize_writer_wait_seconds_total", "", 8);
  assert_value(&e, "headrace_tokenize_workers", "", 4);
  exposition_free(&e);
}

Test(metrics, names_may_have_any_characters) {
  BatchQueue *queue = batch_queue_create(1);
  batch_metrics_object objects[] = {{.name = "a \"b\" \\ c\nd } é", .queue = queue},
                                    {.name = "", .queue = queue}};
  batch_metrics_label labels[] = {{"rank", "3"}, {"_where1", "\\"}};
  batch_metrics_options options = options_of(objects, 2);
  options.labels = labels;
  options.num_labels = 2;
  exposition e = read_text(&options);
  assert_value(&e, "headrace_queue_batches",
               "name=\"a \\\"b\\\" \\\\ c\\nd } é\",rank=\"3\",_where1=\"\\\\\"", 0);
  assert_value(&e, "headrace_queue_batches", "name=\"\",rank=\"3\",_where1=\"\\\\\"", 0);
  exposition_free(&e);
  batch_queue_free(queue);
}

Test(metrics, text_is_whole_or_empty) {
  BatchQueue *queue = batch_queue_create(1);
  batch_metrics_object object = {.name = "q", .queue = queue};
  batch_metrics_options options = options_of(&object, 1);
  size_t length = batch_metrics_text(&options, NULL, 0);
  cr_assert_gt(length, 100);
  for (size_t room = 1; room <= length + 1; room++) {
    memset(text, 'x', ROOM);
    cr_assert_eq(batch_metrics_text(&options, text, room), length);
    cr_assert_eq(strlen(text), room > length ? length : 0);
    for (size_t i = room; i < length + 10; i++)
      cr_assert_eq(text[i], 'x', "written behind the room of %zu", room);
  }
  batch_queue_free(queue);
}

Test(metrics, bad_options_are_refused_and_leave_no_text) {
  BatchQueue *queue = batch_queue_create(1);
  BatchPool *pool = batch_pool_create(1, 1, 1, 10);
  batch_metrics_object objects[2] = {{.queue = queue}, {.name = "x", .queue = queue}};
  batch_metrics_label labels[2] = {{"a", "b"}, {"c", "d"}};
  batch_metrics_options options = options_of(objects, 2), none = {0};
  options.labels = labels;
  options.num_labels = 2;
#define BAD(code, ...)                                                                                       \
  assert_refused(batch_metrics_text(&options, text, ROOM) == 0 && !*text, code, "batch_metrics_text",        \
                 __VA_ARGS__)
  assert_refused(!batch_metrics_text(NULL, text, ROOM), BATCH_ERROR_INVALID_ARGUMENT, "options", "NULL");
  assert_refused(!batch_metrics_text(&none, text, ROOM), BATCH_ERROR_INVALID_ARGUMENT, "options.size",
                 "INIT");
  assert_refused(!batch_metrics_text(&options, NULL, 1), BATCH_ERROR_INVALID_ARGUMENT, "text", "NULL");
  objects[1].pool = pool;
  BAD(BATCH_ERROR_INVALID_ARGUMENT, "object 1", "2 pointers", "expected one");
  objects[1] = (batch_metrics_object){.name = "x"};
  BAD(BATCH_ERROR_INVALID_ARGUMENT, "object 1", "0 pointers");
  objects[1] = objects[0];
  BAD(BATCH_ERROR_INVALID_ARGUMENT, "objects 0 and 1", "without a name");
  objects[1].name = ""; /* to Prometheus no label */
  BAD(BATCH_ERROR_INVALID_ARGUMENT, "objects 0 and 1", "without a name");
  objects[0].name = objects[1].name = "same";
  BAD(BATCH_ERROR_INVALID_ARGUMENT, "objects 0 and 1", "named same");
  objects[1].name = "\xff";
  BAD(BATCH_ERROR_INVALID_ARGUMENT, "object 1", "UTF-8");
  objects[1] = (batch_metrics_object){.pool = pool, .reserved = {[3] = pool}};
  BAD(BATCH_ERROR_UNSUPPORTED, "object 1");
  objects[1] = (batch_metrics_object){.pool = pool};
  const char *const bad_names[] = {"", "1a", "a-b", "__a", "name", "sphere", "version", "é", "a:b", "c"};
  for (size_t i = 0; i < sizeof bad_names / sizeof *bad_names; i++) {
    labels[0].name = bad_names[i];
    BAD(BATCH_ERROR_INVALID_ARGUMENT, "label");
  }
  labels[0] = (batch_metrics_label){"a", NULL};
  BAD(BATCH_ERROR_INVALID_ARGUMENT, "the value of label 0 is NULL");
  labels[0] = (batch_metrics_label){NULL, "b"};
  BAD(BATCH_ERROR_INVALID_ARGUMENT, "the name of label 0 is NULL");
  labels[0] = (batch_metrics_label){"a", "\xc3"};
  BAD(BATCH_ERROR_INVALID_ARGUMENT, "label 0", "UTF-8");
  options.labels = NULL;
  BAD(BATCH_ERROR_INVALID_ARGUMENT, "options.labels", "NULL");
  options.objects = NULL;
  BAD(BATCH_ERROR_INVALID_ARGUMENT, "options.objects", "NULL");
  batch_queue_free(queue);
  batch_pool_free(pool);
}

/* Everything at once, and whoever reads it. */
typedef struct busy {
  BatchLoader *loader;
  BatchQueue *queue;
  BatchSpheres *spheres;
  BatchPool *pool;
  atomic_bool done;
} busy;

static void work(test_thread *self) {
  busy *b = self->context;
  for (Batch *batch; (batch = batch_loader_next(b->loader));) {
    watchdog_step("works");
    Batch *own = batch_pool_allocate(b->pool);
    batch_queue_enqueue(b->queue, own);
    batch_spheres_dispatch(b->spheres, BATCH_SPHERES_ANY, batch);
    batch_release(batch_queue_dequeue(b->queue));
    batch_pool_resize(b->pool, 3 - batch_pool_size(b->pool)); /* 1, 2, 1 ... */
  }
  atomic_store(&b->done, true);
}

static void assert_no_counter_fell(const exposition *before, const exposition *now) {
  for (size_t i = 0; i < before->count; i++) {
    const exposition_sample *old = &before->samples[i], *new = exposition_find(now, old->name, old->labels);
    cr_assert_not_null(new);
    cr_assert(!old->counter || new->value >= old->value, "%s fell from %llu to %llu", old->name,
              (unsigned long long)old->value, (unsigned long long)new->value);
  }
}

Test(metrics, counters_never_fall_while_everything_works, .timeout = 200) {
  batch_loader_options o = small_options();
  o.epochs = 40;
  o.workers = 2;
  busy b = {.loader = start_loader(dataset, &o),
            .queue = batch_queue_create(2),
            .spheres = two_spheres(),
            .pool = batch_pool_create(2, 1, 1, 10)};
  batch_metrics_object objects[] = {
      {.loader = b.loader}, {.queue = b.queue}, {.spheres = b.spheres}, {.pool = b.pool}};
  batch_metrics_options options = options_of(objects, 4);
  exposition before = read_text(&options);
  test_thread thread;
  threads_start(&thread, 1, "worker", work, &b);
  bool done;
  do {
    done = atomic_load(&b.done);
    exposition now = read_text(&options);
    assert_no_counter_fell(&before, &now);
    exposition_free(&before);
    before = now;
  } while (!done);
  threads_join(&thread, 1);
  batch_spheres_drain(b.spheres);
  exposition_free(&before);
  before = read_text(&options);
  assert_value(&before, "headrace_loader_batches_total", "", (uint64_t)STEPS * o.epochs);
  exposition_free(&before);
  batch_spheres_stop(b.spheres);
  batch_loader_free(b.loader);
  batch_queue_free(b.queue);
  batch_pool_free(b.pool);
}

Test(metrics, allocate_nothing) {
  batch_loader_options o = small_options();
  BatchLoader *loader = start_loader(dataset, &o);
  BatchQueue *queue = batch_queue_create(1);
  BatchPool *pool = batch_pool_create(1, 1, 1, 10);
  BatchSpheres *spheres = two_spheres();
  while (stats_of(loader).queue_depth < stats_of(loader).pool_size) sched_yield(); /* the workers are idle */
  batch_metrics_object objects[] = {
      {.name = "\"", .loader = loader}, {.queue = queue}, {.pool = pool}, {.spheres = spheres}};
  batch_metrics_options options = options_of(objects, 4);
  memory_fails_at(1, true);
  size_t length = batch_metrics_text(&options, text, ROOM);
  unsigned allocations = memory_allocations();
  memory_fails_at(0, false);
  cr_assert_gt(length, 0);
  cr_assert_eq(allocations, 0);
  batch_spheres_stop(spheres);
  batch_loader_free(loader);
  batch_queue_free(queue);
  batch_pool_free(pool);
}

/* Controls: the reader finds each fault. */
Test(metrics, reader_refuses_what_the_format_does) {
#define FAMILY "# HELP a_total A.\n# TYPE a_total counter\n"
  static const struct {
    const char *text, *fault;
  } cases[] = {
      {FAMILY "a_total 1\n", NULL},
      {FAMILY "a_total{b=\"c\\\\\\\"\\n\",d=\"}\"} 1.000000001\na_total 2\n", NULL},
      {FAMILY "a_total 1", "no end"},
      {FAMILY, "no sample"},
      {"", "no sample"},
      {"a_total 1\n", "outside"},
      {FAMILY "a_total 1\nb 1\n", "outside"},
      {FAMILY "a_total 1\n" FAMILY "a_total{b=\"c\"} 1\n", "begins again"},
      {FAMILY "# HELP b B.\n# TYPE b gauge\nb 1\n", "without samples"},
      {"# HELP a A.\n# HELP b B.\n", "behind another"},
      {"# HELP a A.\n# TYPE b gauge\n", "another family"},
      {"# HELP a A.\n# TYPE a counter\n", "_total"},
      {"# HELP a_total A.\n# TYPE a_total gauge\n", "_total"},
      {"# HELP a A.\n# TYPE a histogram\n", "neither"},
      {"# HELP a \\x\n", "escaped"},
      {"# a\n", "comment"},
      {FAMILY "a_total 1\na_total 1\n", "twice"},
      {FAMILY "a_total{b=\"c\"} 1\na_total{b=\"c\"} 1\n", "twice"},
      {FAMILY "a_total{b=\"c\",b=\"d\"} 1\n", "twice"},
      {FAMILY "a_total{b=\"c} 1\n", "no end"},
      {FAMILY "a_total{b=\"c\" 1\n", "no end"},
      {FAMILY "a_total{b=\"\\x\"} 1\n", "escapes nothing"},
      {FAMILY "a_total{1b=\"c\"} 1\n", "no name"},
      {FAMILY "a_total{} 1\n", "no name"},
      {FAMILY "a_total{b=c} 1\n", "no value"},
      {FAMILY "a_total -1\n", "no number"},
      {FAMILY "a_total 1 1395066363000\n", "no number"},
      {FAMILY "a_total\n", "no blank"},
      {FAMILY "\na_total 1\n", "no name"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    exposition e;
    const char *fault = exposition_read(&e, cases[i].text);
    cr_assert_eq(fault == NULL, cases[i].fault == NULL, "%s: %s", cases[i].text, fault ? fault : "no fault");
    cr_assert(!fault || strstr(fault, cases[i].fault), "%s: %s instead of %s", cases[i].text, fault,
              cases[i].fault);
    exposition_free(&e);
  }
}
