# A kernel of an instruction set is one translation unit with its own flags; choose-kernel.cpp of its room chooses at run time.
# The others stay portable, whatever machine compiles them. GCC's own AVX-512 headers trip over uninitialized registers.
set(runner_dir "${CMAKE_CURRENT_LIST_DIR}/../runner")
if(CMAKE_CXX_COMPILER_ID MATCHES "GNU|Clang" AND CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
  set(avx512 "-mavx512f;-mavx512dq;-mavx512bw;-mavx512vl;-mavx2;-mfma;-mf16c;-Wno-uninitialized;-Wno-maybe-uninitialized")
  set_source_files_properties(
    "${runner_dir}/attention/simd-avx2.cpp" "${runner_dir}/matrix/kernels/kernel-avx2.cpp" PROPERTIES COMPILE_OPTIONS "-mavx2;-mfma;-mf16c")
  set_source_files_properties("${runner_dir}/attention/simd-avx512.cpp" PROPERTIES COMPILE_OPTIONS "${avx512}")
  set_source_files_properties("${runner_dir}/matrix/kernels/kernel-vnni.cpp" PROPERTIES COMPILE_OPTIONS "${avx512};-mavx512vnni")
  include(CheckCXXCompilerFlag)
  check_cxx_compiler_flag(-mavxvnni has_avxvnni) # GCC 11, Clang 12
  if(has_avxvnni)
    set_source_files_properties("${runner_dir}/matrix/kernels/kernel-avxvnni.cpp" PROPERTIES COMPILE_OPTIONS "-mavx2;-mfma;-mf16c;-mavxvnni")
  endif()
endif()
