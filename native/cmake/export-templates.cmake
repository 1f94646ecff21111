# The chat templates of the llama.cpp source SOURCE, of which no work tree has them, as files in DIR.
find_package(Git REQUIRED)
file(REMOVE_RECURSE "${DIR}")
file(MAKE_DIRECTORY "${DIR}")
execute_process(COMMAND ${GIT_EXECUTABLE} -C "${SOURCE}" archive -o "${DIR}/all.tar" HEAD:models/templates COMMAND_ERROR_IS_FATAL ANY)
file(ARCHIVE_EXTRACT INPUT "${DIR}/all.tar" DESTINATION "${DIR}")
