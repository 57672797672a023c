#pragma once

#include <cstddef>
#include <cstdint>

/// The one table of limits on the files that a stranger sends or that somebody downloaded, pictures and models, and on
/// the native work that they cause.
/// `docs/reference/limits.md` is generated from the rows, so each is one line:
/// `constexpr TYPE kName = VALUE;  // input | what is counted | unit | outcome`.
namespace zmdetect::limits {

// clang-format off
constexpr int kJpegScans = 100;  // JPEG | scans of a progressive picture | count | IMAGE_UNDECODABLE
constexpr std::int64_t kJpegScanSamples = 1'600'000'000;  // JPEG | samples of all its scans together, those of arithmetic coding 8 times | count | IMAGE_UNDECODABLE
constexpr int kJpegSegments = 4096;  // JPEG | segments before the picture (EXIF, comments, profiles, tables) | count | IMAGE_UNDECODABLE
constexpr std::size_t kDarknetBytes = 1'048'576;  // Darknet .cfg | its size | bytes | MODEL_UNREADABLE
constexpr std::size_t kDarknetSections = 2000;  // Darknet .cfg | sections | count | MODEL_UNREADABLE
constexpr std::size_t kDarknetOptions = 1000;  // Darknet .cfg | options of one section, repeated ones included | count | MODEL_UNREADABLE
constexpr std::size_t kDarknetList = 256;  // Darknet .cfg | numbers in one option (anchors, mask, layers) | count | MODEL_UNREADABLE
constexpr std::int64_t kDarknetNodes = 20'000;  // Darknet .cfg | nodes of the ONNX graph that it becomes | count | MODEL_LAYOUT_UNKNOWN
constexpr std::int64_t kDarknetCells = 2'000'000;  // Darknet .cfg | grid cells of all its [yolo] together | count | MODEL_LAYOUT_UNKNOWN
constexpr std::int64_t kDarknetVolume = 268'435'456;  // Darknet .cfg | values of one layer's output, 4 bytes each | count | MODEL_LAYOUT_UNKNOWN
constexpr std::int64_t kDarknetValues = 4'294'967'296;  // Darknet .cfg | values of all layers' outputs together | count | MODEL_LAYOUT_UNKNOWN
constexpr std::int64_t kDarknetOperations = 2'000'000'000'000;  // Darknet .cfg | multiplications and comparisons for one picture | count | MODEL_LAYOUT_UNKNOWN
constexpr std::uintmax_t kDarknetWeights = 1'900'000'000;  // Darknet .weights | its size | bytes | MODEL_UNREADABLE
constexpr std::size_t kOnnxDataFiles = 4096;  // ONNX file | names of files beside it that hold its tensors | count | MODEL_UNREADABLE
constexpr std::uint32_t kTfliteOperators = 4096;  // TFLite file | kinds of operators | count | MODEL_UNREADABLE
constexpr std::uint32_t kTfliteOutputs = 1000;  // TFLite file | outputs of the model or of one operator | count | MODEL_UNREADABLE
constexpr int kTiffEntries = 4096;  // TIFF | entries of the first directory; later ones are not read | count | IMAGE_UNDECODABLE
constexpr int kCandidates = 4096;  // model | boxes of one picture above the threshold, the strongest first | count | the rest is left out, and counted
constexpr std::uint64_t kWebpGroups = 4096;  // WebP, lossless | groups of prefix codes, of which libwebp keeps up to 26 KB each and its encoder writes 2,600 at most | count | IMAGE_UNDECODABLE
constexpr int kReplacedInstances = 2;  // native thread | inference threads of one model that are replaced | count | the model answers no more
constexpr int kCloseMs = 2'000;  // native thread | wait for the last tasks when the engine is closed at exit | ms | the process leaves without them
// clang-format on

}  // namespace zmdetect::limits
