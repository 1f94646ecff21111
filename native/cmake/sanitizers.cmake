# -DENGINE_SANITIZE=address|thread, for every target of this project and for llama.cpp too.
if(ENGINE_SANITIZE STREQUAL "address")
  add_compile_options(-fsanitize=address,undefined -fno-omit-frame-pointer -fno-sanitize-recover=undefined)
  add_link_options(-fsanitize=address,undefined)
elseif(ENGINE_SANITIZE STREQUAL "thread")
  add_compile_options(-fsanitize=thread -fno-omit-frame-pointer)
  add_link_options(-fsanitize=thread)
  set(GGML_OPENMP OFF) # libgomp is not instrumented: its barriers would look like races. ggml has a thread pool of its own
elseif(ENGINE_SANITIZE)
  message(FATAL_ERROR "ENGINE_SANITIZE is address or thread, not ${ENGINE_SANITIZE}")
endif()
if(ENGINE_SANITIZE)
  # -O3 under a sanitizer compiles single files for ten minutes. No asserts: llama.cpp's dist sampler asserts that a
  # grammar admits something, and its graph allocator trips over one of its own; we handle the first (token-sampler.cpp).
  set(CMAKE_CXX_FLAGS_RELEASE "-O1 -g1 -DNDEBUG")
  set(CMAKE_C_FLAGS_RELEASE "-O1 -g1 -DNDEBUG")
endif()
