# HEADRACE_HARDENED: a fault in memory ends the process before it can be put to use: canaries on stacks, bounds of the C
# library's calls, stacks that cannot grow past their guard, and tables of the linker that cannot be written. It costs a
# call of a queue or a pool a few instructions. (-fcf-protection is not here: start files that lack its marks, as
# Debian's, make it one without effect.)
include(CheckCCompilerFlag)
include(CheckCSourceCompiles)
include(CheckPIESupported)

# headrace_hardening: compile and link options; those of them that this compiler has.
add_library(headrace_hardening INTERFACE)
foreach(flag IN ITEMS stack-protector-strong stack-clash-protection)
  string(MAKE_C_IDENTIFIER HEADRACE_TAKES_${flag} takes)
  check_c_compiler_flag(-f${flag} ${takes})
  if(${takes})
    target_compile_options(headrace_hardening INTERFACE -f${flag})
  endif()
endforeach()
# Level 3 also knows sizes that are only known as it runs. Where it is taken for 2 there is a warning.
set(CMAKE_REQUIRED_FLAGS "-O2 -Werror -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3")
check_c_source_compiles("#include <stdio.h>\nint main(void) { return 0; }" HEADRACE_TAKES_FORTIFY_3)
unset(CMAKE_REQUIRED_FLAGS)
target_compile_options(headrace_hardening INTERFACE
  -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=$<IF:$<BOOL:${HEADRACE_TAKES_FORTIFY_3}>,3,2>)
target_link_options(headrace_hardening INTERFACE LINKER:-z,relro LINKER:-z,now)

set(default OFF)
if(PROJECT_IS_TOP_LEVEL AND NOT HEADRACE_SANITIZE AND CMAKE_BUILD_TYPE MATCHES "^(Release|RelWithDebInfo|MinSizeRel)$")
  set(default ON)
endif()
option(HEADRACE_HARDENED "Compile and link with the compiler's protections against faults in memory" ${default})
if(HEADRACE_HARDENED)
  target_link_libraries(headrace_common INTERFACE headrace_hardening)
  check_pie_supported(LANGUAGES C)
  set(CMAKE_POSITION_INDEPENDENT_CODE ON)
endif()
