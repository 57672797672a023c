#pragma once

#include <cstdint>

/// The one table of limits on the files that a stranger sends or that somebody downloaded: pictures and models.
/// `docs/reference/limits.md` is generated from the rows, so each is one line:
/// `constexpr TYPE kName = VALUE;  // input | what is counted | unit | outcome`.
namespace zmdetect::limits {

// clang-format off
constexpr int kJpegScans = 100;  // JPEG | scans of a progressive picture | count | IMAGE_UNDECODABLE
constexpr std::int64_t kJpegScanSamples = 1'600'000'000;  // JPEG | samples of all its scans together, those of arithmetic coding 8 times | count | IMAGE_UNDECODABLE
constexpr int kJpegSegments = 4096;  // JPEG | segments before the picture (EXIF, comments, profiles, tables) | count | IMAGE_UNDECODABLE
constexpr int kTiffEntries = 4096;  // TIFF | entries of the first directory; later ones are not read | count | IMAGE_UNDECODABLE
// clang-format on

}  // namespace zmdetect::limits
