# -DENGINE_CUDA=ON: says what is missing before minutes are spent, chooses the architectures, builds native/runner/cuda's
# kernels. With ENGINE_LLAMA=OFF they and their tests build alone: nvcc is enough, cuBLAS is llama.cpp's need.
set(CUDA_LEAST_VERSION 12.0)

function(cuda_missing what)
  message(FATAL_ERROR
    "The CUDA build (ENGINE_GPU=cuda, ENGINE_CUDA=ON) needs ${what}.\n"
    "  Debian/Ubuntu, from NVIDIA's repository (https://developer.nvidia.com/cuda-downloads), for toolkit 13.0:\n"
    "    sudo apt-get install cuda-nvcc-13-0 cuda-cudart-dev-13-0 cuda-cccl-13-0 libcublas-dev-13-0\n"
    "  Fedora: sudo dnf install cuda-toolkit   Windows: winget install Nvidia.CUDA\n"
    "  Anywhere, without a toolkit: python3 -m venv ~/cuda && ~/cuda/bin/pip install -r native/tools/cuda-requirements.txt\n"
    "    and then npm run build:native -- --cuda --cuda-root ~/cuda\n"
    "  Without it: ENGINE_GPU=cpu builds the CPU engine.")
endfunction()

include(cuda-root)
if(CMAKE_CUDA_COMPILER)
  include(CheckLanguage)
  check_language(CUDA)
endif()
if(NOT CMAKE_CUDA_COMPILER)
  cuda_missing("a working nvcc ${CUDA_LEAST_VERSION} or newer, which is not in CUDA_ROOT, the Python environment, PATH or /usr/local/cuda/bin")
endif()
find_package(CUDAToolkit)
if(NOT CUDAToolkit_FOUND OR CUDAToolkit_VERSION VERSION_LESS CUDA_LEAST_VERSION)
  cuda_missing("the CUDA toolkit ${CUDA_LEAST_VERSION} or newer (found: ${CUDAToolkit_VERSION})")
endif()
if(ENGINE_LLAMA)
  find_path(CUBLAS_INCLUDE cublas_v2.h HINTS "${CUBLAS_ROOT}/include" ${CUDAToolkit_INCLUDE_DIRS})
  if(NOT TARGET CUDA::cublas OR NOT CUBLAS_INCLUDE)
    cuda_missing("cuBLAS (cublas_v2.h and libcublas), which the toolkit ${CUDAToolkit_VERSION} found in ${CUDAToolkit_BIN_DIR} lacks")
  endif()
  # ggml's memory pool does without virtual memory: that would link libcuda.so, and the addon must load without a driver.
  set(GGML_CUDA_NO_VMM ON CACHE BOOL "")
endif()

# This machine's own device, or (no device, or ENGINE_PORTABLE=1) machine code for every architecture that nvcc knows,
# and PTX of the newest for later ones.
if(NOT DEFINED CMAKE_CUDA_ARCHITECTURES)
  execute_process(COMMAND nvidia-smi --query-gpu=compute_cap --format=csv,noheader
    OUTPUT_VARIABLE capabilities ERROR_QUIET OUTPUT_STRIP_TRAILING_WHITESPACE RESULT_VARIABLE no_device)
  if(no_device EQUAL 0 AND capabilities MATCHES "^[0-9]+\\.[0-9]" AND NOT DEFINED GGML_NATIVE)
    string(REGEX MATCHALL "[0-9]+\\.[0-9]" capabilities "${capabilities}")
    list(REMOVE_DUPLICATES capabilities)
    string(REPLACE "." "" CMAKE_CUDA_ARCHITECTURES "${capabilities}")
    list(TRANSFORM CMAKE_CUDA_ARCHITECTURES APPEND "-real")
  else()
    set(CMAKE_CUDA_ARCHITECTURES 75-real 80-real 86-real 89-real 90)
    if(CUDAToolkit_VERSION VERSION_GREATER_EQUAL 12.8)
      set(CMAKE_CUDA_ARCHITECTURES 75-real 80-real 86-real 89-real 90-real 100-real 120)
    endif()
  endif()
endif()
enable_language(CUDA)
message(STATUS "CUDA ${CUDAToolkit_VERSION}, architectures ${CMAKE_CUDA_ARCHITECTURES}")

file(GLOB cuda_sources CONFIGURE_DEPENDS native/runner/cuda/*.cu)
add_library(banyan-cuda STATIC ${cuda_sources})
target_include_directories(banyan-cuda PUBLIC native)
target_compile_definitions(banyan-cuda PUBLIC BANYAN_CUDA)
set_target_properties(banyan-cuda PROPERTIES CUDA_STANDARD 17 CUDA_STANDARD_REQUIRED ON)
if(ENGINE_LLAMA)
  target_link_libraries(banyan-cuda PUBLIC CUDA::cudart) # the runtime that ggml-cuda links
  set_target_properties(banyan-cuda PROPERTIES CUDA_RUNTIME_LIBRARY Shared)
else()
  target_link_libraries(banyan-cuda PUBLIC CUDA::cudart_static)
endif()
