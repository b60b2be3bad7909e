# HEADRACE_UNIT_TESTS and HEADRACE_STRESS: AUTO, ON or OFF, all of it with BUILD_TESTING only. Who builds the library to use
# it need not have Criterion, and is not made to wait for stress programs: AUTO builds both where Criterion is found.
set(default OFF)
if(PROJECT_IS_TOP_LEVEL)
  set(default AUTO)
endif()
set(HEADRACE_UNIT_TESTS ${default} CACHE STRING "Build the unit tests, which need Criterion and jansson: AUTO, ON or OFF")
set(HEADRACE_STRESS ${default} CACHE STRING "Build the stress programs: AUTO, as the unit tests, ON or OFF")
set_property(CACHE HEADRACE_UNIT_TESTS HEADRACE_STRESS PROPERTY STRINGS AUTO ON OFF)

set(HEADRACE_HAS_UNIT_TESTS OFF)
set(HEADRACE_HAS_STRESS OFF)
if(BUILD_TESTING)
  if(HEADRACE_UNIT_TESTS)
    pkg_check_modules(HEADRACE_CRITERION QUIET IMPORTED_TARGET criterion)
    pkg_check_modules(HEADRACE_JANSSON QUIET IMPORTED_TARGET jansson) # what the scanner of JSON is compared with
  endif()
  set(found OFF)
  if(HEADRACE_CRITERION_FOUND AND HEADRACE_JANSSON_FOUND)
    set(found ON)
  endif()
  headrace_decide(HEADRACE_HAS_UNIT_TESTS HEADRACE_UNIT_TESTS ${found}
    "Criterion and jansson are not found (Debian: libcriterion-dev libjansson-dev)")
  set(wanted ON) # they need nothing that is to be found
  if(HEADRACE_STRESS STREQUAL "AUTO")
    set(wanted ${HEADRACE_HAS_UNIT_TESTS})
  endif()
  headrace_decide(HEADRACE_HAS_STRESS HEADRACE_STRESS ${wanted} "")
endif()

# The emulator as tests give it to a shell.
list(JOIN CMAKE_CROSSCOMPILING_EMULATOR " " HEADRACE_EMULATOR)
