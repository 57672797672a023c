#pragma once

#include <cstdint>

/// The one table of limits on the files that a stranger sends or that somebody downloaded: pictures and models.
/// `docs/reference/limits.md` is generated from the rows, so each is one line:
/// `constexpr TYPE kName = VALUE;  // input | what is counted | unit | outcome`.
namespace zmdetect::limits {

// clang-format off
constexpr int kJpegScans = 100;  // JPEG | scans of a progressive picture | count | IMAGE_UNDECODABLE
// clang-format on

}  // namespace zmdetect::limits
