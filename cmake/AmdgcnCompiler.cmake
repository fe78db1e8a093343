# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The w4a16 authors
# Finds a clang that compiles C for gfx1100 and links it with lld: AMDGCN_CLANG. Set it to choose another one.
#
# Debian's clang-22 is preferred, clang-19 and ROCm's clang are accepted: what counts is that the whole way from
# C to a code object works, so that is what is tried.

set(_amdgcn_candidates clang-22 clang-21 clang-20 clang-19 clang)
find_program(AMDGCN_CLANG NAMES ${_amdgcn_candidates} PATHS /opt/rocm/llvm/bin
             DOC "clang with the AMDGPU target, for the device kernels")
if(NOT AMDGCN_CLANG)
  message(FATAL_ERROR "No clang found for the device kernels (looked for ${_amdgcn_candidates}, also in "
                      "/opt/rocm/llvm/bin). Install Debian's clang-22 and lld-22, or pass "
                      "-DAMDGCN_CLANG=/path/to/clang.")
endif()

set(AMDGCN_FLAGS -x c -std=gnu11 --target=amdgcn-amd-amdhsa -nogpulib -nostdlib -ffreestanding -O3
                 -mcode-object-version=5 -Wall -Wextra -Werror)

set(_amdgcn_probe ${CMAKE_BINARY_DIR}/amdgcn-probe)
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
