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

set(HEADRACE_HARDENED AUTO CACHE STRING "Compile and link with protections against faults in memory: AUTO, ON or OFF")
set_property(CACHE HEADRACE_HARDENED PROPERTY STRINGS AUTO ON OFF)
set(wanted ON)
if(HEADRACE_HARDENED MATCHES "^[Aa][Uu][Tt][Oo]$" AND
    (NOT PROJECT_IS_TOP_LEVEL OR HEADRACE_SANITIZE OR NOT CMAKE_BUILD_TYPE MATCHES "^(Release|RelWithDebInfo|MinSizeRel)$"))
  set(wanted OFF)
endif()
headrace_decide(HEADRACE_HAS_HARDENED HEADRACE_HARDENED ${wanted} "")
if(HEADRACE_HAS_HARDENED)
  target_link_libraries(headrace_common INTERFACE headrace_hardening)
  check_pie_supported(LANGUAGES C)
  set(CMAKE_POSITION_INDEPENDENT_CODE ON)
endif()
