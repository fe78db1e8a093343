# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The w4a16 authors
# How a test is made, and what every test has: a label and a time limit.
#
#     w4a16_test(NAME sources... LIBRARIES libs...)   a cmocka program as one test
#     w4a16_add_test(NAME name COMMAND ...)           add_test, for everything else
#     w4a16_memcheck(NAME program arguments...)       a program under valgrind, as NAME_memcheck
#     w4a16_nightly_test(NAME name COMMAND ...)       one that takes hours
#     w4a16_test_needs(name target)                   disables it where kernels for that target were not built
#
# Exit code 77 means skipped. Labels:
#
#     full      what scripts/test.sh runs: everything but nightly
#     fast      those of them that are not slow: ctest -L fast takes less than three minutes on two cores
#     nightly   only by ctest -C Nightly -L nightly

# Those that take more than 8 s of an idle core, that run Python packages of others, or repeat on another target or
# device what a fast one does.
set(W4A16_SLOW_TESTS
    .*_memcheck
    clients_.*
    conformance_hip
    conformance_sim_gfx11.[1-9]
    conformance_sim_gfx115.
    conformance_sim_strict
    docs_tutorial_server
    experts_cost
    faults
    fuzz_[a-z]+
    hip_w4a16_.*
    hostile_.*
    install_embedded
    plan_sample
    report_hip
    serve
    sim_decode
    sim_programs
    "torch_(cpu|sim|types|doctor)"
    "vllm_(itself|plugin|quantised).*"
    wheel)
list(JOIN W4A16_SLOW_TESTS "|" W4A16_SLOW_TESTS)
# Seconds that a test may take: some ten times what it takes with sanitizers.
set(W4A16_FAST_LIMIT 300)
set(W4A16_SLOW_LIMIT 900)
set(W4A16_NIGHTLY_LIMIT 36000)

if(W4A16_BUILD_TESTS)
  pkg_check_modules(CMOCKA REQUIRED IMPORTED_TARGET cmocka)
endif()

set(W4A16_REFERENCE_DATA "$ENV{W4A16_REFERENCE_DATA}" CACHE PATH
    "Recorded instruction cases and silicon vectors; default ../shared/data beside the checkout")
if(NOT W4A16_REFERENCE_DATA)
  set(W4A16_REFERENCE_DATA ${PROJECT_SOURCE_DIR}/../shared/data)
endif()

function(w4a16_add_test) # NAME name ...: the name is ARGV1
  set(arguments "") # quoted, for some are empty and some have semicolons
  math(EXPR last "${ARGC} - 1")
  foreach(n RANGE ${last})
    string(APPEND arguments " [==[${ARGV${n}}]==]")
  endforeach()
  cmake_language(EVAL CODE "add_test(${arguments})")
  set(name ${ARGV1})
  set_property(GLOBAL APPEND PROPERTY W4A16_MADE_TESTS ${name})
  if(name MATCHES "^(${W4A16_SLOW_TESTS})$")
    # ctest begins with them, so that none is left to run alone at the end.
    set_tests_properties(${name} PROPERTIES LABELS full TIMEOUT ${W4A16_SLOW_LIMIT} COST 100)
  else()
    set_tests_properties(${name} PROPERTIES LABELS "fast;full" TIMEOUT ${W4A16_FAST_LIMIT})
  endif()
  set_tests_properties(${name} PROPERTIES SKIP_RETURN_CODE 77
                       ENVIRONMENT "W4A16_REFERENCE_DATA=${W4A16_REFERENCE_DATA}")
endfunction()

function(w4a16_nightly_test)
  w4a16_add_test(${ARGV} CONFIGURATIONS Nightly)
  set_tests_properties(${ARGV1} PROPERTIES LABELS nightly TIMEOUT ${W4A16_NIGHTLY_LIMIT})
endfunction()

function(w4a16_test NAME)
  cmake_parse_arguments(ARG "" "" "LIBRARIES" ${ARGN})
  add_executable(test_${NAME} ${ARG_UNPARSED_ARGUMENTS})
  target_link_libraries(test_${NAME} PRIVATE ${ARG_LIBRARIES} PkgConfig::CMOCKA)
  w4a16_add_test(NAME ${NAME} COMMAND test_${NAME})
endfunction()

function(w4a16_memcheck NAME PROGRAM)
  if(NOT W4A16_SANITIZE) # which looks after memory in its own way
    w4a16_add_test(NAME ${NAME}_memcheck COMMAND ${PROJECT_SOURCE_DIR}/tests/memory/memcheck.sh
                                                 $<TARGET_FILE:${PROGRAM}> ${ARGN})
  endif()
endfunction()

function(w4a16_test_needs NAME TARGET)
  if(NOT "${TARGET}" IN_LIST W4A16_TARGETS)
    set_tests_properties(${NAME} PROPERTIES DISABLED TRUE)
  endif()
endfunction()

# Ends the configuration if a folder, or one below it, has tests that add_test made: without a label and a limit.
function(w4a16_check_tests FOLDER)
  get_property(made GLOBAL PROPERTY W4A16_MADE_TESTS)
  get_property(tests DIRECTORY ${FOLDER} PROPERTY TESTS)
  foreach(test IN LISTS tests)
    if(NOT test IN_LIST made)
      message(FATAL_ERROR "${FOLDER}: ${test} has no label and no time limit: make it with w4a16_add_test")
    endif()
  endforeach()
  get_property(folders DIRECTORY ${FOLDER} PROPERTY SUBDIRECTORIES)
  foreach(folder IN LISTS folders)
    w4a16_check_tests(${folder})
  endforeach()
endfunction()
