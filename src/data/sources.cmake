# The data layer's part of the library.
set(HEADRACE_DATA_SOURCES)
set(HEADRACE_DATA_HEADERS)

# Plan, loader, transforms.
list(APPEND HEADRACE_DATA_SOURCES
  data/fill.c
  data/fill_kernels.c
  data/fill_tokens.c
  data/guard.c
  data/hole.c
  data/loader.c
  data/loader_options.c
  data/loader_state.c
  data/pack.c
  data/pack_best_fit.c
  data/permutation.c
  data/plan.c
  data/random.c
  data/ranks.c
  data/resident.c
  data/row.c
  data/schedule.c
  data/shares.c
  data/transform.c
  data/window.c
  data/worker.c)
list(APPEND HEADRACE_DATA_HEADERS loader.h stats.h transform.h)
# gcc's -O2 leaves loops of unknown length as they are.
set_source_files_properties(data/fill_kernels.c data/row.c PROPERTIES COMPILE_OPTIONS -O3)

# Datasets, formats, tokenizers, the writer.
list(APPEND HEADRACE_DATA_SOURCES
  data/byte_stream.c
  data/character_map.c
  data/dataset.c
  data/decompress.c
  data/encode.c
  data/file.c
  data/foreign.c
  data/format_detect.c
  data/format_headerless.c
  data/format_llmc.c
  data/format_megatron.c
  data/format_npy.c
  data/format_text.c
  data/json.c
  data/jsonl.c
  data/metadata.c
  data/name_list.c
  data/normal_form.c
  data/normalize.c
  data/out_file.c
  data/output_names.c
  data/path_companions.c
  data/path_glob.c
  data/paths.c
  data/scan.c
  data/sentencepiece_model.c
  data/shard.c
  data/source.c
  data/staging.c
  data/staging_lock.c
  data/staging_move.c
  data/staging_watch.c
  data/text_buffer.c
  data/text_reader.c
  data/token_looks.c
  data/token_metadata.c
  data/token_type.c
  data/tokenize_files.c
  data/tokenizer.c
  data/tokenizer_sentencepiece.c
  data/utf8.c
  data/writer.c)
list(APPEND HEADRACE_DATA_HEADERS
  dataset.h
  tokenizer.h
  writer.h)

# SentencePiece is C++: one file, compiled only where the library is found.
if(SENTENCEPIECE_FOUND)
  enable_language(CXX)
  list(APPEND HEADRACE_DATA_SOURCES data/tokenizer_sentencepiece.cpp)
  set_source_files_properties(data/tokenizer_sentencepiece.cpp PROPERTIES
    COMPILE_OPTIONS "-fvisibility=hidden;-fvisibility-inlines-hidden")
endif()
