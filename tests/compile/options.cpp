// A C++ program begins with the INIT of every struct: its size is set, all else is 0.
#include <headrace/headrace.h>

#include <cstdio>
#include <cstring>

static int wrong;

template <typename T> static void check(const char *name, const T &made) {
  T expected;
  std::memset(static_cast<void *>(&expected), 0, sizeof expected);
  expected.size = sizeof expected;
  if (made.size == sizeof(T) && std::memcmp(&made, &expected, sizeof expected) == 0) return;
  std::printf("%s is not its size and 0\n", name);
  wrong++;
}

#define CHECK(type, init)                                                                                    \
  do {                                                                                                       \
    type made = init;                                                                                        \
    static const type constant = init;                                                                       \
    check(#type, made);                                                                                      \
    check(#type, constant);                                                                                  \
  } while (0)

int main() {
  CHECK(batch_pool_options, BATCH_POOL_OPTIONS_INIT);
  CHECK(batch_arena_options, BATCH_ARENA_OPTIONS_INIT);
  CHECK(batch_spheres_options, BATCH_SPHERES_OPTIONS_INIT);
  CHECK(batch_sphere_stats, BATCH_SPHERE_STATS_INIT);
  CHECK(batch_dataset_options, BATCH_DATASET_OPTIONS_INIT);
  CHECK(batch_dataset_file, BATCH_DATASET_FILE_INIT);
  CHECK(batch_text_options, BATCH_TEXT_OPTIONS_INIT);
  CHECK(batch_span_options, BATCH_SPAN_OPTIONS_INIT);
  CHECK(batch_tokenizer_functions, BATCH_TOKENIZER_FUNCTIONS_INIT);
  CHECK(batch_tokenizer_options, BATCH_TOKENIZER_OPTIONS_INIT);
  CHECK(batch_tokenizer_facts, BATCH_TOKENIZER_FACTS_INIT);
  CHECK(batch_writer_options, BATCH_WRITER_OPTIONS_INIT);
  CHECK(batch_loader_options, BATCH_LOADER_OPTIONS_INIT);
  CHECK(batch_loader_stats, BATCH_LOADER_STATS_INIT);
  CHECK(batch_mask_options, BATCH_MASK_OPTIONS_INIT);
  CHECK(batch_dropout_options, BATCH_DROPOUT_OPTIONS_INIT);
  CHECK(batch_replace_options, BATCH_REPLACE_OPTIONS_INIT);
  CHECK(batch_normalize_options, BATCH_NORMALIZE_OPTIONS_INIT);
  CHECK(batch_noise_options, BATCH_NOISE_OPTIONS_INIT);
  batch_pool_options options = BATCH_POOL_OPTIONS_INIT;
  options.pool_size = options.shape.batch_size = options.shape.sequence_length = 1;
  BatchPool *pool = batch_pool_create_with(&options);
  if (!pool) std::printf("%s\n", batch_last_error()->message);
  wrong += !pool;
  batch_pool_free(pool);
  return wrong > 0;
}
