# The Python package, python/headrace: it loads libheadrace.so, so nothing is built of it, and one for every Python.
# HEADRACE_PYTHON: AUTO (installed where Python 3 is found and the library is shared), ON or OFF; inside another project OFF.
set(default OFF)
if(PROJECT_IS_TOP_LEVEL)
  set(default AUTO)
endif()
set(HEADRACE_PYTHON ${default} CACHE STRING "Install the Python package: AUTO, ON or OFF")
set_property(CACHE HEADRACE_PYTHON PROPERTY STRINGS AUTO ON OFF)
set(HEADRACE_PYTHON_DIR "" CACHE STRING "Where the Python package goes; empty: the folder below the prefix where that Python looks")
set(Python3_FIND_STRATEGY LOCATION) # the one that python3 is, not the newest
set(Python3_FIND_UNVERSIONED_NAMES FIRST)
find_package(Python3 QUIET COMPONENTS Interpreter)
set(HEADRACE_PACKAGE_PYTHON python3)
if(NOT BUILD_SHARED_LIBS)
  set(HEADRACE_PACKAGE_PYTHON "with BUILD_SHARED_LIBS")
endif()
set(found OFF)
if(Python3_FOUND AND BUILD_SHARED_LIBS)
  set(found ON)
endif()
headrace_decide(HEADRACE_HAS_PYTHON HEADRACE_PYTHON ${found} "Python 3 is not found (Debian: python3), or BUILD_SHARED_LIBS is OFF")

# Where it goes is known when the prefix is: cmake --install may name another one.
if(HEADRACE_HAS_PYTHON AND HEADRACE_INSTALL)
  install(CODE "set(headrace_python \"${Python3_EXECUTABLE}\")
  set(headrace_python_dir \"${HEADRACE_PYTHON_DIR}\")
  set(headrace_source \"${PROJECT_SOURCE_DIR}\")
  set(headrace_libdir \"${CMAKE_INSTALL_LIBDIR}\")
  set(headrace_version ${PROJECT_VERSION})
  include(\"${PROJECT_SOURCE_DIR}/cmake/install_python.cmake\")" COMPONENT python)
  install(DIRECTORY ${PROJECT_SOURCE_DIR}/python/examples DESTINATION ${CMAKE_INSTALL_DATADIR}/headrace/python COMPONENT python
    PATTERN __pycache__ EXCLUDE)
endif()
