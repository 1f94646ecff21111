# llama.cpp's libraries, from the source that llama.cmake found.
set(BUILD_SHARED_LIBS OFF) # one self-contained engine.node
set(LLAMA_BUILD_COMMON ON)
set(LLAMA_OPENSSL OFF)
set(GGML_CUDA ${ENGINE_CUDA})
add_subdirectory("${LLAMA_CPP_DIR}" llama.cpp EXCLUDE_FROM_ALL)

if(ENGINE_SANITIZE STREQUAL "address")
  # The GGUF reader loads enums from the file and then refuses unknown ones: the load itself is no finding.
  set_property(SOURCE "${LLAMA_CPP_DIR}/ggml/src/gguf.cpp" TARGET_DIRECTORY ggml-base
    APPEND PROPERTY COMPILE_OPTIONS -fno-sanitize=enum)
endif()
