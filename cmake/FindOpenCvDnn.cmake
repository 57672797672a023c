# Finds OpenCV's dnn module, version 4: headers and the two libraries that the backend links. OpenCV 5 has no Darknet
# importer any more, so it is passed over.
#   1. OPENCV_ROOT (variable or environment): <root>/include and <root>/lib
#   2. the system's (Debian, Ubuntu: libopencv-dnn-dev)
# Defines OpenCvDnn::OpenCvDnn, OpenCvDnn_VERSION, and OpenCvDnn_REASON where it is not found.

set(_root "${OPENCV_ROOT}")
if(NOT _root)
  set(_root "$ENV{OPENCV_ROOT}")
endif()
if(_root)
  set(_only NO_DEFAULT_PATH)
endif()

find_path(OpenCvDnn_INCLUDE_DIR opencv2/dnn.hpp HINTS ${_root}/include PATH_SUFFIXES opencv4 opencv5 ${_only})
foreach(_module core dnn)
  find_library(OpenCvDnn_${_module}_LIBRARY opencv_${_module} HINTS ${_root}/lib ${_only})
endforeach()

set(OpenCvDnn_REASON "libopencv-dnn-dev is not installed")
if(OpenCvDnn_INCLUDE_DIR)
  file(STRINGS ${OpenCvDnn_INCLUDE_DIR}/opencv2/core/version.hpp _lines REGEX "#define CV_VERSION_(MAJOR|MINOR|REVISION)")
  string(REGEX MATCHALL "[0-9]+" _numbers "${_lines}")
  list(JOIN _numbers . OpenCvDnn_VERSION)
  if(OpenCvDnn_VERSION VERSION_GREATER_EQUAL 5)
    set(OpenCvDnn_REASON "OpenCV ${OpenCvDnn_VERSION} is installed, and versions from 5 on cannot read Darknet models")
    unset(OpenCvDnn_INCLUDE_DIR CACHE)
    unset(OpenCvDnn_INCLUDE_DIR)
  endif()
endif()

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(OpenCvDnn
  REQUIRED_VARS OpenCvDnn_dnn_LIBRARY OpenCvDnn_core_LIBRARY OpenCvDnn_INCLUDE_DIR VERSION_VAR OpenCvDnn_VERSION)
if(OpenCvDnn_FOUND AND NOT TARGET OpenCvDnn::OpenCvDnn)
  add_library(OpenCvDnn::OpenCvDnn INTERFACE IMPORTED)
  set_target_properties(OpenCvDnn::OpenCvDnn PROPERTIES
    INTERFACE_INCLUDE_DIRECTORIES ${OpenCvDnn_INCLUDE_DIR}
    INTERFACE_LINK_LIBRARIES "${OpenCvDnn_dnn_LIBRARY};${OpenCvDnn_core_LIBRARY}")
endif()
