# Where CUDA is: a toolkit, or a Python environment with NVIDIA's packages (native/tools/cuda-requirements.txt). Sets
# CMAKE_CUDA_COMPILER and what FindCUDAToolkit and the linker need where those packages differ from a toolkit: their
# libraries lie in lib, not lib64, and have no plain .so names. First match wins:
#   1. -DCUDA_ROOT=<folder> (npm run build:native -- --cuda --cuda-root <folder>), else the environment's CUDAToolkit_ROOT
#   2. the active Python environment (VIRTUAL_ENV)     3. nvcc in PATH, then /usr/local/cuda
# cuBLAS may lie elsewhere, as beside PyTorch: -DCUBLAS_ROOT=<folder with include and lib>, else where python3 has it.
set(CUDA_ROOT "$ENV{CUDAToolkit_ROOT}" CACHE PATH "CUDA toolkit, or Python environment with NVIDIA's packages")
set(CUBLAS_ROOT "" CACHE PATH "Folder with cuBLAS's include and lib where the toolkit has none (pip's nvidia-cublas)")

# Sets `out` to the folder of nvcc's bin below `root`: the root itself, or a Python environment's packages; else to "".
function(cuda_toolkit_below root out)
  file(GLOB found "${root}/bin/nvcc" "${root}/bin/nvcc.exe" "${root}/lib/python3*/site-packages/nvidia/cu1*/bin/nvcc"
    "${root}/Lib/site-packages/nvidia/cu1*/bin/nvcc.exe")
  set(${out} "" PARENT_SCOPE)
  if(found)
    list(GET found 0 found)
    get_filename_component(found "${found}" DIRECTORY)
    get_filename_component(found "${found}" DIRECTORY)
    set(${out} "${found}" PARENT_SCOPE)
  endif()
endfunction()

set(toolkit "")
if(CUDA_ROOT)
  cuda_toolkit_below("${CUDA_ROOT}" toolkit)
  if(NOT toolkit)
    message(FATAL_ERROR "No nvcc in ${CUDA_ROOT} (looked for bin/nvcc and lib/python3*/site-packages/nvidia/cu13/bin/nvcc)")
  endif()
elseif(NOT CMAKE_CUDA_COMPILER AND DEFINED ENV{VIRTUAL_ENV})
  cuda_toolkit_below("$ENV{VIRTUAL_ENV}" toolkit)
endif()
if(toolkit AND NOT CMAKE_CUDA_COMPILER)
  set(CMAKE_CUDA_COMPILER "${toolkit}/bin/nvcc")
elseif(NOT CMAKE_CUDA_COMPILER)
  find_program(CUDA_NVCC nvcc PATHS /usr/local/cuda/bin)
  if(CUDA_NVCC)
    set(CMAKE_CUDA_COMPILER "${CUDA_NVCC}")
    execute_process(COMMAND "${CUDA_NVCC}" -v __ ERROR_VARIABLE words OUTPUT_QUIET) # its profile, through any wrapper
    if(words MATCHES "TOP=([^\r\n]*)")
      get_filename_component(toolkit "${CMAKE_MATCH_1}" REALPATH)
    endif()
  endif()
endif()
if(toolkit)
  set(CUDAToolkit_ROOT "${toolkit}")
endif()

# cuBLAS beside PyTorch, when the toolkit has none.
if(NOT CUBLAS_ROOT AND toolkit AND NOT EXISTS "${toolkit}/include/cublas_v2.h")
  execute_process(COMMAND python3 -c "import glob, os, sys
found = [f for p in sys.path for f in glob.glob(os.path.join(p, 'nvidia', '*', 'include', 'cublas_v2.h'))]
print(os.path.dirname(os.path.dirname(found[0])) if found else '')"
    OUTPUT_VARIABLE beside ERROR_QUIET OUTPUT_STRIP_TRAILING_WHITESPACE)
  if(beside)
    set(CUBLAS_ROOT "${beside}" CACHE PATH "" FORCE)
  endif()
endif()

# Plain names for libraries that have none, in a folder of links.
set(links "${CMAKE_BINARY_DIR}/cuda-libraries")
file(REMOVE_RECURSE "${links}")
foreach(folder "${toolkit}" "${CUBLAS_ROOT}")
  if(folder AND NOT EXISTS "${folder}/lib64")
    file(GLOB libraries "${folder}/lib/libcublas*")
    if(folder STREQUAL toolkit)
      file(GLOB libraries "${folder}/lib/libcud*" "${folder}/lib/libcublas*")
    endif()
    foreach(library ${libraries})
      get_filename_component(name "${library}" NAME)
      string(REGEX REPLACE "\\.so\\..*$" ".so" name "${name}")
      file(MAKE_DIRECTORY "${links}")
      file(CREATE_LINK "${library}" "${links}/${name}" SYMBOLIC)
    endforeach()
    list(APPEND CMAKE_BUILD_RPATH "${folder}/lib")
  endif()
endforeach()
if(EXISTS "${links}")
  list(APPEND CMAKE_LIBRARY_PATH "${links}")
  set(ENV{LIBRARY_PATH} "${links}:$ENV{LIBRARY_PATH}") # CMake's own trial programs
  link_directories("${links}")
endif()
if(CUBLAS_ROOT)
  include_directories(SYSTEM AFTER "${CUBLAS_ROOT}/include")
endif()
