# Tests of native/runner: native/test/runner/*-test.cpp, with the helpers beside them. They see llama.cpp's own headers.
file(GLOB runner_test_helpers CONFIGURE_DEPENDS native/test/runner/*.cpp)
list(FILTER runner_test_helpers EXCLUDE REGEX "-test\\.cpp$")
add_library(banyan-runner-test STATIC ${runner_test_helpers})
target_link_libraries(banyan-runner-test PUBLIC banyan-runner llama)
target_include_directories(banyan-runner-test PUBLIC native/test)
target_include_directories(banyan-runner-test SYSTEM PUBLIC "${LLAMA_CPP_DIR}/src" "${LLAMA_CPP_DIR}/ggml/src")
banyan_tests(runner banyan-runner-test)
