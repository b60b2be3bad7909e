/* Datasets that are opened, looked at and closed, and states that are saved and read: calls of files, again and again. */
#include <string.h>

#include "soak/data.h"
#include "soak/soak.h"

enum { TIMES = 20, IDS = 100 };

/* Of a.bin, n.npy and d.ds, which hold the same tokens. */
static void look_into(hand *h, const BatchDataset *dataset, const char *path) {
  int32_t ids[IDS];
  uint64_t count = batch_dataset_tokens(dataset), from = hand_below(h, (uint32_t)count - IDS), start, end,
           print;
  if (hand_allows(h, batch_dataset_read(dataset, from, IDS, ids), "batch_dataset_read"))
    for (unsigned i = 0; i < IDS; i++)
      if (ids[i] != data_token(from + i)) stress_fail("%s: token %" PRIu64 " is %d", path, from + i, ids[i]);
  uint64_t documents = batch_dataset_documents(dataset);
  if (documents > 0 &&
      hand_allows(h, batch_dataset_document(dataset, documents - 1, &start, &end), "batch_dataset_document"))
    stress_check(end == count, "%s: the last document ends at %" PRIu64, path, end);
  hand_allows(h, batch_dataset_fingerprint(dataset, &print), "batch_dataset_fingerprint");
}

void scene_open(hand *h) {
  static const char *const names[] = {"a.bin", "n.npy", "d.ds"};
  for (unsigned i = 0; i < TIMES && !soak_is_ending(); i++) {
    const char *path = data_path(names[hand_below(h, 3)]);
    batch_dataset_options options = BATCH_DATASET_OPTIONS_INIT;
    options.io = hand_once_in(h, 2) ? BATCH_IO_READ : BATCH_IO_MAP;
    if (hand_once_in(h, 3)) options.separator = BATCH_SEPARATOR_AFTER, options.end_of_text = data_token(17);
    options.temporary_directory = h->folder;
    hand_step(h, "opens a dataset");
    BatchDataset *dataset = batch_dataset_open(&path, 1, &options);
    if (hand_allows(h, dataset, "batch_dataset_open")) look_into(h, dataset, path);
    batch_dataset_free(dataset);
    soak_count(SOAK_OPENED, 1);
  }
}

/* Whatever fails, the file holds the state before or the new one. */
void scene_state(hand *h) {
  const soak_plan *plan = &data_plans()[hand_below(h, data_num_plans())];
  const char *path = hand_path(h, "kept.state");
  unsigned before = 0;
  faults_pause();
  stress_check(batch_loader_state_save(&plan->states[0], path), "%s", batch_last_error()->message);
  faults_resume();
  for (unsigned i = 0; i < TIMES && !soak_is_ending(); i++) {
    batch_loader_state read;
    unsigned now = hand_below(h, PLAN_STATES);
    hand_step(h, "saves a state");
    bool saved = hand_allows(h, batch_loader_state_save(&plan->states[now], path), "batch_loader_state_save");
    hand_allows(h, batch_loader_state_load(&read, path), "batch_loader_state_load");
    faults_pause();
    stress_check(batch_loader_state_load(&read, path), "%s", batch_last_error()->message);
    faults_resume();
    bool is_new = memcmp(&read, &plan->states[now], sizeof read) == 0;
    stress_check(is_new || (!saved && memcmp(&read, &plan->states[before], sizeof read) == 0),
                 "%s: neither state", path);
    if (is_new) before = now;
    soak_count(SOAK_SAVED, 1);
  }
}
