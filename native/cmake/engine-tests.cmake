# Tests of native/engine: native/test/engine/*-test.cpp, on a small random model that the project's generator writes.
banyan_tests(engine banyan-engine banyan-runner banyan-store-test)
# bench/native: built on demand.
add_executable(failing-disk-bench EXCLUDE_FROM_ALL bench/native/failing-disk-bench.cpp bench/native/faulty-files.cpp)
target_include_directories(failing-disk-bench PRIVATE bench)
target_link_libraries(failing-disk-bench PRIVATE banyan-engine banyan-runner)

set(ENGINE_TEST_MODEL "${CMAKE_BINARY_DIR}/engine-test.gguf")
add_test(NAME make-engine-test-model
  COMMAND npx tsx testing/models/make-model.ts --arch qwen3 --out ${ENGINE_TEST_MODEL}
  WORKING_DIRECTORY "${CMAKE_SOURCE_DIR}")
set_tests_properties(make-engine-test-model PROPERTIES FIXTURES_SETUP engine-test-model)
# Models that draft for it, or cannot.
set(TEST_DRAFTS_DIR "${CMAKE_BINARY_DIR}/test-drafts")
file(MAKE_DIRECTORY "${TEST_DRAFTS_DIR}")
function(draft_model name)
  add_test(NAME make-draft-${name}
    COMMAND npx tsx testing/models/make-model.ts ${ARGN} --out ${TEST_DRAFTS_DIR}/draft-${name}.gguf
    WORKING_DIRECTORY "${CMAKE_SOURCE_DIR}")
  set_tests_properties(make-draft-${name} PROPERTIES FIXTURES_SETUP test-drafts)
endfunction()
draft_model(other --arch llama --seed 9 --layers 1)
draft_model(padded --arch qwen3 --seed 9 --layers 1 --vocabulary 500)
draft_model(merges --arch qwen3 --merges 150)
draft_model(tokens --arch qwen3 --vocabulary 1000)
draft_model(hybrid --arch lfm2)
draft_model(bert --bert mean)
draft_model(qwen2 --arch qwen2)
draft_model(mtp-model --arch hy_v3)
draft_model(q8 --arch qwen3 --type Q8_0)
foreach(head own borrowing wide-target deep-target bad-map few-tokens)
  draft_model(head-${head} --head ${head})
endforeach()

foreach(name engine-cache-test engine-calibration-test engine-chat-test engine-device-path-test engine-disk-faults-test engine-engine-test engine-mid-step-test)
  if(TARGET ${name})
    set_tests_properties(${name} PROPERTIES
      FIXTURES_REQUIRED engine-test-model ENVIRONMENT "BANYAN_TEST_MODEL=${ENGINE_TEST_MODEL}" TIMEOUT 300)
  endif()
endforeach()
if(TARGET engine-draft-model-test)
  set_tests_properties(engine-draft-model-test engine-heads-test PROPERTIES FIXTURES_REQUIRED "engine-test-model;test-drafts" TIMEOUT 300
    ENVIRONMENT "BANYAN_TEST_MODEL=${ENGINE_TEST_MODEL};BANYAN_TEST_DRAFTS=${TEST_DRAFTS_DIR}")
endif()
