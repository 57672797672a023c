// Whether a Darknet .weights belongs to a .cfg: OpenCV reads past the end of the file without a word.
#pragma once

#include <opencv2/dnn.hpp>

#include <string>

#include "status.h"

namespace zmdetect::opencv {

/// Compares the floats of the layers of `net`, as read and before its first run, with those of the file. Errors:
/// kModelUnreadable with both counts, or for a file that is shorter than its own header.
Status check_weights(cv::dnn::Net& net, const std::string& weights_path, const std::string& cfg_path);

}  // namespace zmdetect::opencv
