# What the library rests on. Required: threads, liburcu (bulletproof flavour), ConcurrencyKit
# (headers only). Optional, each behind one small file: libnuma, zstd, utf8proc, SentencePiece,
# jansson.
find_package(Threads REQUIRED)
find_package(PkgConfig REQUIRED)
pkg_check_modules(URCU REQUIRED IMPORTED_TARGET liburcu-bp)
pkg_check_modules(CK REQUIRED IMPORTED_TARGET ck)

foreach(name IN ITEMS NUMA:numa ZSTD:libzstd UTF8PROC:libutf8proc SENTENCEPIECE:sentencepiece JANSSON:jansson)
  string(REPLACE ":" ";" pair ${name})
  list(GET pair 0 variable)
  list(GET pair 1 module)
  pkg_check_modules(${variable} QUIET IMPORTED_TARGET ${module})
  if(${variable}_FOUND)
    message(STATUS "headrace: with ${module} ${${variable}_VERSION}")
  else()
    message(STATUS "headrace: without ${module} (not found)")
  endif()
endforeach()
