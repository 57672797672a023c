# Finds TensorFlow Lite's C API: the library to put beside the backend, and headers for the tests' own delegate. Neither
# is needed to build: the backend looks its functions up at run time.
#   1. TFLITE_ROOT (variable or environment): <root>/include and <root>/lib
#   2. the npm package tfjs-tflite-node, unpacked into the build folder
# Defines TfLite_LIBRARY and TfLite_INCLUDE_DIR.

set(_root "${TFLITE_ROOT}")
if(NOT _root)
  set(_root "$ENV{TFLITE_ROOT}")
endif()

if(_root)
  set(_lib ${_root}/lib ${_root})
else()
  if(NOT EXISTS ${CMAKE_BINARY_DIR}/tflite/cc_deps)
    execute_process(COMMAND ${CMAKE_CURRENT_LIST_DIR}/../scripts/fetch-tflite ${CMAKE_BINARY_DIR}/tflite)
  endif()
  set(_root ${CMAKE_BINARY_DIR}/tflite/cc_deps)
  if(CMAKE_SYSTEM_PROCESSOR MATCHES "aarch64|arm64")
    set(_lib ${_root}/linux_arm64)
  else()
    set(_lib ${_root}/linux_amd64)
  endif()
endif()
find_path(TfLite_INCLUDE_DIR tensorflow/lite/c/c_api.h NO_DEFAULT_PATH PATHS ${_root}/include)
find_file(TfLite_LIBRARY libtensorflowlite_c.so NO_DEFAULT_PATH PATHS ${_lib})

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(TfLite REQUIRED_VARS TfLite_LIBRARY TfLite_INCLUDE_DIR)
