# Tests of native/store and native/tiers: *-test.cpp, with the helpers of native/test/store. They need no model:
# ENGINE_LLAMA=OFF builds and runs them in seconds, under a sanitizer too.
file(GLOB store_test_helpers CONFIGURE_DEPENDS native/test/store/*.cpp)
list(FILTER store_test_helpers EXCLUDE REGEX "-(test|child)\\.cpp$")
add_library(banyan-store-test STATIC ${store_test_helpers})
target_link_libraries(banyan-store-test PUBLIC banyan-store)
target_include_directories(banyan-store-test PUBLIC native/test)
banyan_tests(store banyan-store-test)
banyan_tests(tiers banyan-tiers banyan-store-test)
if(NOT WIN32)
  add_executable(store-writer native/test/store/writer-child.cpp)
  target_link_libraries(store-writer PRIVATE banyan-store-test)
  set_tests_properties(store-processes-test PROPERTIES
    ENVIRONMENT "BANYAN_STORE_WRITER=$<TARGET_FILE:store-writer>")
endif()
if(NOT WIN32)
  add_executable(host-tier-bench EXCLUDE_FROM_ALL bench/native/host-tier-bench.cpp)
  target_link_libraries(host-tier-bench PRIVATE banyan-store)
endif()
