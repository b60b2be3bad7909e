# Included when the component python is installed, with headrace_* set by HeadracePython.cmake: puts the package where the
# interpreter finds it below the prefix, beside it what pip reads of it, and in it where the library lies from there.
if(EXISTS "${CMAKE_INSTALL_PREFIX}/pyvenv.cfg") # a virtual environment has its own
  set(headrace_python "${CMAKE_INSTALL_PREFIX}/bin/python3")
endif()
set(places "${headrace_python}" -B "${headrace_source}/cmake/python_places.py")
set(dir "${headrace_python_dir}")
if(dir STREQUAL "")
  execute_process(COMMAND ${places} below "${CMAKE_INSTALL_PREFIX}" OUTPUT_VARIABLE dir OUTPUT_STRIP_TRAILING_WHITESPACE
    COMMAND_ERROR_IS_FATAL ANY)
endif()

# From the package, so that the whole tree may be moved; unless one of the two folders was asked for by its whole path.
set(library "${headrace_libdir}")
string(REGEX MATCH "^[0-9]+[.][0-9]+" minor ${headrace_version})
cmake_path(APPEND library libheadrace.so.${minor})
if(IS_ABSOLUTE "${dir}" OR IS_ABSOLUTE "${library}")
  cmake_path(ABSOLUTE_PATH library BASE_DIRECTORY "${CMAKE_INSTALL_PREFIX}")
else()
  cmake_path(RELATIVE_PATH library BASE_DIRECTORY "${dir}/headrace")
endif()

set(folder "${dir}")
cmake_path(ABSOLUTE_PATH folder BASE_DIRECTORY "${CMAKE_INSTALL_PREFIX}")

# headrace_write(<name> <text>): installs a file below the folder, of no other file: installations may run at once.
function(headrace_write name text)
  message(STATUS "Installing: $ENV{DESTDIR}${folder}/${name}")
  file(WRITE "$ENV{DESTDIR}${folder}/${name}" "${text}")
  file(CHMOD "$ENV{DESTDIR}${folder}/${name}" PERMISSIONS OWNER_READ OWNER_WRITE GROUP_READ WORLD_READ)
  set(CMAKE_INSTALL_MANIFEST_FILES ${CMAKE_INSTALL_MANIFEST_FILES} "${folder}/${name}" PARENT_SCOPE)
endfunction()
file(INSTALL DESTINATION "${folder}" TYPE DIRECTORY FILES "${headrace_source}/python/headrace" PATTERN __pycache__ EXCLUDE)
headrace_write(headrace/_location.py
  "\"\"\"Where the library was installed, from this folder.\"\"\"\nLIBRARY = \"${library}\"\n")
headrace_write(headrace-${headrace_version}.egg-info
  "Metadata-Version: 1.2\nName: headrace\nVersion: ${headrace_version}\nRequires-Dist: numpy >=1.22\n")
set(headrace_python_words) # what is still to do: HeadraceUninstall.cmake says it at the end
if("$ENV{DESTDIR}" STREQUAL "")
  execute_process(COMMAND ${places} ready "${folder}" OUTPUT_VARIABLE headrace_python_words OUTPUT_STRIP_TRAILING_WHITESPACE)
endif()
