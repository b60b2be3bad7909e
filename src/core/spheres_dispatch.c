/* Giving batches to lanes. Many at once are dealt out first: then each lane gets its share in one step, as far as it has
   room, and the workers are told once of what all lanes have got. */
#include <headrace/spheres.h>

#include <headrace/distribute.h>

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/probes.h"
#include "base/sanitizers.h"
#include "core/batch_header.h"
#include "core/batch_internal.h"
#include "core/spheres_internal.h"

static bool refuse_closed(const char *function, uint32_t lane) {
  return error_fail(BATCH_CLOSED, "%s: lane %u is closed: batch_spheres_stop has begun", function, lane);
}

/* The lane that a batch goes to, num_spheres or more: none. */
static uint32_t lane_for(const BatchSpheres *s, uint32_t lane, const Batch *batch) {
  return lane == BATCH_SPHERES_ANY ? batch_symmetry_group(batch) % s->num_spheres : lane;
}

bool batch_spheres_dispatch(BatchSpheres *spheres, uint32_t lane, Batch *batch) {
  static const char function[] = "batch_spheres_dispatch";
  if (!spheres || !batch)
    return error_fail(BATCH_ERROR_INVALID_ARGUMENT, "%s: %s is NULL", function,
                      spheres ? "batch" : "spheres");
  if (spheres_are_elsewhere(function, spheres)) return false;
  lane = lane_for(spheres, lane, batch);
  if (lane >= spheres->num_spheres)
    return error_fail(BATCH_ERROR_INVALID_ARGUMENT, "%s: lane is %u, expected 0 to %u or BATCH_SPHERES_ANY",
                      function, lane, spheres->num_spheres - 1);
  batch_header_check(function, batch); /* here, since the queue has a name of its own */
  if (!batch_queue_enqueue(spheres->workers[lane].lane, batch)) return refuse_closed(function, lane);
  event_notify(&spheres->work, 1);
  return true;
}

enum { DEALT = 256 };

/* So many batches of the caller's, sorted by their lanes, those of one lane in the order given. */
typedef struct deal {
  BatchSpheres *spheres;
  Batch **batches;
  uint32_t handles[DEALT];
  uint16_t place[DEALT];                        /* of each handle's batch in batches */
  uint16_t next[MAX_SPHERES], end[MAX_SPHERES]; /* what is left of each lane's share of handles */
} deal;

/* Deals out n <= DEALT batches, which are known to be right. lanes is NULL for BATCH_SPHERES_ANY. */
static void deal_out(deal *d, BatchSpheres *s, const uint32_t *lanes, Batch **batches, size_t n) {
  uint16_t lane[DEALT], first = 0;
  d->spheres = s;
  d->batches = batches;
  memset(d->end, 0, s->num_spheres * sizeof *d->end);
  for (size_t i = 0; i < n; i++) {
    lane[i] = (uint16_t)lane_for(s, lanes ? lanes[i] : BATCH_SPHERES_ANY, batches[i]);
    d->end[lane[i]]++;
  }
  for (uint32_t i = 0; i < s->num_spheres; i++) {
    d->next[i] = first;
    first = (uint16_t)(first + d->end[i]);
    d->end[i] = d->next[i];
  }
  for (size_t i = 0; i < n; i++) {
    uint16_t at = d->end[lane[i]]++;
    d->handles[at] = batch_header_of(batches[i])->handle;
    d->place[at] = (uint16_t)i;
    hand_over(batches[i]);
  }
}

/* A step into one lane, of what is left of its share. */
typedef struct share {
  deal *deal;
  uint32_t lane;
  uint32_t entered;
  ring_status status;
} share;

static BatchQueue *lane_of(const share *s) {
  return s->deal->spheres->workers[s->lane].lane;
}

static uint32_t left_of(const share *s) {
  /* NOLINTNEXTLINE(clang-analyzer-core.UndefinedBinaryOperatorResult): deal_out has set those of all lanes */
  return (uint32_t)s->deal->end[s->lane] - s->deal->next[s->lane];
}

static bool share_step(void *context) {
  share *s = context;
  s->status = handle_queue_push_many(&lane_of(s)->handles, s->deal->handles + s->deal->next[s->lane],
                                     left_of(s), &s->entered);
  return s->status != RING_FULL;
}

/* Takes from the caller what has gone in. */
static void share_entered(const share *s) {
  deal *d = s->deal;
  for (uint32_t i = 0; i < s->entered; i++) d->batches[d->place[d->next[s->lane]++]] = NULL;
}

/* Gives each lane of its share what it has room for, and tells the workers how many they all got, *entered. RING_OK: nothing
   is left, else *lane is the first that is full, or one that is closed. */
static ring_status deal_round(deal *d, uint32_t *lane, uint32_t *entered) {
  ring_status status = RING_OK;
  *entered = 0;
  for (uint32_t i = 0; i < d->spheres->num_spheres && status != RING_CLOSED; i++) {
    share s = {.deal = d, .lane = i, .status = RING_OK};
    while (s.status == RING_OK && left_of(&s) > 0) {
      share_step(&s);
      share_entered(&s);
      *entered += s.entered;
    }
    if (s.status == RING_CLOSED || (s.status == RING_FULL && status == RING_OK)) status = s.status, *lane = i;
  }
  event_notify(&d->spheres->work, *entered);
  return status;
}

/* Waits until a lane that is full has taken something. */
static ring_status deal_wait(deal *d, uint32_t lane) {
  share s = {.deal = d, .lane = lane};
  PROBE1(enqueue_wait_begin, lane_of(&s));
  event_wait(&lane_of(&s)->not_full, share_step, &s, BATCH_FOREVER);
  PROBE2(enqueue_wait_end, lane_of(&s), s.status == RING_OK);
  share_entered(&s);
  event_notify(&d->spheres->work, s.entered);
  return s.status;
}

/* Hands over n batches that are known to be right, putting NULL in the place of each that a lane has taken. */
static bool dispatch_many(const char *function, BatchSpheres *s, const uint32_t *lanes, Batch **batches,
                          size_t n) {
  deal d;
  for (size_t done = 0, some; done < n; done += some) {
    uint32_t lane = 0, entered;
    some = n - done < DEALT ? n - done : DEALT;
    deal_out(&d, s, lanes ? lanes + done : NULL, batches + done, some);
    for (ring_status status; (status = deal_round(&d, &lane, &entered)) != RING_OK;) {
      if (status == RING_FULL && entered == 0) status = deal_wait(&d, lane);
      if (status == RING_CLOSED) return refuse_closed(function, lane);
    }
  }
  return true;
}

static bool many_check(const char *function, const BatchSpheres *s, const uint32_t *lanes,
                       Batch *const *batches, size_t n) {
  if (!s) return error_fail(BATCH_ERROR_INVALID_ARGUMENT, "%s: spheres is NULL", function);
  if (spheres_are_elsewhere(function, s)) return false;
  if (!batches && n > 0)
    return error_fail(BATCH_ERROR_INVALID_ARGUMENT, "%s: batches is NULL, n is %zu", function, n);
  for (size_t i = 0; i < n; i++) {
    if (!batches[i]) return error_fail(BATCH_ERROR_INVALID_ARGUMENT, "%s: batches[%zu] is NULL", function, i);
    batch_header_check(function, batches[i]);
    if (lanes && lanes[i] >= s->num_spheres && lanes[i] != BATCH_SPHERES_ANY)
      return error_fail(BATCH_ERROR_INVALID_ARGUMENT,
                        "%s: lanes[%zu] is %u, expected 0 to %u or BATCH_SPHERES_ANY", function, i, lanes[i],
                        s->num_spheres - 1);
  }
  return true;
}

bool batch_spheres_dispatch_many(BatchSpheres *spheres, const uint32_t *lanes, Batch **batches, size_t n) {
  static const char function[] = "batch_spheres_dispatch_many";
  return many_check(function, spheres, lanes, batches, n) &&
         dispatch_many(function, spheres, lanes, batches, n);
}

/* One view a lane, the lower lanes when there are fewer rows than lanes. Lanes close from the lowest up, and
   only at the end: once a view has been refused, the rest of the batch has nowhere to go. */
bool batch_spheres_dispatch_split(BatchSpheres *spheres, Batch *batch) {
  static const char function[] = "batch_spheres_dispatch_split";
  if (!spheres) return error_fail(BATCH_ERROR_INVALID_ARGUMENT, "%s: spheres is NULL", function);
  if (spheres_are_elsewhere(function, spheres)) return false;
  if (!batch_check(function, batch)) return false;
  uint32_t n = spheres->num_spheres < batch->batch_size ? spheres->num_spheres : batch->batch_size;
  Batch **parts = calloc(n, sizeof *parts);
  uint32_t *lanes = calloc(n, sizeof *lanes);
  bool done = parts && lanes;
  if (!done) error_set(BATCH_ERROR_OUT_OF_MEMORY, "%s: no memory for %u parts", function, n);
  for (uint32_t i = 0; done && i < n; i++) lanes[i] = i;
  done = done && batch_split_views(function, batch, n, parts) &&
         dispatch_many(function, spheres, lanes, parts, n);
  for (uint32_t i = 0; parts && i < n; i++)
    if (parts[i]) batch_header_release(batch_header_of(parts[i]), function);
  free(lanes);
  free(parts);
  if (done) batch_header_release(batch_header_of(batch), function);
  return done;
}
