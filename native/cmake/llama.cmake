# llama.cpp's source, pinned, with our patches. First match wins:
#   1. -DLLAMA_CPP_DIR=… or the environment variable LLAMA_CPP_DIR: a checkout of your own, patched by you
#   2. the git bundle inside the npm package node-llama-cpp (a devDependency: no network)
#   3. that same package from the npm registry, checked against LLAMA_BUNDLE_SHA512
set(LLAMA_CPP_TAG "v0.5.0")
set(LLAMA_CPP_COMMIT "de3ff815ea7d559ee917f063901b8986f038abc6")
set(LLAMA_BUNDLE_PACKAGE "node-llama-cpp@3.22.1")
set(LLAMA_BUNDLE_SHA512 "6e5b488a9b9699cd76dc7eed30880318a4ac4ab866865418795502e3c5d38d55bb5c624988927209d95333343f2e25a83e4183a5c2f816f883a60c3ba9f4e20f")
set(LLAMA_CPP_DIR "$ENV{LLAMA_CPP_DIR}" CACHE PATH "llama.cpp source tree (empty: from the npm bundle)")

# Sets `out` to a git bundle that holds LLAMA_CPP_COMMIT.
function(llama_find_bundle out scratch)
  set(bundle "${CMAKE_SOURCE_DIR}/node_modules/node-llama-cpp/llama/gitRelease.bundle")
  if(NOT EXISTS "${bundle}")
    file(MAKE_DIRECTORY "${scratch}")
    find_program(NPM npm REQUIRED)
    message(STATUS "fetching ${LLAMA_BUNDLE_PACKAGE} for the llama.cpp source")
    execute_process(COMMAND ${NPM} pack --silent --ignore-scripts --pack-destination "${scratch}" ${LLAMA_BUNDLE_PACKAGE}
      WORKING_DIRECTORY "${scratch}" OUTPUT_VARIABLE tgz OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)
    string(REGEX MATCH "[^\n]+\\.tgz$" tgz "${tgz}")
    file(SHA512 "${scratch}/${tgz}" sum)
    if(NOT sum STREQUAL LLAMA_BUNDLE_SHA512)
      message(FATAL_ERROR "${tgz}: wrong checksum ${sum}")
    endif()
    file(ARCHIVE_EXTRACT INPUT "${scratch}/${tgz}" DESTINATION "${scratch}" PATTERNS "package/llama/gitRelease.bundle")
    set(bundle "${scratch}/package/llama/gitRelease.bundle")
  endif()
  set(${out} "${bundle}" PARENT_SCOPE)
endfunction()

function(llama_git)
  execute_process(COMMAND ${GIT_EXECUTABLE} ${ARGN} COMMAND_ERROR_IS_FATAL ANY)
endfunction()

# Clones only what the libraries and the test models need: 72 MB instead of 209 MB.
function(llama_clone dir)
  llama_find_bundle(bundle "${CMAKE_SOURCE_DIR}/native/.build")
  llama_git(clone --quiet --no-checkout "${bundle}" "${dir}")
  llama_git(-C "${dir}" sparse-checkout set --cone cmake common ggml include licenses src tests vendor)
  llama_git(-C "${dir}" -c advice.detachedHead=false checkout --quiet --detach ${LLAMA_CPP_COMMIT})
endfunction()

# Applies native/patches/*.patch in order. A stamp holds their hash: the tree goes back to the pinned commit and is
# patched anew when one changes. Unchanged files keep their time stamps, so only what a patch touches compiles again.
function(llama_patch dir)
  file(GLOB patches CONFIGURE_DEPENDS "${CMAKE_SOURCE_DIR}/native/patches/*.patch")
  list(SORT patches)
  set(sums "${LLAMA_CPP_COMMIT}")
  foreach(patch ${patches})
    file(SHA256 "${patch}" sum)
    string(APPEND sums "\n${sum}")
  endforeach()
  set(stamp "${dir}/.git/banyan-patches")
  set(applied "")
  if(EXISTS "${stamp}")
    file(READ "${stamp}" applied)
  endif()
  if(NOT applied STREQUAL sums)
    llama_git(-C "${dir}" checkout --quiet --force ${LLAMA_CPP_COMMIT})
    llama_git(-C "${dir}" clean -fdq)
    foreach(patch ${patches})
      get_filename_component(name "${patch}" NAME)
      message(STATUS "llama.cpp: applying ${name}")
      llama_git(-C "${dir}" apply --whitespace=nowarn "${patch}") # every line of context must be there
    endforeach()
    file(WRITE "${stamp}" "${sums}")
  endif()
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${patches})
endfunction()

if(NOT LLAMA_CPP_DIR)
  find_package(Git REQUIRED)
  set(LLAMA_CPP_DIR "${CMAKE_SOURCE_DIR}/native/.build/llama.cpp-${LLAMA_CPP_TAG}")
  # Several build trees share this checkout; two configure runs at once must not both clone or patch it.
  file(MAKE_DIRECTORY "${CMAKE_SOURCE_DIR}/native/.build")
  file(LOCK "${CMAKE_SOURCE_DIR}/native/.build/llama.cpp.lock" GUARD FILE)
  if(NOT EXISTS "${LLAMA_CPP_DIR}/CMakeLists.txt")
    file(REMOVE_RECURSE "${LLAMA_CPP_DIR}")
    llama_clone("${LLAMA_CPP_DIR}")
  endif()
  llama_patch("${LLAMA_CPP_DIR}")
  file(LOCK "${CMAKE_SOURCE_DIR}/native/.build/llama.cpp.lock" RELEASE)
endif()
message(STATUS "llama.cpp: ${LLAMA_CPP_DIR}")

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
