#include "support/packed.h"

#include <stdio.h>
#include <string.h>

#include "support/contents.h"
#include "text/byte_stream.h"
#include "text/pipeline/job.h"

enum { USUAL_STEP = 1 << 13 }; /* more than an input has: larger buffers take longer to make */

static void put_together(fuzz_input *in, fuzz_pack *pack, fuzz_bytes *to) {
  to->used = 0;
  while (in->size > 0) {
    fuzz_part part = fuzz_take_part(in);
    uint8_t how = fuzz_take_u8(&part);
    if (how == 0)
      fuzz_append(to, part.data, part.size);
    else
      pack(how, part, to);
  }
}

/* As a plain file; what is itself compressed would be unpacked once more. */
static void check_plain(const fuzz_contents *c, const char *name, const fuzz_bytes *plain,
                        const batch_dataset_options *options) {
  if (byte_stream_kind_of(plain->data, plain->used) != BYTES_PLAIN) return;
  const char *path = fuzz_write(name, (fuzz_part){plain->data, plain->used});
  fuzz_contents expected = fuzz_open(&path, 1, options, path);
  if (expected.opened != c->opened)
    fuzz_fail("packed: %s, plain: %s", c->opened ? "opened" : c->message,
              expected.opened ? "opened" : expected.message);
  expected.tokens += fuzz_control;
  fuzz_check_same(&expected, c, "plain and packed");
  fuzz_contents_free(&expected);
}

int fuzz_check_packed(const uint8_t *data, size_t size, const char *suffix, fuzz_pack *pack,
                      fuzz_unpack *unpack) {
  static fuzz_bytes packed, plain;
  char name[32];
  fuzz_input in = fuzz_begin(data, size);
  unsigned how = fuzz_take_u8(&in);
  const char *inside = how & 1 ? "x.jsonl" : "x.txt";
  batch_dataset_options options = fuzz_take_dataset_options(&in);
  options.format = how & 1 ? BATCH_FORMAT_JSONL : BATCH_FORMAT_TEXT;
  options.token_type = BATCH_TOKEN_DEFAULT;
  options.subset = BATCH_SUBSET_ALL;
  put_together(&in, pack, &packed);
  plain.used = 0;
  fuzz_unpacked found = unpack(&packed, &plain);
  if (found == FUZZ_UNKNOWN) return fuzz_end();
  snprintf(name, sizeof name, "%s.%s", inside, suffix);
  const char *path = fuzz_write(name, (fuzz_part){packed.data, packed.used});
  text_job_step = how & 2 ? 1 + how / 4 : USUAL_STEP;
  fuzz_contents c = fuzz_open(&path, 1, &options, path);
  text_job_step = USUAL_STEP;
  if (found == FUZZ_DAMAGED && c.opened) fuzz_fail("damaged, and opened with %zu tokens", (size_t)c.tokens);
  if (found == FUZZ_WHOLE) check_plain(&c, inside, &plain, &options);
  fuzz_contents_free(&c);
  return fuzz_end();
}
