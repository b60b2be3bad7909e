# Every call fails once: see faults.py. Quickly one in so many of them, at length all. What is called has a test of its own:
# all of the library. Functions for large files have no names of their own where addresses are of 64 bits.
find_program(HEADRACE_PYTHON3 python3)
if(BUILD_SHARED_LIBS AND HEADRACE_CLI AND HEADRACE_PYTHON3 AND NOT HEADRACE_SANITIZE AND NOT CMAKE_CROSSCOMPILING
    AND CMAKE_SIZEOF_VOID_P EQUAL 8)
  add_library(faults_shim MODULE faults/strike.c faults/memory.c faults/calls.c faults/template.c)
  target_link_libraries(faults_shim PRIVATE headrace_common ${CMAKE_DL_LIBS})
  # The compiler knows what malloc is, and would leave out what it thinks nobody sees.
  target_compile_options(faults_shim PRIVATE -fno-builtin)
  file(GLOB whole CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/faults/whole*.c)
  add_executable(faults_whole ${whole})
  target_link_libraries(faults_whole PRIVATE headrace_common headrace::headrace)
  set(faults ${HEADRACE_PYTHON3} ${CMAKE_CURRENT_SOURCE_DIR}/faults/faults.py $<TARGET_FILE:faults_shim>
    $<TARGET_FILE:headrace_cli> $<TARGET_FILE:faults_whole>)
  add_test(NAME faults COMMAND ${faults} --stride $<IF:$<BOOL:${HEADRACE_LONG_TESTS}>,1,601>)
  add_test(NAME faults_tokenize COMMAND ${faults} --workflow tokenize --call stat --call opendir --call flock)
  add_test(NAME faults_control COMMAND ${faults} --control)
  set(called all_called.sh ${HEADRACE_NM} $<TARGET_FILE:headrace>)
  headrace_script_test(faults_of_all ${called} $<TARGET_FILE:faults_whole>)
  headrace_script_test(faults_of_all_control ${called} $<TARGET_FILE:headrace_cli>)
  set_tests_properties(faults_of_all_control PROPERTIES PASS_REGULAR_EXPRESSION "tensor_reshape.*headrace does not call these")
  set_tests_properties(faults faults_tokenize faults_control PROPERTIES LABELS unit TIMEOUT ${HEADRACE_TEST_TIMEOUT})
  if(HEADRACE_LONG_TESTS)
    set_tests_properties(faults PROPERTIES TIMEOUT 3600)
  endif()
endif()
