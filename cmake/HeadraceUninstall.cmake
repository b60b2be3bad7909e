# The last words of an installation, and the way back.
if(HEADRACE_INSTALL)
  set(is_shared OFF)
  if(BUILD_SHARED_LIBS)
    set(is_shared ON)
  endif()
  set(command_folder)
  if(HEADRACE_CLI)
    set(command_folder ${CMAKE_INSTALL_BINDIR})
  endif()
  if(NOT CMAKE_CROSSCOMPILING) # it asks this machine's loader and pkg-config
    install(CODE "execute_process(COMMAND \"${CMAKE_COMMAND}\" -D \"PREFIX=\${CMAKE_INSTALL_PREFIX}\"
      -D \"LIBDIR=${CMAKE_INSTALL_LIBDIR}\" -D SHARED=${is_shared} -D \"BINDIR=${command_folder}\"
      -P \"${PROJECT_SOURCE_DIR}/cmake/after_install.cmake\")"
      COMPONENT dev)
  endif()
  if(HEADRACE_HAS_PYTHON)
    install(CODE "if(headrace_python_words)
    message(\"\${headrace_python_words}\")
  endif()" COMPONENT python)
  endif()
  # Beside the list of what was installed: below which folder, which the list does not say.
  install(CODE "set(headrace_list install_manifest)
  if(CMAKE_INSTALL_COMPONENT)
    string(APPEND headrace_list _\${CMAKE_INSTALL_COMPONENT})
  endif()
  file(WRITE \"${PROJECT_BINARY_DIR}/\${headrace_list}.destdir\" \"\$ENV{DESTDIR}\")" ALL_COMPONENTS)
  add_custom_target(uninstall COMMENT "Removing what was installed"
    COMMAND ${CMAKE_COMMAND} -D BUILD=${PROJECT_BINARY_DIR} -P ${PROJECT_SOURCE_DIR}/cmake/uninstall.cmake VERBATIM)
endif()
