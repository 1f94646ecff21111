# Each instruction set's attention kernel is one translation unit with its own flags; choose-kernel.cpp chooses at run time.
# The others stay portable, whatever machine compiles them. GCC's own AVX-512 headers trip over uninitialized registers.
set(attention_dir "${CMAKE_CURRENT_LIST_DIR}/../runner/attention")
if(CMAKE_CXX_COMPILER_ID MATCHES "GNU|Clang" AND CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
  set_source_files_properties("${attention_dir}/simd-avx2.cpp" PROPERTIES COMPILE_OPTIONS "-mavx2;-mfma;-mf16c")
  set_source_files_properties("${attention_dir}/simd-avx512.cpp" PROPERTIES
    COMPILE_OPTIONS "-mavx512f;-mavx512dq;-mavx512bw;-mavx512vl;-mavx2;-mfma;-mf16c;-Wno-uninitialized;-Wno-maybe-uninitialized")
endif()
