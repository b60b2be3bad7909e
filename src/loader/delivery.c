#include "loader/delivery.h"

#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/probes.h"
#include "base/sanitizers.h"
#include "core/batch_header.h"

enum { RUNNING, STOPPING, STOPPED };
enum { MESSAGE_WORDS = sizeof((fault *)0)->message / sizeof(uint64_t) };

/* What belongs to the position in a slot of the window. A worker writes it before it publishes the position, takers
   read it before they take that, delivery_least_step at any time. All of it relaxed: PUBLISH makes it visible, and
   what a taker has read counts only if its CAS of head succeeds (window.h). */
struct delivery_entry {
  _Atomic uint64_t step, tokens, masked, padding, cropped;
  _Atomic uint32_t code;                   /* of the fault */
  _Atomic bool ends;                       /* nothing comes after it */
  _Atomic uint64_t message[MESSAGE_WORDS]; /* of the fault; written if there is one */
};

/* Entries are read after they have been written only, so they begin with what was in memory. */
bool delivery_init(delivery *d, uint32_t size, uint64_t total, bool stops) {
  size_t slots, entries, n = (size_t)1 << window_shift_for(size);
  d->stops = stops;
  atomic_init(&d->closed, false);
  atomic_init(&d->stopped, RUNNING);
  d->slots = memory_multiply(n, sizeof *d->slots, &slots) ? memory_allocate(slots) : NULL;
  d->entries = memory_multiply(n, sizeof *d->entries, &entries) ? memory_allocate(entries) : NULL;
  if (!d->slots || !d->entries) return false;
  window_init(&d->window, d->slots, size, 0, total);
  return true;
}

static Batch *batch_of(uint32_t handle) {
  return &batch_header_at(handle)->batch;
}

void delivery_free(delivery *d) {
  bool is_made = d->slots && d->entries;
  uint64_t head = is_made ? window_head(&d->window) : 0;
  for (uint32_t i = 0, handle; is_made && i < d->window.size; i++)
    if ((handle = window_at(&d->window, head + i))) batch_release(batch_of(handle));
  if (is_made) port_descriptor_close(&d->window.ready.descriptor);
  memory_free(d->slots);
  memory_free(d->entries);
}

static delivery_entry *entry_of(const delivery *d, uint64_t position) {
  return &d->entries[position & d->window.mask];
}

static void put_message(delivery_entry *entry, const char *message) {
  uint64_t words[MESSAGE_WORDS] = {0};
  size_t used = strnlen(message, sizeof words - 1);
  memcpy(words, message, used);
  for (size_t i = 0; i <= used / sizeof *words; i++)
    atomic_store_explicit(&entry->message[i], words[i], memory_order_relaxed);
}

static void get_message(const delivery_entry *entry, char *message) {
  for (size_t i = 0; i < MESSAGE_WORDS; i++) {
    uint64_t word = atomic_load_explicit(&entry->message[i], memory_order_relaxed);
    memcpy(message + i * sizeof word, &word, sizeof word);
    if (memchr(&word, '\0', sizeof word)) return;
  }
}

static void put_counts(delivery_entry *entry, const position_counts *counts) {
  atomic_store_explicit(&entry->tokens, counts->tokens, memory_order_relaxed);
  atomic_store_explicit(&entry->masked, counts->masked, memory_order_relaxed);
  atomic_store_explicit(&entry->padding, counts->padding, memory_order_relaxed);
  atomic_store_explicit(&entry->cropped, counts->cropped, memory_order_relaxed);
}

static position_counts get_counts(const delivery_entry *entry) {
  return (position_counts){.tokens = atomic_load_explicit(&entry->tokens, memory_order_relaxed),
                           .masked = atomic_load_explicit(&entry->masked, memory_order_relaxed),
                           .padding = atomic_load_explicit(&entry->padding, memory_order_relaxed),
                           .cropped = atomic_load_explicit(&entry->cropped, memory_order_relaxed)};
}

uint64_t delivery_ticket(delivery *d) {
  return window_ticket(&d->window);
}

void delivery_publish(delivery *d, uint64_t position, const delivery_item *item) {
  delivery_entry *entry = entry_of(d, position);
  atomic_store_explicit(&entry->step, item->step, memory_order_relaxed);
  put_counts(entry, &item->counts);
  atomic_store_explicit(&entry->code, (uint32_t)item->why->code, memory_order_relaxed);
  atomic_store_explicit(&entry->ends, item->ends, memory_order_relaxed);
  if (item->why->code != BATCH_OK) put_message(entry, item->why->message);
  hand_over(item->batch);
  if (!window_publish(&d->window, position, batch_header_of(item->batch)->handle))
    error_abort("loader: batch %llu is ready while %llu have been taken, of a pool of %u",
                (unsigned long long)position, (unsigned long long)window_head(&d->window), d->window.size);
}

typedef struct reading {
  const delivery *delivery;
  delivery_item *item;
} reading;

/* A window_look. */
static bool read_entry(void *context, uint64_t position) {
  reading *r = context;
  const delivery_entry *entry = entry_of(r->delivery, position);
  r->item->step = atomic_load_explicit(&entry->step, memory_order_relaxed);
  r->item->counts = get_counts(entry);
  r->item->why->code = (batch_status)atomic_load_explicit(&entry->code, memory_order_relaxed);
  if (r->item->why->code == BATCH_OK) return true;
  get_message(entry, r->item->why->message);
  return !r->delivery->stops && !atomic_load_explicit(&entry->ends, memory_order_relaxed);
}

/* What a taker is told of a window that is closed: by the user, or for what it was stopped with. */
static batch_status end_of(const delivery *d) {
  handed_over(d);
  /* relaxed: written before the window was closed, by which it is visible. */
  if (atomic_load_explicit(&d->closed, memory_order_relaxed)) return BATCH_CLOSED;
  return d->stop_fault.code;
}

static window_status take(delivery *d, delivery_item *taken, uint64_t deadline) {
  reading r = {d, taken};
  window_taken at;
  window_status status = window_take(&d->window, read_entry, &r, &at, deadline);
  if (status != WINDOW_OK) return status;
  taken->batch = batch_of(at.handle);
  handed_over(taken->batch);
  return WINDOW_OK;
}

batch_status delivery_take(delivery *d, delivery_item *taken, uint64_t deadline, uint64_t *waited_ns) {
  window_status status = take(d, taken, BATCH_NO_WAIT);
  *waited_ns = 0;
  if (status == WINDOW_EMPTY && deadline != BATCH_NO_WAIT) {
    uint64_t begin = port_clock();
    PROBE1(loader_wait_begin, d);
    status = take(d, taken, deadline);
    *waited_ns = port_clock() - begin;
    PROBE2(loader_wait_end, d, *waited_ns);
  }
  switch (status) {
  case WINDOW_OK:
    return BATCH_OK;
  case WINDOW_EMPTY:
    return BATCH_EMPTY;
  case WINDOW_TIMEDOUT:
    return BATCH_TIMEDOUT;
  case WINDOW_END:
    return BATCH_END;
  case WINDOW_LEFT:
    delivery_stop(d, taken->why);
    return end_of(d);
  default:
    return end_of(d);
  }
}

batch_status delivery_look(void *object) {
  const delivery *d = object;
  uint64_t head, word;
  switch (window_next(&d->window, &head, &word)) {
  case WINDOW_OK:
    return BATCH_READY;
  case WINDOW_EMPTY:
    return BATCH_OK;
  case WINDOW_END:
    return BATCH_END;
  default:
    return end_of(d);
  }
}

void delivery_end(delivery *d, uint64_t total) {
  window_end(&d->window, total);
}

bool delivery_is_behind(const delivery *d, uint64_t position) {
  return window_is_behind(&d->window, position);
}

void delivery_close(delivery *d) {
  atomic_store_explicit(&d->closed, true, memory_order_relaxed); /* see end_of */
  hand_over(d);
  window_close(&d->window);
}

void delivery_stop(delivery *d, const fault *why) {
  int state = RUNNING;
  /* relaxed: it only elects who writes stop_fault. */
  if (!atomic_compare_exchange_strong_explicit(&d->stopped, &state, STOPPING, memory_order_relaxed,
                                               memory_order_relaxed))
    return;
  d->stop_fault = *why;
  /* release: pairs with the load in delivery_stopped; who finds the window closed may read it too. */
  atomic_store_explicit(&d->stopped, STOPPED, memory_order_release);
  hand_over(d);
  window_close(&d->window);
}

/* acquire: pairs with the store in delivery_stop. */
const fault *delivery_stopped(const delivery *d) {
  return atomic_load_explicit(&d->stopped, memory_order_acquire) == STOPPED ? &d->stop_fault : NULL;
}

uint32_t delivery_depth(const delivery *d) {
  return window_depth(&d->window);
}

uint64_t delivery_taken(const delivery *d) {
  return window_head(&d->window);
}

/* A step that is published, and whose worker says so, is below the head plus size, as window_publish has seen it; head
   is read after the workers' steps (see first_undelivered). */
uint64_t delivery_least_step(const delivery *d) {
  uint64_t head = window_head(&d->window), least = UINT64_MAX;
  for (uint32_t i = 0; i < d->window.size; i++) {
    if (!window_at(&d->window, head + i)) continue;
    uint64_t step = atomic_load_explicit(&entry_of(d, head + i)->step, memory_order_relaxed);
    if (step < least) least = step;
  }
  return least;
}
