/* Files that would pass for headerless tokens by their name, and are something else by their first bytes. */
#include <string.h>

#include "data/format.h"

static const struct {
  const char *bytes;
  size_t count;
  const char *name;
} magics[] = {
    {"PK\3\4", 4, "a ZIP archive, such as PyTorch's checkpoints and NumPy's .npz"},
    {"\x80\x02\x8a\x0a", 4, "a PyTorch checkpoint"},
    {"GGUF", 4, "GGUF model weights"},
    {"PAR1", 4, "a Parquet file"},
    {"ARROW1", 6, "an Arrow file"},
    {"\x89HDF\r\n\x1a\n", 8, "an HDF5 file"},
};

/* The .bin files of llm.c that are not shards of tokens. */
static const struct {
  uint32_t magic;
  const char *name;
} llmc_magics[] = {
    {20240326, "llm.c's GPT-2 model weights"},
    {20240327, "llm.c's GPT-2 debug state"},
    {20240328, "llm.c's tokenizer"},
    {20240522, "an llm.c evaluation set (multiple choice)"},
    {20240527, "llm.c's training state (optimizer and data loader)"},
    {20240803, "llm.c's Llama 3 model weights or debug state"},
};

static const char *name_of(const uint8_t *head, size_t bytes) {
  for (size_t i = 0; i < sizeof magics / sizeof *magics; i++)
    if (bytes >= magics[i].count && memcmp(head, magics[i].bytes, magics[i].count) == 0)
      return magics[i].name;
  for (size_t i = 0; bytes >= 4 && i < sizeof llmc_magics / sizeof *llmc_magics; i++)
    if (load_u32(head) == llmc_magics[i].magic) return llmc_magics[i].name;
  return NULL;
}

bool format_refuse_foreign(const source_file *file, const uint8_t *head, size_t bytes) {
  const char *name = name_of(head, bytes);
  return !name ||
         format_fail(file->path, 0,
                     "found %s, expected tokens or text; if it is tokens all the same say the format "
                     "(options.format, --format headerless)",
                     name);
}
