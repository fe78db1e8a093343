# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The w4a16 authors
# What others link: a shared and a static library, both of which show the names of their public headers alone.

include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

# The libraries of others: PkgConfig::NAME.
find_package(PkgConfig REQUIRED)
pkg_search_module(JANSSON REQUIRED IMPORTED_TARGET jansson>=2.10)
pkg_search_module(PCRE2 REQUIRED IMPORTED_TARGET libpcre2-8>=10.30)
if(W4A16_BUILD_SIMULATOR)
  pkg_search_module(LIBELF REQUIRED IMPORTED_TARGET libelf)
  pkg_search_module(MSGPACK REQUIRED IMPORTED_TARGET msgpack-c msgpack)
endif()
if(W4A16_BUILD_FRONT)
  pkg_search_module(ZSTD REQUIRED IMPORTED_TARGET libzstd>=1.4)
endif()
set(JANSSON_NAME jansson)
set(PCRE2_NAME libpcre2-8)
set(LIBELF_NAME libelf)
set(MSGPACK_NAME ${MSGPACK_MODULE_NAME})

# public_library(NAME HEADERS folder DESCRIPTION text PARTS targets... PACKAGES packages... NEEDS libraries...)
#
#   NAME_shared   with a soname of the major version, or of 0.minor, and with versions of symbols
#   NAME_static   one object in which all other names are local, so that none collides with the user's
#   NAME::NAME, NAME::NAME_static   the same under the names that an installed package has, too
#
# PARTS are the targets whose objects make up the library, PACKAGES the libraries of others and NEEDS those of ours that
# it calls.
function(public_library NAME)
  cmake_parse_arguments(ARG "" "HEADERS;DESCRIPTION" "PARTS;PACKAGES;NEEDS" ${ARGN})
  set(links ${ARG_PACKAGES} Threads::Threads ${CMAKE_DL_LIBS} m)
  list(TRANSFORM links REPLACE "^([A-Z0-9]+)$" "PkgConfig::\\1")
  string(TOUPPER ${NAME} upper)
  set(version ${${upper}_VERSION})
  string(REGEX MATCH "^(0\\.)?[0-9]+" so_version ${version}) # before 1.0 each minor version is an interface of its own
  set_target_properties(${NAME} PROPERTIES OUTPUT_NAME ${NAME}_inside) # which only our own tests link
  set(objects ${ARG_PARTS})
  list(TRANSFORM objects REPLACE "(.+)" "$<TARGET_OBJECTS:\\1>")

  file(CONFIGURE OUTPUT ${NAME}.map CONTENT "${upper}_@so_version@ { global: ${NAME}_*; local: *; };\n" @ONLY)
  add_library(${NAME}_shared SHARED ${objects})
  target_link_libraries(${NAME}_shared PRIVATE ${links})
  target_link_options(${NAME}_shared PRIVATE LINKER:--version-script=${CMAKE_CURRENT_BINARY_DIR}/${NAME}.map
                      LINKER:-z,nodelete) # it has threads: it stays in memory when it is closed
  set_target_properties(${NAME}_shared PROPERTIES OUTPUT_NAME ${NAME} EXPORT_NAME ${NAME} LINKER_LANGUAGE C
                        VERSION ${version} SOVERSION ${so_version}
                        LINK_DEPENDS ${CMAKE_CURRENT_BINARY_DIR}/${NAME}.map)

  set(whole ${CMAKE_CURRENT_BINARY_DIR}/${NAME}_whole.o)
  set(listed ${CMAKE_CURRENT_BINARY_DIR}/${NAME}_objects)
  file(GENERATE OUTPUT ${listed} CONTENT "\"$<JOIN:${objects},\"\n\">\"\n")
  set(depends ${ARG_PARTS} ${listed})
  if(CMAKE_GENERATOR MATCHES "Ninja") # Makefiles know of no object outside its own target
    list(APPEND depends ${objects})
  endif()
  add_custom_command(OUTPUT ${whole}
                     COMMAND ${CMAKE_C_COMPILER} -r -nostdlib @${listed} -o ${whole}
                     COMMAND ${CMAKE_OBJCOPY} --localize-hidden ${whole}
                     DEPENDS ${depends} VERBATIM COMMAND_EXPAND_LISTS)
  add_library(${NAME}_static STATIC ${whole})
  set_source_files_properties(${whole} PROPERTIES EXTERNAL_OBJECT ON GENERATED ON)
  set_target_properties(${NAME}_static PROPERTIES OUTPUT_NAME ${NAME} LINKER_LANGUAGE C)
  target_link_libraries(${NAME}_static PRIVATE ${links})

  foreach(need IN LISTS ARG_NEEDS)
    target_link_libraries(${NAME}_shared PRIVATE ${need}_shared)
    target_link_libraries(${NAME}_static PRIVATE ${need}_static)
  endforeach()
  foreach(kind shared static)
    target_include_directories(${NAME}_${kind} INTERFACE $<BUILD_INTERFACE:${ARG_HEADERS}>
                               $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
    if(NOT PROJECT_IS_TOP_LEVEL)
      set_target_properties(${NAME}_${kind} PROPERTIES EXCLUDE_FROM_ALL ON)
    endif()
  endforeach()
  add_library(${NAME}::${NAME} ALIAS ${NAME}_shared)
  add_library(${NAME}::${NAME}_static ALIAS ${NAME}_static)
  if(W4A16_INSTALL)
    install_library(${NAME} ${version} ${ARG_HEADERS} "${ARG_DESCRIPTION}" "${ARG_PACKAGES}" "${ARG_NEEDS}")
  endif()
endfunction()

# Headers, libraries, a CMake package and two pkg-config files: NAME, and NAME-static, which names the archive itself.
# Each library is a component of its own.
function(install_library NAME VERSION HEADERS DESCRIPTION PACKAGES NEEDS)
  set_target_properties(${NAME}_shared PROPERTIES INSTALL_RPATH $ORIGIN)
  install(DIRECTORY ${HEADERS}/ TYPE INCLUDE COMPONENT ${NAME})
  install(TARGETS ${NAME}_shared EXPORT ${NAME} LIBRARY COMPONENT ${NAME} NAMELINK_COMPONENT ${NAME})
  install(TARGETS ${NAME}_static EXPORT ${NAME} ARCHIVE COMPONENT ${NAME})

  set(package ${CMAKE_INSTALL_LIBDIR}/cmake/${NAME})
  set(dependencies)
  set(modules)
  foreach(name IN LISTS PACKAGES)
    string(APPEND dependencies " ${name}=${${name}_NAME}")
    string(APPEND modules " ${${name}_NAME}")
  endforeach()
  set(needs)
  foreach(need IN LISTS NEEDS)
    string(APPEND needs " ${need}")
    string(PREPEND modules " ${need}-static")
  endforeach()
  install(EXPORT ${NAME} NAMESPACE ${NAME}:: FILE ${NAME}Targets.cmake DESTINATION ${package} COMPONENT ${NAME})
  configure_package_config_file(${PROJECT_SOURCE_DIR}/cmake/package.cmake.in ${NAME}Config.cmake
                                INSTALL_DESTINATION ${package} NO_SET_AND_CHECK_MACRO)
  write_basic_package_version_file(${NAME}ConfigVersion.cmake VERSION ${VERSION} COMPATIBILITY SameMinorVersion)
  install(FILES ${CMAKE_CURRENT_BINARY_DIR}/${NAME}Config.cmake ${CMAKE_CURRENT_BINARY_DIR}/${NAME}ConfigVersion.cmake
          DESTINATION ${package} COMPONENT ${NAME})

  # Relative paths: a tree that is moved as a whole stays right.
  file(RELATIVE_PATH libdir ${CMAKE_INSTALL_PREFIX} ${CMAKE_INSTALL_FULL_LIBDIR})
  file(RELATIVE_PATH up ${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig ${CMAKE_INSTALL_PREFIX})
  foreach(kind "" -static)
    if(kind)
      set(requires "${modules}")
      set(libs "\${libdir}/lib${NAME}.a -lm -ldl -pthread")
    else()
      set(requires "")
      set(libs "-L\${libdir} -l${NAME}")
    endif()
    configure_file(${PROJECT_SOURCE_DIR}/cmake/package.pc.in ${NAME}${kind}.pc @ONLY)
    install(FILES ${CMAKE_CURRENT_BINARY_DIR}/${NAME}${kind}.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig
            COMPONENT ${NAME})
  endforeach()
endfunction()
