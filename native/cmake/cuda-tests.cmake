# Tests of native/runner/cuda: native/test/cuda. Partition and emulation run everywhere; the device test needs a device.
find_package(Threads REQUIRED)
add_library(banyan-cuda-test STATIC
  native/test/cuda/attention-problem.cpp native/runner/cuda/device-plan.cpp native/runner/kv/attention-plan.cpp
  native/runner/batch-shape.cpp)
target_include_directories(banyan-cuda-test PUBLIC native native/test/cuda)
target_link_libraries(banyan-cuda-test PUBLIC Threads::Threads)
banyan_tests(cuda banyan-cuda-test)
target_sources(cuda-page-moves-test PRIVATE native/test/cuda/emulated-mover.cpp)
if(ENGINE_LLAMA)
  # The runner's own test of saved states, its device pages and their mover emulated: they take the place of the library's.
  add_executable(cuda-states-test native/test/runner/state-bank-test.cpp native/test/cuda/emulated-mover.cpp
    native/test/cuda/emulated-states.cpp native/runner/cuda/device-pages.cpp)
  target_compile_definitions(cuda-states-test PRIVATE BANYAN_CUDA)
  target_link_libraries(cuda-states-test PRIVATE banyan-runner-test)
  target_include_directories(cuda-states-test PRIVATE native/test)
  add_test(NAME cuda-states-test COMMAND cuda-states-test "saved state")
  set_tests_properties(cuda-states-test PROPERTIES
    FIXTURES_REQUIRED test-models ENVIRONMENT "BANYAN_TEST_MODELS=${TEST_MODELS_DIR}" TIMEOUT 900)
endif()

if(ENGINE_CUDA)
  add_executable(cuda-device-test native/test/cuda/device-test.cu)
  target_link_libraries(cuda-device-test PRIVATE banyan-cuda banyan-cuda-test)
  target_include_directories(cuda-device-test PRIVATE native/test)
  add_test(NAME cuda-device-test COMMAND cuda-device-test)
  set_tests_properties(cuda-device-test PROPERTIES SKIP_RETURN_CODE 77)
else()
  add_test(NAME cuda-device-test COMMAND ${CMAKE_COMMAND} -E echo "skipped: built without ENGINE_CUDA")
  set_tests_properties(cuda-device-test PROPERTIES SKIP_REGULAR_EXPRESSION "^skipped")
endif()

# What bench/cuda/run.sh builds on demand: tests of whole engines and of the op through ggml (native/test/cuda), and
# benches. What goes through llama.cpp also runs on the CPU (--cpu), to be tried anywhere.
if(ENGINE_CUDA)
  add_executable(attention-bench EXCLUDE_FROM_ALL bench/cuda/attention-bench.cu)
  target_include_directories(attention-bench PRIVATE native/test)
  target_link_libraries(attention-bench PRIVATE banyan-cuda banyan-cuda-test)
endif()
if(ENGINE_LLAMA)
  add_executable(greedy-tokens EXCLUDE_FROM_ALL native/test/cuda/greedy-tokens.cpp native/test/cuda/token-rounds.cpp)
  target_compile_definitions(greedy-tokens PRIVATE BANYAN_TEST_NO_MAIN)
  target_include_directories(greedy-tokens PRIVATE native/test)
  target_link_libraries(greedy-tokens PRIVATE banyan-engine banyan-runner)
  add_executable(stock-answers EXCLUDE_FROM_ALL native/test/cuda/stock-answers.cpp native/test/cuda/stock-layers.cpp)
  add_executable(stock-attention EXCLUDE_FROM_ALL bench/cuda/stock-attention.cpp native/test/cuda/stock-layers.cpp)
  add_executable(whole-step EXCLUDE_FROM_ALL bench/cuda/whole-step.cpp bench/cuda/live-sequences.cpp
    native/test/cuda/sparse-model.cpp bench/native/step-engine.cpp)
  target_include_directories(whole-step PRIVATE bench)
  foreach(program stock-answers stock-attention whole-step)
    target_link_libraries(${program} PRIVATE banyan-runner-test)
  endforeach()
endif()
