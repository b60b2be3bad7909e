# What the library rests on. Required: threads, ConcurrencyKit (headers only). Optional, each behind one small
# file: libnuma, zstd, zlib, utf8proc, PCRE2, SentencePiece.
find_package(Threads REQUIRED)
find_package(PkgConfig REQUIRED)
pkg_check_modules(CK REQUIRED IMPORTED_TARGET ck)

set(HEADRACE_OPTIONAL NUMA ZSTD ZLIB UTF8PROC PCRE2 SENTENCEPIECE)
set(HEADRACE_OPTIONAL_MODULES numa libzstd zlib libutf8proc libpcre2-8 sentencepiece)
foreach(variable module IN ZIP_LISTS HEADRACE_OPTIONAL HEADRACE_OPTIONAL_MODULES)
  pkg_check_modules(${variable} QUIET IMPORTED_TARGET ${module})
  if(${variable}_FOUND)
    message(STATUS "headrace: with ${module} ${${variable}_VERSION}")
  else()
    message(STATUS "headrace: without ${module} (not found)")
  endif()
endforeach()
