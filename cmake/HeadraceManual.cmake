# The manual: man pages from the headers and the command's help, and HTML, built with everything else where Python, and
# Doxygen, are. How they are made: manual/man_pages.py, manual/doxygen_filter.py.
# HEADRACE_MANUAL and HEADRACE_HTML: AUTO, ON or OFF; inside another project, and with sanitizers, they are OFF. AUTO is decided
# each time, so that who installs python3 or doxygen and configures again has the pages.
set(default OFF)
if(PROJECT_IS_TOP_LEVEL AND NOT HEADRACE_SANITIZE)
  set(default AUTO)
endif()
set(HEADRACE_MANUAL ${default} CACHE STRING "Build the man pages, with Python 3: AUTO, ON or OFF")
set(HEADRACE_HTML ${default} CACHE STRING "Build the manual as HTML, with Doxygen and Python 3; AUTO: beside the man pages; ON or OFF")
set_property(CACHE HEADRACE_MANUAL HEADRACE_HTML PROPERTY STRINGS AUTO ON OFF)
find_package(Python3 QUIET COMPONENTS Interpreter)
set(found OFF)
if(Python3_FOUND)
  set(found ON)
endif()
headrace_decide(HEADRACE_HAS_MANUAL HEADRACE_MANUAL ${found} "Python 3 is not found (Debian: python3)")

if(HEADRACE_HAS_MANUAL)
  set(manual ${PROJECT_SOURCE_DIR}/manual)
  set(HEADRACE_MAN_PAGES ${PROJECT_BINARY_DIR}/man)
  file(GLOB sources CONFIGURE_DEPENDS ${manual}/*.py ${manual}/*.md ${PROJECT_SOURCE_DIR}/include/headrace/*.h)
  # Section 1 is what the command says of itself: not without it, nor where it cannot run.
  set(command)
  if(HEADRACE_CLI AND NOT CMAKE_CROSSCOMPILING)
    set(command --command $<TARGET_FILE:headrace_cli>)
    list(APPEND sources headrace_cli)
    if(TARGET headrace-bench)
      list(APPEND sources headrace-bench headrace-bench-tokenizer)
    else()
      list(APPEND command --without bench)
    endif()
  endif()
  add_custom_command(OUTPUT ${HEADRACE_MAN_PAGES}/written
    COMMAND ${CMAKE_COMMAND} -E rm -rf ${HEADRACE_MAN_PAGES}
    COMMAND ${Python3_EXECUTABLE} -B ${manual}/man_pages.py --output ${HEADRACE_MAN_PAGES} --version ${PROJECT_VERSION} ${command}
    COMMAND ${CMAKE_COMMAND} -E touch ${HEADRACE_MAN_PAGES}/written
    DEPENDS ${sources} ${PROJECT_SOURCE_DIR}/CHANGELOG.md COMMENT "Writing man pages" VERBATIM)
  add_custom_target(man_pages ALL DEPENDS ${HEADRACE_MAN_PAGES}/written)
  if(HEADRACE_INSTALL)
    install(DIRECTORY ${HEADRACE_MAN_PAGES}/man3 DESTINATION ${CMAKE_INSTALL_MANDIR} COMPONENT dev)
    install(DIRECTORY ${HEADRACE_MAN_PAGES}/man7 DESTINATION ${CMAKE_INSTALL_MANDIR} COMPONENT command)
  endif()
  if(HEADRACE_INSTALL AND command)
    install(DIRECTORY ${HEADRACE_MAN_PAGES}/man1 DESTINATION ${CMAKE_INSTALL_MANDIR} COMPONENT command)
  endif()
endif()

# The same, README.md and docs/ as HTML.
find_package(Doxygen QUIET)
set(found OFF)
if(Python3_FOUND AND DOXYGEN_FOUND AND (HEADRACE_HAS_MANUAL OR NOT HEADRACE_HTML MATCHES "^[Aa][Uu][Tt][Oo]$"))
  set(found ON)
endif()
headrace_decide(HEADRACE_HAS_HTML HEADRACE_HTML ${found} "Doxygen or Python 3 is not found (Debian: doxygen python3)")
if(HEADRACE_HAS_HTML)
  set(manual ${PROJECT_SOURCE_DIR}/manual)
  set(HEADRACE_HTML_FOLDER ${PROJECT_BINARY_DIR}/html)
  configure_file(${manual}/Doxyfile.in ${PROJECT_BINARY_DIR}/Doxyfile @ONLY)
  file(GLOB sources CONFIGURE_DEPENDS ${manual}/* ${PROJECT_SOURCE_DIR}/include/headrace/* ${PROJECT_SOURCE_DIR}/*.md)
  file(GLOB_RECURSE pages CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/docs/*.md ${PROJECT_SOURCE_DIR}/docs/*.svg)
  add_custom_command(OUTPUT ${HEADRACE_HTML_FOLDER}/warnings
    COMMAND ${Python3_EXECUTABLE} -B ${manual}/html_pages.py ${DOXYGEN_EXECUTABLE} ${PROJECT_BINARY_DIR}/Doxyfile
      ${HEADRACE_HTML_FOLDER}
    DEPENDS ${sources} ${pages} ${PROJECT_BINARY_DIR}/Doxyfile COMMENT "Writing the manual as HTML" VERBATIM)
  add_custom_target(html ALL DEPENDS ${HEADRACE_HTML_FOLDER}/warnings)
  if(HEADRACE_INSTALL)
    install(DIRECTORY ${HEADRACE_HTML_FOLDER}/html DESTINATION ${CMAKE_INSTALL_DOCDIR} COMPONENT dev)
  endif()
  if(HEADRACE_HAS_UNIT_TESTS)
    set(check ${Python3_EXECUTABLE} -B ${manual}/check_html.py --folder ${HEADRACE_HTML_FOLDER}
      --headers ${PROJECT_SOURCE_DIR}/include/headrace)
    add_test(NAME html_pages COMMAND ${check})
    add_test(NAME html_pages_control COMMAND ${check} --control)
    set_tests_properties(html_pages html_pages_control PROPERTIES LABELS unit TIMEOUT 300)
    set_tests_properties(html_pages_control PROPERTIES PASS_REGULAR_EXPRESSION "all faults were found")
  endif()
endif()

# The usage of each header compiles.
include(CheckLanguage)
if(Python3_FOUND AND HEADRACE_HAS_UNIT_TESTS)
  set(check ${Python3_EXECUTABLE} -B ${PROJECT_SOURCE_DIR}/manual/check_usage.py --headers ${PROJECT_SOURCE_DIR}/include/headrace)
  add_test(NAME usage_compiles COMMAND ${check} ${CMAKE_C_COMPILER})
  add_test(NAME usage_compiles_control COMMAND ${check} --control ${CMAKE_C_COMPILER})
  set_tests_properties(usage_compiles usage_compiles_control PROPERTIES LABELS unit TIMEOUT 300)
  set(controls usage_compiles_control)
  check_language(CXX)
  if(CMAKE_CXX_COMPILER)
    add_test(NAME usage_compiles_cpp COMMAND ${check} --cpp ${CMAKE_CXX_COMPILER})
    add_test(NAME usage_compiles_cpp_control COMMAND ${check} --cpp --control ${CMAKE_CXX_COMPILER})
    set_tests_properties(usage_compiles_cpp usage_compiles_cpp_control PROPERTIES LABELS unit TIMEOUT 300)
    list(APPEND controls usage_compiles_cpp_control)
  endif()
  set_tests_properties(${controls} PROPERTIES
    PASS_REGULAR_EXPRESSION "the control:.*(too few arguments|no matching function)")
endif()

# What is written is whole: every function, sentence, command and option is there, and groff has nothing to say. The control
# has a fault of each kind.
find_program(HEADRACE_GROFF groff)
if(HEADRACE_HAS_MANUAL AND HEADRACE_GROFF AND HEADRACE_HAS_UNIT_TESTS)
  set(check ${Python3_EXECUTABLE} -B ${manual}/check_man_pages.py --pages ${HEADRACE_MAN_PAGES}
    --headers ${PROJECT_SOURCE_DIR}/include/headrace ${command})
  add_test(NAME man_pages COMMAND ${check})
  add_test(NAME man_pages_control COMMAND ${check} --control)
  set_tests_properties(man_pages man_pages_control PROPERTIES LABELS unit TIMEOUT 300)
  set_tests_properties(man_pages_control PROPERTIES PASS_REGULAR_EXPRESSION "all faults were found")
endif()
