# Runs TOOL once into DIR. A finished set is kept: the models depend on nothing but the pinned source.
if(EXISTS "${DIR}/complete")
  return()
endif()
file(REMOVE_RECURSE "${DIR}")
file(MAKE_DIRECTORY "${DIR}")
execute_process(COMMAND "${TOOL}" -o "${DIR}" OUTPUT_FILE "${DIR}/log.txt" ERROR_FILE "${DIR}/log.txt" COMMAND_ERROR_IS_FATAL ANY)
file(WRITE "${DIR}/complete" "")
