# native/runner: the only library that sees llama.h. Kernels bring their own compile flags (kernels.cmake).
file(GLOB_RECURSE runner_sources CONFIGURE_DEPENDS native/runner/*.cpp)
add_library(banyan-runner STATIC ${runner_sources})
target_link_libraries(banyan-runner PUBLIC banyan-core PRIVATE llama llama-common vendor::hash)
if(ENGINE_CUDA)
  target_link_libraries(banyan-runner PRIVATE banyan-cuda)
endif()
set_source_files_properties(native/runner/page-identity.cpp PROPERTIES
  COMPILE_DEFINITIONS BANYAN_LLAMA_COMMIT="${LLAMA_CPP_COMMIT}")
# The pager implements an interface inside llama_kv_cache (native/patches), so the runner sees llama.cpp's own headers.
target_include_directories(banyan-runner SYSTEM PRIVATE
  "${LLAMA_CPP_DIR}/src" "${LLAMA_CPP_DIR}/ggml/src" "${LLAMA_CPP_DIR}/common")
# ggml's threads, where they are OpenMP's: see compute-threads.h.
find_package(OpenMP COMPONENTS CXX)
if(GGML_OPENMP AND OpenMP_CXX_FOUND)
  target_link_libraries(banyan-runner PRIVATE OpenMP::OpenMP_CXX)
  set_source_files_properties(native/runner/compute-threads.cpp PROPERTIES COMPILE_DEFINITIONS BANYAN_OPENMP)
endif()
target_compile_options(banyan-runner PRIVATE $<$<CXX_COMPILER_ID:GNU,Clang,AppleClang>:-Wall -Wextra>)
include(kernels OPTIONAL)
