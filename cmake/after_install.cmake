# The end of an installation: what is still to do so that programs, pkg-config and CMake find the library, and shells the
# command, if anything.
# cmake -D PREFIX=... -D LIBDIR=... -D SHARED=ON|OFF -D BINDIR=... (empty: no command) -P after_install.cmake
cmake_minimum_required(VERSION 3.25)
cmake_path(ABSOLUTE_PATH PREFIX) # --prefix may be relative to where cmake runs
cmake_path(ABSOLUTE_PATH LIBDIR BASE_DIRECTORY "${PREFIX}" OUTPUT_VARIABLE library)
find_program(ldconfig NAMES ldconfig PATHS /sbin /usr/sbin NO_CACHE)
find_program(pkg_config NAMES pkg-config NO_CACHE)
if(NOT "$ENV{DESTDIR}" STREQUAL "" OR NOT ldconfig OR NOT pkg_config)
  return()
endif()

# headrace_is_among(<result> <folder> <folder>...): whatever links lead to it.
function(headrace_is_among result folder)
  set(${result} OFF PARENT_SCOPE)
  foreach(other IN LISTS ARGN)
    if(EXISTS "${folder}" AND EXISTS "${other}")
      file(REAL_PATH "${folder}" one)
      file(REAL_PATH "${other}" another)
      if(one STREQUAL another)
        set(${result} ON PARENT_SCOPE)
      endif()
    endif()
  endforeach()
endfunction()

execute_process(COMMAND "${ldconfig}" -NXv OUTPUT_VARIABLE lines ERROR_QUIET)
string(REGEX MATCHALL "(^|\n)/[^:\n]*" searched "${lines}")
list(TRANSFORM searched STRIP)
headrace_is_among(programs_look_there "${library}" ${searched})
if(programs_look_there AND SHARED)
  message("headrace: run ldconfig, as root, so that programs find libheadrace.so in ${library}")
elseif(SHARED)
  message("headrace: programs find libheadrace.so in ${library} where they are linked with "
    "-Wl,-rpath,\"${library}\", or with LD_LIBRARY_PATH=\"${library}\"")
endif()

execute_process(COMMAND "${pkg_config}" --variable pc_path pkg-config OUTPUT_VARIABLE searched
  OUTPUT_STRIP_TRAILING_WHITESPACE)
string(REPLACE ":" ";" searched "$ENV{PKG_CONFIG_PATH}:${searched}")
list(REMOVE_ITEM searched "")
headrace_is_among(pkg_config_looks_there "${library}/pkgconfig" ${searched})
if(NOT pkg_config_looks_there)
  message("headrace: pkg-config finds it with PKG_CONFIG_PATH=\"${library}/pkgconfig\", "
    "CMake with -DCMAKE_PREFIX_PATH=\"${PREFIX}\"")
endif()

if(BINDIR)
  cmake_path(ABSOLUTE_PATH BINDIR BASE_DIRECTORY "${PREFIX}")
endif()
if(BINDIR AND EXISTS "${BINDIR}/headrace") # which is of another component
  string(REPLACE ":" ";" searched "$ENV{PATH}")
  list(REMOVE_ITEM searched "")
  headrace_is_among(shells_look_there "${BINDIR}" ${searched})
  if(NOT shells_look_there)
    message("headrace: shells find the command, and man its pages, with PATH=\"${BINDIR}:$PATH\"")
  endif()
endif()
