# headrace_common: what every target of this project compiles with.
add_library(headrace_common INTERFACE)
target_compile_definitions(headrace_common INTERFACE _GNU_SOURCE)
if(CMAKE_SIZEOF_VOID_P EQUAL 4)
  target_compile_definitions(headrace_common INTERFACE _FILE_OFFSET_BITS=64) # sizes of files, and numbers of inodes
endif()
target_link_libraries(headrace_common INTERFACE Threads::Threads)
if(HEADRACE_WARNINGS)
  target_compile_options(headrace_common INTERFACE
    -Wall -Wextra -Wpedantic -Wshadow -Wvla -Werror
    $<$<COMPILE_LANGUAGE:C>:-Wstrict-prototypes -Wmissing-prototypes>)
endif()
if(HEADRACE_SANITIZE)
  target_compile_options(headrace_common INTERFACE
    -fsanitize=${HEADRACE_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  # These two take clang's run-time library for C++, which programs of C are linked without.
  target_compile_options(headrace_common INTERFACE $<$<COMPILE_LANG_AND_ID:CXX,Clang>:-fno-sanitize=vptr,function>)
  target_link_options(headrace_common INTERFACE -fsanitize=${HEADRACE_SANITIZE})
endif()

# HEADRACE_COVERAGE: what is made of src/ counts what it executes, in all threads, and writes it however a program ends
# (tests/coverage/flush.c).
if(HEADRACE_COVERAGE)
  add_library(headrace_coverage STATIC EXCLUDE_FROM_ALL ${PROJECT_SOURCE_DIR}/tests/coverage/flush.c)
  target_compile_definitions(headrace_coverage PRIVATE _GNU_SOURCE)
  set(ends abort _exit raise sigaction)
  list(TRANSFORM ends PREPEND LINKER:--wrap=)
  target_link_options(headrace_common INTERFACE --coverage ${ends} LINKER:--undefined=__wrap_abort)
  target_link_libraries(headrace_common INTERFACE $<BUILD_INTERFACE:headrace_coverage>)
endif()

# headrace_counts(<target>...): these count with HEADRACE_COVERAGE.
function(headrace_counts)
  if(HEADRACE_COVERAGE)
    foreach(target IN LISTS ARGN)
      target_compile_options(${target} PRIVATE -O0 --coverage -fprofile-update=atomic -fprofile-abs-path)
    endforeach()
  endif()
endfunction()

# headrace_internals(<target>): a target that sees src/ and links the library's hidden symbols.
function(headrace_internals target)
  target_link_libraries(${target} PRIVATE headrace_common headrace_inside)
  target_include_directories(${target} PRIVATE ${PROJECT_SOURCE_DIR}/src)
endfunction()

# headrace_installed_program(<target> <folder>): where it is installed it finds libheadrace from where it lies itself.
function(headrace_installed_program target folder)
  cmake_path(ABSOLUTE_PATH folder BASE_DIRECTORY ${CMAKE_INSTALL_PREFIX})
  cmake_path(RELATIVE_PATH CMAKE_INSTALL_FULL_LIBDIR BASE_DIRECTORY ${folder} OUTPUT_VARIABLE library)
  if(BUILD_SHARED_LIBS)
    set_target_properties(${target} PROPERTIES INSTALL_RPATH "$ORIGIN/${library}")
  endif()
endfunction()

# headrace_wrap(<target> <function>...): what the target calls goes to its __wrap_<function>, which reaches the C library's by
# __real_<function>. Where that has two of a function, for the size of numbers in files, it is the one that is called.
# A function of the library's own is not wrapped where gcc optimizes it together with who calls it: not in that target, then.
set(HEADRACE_OWN_WRAPPED port_wait port_wake file_rename_new)
set(HEADRACE_OF_FILE_SIZES open openat fstat stat lstat fstatat readdir pread pwrite mmap ftruncate)
function(headrace_wrap target)
  foreach(name IN LISTS ARGN)
    set(symbol ${name})
    if(CMAKE_SIZEOF_VOID_P EQUAL 4 AND name IN_LIST HEADRACE_OF_FILE_SIZES)
      set(symbol ${name}64)
      target_compile_definitions(${target} PRIVATE __wrap_${name}=__wrap_${symbol} __real_${name}=__real_${symbol})
    endif()
    target_link_options(${target} PRIVATE LINKER:--wrap=${symbol})
    if(name IN_LIST HEADRACE_OWN_WRAPPED AND CMAKE_C_COMPILER_ID STREQUAL "GNU" AND CMAKE_C_FLAGS MATCHES "-flto")
      target_link_options(${target} PRIVATE -fno-lto)
    endif()
  endforeach()
endfunction()
