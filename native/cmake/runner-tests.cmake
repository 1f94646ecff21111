# Tests of native/runner: native/test/runner/*-test.cpp, with the helpers beside them. They see llama.cpp's own headers.
file(GLOB runner_test_helpers CONFIGURE_DEPENDS native/test/runner/*.cpp)
list(FILTER runner_test_helpers EXCLUDE REGEX "-test\\.cpp$")
add_library(banyan-runner-test STATIC ${runner_test_helpers})
target_link_libraries(banyan-runner-test PUBLIC banyan-runner llama llama-common)
target_include_directories(banyan-runner-test PUBLIC native/test)
target_include_directories(banyan-runner-test SYSTEM PUBLIC "${LLAMA_CPP_DIR}/src" "${LLAMA_CPP_DIR}/ggml/src"
  "${LLAMA_CPP_DIR}/common")
banyan_tests(runner banyan-runner-test)

# Tiny random models of every architecture, made at test time by the pinned source's own generator.
set(TEST_MODELS_DIR "${CMAKE_BINARY_DIR}/test-models")
add_executable(make-test-models "${LLAMA_CPP_DIR}/tests/test-llama-archs.cpp")
target_link_libraries(make-test-models PRIVATE llama llama-common)
add_test(NAME make-test-models
  COMMAND ${CMAKE_COMMAND} -DTOOL=$<TARGET_FILE:make-test-models> -DDIR=${TEST_MODELS_DIR}
    -P "${CMAKE_CURRENT_LIST_DIR}/make-test-models.cmake")
set_tests_properties(make-test-models PROPERTIES FIXTURES_SETUP test-models)
set_tests_properties(runner-huge-pages-test runner-logits-test runner-kv-pool-test runner-memory-test runner-state-bank-test
  runner-state-refusal-test PROPERTIES
  FIXTURES_REQUIRED test-models ENVIRONMENT "BANYAN_TEST_MODELS=${TEST_MODELS_DIR}" TIMEOUT 900)
set(TEST_WIDE_MODEL "${CMAKE_BINARY_DIR}/wide-test.gguf")
add_test(NAME make-wide-test-model
  COMMAND npx tsx testing/models/make-model.ts --arch qwen3 --embedding 256 --heads 4 --kv-heads 2 --head-dim 64 --feed-forward 512
    --layers 8 --out ${TEST_WIDE_MODEL}
  WORKING_DIRECTORY "${CMAKE_SOURCE_DIR}")
set_tests_properties(make-wide-test-model PROPERTIES FIXTURES_SETUP wide-test-model)
set_tests_properties(runner-packed-models-test PROPERTIES FIXTURES_REQUIRED "test-models;wide-test-model" TIMEOUT 900
  ENVIRONMENT "BANYAN_TEST_MODELS=${TEST_MODELS_DIR};BANYAN_TEST_WIDE_MODEL=${TEST_WIDE_MODEL}")
set_tests_properties(runner-answer-parser-test runner-closing-budget-test runner-device-sampling-test
  runner-fixed-shapes-test runner-jump-forward-test PROPERTIES
  FIXTURES_REQUIRED engine-test-model ENVIRONMENT "BANYAN_TEST_MODEL=${ENGINE_TEST_MODEL}" TIMEOUT 300)

set_tests_properties(runner-heads-test PROPERTIES FIXTURES_REQUIRED "engine-test-model;test-drafts;test-models" TIMEOUT 600
  ENVIRONMENT "BANYAN_TEST_MODEL=${ENGINE_TEST_MODEL};BANYAN_TEST_DRAFTS=${TEST_DRAFTS_DIR};BANYAN_TEST_MODELS=${TEST_MODELS_DIR}")

set(TEST_EMBEDDING_DIR "${CMAKE_BINARY_DIR}/test-embedding")
file(MAKE_DIRECTORY "${TEST_EMBEDDING_DIR}")
foreach(pooling mean cls none rank)
  add_test(NAME make-bert-${pooling}
    COMMAND npx tsx testing/models/make-model.ts --bert ${pooling} --out ${TEST_EMBEDDING_DIR}/bert-${pooling}.gguf
    WORKING_DIRECTORY "${CMAKE_SOURCE_DIR}")
endforeach()
add_test(NAME make-qwen3-last
  COMMAND npx tsx testing/models/make-model.ts --arch qwen3 --pooling last --out ${TEST_EMBEDDING_DIR}/qwen3-last.gguf
  WORKING_DIRECTORY "${CMAKE_SOURCE_DIR}")
set_tests_properties(make-bert-mean make-bert-cls make-bert-none make-bert-rank make-qwen3-last PROPERTIES
  FIXTURES_SETUP test-embedding)
set_tests_properties(runner-embedding-test PROPERTIES
  FIXTURES_REQUIRED test-embedding ENVIRONMENT "BANYAN_TEST_EMBEDDING=${TEST_EMBEDDING_DIR}" TIMEOUT 300)

set(TEST_TEMPLATES_DIR "${CMAKE_BINARY_DIR}/test-templates")
add_test(NAME export-templates
  COMMAND ${CMAKE_COMMAND} -DSOURCE=${LLAMA_CPP_DIR} -DDIR=${TEST_TEMPLATES_DIR}
    -P "${CMAKE_CURRENT_LIST_DIR}/export-templates.cmake")
set_tests_properties(export-templates PROPERTIES FIXTURES_SETUP test-templates)
set_tests_properties(runner-forced-grammar-test runner-call-style-test PROPERTIES
  FIXTURES_REQUIRED "engine-test-model;test-templates" TIMEOUT 600
  ENVIRONMENT "BANYAN_TEST_MODEL=${ENGINE_TEST_MODEL};BANYAN_TEST_TEMPLATES=${TEST_TEMPLATES_DIR}")

set(TEST_VOCABULARIES_DIR "${CMAKE_BINARY_DIR}/test-vocabularies")
add_test(NAME export-vocabularies
  COMMAND ${CMAKE_COMMAND} -DSOURCE=${LLAMA_CPP_DIR} -DDIR=${TEST_VOCABULARIES_DIR}
    -P "${CMAKE_CURRENT_LIST_DIR}/export-vocabularies.cmake")
set_tests_properties(export-vocabularies PROPERTIES FIXTURES_SETUP test-vocabularies)
set_tests_properties(runner-masks-test PROPERTIES
  FIXTURES_REQUIRED "engine-test-model;test-vocabularies" TIMEOUT 900
  ENVIRONMENT "BANYAN_TEST_MODEL=${ENGINE_TEST_MODEL};BANYAN_TEST_VOCABULARIES=${TEST_VOCABULARIES_DIR}")

# bench/native: built on demand.
add_executable(step-bench EXCLUDE_FROM_ALL bench/native/step-bench.cpp bench/native/step-engine.cpp)
target_link_libraries(step-bench PRIVATE banyan-runner-test)
add_executable(kernel-bench EXCLUDE_FROM_ALL bench/native/kernel-bench.cpp)
target_link_libraries(kernel-bench PRIVATE banyan-runner-test)
add_executable(product-bench EXCLUDE_FROM_ALL bench/native/product-bench.cpp)
target_link_libraries(product-bench PRIVATE banyan-runner-test)
add_executable(state-bench EXCLUDE_FROM_ALL bench/native/state-bench.cpp)
target_link_libraries(state-bench PRIVATE banyan-runner-test)
add_executable(grammar-bench EXCLUDE_FROM_ALL bench/native/grammar-bench.cpp)
target_link_libraries(grammar-bench PRIVATE banyan-runner-test)
add_custom_target(export-vocabularies-now COMMAND ${CMAKE_COMMAND} -DSOURCE=${LLAMA_CPP_DIR} -DDIR=${TEST_VOCABULARIES_DIR}
  -P "${CMAKE_CURRENT_LIST_DIR}/export-vocabularies.cmake")
add_dependencies(grammar-bench export-vocabularies-now)
