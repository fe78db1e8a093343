# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The w4a16 authors
# w4a16_test(NAME sources... LIBRARIES libs... [TIMEOUT seconds]): a cmocka program as one ctest test.
# Exit code 77 means skipped.

if(W4A16_TESTS)
  pkg_check_modules(CMOCKA REQUIRED IMPORTED_TARGET cmocka)
endif()

set(W4A16_REFERENCE_DATA "$ENV{W4A16_REFERENCE_DATA}" CACHE PATH
    "Recorded instruction cases and silicon vectors; default ../shared/data beside the checkout")
if(NOT W4A16_REFERENCE_DATA)
  set(W4A16_REFERENCE_DATA ${PROJECT_SOURCE_DIR}/../shared/data)
endif()

function(w4a16_test NAME)
  cmake_parse_arguments(ARG "" "TIMEOUT" "LIBRARIES" ${ARGN})
  if(NOT ARG_TIMEOUT)
    set(ARG_TIMEOUT 300)
  endif()
  add_executable(test_${NAME} ${ARG_UNPARSED_ARGUMENTS})
  target_link_libraries(test_${NAME} PRIVATE ${ARG_LIBRARIES} PkgConfig::CMOCKA)
  add_test(NAME ${NAME} COMMAND test_${NAME})
  set_tests_properties(${NAME} PROPERTIES SKIP_RETURN_CODE 77 TIMEOUT ${ARG_TIMEOUT}
                       ENVIRONMENT "W4A16_REFERENCE_DATA=${W4A16_REFERENCE_DATA}")
endfunction()

# w4a16_test_needs(NAME target): a test of another target than gfx1100 is shown as disabled where that was not built.
function(w4a16_test_needs NAME TARGET)
  if(NOT "${TARGET}" IN_LIST W4A16_TARGETS)
    set_tests_properties(${NAME} PROPERTIES DISABLED TRUE)
  endif()
endfunction()
