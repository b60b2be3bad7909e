# libheadrace.a. Hidden is not local: in an archive of several objects each name of the inside is one that no program may
# have. So it is one object, in which they are local. What is optimized when programs are linked has no symbols yet that
# could be made local: with an archive nothing is.
target_compile_options(headrace_objects PRIVATE -fno-lto)
set_target_properties(headrace_objects PROPERTIES INTERPROCEDURAL_OPTIMIZATION OFF)
# The compiler links them, called as for everything else: it may be several words (CC="ccache gcc"), and told its processor.
# A group (COMDAT) of C++ or of a probe is the linker's to take from any object, and would be gone from the others with its
# hidden symbols made local: here there are none.
set(whole ${CMAKE_CURRENT_BINARY_DIR}/headrace.o)
separate_arguments(words UNIX_COMMAND "${CMAKE_C_COMPILER_ARG1}")
separate_arguments(flags UNIX_COMMAND "${CMAKE_C_FLAGS}")
list(FILTER flags INCLUDE REGEX "^(-m|--target=)")
if(CMAKE_C_COMPILER_TARGET AND CMAKE_C_COMPILE_OPTIONS_TARGET)
  list(APPEND flags ${CMAKE_C_COMPILE_OPTIONS_TARGET}${CMAKE_C_COMPILER_TARGET})
endif()
add_custom_command(OUTPUT ${whole}
  COMMAND ${CMAKE_C_COMPILER} ${words} ${flags} -r -nostdlib -Wl,--force-group-allocation -o ${whole} $<TARGET_OBJECTS:headrace_objects>
  COMMAND ${CMAKE_OBJCOPY} --localize-hidden ${whole}
  DEPENDS headrace_objects $<TARGET_OBJECTS:headrace_objects> COMMAND_EXPAND_LISTS VERBATIM)
headrace_library(headrace_archive STATIC ${whole})
set_target_properties(headrace_archive PROPERTIES OUTPUT_NAME headrace EXPORT_NAME static LINKER_LANGUAGE C)
# It stays loaded with what it is linked to.
target_link_options(headrace_archive INTERFACE LINKER:-z,nodelete)
# Where it is installed, its own dependencies are what headraceConfig.cmake finds.
if(HEADRACE_STATIC_MODULES)
  target_link_libraries(headrace_archive INTERFACE $<INSTALL_INTERFACE:$<LINK_ONLY:PkgConfig::headrace_needs>>)
endif()
