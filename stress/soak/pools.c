/* Pools, of arenas too, resized while they are in use, closed and freed while batches are out. */
#include "soak/polls.h"
#include "soak/soak.h"

enum { USERS = 4, KEPT = 3 };

typedef struct use {
  hand *h;
  BatchPool *pool;
  uint64_t random;
  _Atomic uint64_t allocated;
  Batch *out[USERS]; /* that each has to the last */
} use;

/* Each batch is written to whole by who has it; nobody else may have. */
static void allocate(stress_thread *self) {
  use *u = self->context;
  uint64_t random = self->random ^ u->random;
  for (uint64_t n = 0;; n++) {
    Batch *batch, *parts[2];
    batch_status status = stress_random_below(&random, 3) == 0
                              ? poll_allocate(u->pool, &batch)
                              : batch_pool_allocate_until(u->pool, &batch, BATCH_FOREVER);
    if (status == BATCH_CLOSED) return;
    if (!hand_allows(u->h, status == BATCH_OK, "batch_pool_allocate")) continue;
    int32_t mark = (int32_t)(random >> 33);
    for (size_t i = 0; i < batch->input.total_size; i++) batch->input.data[i] = (float)(mark & 0xffff);
    if (stress_random_below(&random, 4) == 0 && batch_split(batch, 2, parts)) {
      batch_pool_release(u->pool, parts[0]);
      batch_release(parts[1]);
    }
    for (size_t i = 0; i < batch->input.total_size; i++)
      if (batch->input.data[i] != (float)(mark & 0xffff))
        stress_fail("a batch of a pool was handed out twice");
    atomic_fetch_add(&u->allocated, 1);
    if (!u->out[self->number] && stress_random_below(&random, 50) == 0)
      u->out[self->number] = batch;
    else
      batch_release(batch);
  }
}

static void use_pool(hand *h, BatchPool *pool) {
  use u = {.h = h, .pool = pool, .random = stress_random(&h->random)};
  stress_thread users[USERS];
  unsigned n = 1 + hand_below(h, USERS);
  hand_start(h, users, n, "user", allocate, &u);
  for (unsigned times = hand_below(h, 12); times > 0 && !soak_is_ending(); times--) {
    hand_step(h, "resizes a pool");
    if (hand_allows(h, batch_pool_resize(pool, hand_below(h, 24)), "batch_pool_resize"))
      soak_count(SOAK_RESIZED, 1);
    soak_pause(hand_below(h, 2000));
  }
  hand_step(h, "closes a pool");
  batch_pool_close(pool);
  hand_join(h, users, n);
  uint32_t kept = 0;
  for (unsigned i = 0; i < n; i++) kept += u.out[i] != NULL;
  if (batch_pool_outstanding(pool) != kept)
    stress_fail("%u batches are out, not %u", batch_pool_outstanding(pool), kept);
  batch_pool_free(pool);
  for (unsigned i = 0; i < n; i++) batch_release(u.out[i]);
  soak_count(SOAK_POOLS, 1);
  soak_count(SOAK_ALLOCATED, u.allocated);
}

/* What an arena has told of, in bytes. */
static bool attach(void *context, void *memory, size_t bytes) {
  (void)memory;
  atomic_fetch_add((_Atomic size_t *)context, bytes);
  return true;
}

static void detach(void *context, void *memory, size_t bytes) {
  (void)memory;
  atomic_fetch_sub((_Atomic size_t *)context, bytes);
}

static void use_arena(hand *h, batch_pool_options *p) {
  _Atomic size_t attached = 0;
  batch_arena_options options = BATCH_ARENA_OPTIONS_INIT;
  options.chunk_bytes = 16384 << hand_below(h, 5);
  options.attach = attach, options.detach = detach, options.context = &attached;
  BatchArena *arena = batch_arena_create(&options);
  if (!hand_allows(h, arena, "batch_arena_create")) return;
  p->allocator = batch_arena_allocator(arena);
  for (unsigned again = 1 + hand_below(h, 3); again > 0; again--) {
    BatchPool *pool = batch_pool_create_with(p);
    if (hand_allows(h, pool, "batch_pool_create_with, arena")) use_pool(h, pool);
    if (batch_arena_in_use(arena) != 0)
      stress_fail("%zu bytes of an arena are in use", batch_arena_in_use(arena));
  }
  if (batch_arena_bytes(arena) != attached)
    stress_fail("an arena of %zu bytes has told of %zu", batch_arena_bytes(arena), attached);
  batch_arena_free(arena);
  if (attached != 0) stress_fail("an arena has left %zu bytes attached", attached);
}

void scene_pool(hand *h) {
  batch_pool_options p = BATCH_POOL_OPTIONS_INIT;
  p.pool_size = 1 + hand_below(h, 20);
  p.shape = (batch_shape){.batch_size = 2 + hand_below(h, 6), .sequence_length = 1 + hand_below(h, 200)};
  if (hand_once_in(h, 2)) {
    use_arena(h, &p);
    return;
  }
  BatchPool *pool = batch_pool_create_with(&p);
  if (hand_allows(h, pool, "batch_pool_create_with")) use_pool(h, pool);
}
