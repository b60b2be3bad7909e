# Debian packages: `cpack` in a build by the preset `package`; scripts/packages does all of it. A package holds what the
# install() rules of its component leave: libheadrace0 of runtime, libheadrace-dev of dev, headrace of command,
# python3-headrace of python.
set(CPACK_GENERATOR DEB)
set(CPACK_VERBATIM_VARIABLES ON)
set(CPACK_COMPONENTS_ALL runtime dev command)
set(CPACK_HEADRACE_NAMES libheadrace0 libheadrace-dev headrace)
if(HEADRACE_HAS_PYTHON)
  list(APPEND CPACK_COMPONENTS_ALL python)
  list(APPEND CPACK_HEADRACE_NAMES python3-headrace)
endif()
set(CPACK_COMPONENTS_GROUPING IGNORE)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS
  OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
set(CPACK_PACKAGING_INSTALL_PREFIX ${CMAKE_INSTALL_PREFIX})
set(CPACK_OUTPUT_FILE_PREFIX ${PROJECT_BINARY_DIR}/packages)
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "") # each has its own

# Debian's revision of the version, as the first line of packages/changelog has it.
file(STRINGS ${CMAKE_CURRENT_LIST_DIR}/packages/changelog heading LIMIT_COUNT 1)
if(NOT heading MATCHES "^headrace \\(${PROJECT_VERSION}-([0-9]+)\\)")
  message(FATAL_ERROR "cmake/packages/changelog begins with \"${heading}\", expected headrace (${PROJECT_VERSION}-N)")
endif()
set(CPACK_DEBIAN_PACKAGE_RELEASE ${CMAKE_MATCH_1})
set(version ${PROJECT_VERSION}-${CMAKE_MATCH_1})
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_MAINTAINER "The Headrace authors <headrace@headrace.invalid>")
set(CPACK_DEBIAN_RUNTIME_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_COMMAND_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS_PRIVATE_DIRS ${PROJECT_BINARY_DIR}/src)

set(CPACK_DEBIAN_RUNTIME_PACKAGE_NAME libheadrace0)
set(CPACK_DEBIAN_RUNTIME_PACKAGE_SECTION libs)
set(CPACK_DEBIAN_RUNTIME_DESCRIPTION "lock-free batch queues, pools and a data loader (library)
Headrace turns files of text and of tokens into shuffled batches and hands
them to the threads that train a language model. Its queues and pools are
lock-free and lose no wake-up; the order of the batches is a function of
tokens, seed, epoch and step.
.
This package holds the shared library.")
# What is linked with it needs this minor version: before 1.0 each has an interface of its own.
set(minor ${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR})
math(EXPR next "${PROJECT_VERSION_MINOR} + 1")
file(CONFIGURE OUTPUT debian/shlibs CONTENT
  "libheadrace ${minor} libheadrace0 (>= ${minor}), libheadrace0 (<< ${PROJECT_VERSION_MAJOR}.${next})\n")
file(CONFIGURE OUTPUT debian/triggers CONTENT "activate-noawait ldconfig\n")
set(CPACK_DEBIAN_RUNTIME_PACKAGE_CONTROL_EXTRA
  ${PROJECT_BINARY_DIR}/debian/shlibs ${PROJECT_BINARY_DIR}/debian/triggers)

# The archive leaves to the linker what the library rests on: linking it works when the package is there.
set(CPACK_DEBIAN_DEV_PACKAGE_NAME libheadrace-dev)
set(CPACK_DEBIAN_DEV_PACKAGE_SECTION libdevel)
set(depends "libheadrace0 (= ${version})")
foreach(part IN LISTS HEADRACE_OPTIONAL)
  if(TARGET PkgConfig::HEADRACE_${part})
    string(APPEND depends ", ${HEADRACE_PACKAGE_${part}}")
  endif()
endforeach()
if(HEADRACE_HAS_SENTENCEPIECE)
  string(REGEX MATCH "^[0-9]+" major "${CMAKE_CXX_COMPILER_VERSION}")
  string(APPEND depends ", libstdc++-${major}-dev | libstdc++-dev")
endif()
set(CPACK_DEBIAN_DEV_PACKAGE_DEPENDS ${depends})
set(CPACK_DEBIAN_DEV_PACKAGE_SUGGESTS "headrace, python3-headrace, pkg-config")
set(CPACK_DEBIAN_DEV_DESCRIPTION "lock-free batch queues, pools and a data loader (development)
Headrace turns files of text and of tokens into shuffled batches and hands
them to the threads that train a language model. Its queues and pools are
lock-free and lose no wake-up; the order of the batches is a function of
tokens, seed, epoch and step.
.
This package holds the headers for C and C++, the static library, files for
pkg-config and CMake, the manual and examples.")

set(CPACK_DEBIAN_COMMAND_PACKAGE_NAME headrace)
set(CPACK_DEBIAN_COMMAND_PACKAGE_SECTION utils)
set(CPACK_DEBIAN_COMMAND_PACKAGE_DEPENDS "libheadrace0 (= ${version})")
set(CPACK_DEBIAN_COMMAND_PACKAGE_SUGGESTS libheadrace-dev)
set(CPACK_DEBIAN_COMMAND_DESCRIPTION "tokenize, convert, inspect and feed data for language models
The command turns text into ids by byte-level BPE or SentencePiece, on all
processors, writes and converts shards of tokens, shows what a file and the
batches made of it hold, and runs the loader of the Headrace library over
them.")

# One for all processors: it finds the library by its soname.
set(CPACK_DEBIAN_PYTHON_PACKAGE_NAME python3-headrace)
set(CPACK_DEBIAN_PYTHON_PACKAGE_ARCHITECTURE all)
set(CPACK_DEBIAN_PYTHON_PACKAGE_SECTION python)
set(CPACK_DEBIAN_PYTHON_PACKAGE_DEPENDS "python3:any (>= 3.9), python3-numpy (>= 1:1.22), libheadrace0 (>= ${PROJECT_VERSION}), libheadrace0 (<< ${PROJECT_VERSION_MAJOR}.${next})")
set(CPACK_DEBIAN_PYTHON_PACKAGE_SUGGESTS "python3-torch, libheadrace-dev")
set(CPACK_DEBIAN_PYTHON_DESCRIPTION "lock-free batch queues, pools and a data loader (Python 3)
Headrace turns files of text and of tokens into shuffled batches and hands
them to the threads that train a language model. Its queues and pools are
lock-free and lose no wake-up; the order of the batches is a function of
tokens, seed, epoch and step.
.
This package holds the package headrace for Python 3: a loader whose batches
are NumPy arrays, or tensors of PyTorch, without a copy, and examples.")
set(CPACK_DEBIAN_PYTHON_PACKAGE_CONTROL_EXTRA
  ${PROJECT_BINARY_DIR}/debian/python/postinst ${PROJECT_BINARY_DIR}/debian/python/prerm)
set(CPACK_DEBIAN_PYTHON_PACKAGE_CONTROL_STRICT_PERMISSION ON)
foreach(script IN ITEMS postinst prerm)
  configure_file(${CMAKE_CURRENT_LIST_DIR}/packages/python3-headrace.${script} debian/python/${script} COPYONLY)
endforeach()

# What Debian wants beside what is installed. CPack knows what CPACK_ begins.
set(CPACK_HEADRACE_PACKAGES ${CMAKE_CURRENT_LIST_DIR}/packages)
set(CPACK_HEADRACE_STRIP ${CMAKE_STRIP})
set(CPACK_HEADRACE_DATA ${CMAKE_INSTALL_DATADIR})
set(CPACK_PRE_BUILD_SCRIPTS ${CMAKE_CURRENT_LIST_DIR}/packages/finish.cmake)
include(CPack)
