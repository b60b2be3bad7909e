# headrace_common: what every target of this project compiles with.
add_library(headrace_common INTERFACE)
target_compile_definitions(headrace_common INTERFACE _GNU_SOURCE)
target_link_libraries(headrace_common INTERFACE Threads::Threads)
if(HEADRACE_WARNINGS)
  target_compile_options(headrace_common INTERFACE
    -Wall -Wextra -Wpedantic -Wshadow -Wvla -Werror
    $<$<COMPILE_LANGUAGE:C>:-Wstrict-prototypes -Wmissing-prototypes>)
endif()
if(HEADRACE_SANITIZE)
  target_compile_options(headrace_common INTERFACE
    -fsanitize=${HEADRACE_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  target_link_options(headrace_common INTERFACE -fsanitize=${HEADRACE_SANITIZE})
endif()

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
