# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The w4a16 authors
# Finds a clang that compiles C for gfx1100 and links it with lld: AMDGCN_CLANG. Set it to choose another one. Or does
# without: W4A16_PREBUILT_KERNELS names a folder with the code objects of these very sources, as
# `cmake --install BUILD --component kernels --prefix FOLDER` of another build leaves them.
#
#     amdgcn_object(VAR NAME SOURCE FLAGS...)   VAR becomes the path of NAME.hsaco
#
# Debian's clang-22 is preferred, clang-19 and ROCm's clang are accepted: what counts is that the whole way from
# C to a code object works, so that is what is tried.

set(W4A16_PREBUILT_KERNELS "" CACHE PATH "Folder with code objects that are taken instead of compiling them")

# What code objects are made of.
file(GLOB_RECURSE _amdgcn_sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/kernels/*.[ch] ${PROJECT_SOURCE_DIR}/kernels/*.def)
list(FILTER _amdgcn_sources EXCLUDE REGEX /kernels/cpu/)
list(APPEND _amdgcn_sources ${PROJECT_SOURCE_DIR}/sim/tool/carrier.c)
set_property(DIRECTORY ${PROJECT_SOURCE_DIR} APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${_amdgcn_sources})
set(_amdgcn_hashes "")
foreach(source IN LISTS _amdgcn_sources)
  file(SHA256 ${source} hash)
  string(APPEND _amdgcn_hashes ${hash})
endforeach()
string(SHA256 _amdgcn_hash "${_amdgcn_hashes}")

if(W4A16_PREBUILT_KERNELS)
  if(W4A16_BUILD_TESTS)
    message(FATAL_ERROR "The tests compile kernels of their own: with W4A16_PREBUILT_KERNELS pass "
                        "-DW4A16_BUILD_TESTS=OFF")
  endif()
  cmake_path(ABSOLUTE_PATH W4A16_PREBUILT_KERNELS BASE_DIRECTORY ${CMAKE_SOURCE_DIR})
  if(NOT EXISTS ${W4A16_PREBUILT_KERNELS}/SOURCES)
    message(FATAL_ERROR "W4A16_PREBUILT_KERNELS: ${W4A16_PREBUILT_KERNELS} has no file SOURCES: it is no folder that "
                        "cmake --install --component kernels has made")
  endif()
  file(STRINGS ${W4A16_PREBUILT_KERNELS}/SOURCES _amdgcn_found LIMIT_COUNT 1)
  if(NOT _amdgcn_found STREQUAL _amdgcn_hash)
    message(FATAL_ERROR "W4A16_PREBUILT_KERNELS: the code objects of ${W4A16_PREBUILT_KERNELS} were made of other "
                        "sources (${_amdgcn_found}) than these (${_amdgcn_hash})")
  endif()
  function(amdgcn_object VAR NAME SOURCE)
    set(object ${W4A16_PREBUILT_KERNELS}/${NAME}.hsaco)
    if(NOT EXISTS ${object})
      message(FATAL_ERROR "W4A16_PREBUILT_KERNELS: ${object} is missing; W4A16_TARGETS may leave out its target")
    endif()
    set(${VAR} ${object} PARENT_SCOPE)
  endfunction()
  message(STATUS "Device kernels: ${W4A16_PREBUILT_KERNELS}")
  return()
endif()

set(_amdgcn_candidates clang-22 clang-21 clang-20 clang-19 clang)
find_program(AMDGCN_CLANG NAMES ${_amdgcn_candidates} PATHS /opt/rocm/llvm/bin
             DOC "clang with the AMDGPU target, for the device kernels")
if(NOT AMDGCN_CLANG)
  message(FATAL_ERROR "No clang found for the device kernels (looked for ${_amdgcn_candidates}, also in "
                      "/opt/rocm/llvm/bin). Install Debian's clang-22 and lld-22, or pass "
                      "-DAMDGCN_CLANG=/path/to/clang; or pass -DW4A16_PREBUILT_KERNELS=/folder/of/code/objects.")
endif()

set(AMDGCN_FLAGS -x c -std=gnu11 --target=amdgcn-amd-amdhsa -nogpulib -nostdlib -ffreestanding -O3
                 -mcode-object-version=5 -Wall -Wextra -Werror)

set(_amdgcn_probe ${PROJECT_BINARY_DIR}/amdgcn-probe)
file(WRITE ${_amdgcn_probe}.c
     "__attribute__((amdgpu_kernel)) void probe(__attribute__((address_space(1))) int *p) { *p = 1; }\n")
execute_process(COMMAND ${AMDGCN_CLANG} ${AMDGCN_FLAGS} -mcpu=gfx1100 ${_amdgcn_probe}.c -o ${_amdgcn_probe}.hsaco
                RESULT_VARIABLE _amdgcn_result ERROR_VARIABLE _amdgcn_stderr OUTPUT_QUIET)
if(NOT _amdgcn_result EQUAL 0)
  message(FATAL_ERROR "${AMDGCN_CLANG} cannot build a gfx1100 code object. It needs the AMDGPU target and lld of "
                      "the same version (Debian: clang-22 and lld-22; 19 and ROCm's are accepted too). It said:\n"
                      "${_amdgcn_stderr}")
endif()
message(STATUS "Device kernels: ${AMDGCN_CLANG}")

function(amdgcn_object VAR NAME SOURCE)
  set(object ${CMAKE_CURRENT_BINARY_DIR}/${NAME}.hsaco)
  add_custom_command(
    OUTPUT ${object}
    COMMAND ${AMDGCN_CLANG} ${AMDGCN_FLAGS} ${ARGN} -MD -MF ${object}.d ${SOURCE} -o ${object}
    DEPENDS ${SOURCE}
    DEPFILE ${object}.d
    COMMENT "Device kernels: ${NAME}"
    VERBATIM)
  if(W4A16_INSTALL)
    install(FILES ${object} DESTINATION . COMPONENT kernels EXCLUDE_FROM_ALL)
  endif()
  set(${VAR} ${object} PARENT_SCOPE)
endfunction()
file(CONFIGURE OUTPUT ${PROJECT_BINARY_DIR}/SOURCES CONTENT "${_amdgcn_hash}\n${AMDGCN_CLANG}\n" @ONLY)
if(W4A16_INSTALL)
  install(FILES ${PROJECT_BINARY_DIR}/SOURCES DESTINATION . COMPONENT kernels EXCLUDE_FROM_ALL)
endif()
