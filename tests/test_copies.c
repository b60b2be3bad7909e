/* Two copies of the library in one process: this program has the static one, a plugin the shared one. What
   one of them made is refused by the other in the first call that gets it. */
#include "core/batch_header.h"

#include <dlfcn.h>

#include "support/check.h"
#include "support/watchdog.h"

static Batch *foreign, *own;
static BatchQueue *foreign_queue, *own_queue;
static BatchPool *foreign_pool, *own_pool;
static bool (*foreign_enqueue)(BatchQueue *, Batch *);
static void (*foreign_free)(Batch *, BatchQueue *, BatchPool *);

static void *call(void *plugin, const char *name) {
  void *(*function)(void);
  *(void **)&function = dlsym(plugin, name);
  cr_assert_not_null(function, "%s", dlerror());
  return function();
}

static void load(void) {
  watchdog_on();
  void *plugin = dlopen(COPIES_PLUGIN, RTLD_NOW | RTLD_LOCAL);
  cr_assert_not_null(plugin, "%s", dlerror());
  foreign = call(plugin, "plugin_batch");
  foreign_queue = call(plugin, "plugin_queue");
  foreign_pool = call(plugin, "plugin_pool");
  *(void **)&foreign_enqueue = dlsym(plugin, "plugin_enqueue");
  *(void **)&foreign_free = dlsym(plugin, "plugin_free");
  own = batch_create(4, 2, 0);
  own_queue = batch_queue_create(4);
  own_pool = batch_pool_create(2, 1, 1, 0);
  cr_assert(foreign && foreign_queue && foreign_pool && foreign_enqueue && foreign_free);
  cr_assert(own && own_queue && own_pool);
}

/* Each copy frees its own. */
static void free_all(void) {
  foreign_free(foreign, foreign_queue, foreign_pool);
  batch_free(own);
  batch_queue_free(own_queue);
  batch_pool_free(own_pool);
}

TestSuite(copies, .init = load, .fini = free_all);

#define CALL(name, expression)                                                                               \
  static void name(void *context) {                                                                          \
    (void)context;                                                                                           \
    Batch *parts[2] = {foreign, foreign}, *none;                                                             \
    (void)parts, (void)none;                                                                                 \
    expression;                                                                                              \
  }

CALL(enqueue, batch_queue_enqueue(own_queue, foreign))
CALL(try_enqueue, batch_queue_try_enqueue(own_queue, foreign))
CALL(enqueue_until, batch_queue_enqueue_until(own_queue, foreign, BATCH_NO_WAIT))
CALL(enqueue_many, batch_queue_enqueue_many(own_queue, parts, 1))
CALL(enqueue_many_wait, batch_queue_enqueue_many_wait(own_queue, parts, 1))
CALL(retain, batch_retain(foreign))
CALL(release, batch_release(foreign))
CALL(free_it, batch_free(foreign))
CALL(split, batch_split(foreign, 2, parts))
CALL(distribute, batch_distribute_to_spheres(foreign, 2, parts))
CALL(merge, batch_merge(parts, 2))
CALL(pool_release, batch_pool_release(own_pool, foreign))
CALL(plugin_gets_ours, foreign_enqueue(foreign_queue, own))

Test(copies, a_batch_of_another_copy_is_refused_by_every_call_that_takes_it) {
  assert_aborts(enqueue, NULL, "batch_queue_enqueue", "batch", "this copy");
  assert_aborts(try_enqueue, NULL, "batch_queue_try_enqueue", "this copy");
  assert_aborts(enqueue_until, NULL, "batch_queue_enqueue_until", "this copy");
  assert_aborts(enqueue_many, NULL, "batch_queue_enqueue_many", "this copy");
  assert_aborts(enqueue_many_wait, NULL, "batch_queue_enqueue_many_wait", "this copy");
  assert_aborts(retain, NULL, "batch_retain", "this copy");
  assert_aborts(release, NULL, "batch_release", "this copy");
  assert_aborts(free_it, NULL, "batch_free", "this copy");
  assert_aborts(split, NULL, "batch_split", "this copy");
  assert_aborts(distribute, NULL, "batch_distribute_to_spheres", "this copy");
  assert_aborts(merge, NULL, "batch_merge", "this copy");
  assert_aborts(pool_release, NULL, "batch_pool_release", "this copy");
  assert_aborts(plugin_gets_ours, NULL, "batch_queue_enqueue", "this copy");
}

CALL(into_queue, batch_queue_enqueue(foreign_queue, own))
CALL(many_into_queue, batch_queue_enqueue_many(foreign_queue, &own, 1))
CALL(dequeue, batch_queue_dequeue(foreign_queue))
CALL(try_dequeue, batch_queue_try_dequeue(foreign_queue))
CALL(dequeue_many, batch_queue_dequeue_many(foreign_queue, parts, 2))
CALL(dequeue_many_wait, batch_queue_dequeue_many_wait(foreign_queue, parts, 2))
CALL(peek, batch_queue_peek(foreign_queue))
CALL(clear, batch_queue_clear(foreign_queue))
CALL(close_queue, batch_queue_close(foreign_queue))
CALL(free_queue, batch_queue_free(foreign_queue))
CALL(plugin_gets_our_queue, foreign_enqueue(own_queue, foreign))

Test(copies, a_queue_of_another_copy_is_refused) {
  assert_aborts(into_queue, NULL, "batch_queue_enqueue", "queue", "this copy");
  assert_aborts(many_into_queue, NULL, "batch_queue_enqueue_many", "queue", "this copy");
  assert_aborts(dequeue, NULL, "batch_queue_dequeue", "this copy");
  assert_aborts(try_dequeue, NULL, "batch_queue_try_dequeue", "this copy");
  assert_aborts(dequeue_many, NULL, "batch_queue_dequeue_many", "this copy");
  assert_aborts(dequeue_many_wait, NULL, "batch_queue_dequeue_many_wait", "this copy");
  assert_aborts(peek, NULL, "batch_queue_peek", "this copy");
  assert_aborts(clear, NULL, "batch_queue_clear", "this copy");
  assert_aborts(close_queue, NULL, "batch_queue_close", "this copy");
  assert_aborts(free_queue, NULL, "batch_queue_free", "this copy");
  assert_aborts(plugin_gets_our_queue, NULL, "batch_queue_enqueue", "queue", "this copy");
}

CALL(allocate, batch_pool_allocate(foreign_pool))
CALL(try_allocate, batch_pool_try_allocate(foreign_pool))
CALL(allocate_until, batch_pool_allocate_until(foreign_pool, &none, BATCH_NO_WAIT))
CALL(resize, batch_pool_resize(foreign_pool, 3))
CALL(close_pool, batch_pool_close(foreign_pool))
CALL(free_pool, batch_pool_free(foreign_pool))
CALL(stats, batch_pool_get_stats(foreign_pool, NULL, NULL, NULL, NULL))

Test(copies, a_pool_of_another_copy_is_refused) {
  assert_aborts(allocate, NULL, "batch_pool_allocate", "pool", "this copy");
  assert_aborts(try_allocate, NULL, "batch_pool_try_allocate", "this copy");
  assert_aborts(allocate_until, NULL, "batch_pool_allocate_until", "this copy");
  assert_aborts(resize, NULL, "batch_pool_resize", "this copy");
  assert_aborts(close_pool, NULL, "batch_pool_close", "this copy");
  assert_aborts(free_pool, NULL, "batch_pool_free", "this copy");
  assert_aborts(stats, NULL, "batch_pool_get_stats", "this copy");
}

Test(copies, each_copy_goes_on_with_its_own) {
  batch_retain(own);
  cr_assert(batch_queue_enqueue(own_queue, own));
  cr_assert_eq(batch_queue_dequeue(own_queue), own);
  batch_release(own);
  Batch *pooled = batch_pool_allocate(own_pool);
  batch_pool_release(own_pool, pooled);
}
