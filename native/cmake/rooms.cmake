# Checks the direction of every include (check-includes.cmake) before anything that depends on the core compiles, and
# again whenever a source changed.
file(GLOB_RECURSE checked_sources CONFIGURE_DEPENDS native/core/*.h native/core/*.cpp native/sim/*.h native/sim/*.cpp
  native/store/*.h native/store/*.cpp native/tiers/*.h native/tiers/*.cpp native/runner/*.h native/runner/*.cpp native/runner/*.cu native/engine/*.h native/engine/*.cpp native/addon/*.h
  native/addon/*.cpp)
set(includes_stamp "${CMAKE_BINARY_DIR}/includes-checked")
add_custom_command(OUTPUT "${includes_stamp}"
  COMMAND ${CMAKE_COMMAND} "-DNATIVE=${CMAKE_SOURCE_DIR}/native" "-DSTAMP=${includes_stamp}"
          -P "${CMAKE_SOURCE_DIR}/native/cmake/check-includes.cmake"
  DEPENDS ${checked_sources} native/cmake/check-includes.cmake VERBATIM COMMENT "Checking the direction of includes")
add_custom_target(check-includes DEPENDS "${includes_stamp}")
