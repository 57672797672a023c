# Finds ONNX Runtime: headers of any C API from 21 on (the ABI is compatible upwards) and the library to run with.
#   1. ONNXRUNTIME_ROOT (variable or environment): <root>/include and <root>/lib
#   2. headers by pkg-config (libonnxruntime-dev), library from the npm package onnxruntime-node
#   3. headers of the Debian or Ubuntu package of a later release, unpacked into the build folder, never linked
# Defines OnnxRuntime::OnnxRuntime and OnnxRuntime_LIBRARY.

set(_root "${ONNXRUNTIME_ROOT}")
if(NOT _root)
  set(_root "$ENV{ONNXRUNTIME_ROOT}")
endif()

if(_root)
  find_path(OnnxRuntime_INCLUDE_DIR onnxruntime_cxx_api.h NO_DEFAULT_PATH
    PATHS ${_root}/include ${_root}/include/onnxruntime ${_root}/include/onnxruntime/core/session)
  find_file(OnnxRuntime_LIBRARY libonnxruntime.so.1 NO_DEFAULT_PATH PATHS ${_root}/lib ${_root})
else()
  find_package(PkgConfig QUIET)
  pkg_check_modules(PC_ONNXRUNTIME QUIET libonnxruntime)
  find_path(OnnxRuntime_INCLUDE_DIR onnxruntime_cxx_api.h
    HINTS ${PC_ONNXRUNTIME_INCLUDE_DIRS} PATHS /usr/include/onnxruntime
    ${CMAKE_BINARY_DIR}/onnxruntime-headers/usr/include/onnxruntime)
  if(NOT OnnxRuntime_INCLUDE_DIR)
    execute_process(
      COMMAND ${CMAKE_CURRENT_LIST_DIR}/../scripts/fetch-onnxruntime-headers ${CMAKE_BINARY_DIR}/onnxruntime-headers
      COMMAND_ERROR_IS_FATAL ANY)
    find_path(OnnxRuntime_INCLUDE_DIR onnxruntime_cxx_api.h NO_DEFAULT_PATH
      PATHS ${CMAKE_BINARY_DIR}/onnxruntime-headers/usr/include/onnxruntime)
  endif()
  if(CMAKE_SYSTEM_PROCESSOR MATCHES "aarch64|arm64")
    set(_arch arm64)
  else()
    set(_arch x64)
  endif()
  file(GLOB _candidates ${CMAKE_SOURCE_DIR}/node_modules/onnxruntime-node/bin/napi-v*/linux/${_arch})
  find_file(OnnxRuntime_LIBRARY libonnxruntime.so.1 NO_DEFAULT_PATH PATHS ${_candidates})
endif()

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(OnnxRuntime REQUIRED_VARS OnnxRuntime_LIBRARY OnnxRuntime_INCLUDE_DIR)
if(OnnxRuntime_FOUND AND NOT TARGET OnnxRuntime::OnnxRuntime)
  add_library(OnnxRuntime::OnnxRuntime SHARED IMPORTED)
  set_target_properties(OnnxRuntime::OnnxRuntime PROPERTIES
    IMPORTED_LOCATION ${OnnxRuntime_LIBRARY} INTERFACE_INCLUDE_DIRECTORIES ${OnnxRuntime_INCLUDE_DIR})
endif()
