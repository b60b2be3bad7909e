# What is built, with what, and where it goes: the end of the configuration.
set(with)
set(without)
foreach(name IN LISTS HEADRACE_OPTIONAL)
  string(TOLOWER ${name} part)
  if(HEADRACE_HAS_${name})
    list(APPEND with ${part})
  else()
    list(APPEND without "${part} (${HEADRACE_PACKAGE_${name}})")
  endif()
endforeach()

set(built)
set(left_out)
function(headrace_built is what) # [<what is missing>]
  set(list left_out)
  if(is)
    set(list built)
    set(ARGN)
  endif()
  list(APPEND ${list} "${what}${ARGN}")
  set(${list} "${${list}}" PARENT_SCOPE)
endfunction()
set(libraries libheadrace.so libheadrace.a)
if(NOT BUILD_SHARED_LIBS)
  set(libraries libheadrace.a)
elseif(NOT HEADRACE_STATIC)
  set(libraries libheadrace.so)
endif()
headrace_built(ON "${libraries}")
headrace_built("${HEADRACE_CLI}" "the command")
headrace_built("${HEADRACE_BENCH}" benchmarks)
headrace_built("${HEADRACE_EXAMPLES}" examples)
headrace_built(${HEADRACE_HAS_UNIT_TESTS} "unit tests" " (libcriterion-dev, libjansson-dev)")
headrace_built(${HEADRACE_HAS_STRESS} "stress programs")
foreach(list IN ITEMS with without built left_out)
  list(JOIN ${list} ", " ${list})
  if(NOT ${list})
    set(${list} nothing)
  endif()
endforeach()

message(STATUS "headrace ${PROJECT_VERSION}, ${CMAKE_BUILD_TYPE}, ${CMAKE_C_COMPILER_ID} ${CMAKE_C_COMPILER_VERSION}
   builds:   ${built}
   not:      ${left_out}
   with:     ${with}
   without:  ${without}
   installs: ${CMAKE_INSTALL_PREFIX}")
