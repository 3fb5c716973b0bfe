# Builds the studio's page, run as a script by CMakeLists.txt:
#   cmake -D NPM=npm -D FROM=studio-ui -D WORK=folder -D TO=folder/page -P build.cmake
# It works on a copy, so that sources stay as they are and builds do not meet. What fails is told and
# leaves the page out: the studio then says how to build it, and all else of fallline is there.
file(REMOVE_RECURSE "${WORK}")
file(COPY "${FROM}/" DESTINATION "${WORK}/studio-ui"
  PATTERN node_modules EXCLUDE PATTERN test EXCLUDE)

# Nothing but what the lock file names, and none of its scripts.
execute_process(
  COMMAND "${NPM}" ci --ignore-scripts --no-audit --no-fund --fetch-retries=1
  WORKING_DIRECTORY "${WORK}/studio-ui" TIMEOUT 300
  RESULT_VARIABLE failed OUTPUT_VARIABLE told ERROR_VARIABLE told)
if(NOT failed)
  execute_process(
    COMMAND "${NPM}" run build
    WORKING_DIRECTORY "${WORK}/studio-ui" TIMEOUT 300
    RESULT_VARIABLE failed OUTPUT_VARIABLE told ERROR_VARIABLE told)
endif()

set(built "${WORK}/src/fallline/studio/page")
if(failed OR NOT EXISTS "${built}/index.html")
  message(WARNING "The studio's page could not be built (${failed}):\n${told}")
else()
  file(REMOVE_RECURSE "${TO}")
  file(COPY "${built}/" DESTINATION "${TO}")
endif()
file(REMOVE_RECURSE "${WORK}")
