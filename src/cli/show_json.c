/* A batch as one line of JSON. */
#include <inttypes.h>

#include "show.h"

/* One element of a tensor, or of the places. */
typedef void print_element(const void *elements, size_t index);

static void print_int(const void *elements, size_t index) {
  printf("%" PRId32, ((const int32_t *)elements)[index]);
}
static void print_byte(const void *elements, size_t index) {
  printf("%d", ((const uint8_t *)elements)[index]);
}
static void print_place(const void *elements, size_t index) {
  uint64_t place = ((const uint64_t *)elements)[index];
  if (place == BATCH_NO_PLACE)
    fputs("null", stdout);
  else
    printf("%" PRIu64, place);
}

static void print_list(const void *elements, size_t first, size_t count, print_element *print) {
  putchar('[');
  for (size_t i = 0; i < count; i++) {
    if (i > 0) putchar(',');
    print(elements, first + i);
  }
  putchar(']');
}

static void print_tensor(const char *name, const Tensor *tensor, const Batch *batch, print_element *print) {
  printf(", \"%s\": [", name);
  for (uint32_t row = 0; row < batch->batch_size; row++) {
    if (row > 0) putchar(',');
    print_list(tensor->raw, (size_t)row * batch->sequence_length, batch->sequence_length, print);
  }
  putchar(']');
}

/* What was cropped is known of the next batches of a run only. */
static void print_head(const batch_loader_options *o, const show_batch *b) {
  const Batch *batch = b->batch;
  printf("{\"epoch\": %" PRIu32 ", \"step\": %" PRIu64 ", \"rank\": %" PRIu32 ", \"world\": %" PRIu32
         ", \"context_rank\": %" PRIu32 ", \"context_world\": %" PRIu32 ", \"batch_size\": %" PRIu32
         ", \"sequence_length\": %" PRIu32 ", \"cropped\": ",
         batch->epoch_id, batch->batch_id, o->rank, o->world, o->context_rank,
         o->context_world ? o->context_world : 1, batch->batch_size, batch->sequence_length);
  if (b->delivered)
    printf("%" PRIu64, b->cropped);
  else
    fputs("null", stdout);
}

void show_batch_json(const show_run *run, const show_batch *b) {
  const Batch *batch = b->batch;
  print_head(&run->loader.loader, b);
  fputs(", \"places\": ", stdout);
  print_list(b->places, 0, batch->batch_size, print_place);
  print_tensor("input", &batch->input, batch, print_int);
  print_tensor("target", &batch->target, batch, print_int);
  print_tensor("mask", &batch->mask, batch, print_byte);
  print_tensor("documents", &batch->documents, batch, print_int);
  print_tensor("positions", &batch->positions, batch, print_int);
  if (batch->cu_seqlens.ndim > 0) {
    fputs(", \"cu_seqlens\": ", stdout);
    print_list(batch->cu_seqlens.raw, 0, (size_t)batch->num_sequences + 1, print_int);
    printf(", \"max_seqlen\": %" PRIu32, batch->max_seqlen);
  }
  puts("}");
}
