/* From text in memory to ids in memory: whether a way is right, and how fast it is. */
#include "bench.h"
#include "clock.h"
#include "team.h"
#include "tokenizer.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static tokenizer_result *expected[TOKENIZER_MOST_TEXTS][WAY_KINDS];

static void worker_free(tokenizer_worker *worker) {
  if (worker->way && worker->way->free) worker->way->free(worker->state);
  free(worker->ids);
  *worker = (tokenizer_worker){0};
}

static bool worker_make(tokenizer_worker *worker, const tokenizer_way *way, const tokenizer_text *text) {
  *worker = (tokenizer_worker){.text = text, .ids = malloc(TOKENIZER_DOCUMENT * sizeof(int32_t))};
  if (!worker->ids) {
    bench_wrong("no memory");
    return false;
  }
  memset(worker->ids, 0, TOKENIZER_DOCUMENT * sizeof(int32_t)); /* the pages are there */
  worker->way = way;
  if (!way->make || way->make(worker)) return true;
  worker->way = NULL;
  worker_free(worker);
  return false;
}

static bool run_all(const tokenizer_way *way, const tokenizer_text *text, tokenizer_result *results) {
  tokenizer_worker worker;
  if (!worker_make(&worker, way, text)) return false;
  bool good = true;
  for (size_t i = 0; good && i < text->documents; i++)
    good = (results[i] = way->run(&worker, i, true)).count != SIZE_MAX;
  worker_free(&worker);
  return good;
}

const tokenizer_result *tokenizer_expect(size_t text, const tokenizer_way *first) {
  tokenizer_result **place = &expected[text][first->kind];
  /* cppcheck-suppress identicalInnerCondition; there is no outer one */
  if (*place) return *place;
  tokenizer_result *results = calloc(tokenizer_texts[text].documents, sizeof *results);
  if (results && run_all(first, &tokenizer_texts[text], results)) return *place = results;
  free(results);
  return NULL;
}

void tokenizer_measure_finish(void) {
  for (size_t text = 0; text < TOKENIZER_MOST_TEXTS; text++)
    for (size_t kind = 0; kind < WAY_KINDS; kind++) free(expected[text][kind]);
}

bool tokenizer_is_right(const tokenizer_way *way, size_t which, const tokenizer_result *right) {
  const tokenizer_text *text = &tokenizer_texts[which];
  tokenizer_result *results = calloc(text->documents, sizeof *results);
  bool good = results && run_all(way, text, results);
  for (size_t i = 0; good && i < text->documents; i++) {
    if (results[i].count == right[i].count && results[i].sum == right[i].sum) continue;
    bench_wrong("document %zu comes to %zu, sum %016" PRIx64 ", expected %zu, sum %016" PRIx64, i,
                results[i].count, results[i].sum, right[i].count, right[i].sum);
    good = false;
  }
  free(results);
  return good;
}

typedef struct part {
  tokenizer_worker worker;
  const tokenizer_result *right;
  size_t first; /* document */
  uint64_t bytes, wrong;
  const uint32_t *stop;
} part;

static void run_document(part *p, size_t document) {
  const tokenizer_text *text = p->worker.text;
  p->wrong += p->worker.way->run(&p->worker, document, false).count != p->right[document].count;
  p->bytes += text->starts[document + 1] - text->starts[document];
}

/* All documents once. */
static void warm_up(void *argument) {
  part *p = argument;
  for (size_t i = 0; i < p->worker.text->documents; i++) run_document(p, i);
}

static void run_warm(void *argument) {
  part *p = argument;
  size_t documents = p->worker.text->documents;
  for (size_t i = p->first; !bench_is(p->stop); i++) run_document(p, i % documents);
}

/* Whole passes, each with what begins knowing nothing. */
static void run_cold(void *argument) {
  part *p = argument;
  const tokenizer_way *way = p->worker.way;
  do {
    if (way->free) way->free(p->worker.state);
    p->worker.state = NULL;
    if (!way->make(&p->worker)) {
      p->wrong++;
      return;
    }
    warm_up(p);
  } while (!bench_is(p->stop));
}

static bool run_team(part *parts, uint32_t n, void (*run)(void *), double seconds, double *elapsed) {
  static bench_thread threads[TOKENIZER_MOST_THREADS];
  uint32_t stop = 0;
  uint64_t wrong = 0;
  for (uint32_t i = 0; i < n; i++) {
    parts[i].bytes = 0;
    parts[i].stop = &stop;
    threads[i] = (bench_thread){.role = "tokenizes", .run = run, .argument = &parts[i]};
  }
  *elapsed = bench_team(threads, n, &stop, seconds);
  for (uint32_t i = 0; i < n; i++) wrong += parts[i].wrong;
  if (wrong > 0) bench_wrong("%" PRIu64 " documents come to another count than they should", wrong);
  return wrong == 0;
}

static bool measure_parts(part *parts, uint32_t n, bool cold, double seconds, double *speed) {
  double elapsed;
  if (!cold && !run_team(parts, n, warm_up, 0, &elapsed)) return false;
  if (!run_team(parts, n, cold ? run_cold : run_warm, seconds, &elapsed)) return false;
  uint64_t bytes = 0;
  for (uint32_t i = 0; i < n; i++) bytes += parts[i].bytes;
  *speed = (double)bytes / elapsed / 1e6;
  return true;
}

bool tokenizer_memory_measure(const tokenizer_way *way, size_t which, const tokenizer_result *right,
                              uint32_t threads, bool cold, double seconds, double *speed) {
  static part parts[TOKENIZER_MOST_THREADS];
  const tokenizer_text *text = &tokenizer_texts[which];
  bool good = true;
  memset(parts, 0, sizeof parts);
  for (uint32_t i = 0; good && i < threads; i++) {
    parts[i].right = right;
    parts[i].first = text->documents * i / threads;
    good = worker_make(&parts[i].worker, way, text);
  }
  good = good && measure_parts(parts, threads, cold, seconds, speed);
  for (uint32_t i = 0; i < threads; i++) worker_free(&parts[i].worker);
  return good;
}
