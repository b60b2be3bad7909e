#include "base/foreign.h"

#include <string.h>

typedef struct foreign_kind {
  const char *name;
  uint8_t bytes;
  char magic[10];
} foreign_kind;

static const foreign_kind kinds[] = {
    {"an xz file", 6, "\xFD\x37zXZ\0"},
    {"an lz4 file", 4, "\x04\x22\x4D\x18"},
    {"a ZIP archive, such as PyTorch's checkpoints and NumPy's .npz", 4, "PK\x03\x04"},
    {"a 7-Zip file", 6, "7z\xBC\xAF\x27\x1C"},
    {"a Parquet file", 4, "PAR1"},
    {"an Arrow file", 6, "ARROW1"},
    {"a stream of Arrow", 8, "\xFF\xFF\xFF\xFF\x10\0\0\0"},
    {"a Feather file", 4, "FEA1"},
    {"an HDF5 file", 8, "\x89HDF\r\n\x1A\n"},
    {"an Avro file", 4, "Obj\x01"},
    {"GGUF model weights", 4, "GGUF"},
    {"a PyTorch checkpoint", 4, "\x80\x02\x8A\x0A"},
    {"a PDF document", 5, "%PDF-"},
    {"an SQLite database", 8, "SQLite f"},
    {"a program", 4,
     "\x7F"
     "ELF"},
    {"a zstd file", 4, "\x28\xB5\x2F\xFD"},
    {"a NumPy array", 6, "\x93NUMPY"},
    {"a Megatron index", 9, "MMIDIDX\0"},
    {"a shard of llm.c", 4, "\x88\xD8\x34\x01"},
    {"a shard of llm.c", 4, "\xA1\xD9\x34\x01"},
    {"llm.c's GPT-2 model weights", 4, "\xC6\xD7\x34\x01"},
    {"llm.c's GPT-2 debug state", 4, "\xC7\xD7\x34\x01"},
    {"llm.c's tokenizer", 4, "\xC8\xD7\x34\x01"},
    {"an llm.c evaluation set (multiple choice)", 4, "\x8A\xD8\x34\x01"},
    {"llm.c's training state (optimizer and data loader)", 4, "\x8F\xD8\x34\x01"},
    {"llm.c's Llama 3 model weights or debug state", 4, "\xA3\xD9\x34\x01"},
    {"a gzip file", 3, "\x1F\x8B\x08"},
    {"a bzip2 file", 3, "BZh"},
    {"a compress file (.Z)", 2, "\x1F\x9D"},
    {"a pickle", 3, "\x80\x02}"},
    {"a pickle", 3, "\x80\x03}"},
    {"a pickle", 3, "\x80\x04\x95"},
    {"a pickle", 3, "\x80\x05\x95"},
    {"UTF-16 text", 2, "\xFF\xFE"},
    {"UTF-16 text", 2, "\xFE\xFF"},
};

static int is_tar(const uint8_t *head, size_t bytes) {
  return bytes >= 262 && memcmp(head + 257, "ustar", 5) == 0;
}

/* A header's length, below 100 MB, and the object that it is. */
static int is_safetensors(const uint8_t *head, size_t bytes) {
  return bytes >= 10 && head[8] == '{' && head[9] == '"' && head[3] < 6 &&
         memcmp(head + 4, "\0\0\0\0", 4) == 0;
}

static const char *find(const uint8_t *head, size_t bytes, size_t least) {
  for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
    const foreign_kind *k = &kinds[i];
    if (k->bytes >= least && bytes >= k->bytes && memcmp(head, k->magic, k->bytes) == 0) return k->name;
  }
  return is_tar(head, bytes) ? "a tar archive" : is_safetensors(head, bytes) ? "a safetensors file" : NULL;
}

const char *foreign_name(const uint8_t *head, size_t bytes) {
  return find(head, bytes, 0);
}

const char *foreign_name_certain(const uint8_t *head, size_t bytes) {
  return find(head, bytes, 4);
}
