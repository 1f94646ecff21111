# Runs TOOL once into DIR, its weights drawn from a fixed seed. A finished set is kept: the models depend on nothing but
# the pinned source and that seed.
set(SEED 1)
if(EXISTS "${DIR}/complete-${SEED}")
  return()
endif()
file(REMOVE_RECURSE "${DIR}")
file(MAKE_DIRECTORY "${DIR}")
execute_process(COMMAND "${TOOL}" --seed ${SEED} -o "${DIR}" OUTPUT_FILE "${DIR}/log.txt" ERROR_FILE "${DIR}/log.txt" COMMAND_ERROR_IS_FATAL ANY)
file(WRITE "${DIR}/complete-${SEED}" "")
