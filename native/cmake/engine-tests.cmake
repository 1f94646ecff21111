# Tests of native/engine: native/test/engine/*-test.cpp, on a small random model that the project's generator writes.
banyan_tests(engine banyan-engine banyan-runner banyan-store-test)

set(ENGINE_TEST_MODEL "${CMAKE_BINARY_DIR}/engine-test.gguf")
add_test(NAME make-engine-test-model
  COMMAND npx tsx testing/models/make-model.ts --arch qwen3 --out ${ENGINE_TEST_MODEL}
  WORKING_DIRECTORY "${CMAKE_SOURCE_DIR}")
set_tests_properties(make-engine-test-model PROPERTIES FIXTURES_SETUP engine-test-model)
foreach(name engine-cache-test engine-calibration-test engine-chat-test engine-device-path-test engine-engine-test engine-mid-step-test)
  if(TARGET ${name})
    set_tests_properties(${name} PROPERTIES
      FIXTURES_REQUIRED engine-test-model ENVIRONMENT "BANYAN_TEST_MODEL=${ENGINE_TEST_MODEL}" TIMEOUT 300)
  endif()
endforeach()
