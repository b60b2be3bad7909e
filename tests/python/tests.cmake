# The Python package: every tests/python/test_*.py is a test python_<name>, run by run.py with the package as it lies in
# the source and the library as it is built here. A file that imports torch is skipped where there is none. With
# HEADRACE_LONG_TESTS the variable of that name is 1 in the environment.
if(HEADRACE_SANITIZE MATCHES "thread" OR HEADRACE_SANITIZE AND NOT CMAKE_C_COMPILER_ID STREQUAL "GNU")
  message(STATUS "headrace: no tests of the Python package (with ${HEADRACE_SANITIZE} of ${CMAKE_C_COMPILER_ID} in a Python made without)")
  return()
endif()
if(CMAKE_CROSSCOMPILING)
  message(STATUS "headrace: no tests of the Python package (Python is of another machine)")
  return()
endif()
set(HEADRACE_TEST_PYTHON "" CACHE FILEPATH "A Python with NumPy, for the tests of the package; empty: looked for")
find_program(HEADRACE_PYTHON3 python3)
set(candidates ${HEADRACE_PYTHON3} /usr/bin/python3)
if(HEADRACE_TEST_PYTHON)
  set(candidates ${HEADRACE_TEST_PYTHON})
endif()
set(python)
foreach(candidate IN LISTS candidates)
  execute_process(COMMAND ${candidate} -c "import numpy, sys; print(sys.executable)" OUTPUT_VARIABLE python
    OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
  if(python)
    break()
  endif()
endforeach()
if(NOT python AND HEADRACE_TEST_PYTHON)
  message(FATAL_ERROR "headrace: HEADRACE_TEST_PYTHON is ${HEADRACE_TEST_PYTHON}, expected a Python with NumPy")
elseif(NOT python)
  message(STATUS "headrace: no tests of the Python package (NumPy not found; Debian: python3-numpy)")
  return()
endif()

set(environment PYTHONPATH=${PROJECT_SOURCE_DIR}/python PYTHONDONTWRITEBYTECODE=1 HEADRACE_LIBRARY=$<TARGET_FILE:headrace>)
if(HEADRACE_HAS_PYTHON)
  list(APPEND environment HEADRACE_BUILD=${PROJECT_BINARY_DIR})
endif()
if(HEADRACE_LONG_TESTS)
  list(APPEND environment HEADRACE_LONG_TESTS=1)
endif()
# Python is made without AddressSanitizer, so that comes first by LD_PRELOAD, and before the C++ whose exceptions it watches. With
# PYTHONMALLOC it sees each object of Python's. Leaks are not looked for: at its end Python leaves what it has for good.
if(HEADRACE_SANITIZE MATCHES address)
  set(preloaded)
  foreach(library IN ITEMS libasan.so libstdc++.so)
    execute_process(COMMAND ${CMAKE_C_COMPILER} -print-file-name=${library} OUTPUT_VARIABLE file OUTPUT_STRIP_TRAILING_WHITESPACE)
    list(APPEND preloaded ${file})
  endforeach()
  list(JOIN preloaded " " preloaded)
  list(APPEND environment "LD_PRELOAD=${preloaded}" PYTHONMALLOC=malloc
    ASAN_OPTIONS=detect_leaks=0:allocator_may_return_null=1:detect_stack_use_after_return=1:strict_string_checks=1)
endif()

# A launcher's variables, which make a loader one rank of many: the tests may run in a job of Slurm.
set(unset)
foreach(variable IN ITEMS RANK WORLD_SIZE OMPI_COMM_WORLD_RANK OMPI_COMM_WORLD_SIZE SLURM_PROCID SLURM_NTASKS)
  list(APPEND unset ${variable}=unset:)
endforeach()

# headrace_python_test(<name> <option of Python>... <script> <argument>...)
function(headrace_python_test name)
  add_test(NAME python_${name} COMMAND ${python} ${ARGN})
  set_tests_properties(python_${name} PROPERTIES LABELS unit TIMEOUT ${HEADRACE_TEST_TIMEOUT} SKIP_RETURN_CODE 77
    ENVIRONMENT "${environment}" ENVIRONMENT_MODIFICATION "${unset}")
endfunction()

file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_LIST_DIR}/test_*.py)
if(HEADRACE_SANITIZE) # these are about compilers, pip, mypy, others' loaders, and memory, of which a sanitizer takes its own
  list(FILTER sources EXCLUDE REGEX "test_(bench_loaders|declarations|installed|many_loaders|typing)[.]py$")
endif()
foreach(source IN LISTS sources)
  get_filename_component(name ${source} NAME_WE)
  string(REGEX REPLACE "^test_" "" name ${name})
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${source})
  file(STRINGS ${source} torch REGEX "^(import|from) torch")
  set(warnings -W error)
  if(torch) # which warns of itself
    set(warnings)
  endif()
  headrace_python_test(${name} ${warnings} ${CMAKE_CURRENT_LIST_DIR}/run.py ${source})
  if(torch AND HEADRACE_SANITIZE) # it takes long: scripts/test --full runs it
    set_tests_properties(python_${name} PROPERTIES LABELS stress)
  endif()
endforeach()

# The controls: what run.py notices, and that AddressSanitizer looks on.
if(NOT HEADRACE_SANITIZE)
  set_tests_properties(python_installed PROPERTIES RESOURCE_LOCK install)
  headrace_python_test(run_control ${CMAKE_CURRENT_LIST_DIR}/run_control.py)
elseif(HEADRACE_SANITIZE MATCHES "address")
  headrace_python_test(asan_control ${CMAKE_CURRENT_LIST_DIR}/asan_control.py)
  set_tests_properties(python_asan_control PROPERTIES PASS_REGULAR_EXPRESSION "heap-use-after-free")
endif()
