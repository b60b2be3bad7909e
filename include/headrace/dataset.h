/* A dataset: one or more files seen as one stream of token ids, mapped, never loaded.

   Usage:
       const char *paths[] = {"data/fineweb_*.bin"};
       BatchDataset *dataset = batch_dataset_open(paths, 1, NULL);
       if (!dataset) puts(batch_last_error()->message);

       // the last 1024 tokens of all
       int32_t ids[1024];
       uint64_t start = batch_dataset_tokens(dataset) - 1024;
       batch_dataset_read(dataset, start, 1024, ids);
       batch_dataset_free(dataset);

   Formats: headerless u16 or u32, datatrove .ds with its index, llm.c shards (GPT-2 and Llama 3), Megatron
   .idx and .bin, NumPy .npy of one dimension, all little-endian; plain text and .jsonl, also compressed
   with zstd or gzip. docs/data-formats.md has them to the byte. A file is recognized by its companion, its
   bytes, then its name, unless the caller says the format. What is not what it claims to be, and what may
   be text or .jsonl, is refused here, with path, offset, what was found and what was expected.

   The width of headerless tokens is told by options.token_type, a companion PATH.metadata or the name
   (x.u32, x.u32.bin), else they are u16. What the name or nobody says is held against how the tokens look, in
   constant time: u32 tokens in a plain .bin are refused, not read as twice as many.

   Text: without a tokenizer it is its bytes, mapped as they are. Other text and .jsonl are tokenized while
   opening, into a temporary file that has no name and goes with the dataset. The ids are those of each
   document as a whole, whatever the number of threads (options.workers) that make them: by default as many
   as there are processors.

   Memory: some MB for each thread that tokenizes, a few times the longest line of .jsonl, and what the
   tokenizer takes (docs/data-formats.md, On all processors); nothing grows with the size of a file. A dataset
   holds one file descriptor per file (two for Megatron and datatrove while it is being opened), and one per
   .loss.

   Threads: any number may read one dataset at the same time; batch_dataset_free must be the last call.

   Files that change: a file, an index or a .loss that shrinks while it is open gives BATCH_ERROR_IO from
   batch_dataset_read, batch_dataset_read_loss and batch_dataset_document, never a signal (see loader.h: the
   first call of batch_dataset_document installs a handler); text that shrinks while it is tokenized gives it
   from batch_dataset_open and batch_tokenize_files. One whose content changes is noticed only by its
   fingerprint the next time it is opened.

   Queries: a NULL dataset has nothing, and they answer 0 or NULL with an error. */
#ifndef HEADRACE_DATASET_H
#define HEADRACE_DATASET_H

#include "tokenizer.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct BatchDataset BatchDataset;

/* How the tokens, or the text, of a file lie in it. */
typedef enum batch_format {
  BATCH_FORMAT_AUTO = 0,    /* find it from the bytes, then the name */
  BATCH_FORMAT_HEADERLESS,  /* nothing but tokens */
  BATCH_FORMAT_DATATROVE,   /* headerless .ds, documents in .ds.index */
  BATCH_FORMAT_LLMC_GPT2,   /* llm.c shard, u16 */
  BATCH_FORMAT_LLMC_LLAMA3, /* llm.c shard, u32 */
  BATCH_FORMAT_MEGATRON,    /* .idx beside .bin */
  BATCH_FORMAT_NPY,         /* .npy of one dimension */
  BATCH_FORMAT_TEXT,        /* one file, one document; also zstd and gzip */
  BATCH_FORMAT_JSONL        /* one line, one document; also zstd and gzip */
} batch_format;

/* How a token is stored. */
typedef enum batch_token_type {
  BATCH_TOKEN_DEFAULT = 0, /* what the file, its companion or its name says; u16 where none does */
  BATCH_TOKEN_U8,
  BATCH_TOKEN_I8,
  BATCH_TOKEN_U16,
  BATCH_TOKEN_I16,
  BATCH_TOKEN_U32,
  BATCH_TOKEN_I32,
  BATCH_TOKEN_I64
} batch_token_type;

/* Where the end-of-text id stands in a document. In files of tokens without document boundaries of
   their own the boundaries are found by it; tokenized text is given it. */
typedef enum batch_separator {
  BATCH_SEPARATOR_NONE = 0,
  BATCH_SEPARATOR_BEFORE, /* the first token of each document (llm.c) */
  BATCH_SEPARATOR_AFTER   /* the last token of each document (nanoGPT) */
} batch_separator;

/* How tokens are read. */
typedef enum batch_io {
  BATCH_IO_MAP = 0, /* through a mapping */
  BATCH_IO_READ     /* with pread: nothing of the tokens is mapped */
} batch_io;

/* Lines of .jsonl that cannot be used: no JSON, no document under the name, longer than the longest
   document, or malformed UTF-8 where that is an error. */
typedef enum batch_bad_line {
  BATCH_BAD_LINE_STOP = 0, /* BATCH_ERROR_FORMAT with path, offset and line */
  BATCH_BAD_LINE_SKIP      /* passed over and counted */
} batch_bad_line;

/* What must be held at once of a document or line, unless options.longest_document says it, in bytes. */
#define BATCH_LONGEST_DOCUMENT ((size_t)64 << 20)

/* Which tokens are to be learnt, where a companion PATH.loss of a file of tokens says it: a byte a token
   (0: no, anything else: yes; datatrove writes it), or a bit a token (the lowest of a byte first,
   numpy.packbits with bitorder='little'). Its size tells which. An entry speaks of its own token, as the
   target of those before it. */
typedef enum batch_loss {
  BATCH_LOSS_AUTO = 0, /* where there is one; of a size that is neither, it is refused */
  BATCH_LOSS_NONE      /* all are: neither companions nor spans of .jsonl are looked at for it */
} batch_loss;

/* Train and validation: parts of the data that have no document in common and together are all of it. The
   stream is then the chosen documents in their order, and all that is asked of the dataset is answered of it.

   Which of the two a document is in is drawn by a hash of subset_seed, of its file's tokens (their number
   and 64 of them, evenly spread) and of its number in the file. So the choice stays as it is when files are
   added, taken away, renamed, put in another order or written in another format; files of the same tokens
   are divided alike; and what is in the validation part of one fraction is in that of every larger one. A
   file whose tokens change, by another tokenizer or by more of them, is drawn anew. Where a file has no
   boundaries, or is one document, blocks of 4096 tokens are drawn, and count as its documents.
   Cost: while opening, a hash a document (10^7 of them: 25 to 60 ms) and 16 small reads a file; as long as it
   is open, 56 bytes for each run of chosen documents, of which there are about
   fraction * (1 - fraction) * documents. */
typedef enum batch_subset {
  BATCH_SUBSET_ALL = 0, /* all of it */
  BATCH_SUBSET_TRAIN,
  BATCH_SUBSET_VALIDATION
} batch_subset;

/* What a line of .jsonl holds. */
typedef enum batch_spans {
  BATCH_SPANS_TEXT = 0, /* text_field ("text"): the document, or an array of its spans,
                           {"text": STRING, "train": BOOL} */
  BATCH_SPANS_PROMPT,   /* two members: the prompt, which is not learnt, and the completion, which is */
  BATCH_SPANS_MESSAGES  /* text_field ("messages"): an array of chat messages,
                           {"role": STRING, "content": STRING} */
} batch_spans;

/* Documents of which not everything is to be learnt, see docs/data-formats.md. A document is then a row of
   spans, each tokenized as a text of its own: no token lies across the border of two. Nothing stands
   between them; the end-of-text id is learnt. What is not learnt is in the loss mask. A message is two
   spans: `before`, and its content with `after` behind. Names may have dots, as text_field. NULL stands for
   the default; what belongs to another kind must be NULL. Start from BATCH_SPAN_OPTIONS_INIT. */
typedef struct batch_span_options {
  size_t size; /* see base.h */
  /* PROMPT: the members: "prompt", "completion" */
  const char *prompt_field;
  const char *completion_field;
  /* MESSAGES: members of a message: "role", "content". Content is a string, or an array of
     {"type": "text", "text": STRING} */
  const char *role_field;
  const char *content_field;
  /* MESSAGES: the roles whose messages are learnt, parted by commas, no blanks around them: "assistant" */
  const char *train_roles;
  /* MESSAGES: what stands before each, never learnt: ""; what stands behind each, learnt as it is: "\n".
     {role} is its role */
  const char *before;
  const char *after;
  /* TEXT, MESSAGES: the member that says whether this span, or message, is learnt: true or 1, false or 0:
     "train" of a span, "weight" of a message. Without it, or with null, a span is, and a message is as its
     role says */
  const char *train_field;
  batch_spans kind;
  uint32_t reserved; /* 0 */
} batch_span_options;

#define BATCH_SPAN_OPTIONS_INIT HEADRACE_OPTIONS_INIT(batch_span_options)

/* Start from BATCH_DATASET_OPTIONS_INIT; NULL options mean the same as those. */
typedef struct batch_dataset_options {
  size_t size;                 /* see base.h */
  batch_format format;         /* of every file */
  batch_token_type token_type; /* of headerless files; whatever else tells it must agree */
  batch_io io;
  const char *text_field; /* .jsonl: the member that holds the document; NULL: "text" or "messages". "a.b" is
                                      member b of the object a, unless there is a member of the whole name;
                                      at most 32 names */
  const BatchTokenizer *tokenizer; /* text and .jsonl; NULL: bytes */
  const batch_text_options *text;  /* text and .jsonl: before the tokenizer; NULL: nothing */
  batch_separator separator;       /* finding it reads every file that lacks boundaries once */
  int32_t end_of_text;             /* the id, from 0 on, also beyond the vocabulary; looked at only with a
                                      separator */
  const char *temporary_directory; /* for tokenized text; NULL: $TMPDIR, then /tmp */
  batch_bad_line on_bad_line;      /* .jsonl */
  /* Bytes that must be held at once: a line of .jsonl; in text and in what is in a line, whatever lies
     between two places where the tokenizer allows a cut, all of it where it allows none; characters that
     combine. More is BATCH_ERROR_FORMAT. 0: BATCH_LONGEST_DOCUMENT */
  size_t longest_document;
  /* Threads that tokenize text and .jsonl, at most 4096; 1: the calling thread alone; 0: as many as there
     are processors that it may run on. The ids are the same for any number. */
  uint32_t workers;
  batch_loss loss;
  double validation_fraction;      /* about so many of the documents: more than 0, less than 1 */
  uint64_t subset_seed;            /* both are looked at only with a subset */
  const batch_span_options *spans; /* .jsonl; NULL: the defaults */
  batch_subset subset;
  uint32_t reserved; /* 0 */
} batch_dataset_options;

#define BATCH_DATASET_OPTIONS_INIT HEADRACE_OPTIONS_INIT(batch_dataset_options)

/* Opens files as one stream, in the order given. A path may be a file, a directory (its files, not those
   below, in byte order of their names) or a glob pattern (its matches in byte order); what a directory or a
   pattern gives must be of one format. Of a Megatron pair either file may be named, or both: it is read
   once.

   Companions (.ds.index, .loss, .metadata) beside their file are passed over, in a directory or pattern
   hidden files and directories too; everything else there must open: a link to what is not there is an
   error. A file that a directory or a pattern gives under two names is read once; otherwise no file may be
   reached twice, by whatever names. Files without tokens are fine as long as there is a token at all.

   Files that a run of the writer is just replacing, or half replaced before it was killed, are an error,
   and so is one that is replaced while it is opened (texts aside).
   paths: [n], n >= 1.
   Time: does not grow with the tokens, unless they have to be tokenized or a separator is asked for;
   indexes are checked entry by entry.
   Returns: the dataset, owned by the caller; NULL with an error: BATCH_ERROR_IO, BATCH_ERROR_FORMAT
   (path, offset, found, expected), BATCH_ERROR_UNSUPPORTED (this build lacks a package, which is named),
   BATCH_ERROR_INVALID_ARGUMENT, BATCH_ERROR_OUT_OF_MEMORY. */
HEADRACE_API BatchDataset *batch_dataset_open(const char *const *paths, size_t n,
                                              const batch_dataset_options *options);

/* Tokens in memory. Start from BATCH_MEMORY_INIT. tokens, document_ends and loss are borrowed: they must
   stay as they are until batch_dataset_free. */
typedef struct batch_memory {
  size_t size;        /* see base.h */
  const void *tokens; /* [count] as token_type says, little-endian, at any address */
  uint64_t count;     /* at least 1 */
  /* [documents] Where each document ends: behind its last token, none before the end of the one before it,
     the last one at `count`. NULL: none are known */
  const uint64_t *document_ends;
  uint64_t documents;
  const uint8_t *loss;         /* [count] 0: not to be learnt, see batch_loss; NULL: all are */
  const char *name;            /* that messages begin with, copied; NULL: "memory" */
  batch_token_type token_type; /* not BATCH_TOKEN_DEFAULT */
  uint32_t reserved;           /* 0 */
} batch_memory;

#define BATCH_MEMORY_INIT HEADRACE_OPTIONS_INIT(batch_memory)

/* Makes a dataset of one file, which has no path but a name, of tokens in memory. All that is made from it
   is what is made from a headerless file of the same tokens, documents and loss mask.
   Threads, errors and life are those of a dataset of files. A fault that memory raises (of a mapped file that
   was cut, say) is a fault of the batch in a loader, the program's own elsewhere.
   options: as for batch_dataset_open, NULL too; format and token_type must be none or those of the memory.
   Time: checks document_ends one by one, and reads the tokens if a separator is asked for.
   Returns: the dataset, owned by the caller; NULL with an error: BATCH_ERROR_INVALID_ARGUMENT,
   BATCH_ERROR_OVERFLOW, BATCH_ERROR_OUT_OF_MEMORY; with a separator BATCH_ERROR_IO too, of the temporary
   file. */
HEADRACE_API BatchDataset *batch_dataset_from_memory(const batch_memory *memory,
                                                     const batch_dataset_options *options);

/* Unmaps and closes everything. NULL is fine; freeing it twice aborts. */
HEADRACE_API void batch_dataset_free(BatchDataset *dataset);

/* Reads tokens [start, start + count) of the stream into ids [count].
   Returns: true; false with BATCH_ERROR_OUT_OF_RANGE (beyond the end; an id below 0 or above INT32_MAX, with
   path and offset) or BATCH_ERROR_IO (the file shrank or cannot be read). */
HEADRACE_API bool batch_dataset_read(const BatchDataset *dataset, uint64_t start, size_t count, int32_t *ids);

/* Returns whether anything says which tokens are to be learnt (batch_loss): of one of the files, at least. */
HEADRACE_API bool batch_dataset_has_loss(const BatchDataset *dataset);

/* Reads of tokens [start, start + count) of the stream whether they are to be learnt into loss [count]: 1
   or 0. Where nothing says it they are.
   Returns: true; false as batch_dataset_read. */
HEADRACE_API bool batch_dataset_read_loss(const BatchDataset *dataset, uint64_t start, size_t count,
                                          uint8_t *loss);

/* Returns how many tokens the stream has. */
HEADRACE_API uint64_t batch_dataset_tokens(const BatchDataset *dataset);

/* Returns how many documents are in the stream, 0 when no boundaries are known. Where only some files have
   boundaries, each of the others is one document, and in a subset blocks of it are (a loader that packs
   documents refuses either). */
HEADRACE_API uint64_t batch_dataset_documents(const BatchDataset *dataset);

/* Gives tokens [*start, *end) of a document, which may be empty. Constant time but for finding its file.
   Returns: true; false when index >= batch_dataset_documents, or when the index cannot be read
   (BATCH_ERROR_IO). */
HEADRACE_API bool batch_dataset_document(const BatchDataset *dataset, uint64_t index, uint64_t *start,
                                         uint64_t *end);

/* Returns the bytes of the widest stored token: 1, 2, 4 or 8. */
HEADRACE_API size_t batch_dataset_width(const BatchDataset *dataset);

/* Reads the whole stream and gives its smallest and largest id (either pointer may be NULL).
   Returns: true; false with BATCH_ERROR_IO. */
HEADRACE_API bool batch_dataset_id_range(const BatchDataset *dataset, int64_t *smallest, int64_t *largest);

/* Gives a hash of the number of tokens and of 4096 of them, evenly spread: the same for the same tokens in
   whatever format and however cut into files. It tells that data was exchanged, appended to or cut; a
   change between the samples goes unnoticed.
   Returns: true; false with BATCH_ERROR_IO. */
HEADRACE_API bool batch_dataset_fingerprint(const BatchDataset *dataset, uint64_t *fingerprint);

/* One file of the dataset, and what of it is in the stream. Start from BATCH_DATASET_FILE_INIT. */
typedef struct batch_dataset_file {
  size_t size;         /* see base.h */
  const char *path;    /* of the tokens, or their name in memory; lives as long as the dataset */
  batch_format format; /* never BATCH_FORMAT_AUTO */
  bool compressed;     /* with zstd or gzip */
  bool tokenized;      /* while opening */
  batch_token_type token_type;
  uint64_t first_token; /* in the stream */
  uint64_t tokens;
  uint64_t documents;      /* 0: no boundaries known */
  uint64_t bad_lines;      /* of .jsonl, passed over (options.on_bad_line) */
  const char *compression; /* "zstd", "gzip", or NULL */
  const char *loss;        /* how it says which tokens are to be learnt: "bytes", "bits"; NULL: it does not */
} batch_dataset_file;

#define BATCH_DATASET_FILE_INIT HEADRACE_OPTIONS_INIT(batch_dataset_file)

/* Returns how many files the dataset has. */
HEADRACE_API size_t batch_dataset_files(const BatchDataset *dataset);

/* Fills *file, which begins as BATCH_DATASET_FILE_INIT, with what file `index` is.
   Returns: true; false when index >= batch_dataset_files, or *file has no size. */
HEADRACE_API bool batch_dataset_get_file(const BatchDataset *dataset, size_t index, batch_dataset_file *file);

/* Return names for people: "llm.c GPT-2" and "u16"; "?" for what is none. Static storage. */
HEADRACE_API const char *batch_format_name(batch_format format);
HEADRACE_API const char *batch_token_type_name(batch_token_type type);

/* Returns the bytes of a stored token; 0 for what is none and for BATCH_TOKEN_DEFAULT. */
HEADRACE_API size_t batch_token_type_size(batch_token_type type);

#ifdef __cplusplus
}
#endif
#endif
