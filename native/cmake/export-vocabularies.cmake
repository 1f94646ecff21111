# The vocabularies of the llama.cpp source SOURCE, of which no work tree has them, as files in DIR.
find_package(Git REQUIRED)
file(REMOVE_RECURSE "${DIR}")
file(MAKE_DIRECTORY "${DIR}")
foreach(name gpt-2 llama-spm phi-3 starcoder deepseek-llm falcon llama-bpe qwen2)
  execute_process(COMMAND ${GIT_EXECUTABLE} -C "${SOURCE}" cat-file blob "HEAD:models/ggml-vocab-${name}.gguf"
    OUTPUT_FILE "${DIR}/${name}.gguf" COMMAND_ERROR_IS_FATAL ANY)
endforeach()
