// ONNX files may keep tensors in files beside them. A model that was fetched from somewhere must not make the daemon
// read other files of the host.
#pragma once

#include <string>

#include "status.h"

namespace zmdetect::onnx {

/// Looks through the ONNX file at `path` for tensors with external data and refuses, before the runtime opens anything:
/// an absolute path, one with "..", one that a symbolic link leads out of the model's folder (or of the hub's store
/// that the folder is in: ROOT/snapshots/REVISION beside ROOT/blobs), and a file that is not there. Errors:
/// kModelUnreadable with the tensor's name and its file, or where the file is no protobuf; kModelFileMissing.
Status check_external_data(const std::string& path);

}  // namespace zmdetect::onnx
