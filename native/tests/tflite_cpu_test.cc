// TensorFlow Lite on the CPU: real models against recorded detections, and files and libraries that are none.
#include <sstream>

#include "backends/tflite/flat_table.h"
#include "image/image.h"
#include "postprocess/ssd.h"
#include "tests/support.h"
#include "tests/tflite_support.h"

namespace zmdetect {
namespace {

using testing::read_file;
using testing::shared_file;

struct Expected {
  std::string label;
  double score = 0;
  int box[4] = {};
};

/// Pictures of expected_detections.json that have an entry for `model`, with that entry's first list.
std::map<std::string, std::vector<Expected>> expected_detections(const std::string& model) {
  const auto bytes = read_file(shared_file("expected_detections.json"));
  const std::string text(bytes.begin(), bytes.end());
  std::map<std::string, std::vector<Expected>> all;
  std::size_t at = 0;
  while ((at = text.find("\"images/", at)) != std::string::npos) {
    const std::string picture = text.substr(at + 1, text.find('"', at + 1) - at - 1);
    const std::size_t next = text.find("\"images/", at + 1);
    const std::size_t entry = text.find('"' + model + '"', at);
    at = next == std::string::npos ? text.size() : next;
    if (entry >= at) continue;
    std::vector<Expected>& list = all[picture];
    const char* row = text.c_str() + text.find('[', entry) + 1;
    char label[64];
    Expected e;
    int length = 0;
    while (std::sscanf(row, " [ \"%63[^\"]\" , %lf , %d , %d , %d , %d ]%n", label, &e.score, &e.box[0], &e.box[1],
                       &e.box[2], &e.box[3], &length) == 6) {
      e.label = label;
      list.push_back(e);
      row += length + std::strspn(row + length, ", \n");
    }
  }
  return all;
}

std::map<int, std::string> indexed_labels(const std::string& path) {
  std::map<int, std::string> labels;
  std::ifstream file(shared_file(path));
  int id = 0;
  std::string text;
  while (file >> id && std::getline(file >> std::ws, text)) labels[id] = text;
  return labels;
}

class TfliteCpuTest : public testing::TfliteTest {
 protected:
  Result<std::vector<Detection>> detect(Instance& instance, const ModelInfo& info, const Image& image) {
    const auto& shape = info.inputs[0].shape;
    std::vector<std::uint8_t> slot(std::size_t(shape[1]) * std::size_t(shape[2]) * 3);
    const auto fit = place_top_left(image, int(shape[2]), int(shape[1]), slot);
    if (!fit.ok()) return fit.status();
    std::vector<TensorView> outputs;
    ZMD_RETURN_IF_ERROR(instance.run({slot.data(), ElementType::kUint8, shape}, outputs));
    const auto layout = recognise_ssd(info);
    if (!layout.ok()) return layout.status();
    Result<Answer> answer = read_ssd(layout.value(), outputs, fit.value(), 0.3);
    if (!answer.ok()) return answer.status();
    return std::move(answer).value().detections;
  }

  void expect_recorded(const std::string& path, const std::string& label_file, const LoadOptions& options = {}) {
    const auto model = load(path, options);
    ASSERT_TRUE(model.ok()) << model.status().message();
    auto instance = model.value()->create_instance();
    ASSERT_TRUE(instance.ok()) << instance.status().message();
    const std::string key = path.substr(7, path.rfind('.') - 7);  // without "models/" and ".tflite"
    const auto pictures = expected_detections(key);
    ASSERT_FALSE(pictures.empty()) << key;
    const auto labels = indexed_labels(label_file);
    int compared = 0;
    for (const auto& [picture, expected] : pictures) {
      SCOPED_TRACE(picture);
      const Result<Image> image = decode_image(read_file(shared_file(picture)), DecodeLimits());
      if (!image.ok()) continue;  // broken pictures, which the recording's decoder filled up
      const auto detections = detect(*instance.value(), model.value()->info(), image.value());
      ASSERT_TRUE(detections.ok()) << detections.status().message();
      const auto& found = detections.value();
      ASSERT_EQ(found.size(), expected.size());
      for (std::size_t i = 0; i < expected.size(); ++i) {
        EXPECT_EQ(labels.at(found[i].class_id), expected[i].label);
        EXPECT_NEAR(found[i].score, expected[i].score, kScore);
        for (int k = 0; k < 4; ++k) EXPECT_NEAR(double(found[i].box[k]), expected[i].box[k], kPixels) << i;
        ++compared;
      }
    }
    RecordProperty("compared", compared);
    EXPECT_GT(compared, 0);
  }

  // The recording rounds scores to three digits and boxes to whole pixels, one of which our truncation may lie below.
  static constexpr double kScore = 0.0006;
  static constexpr double kPixels = 1;
};

/// Sets the version of CONV_2D.
void set_operator_version(std::vector<std::uint8_t>& bytes, std::int32_t version) {
  constexpr unsigned kOperatorCodes = 1;
  constexpr unsigned kBuiltinCode = 0;
  constexpr std::int8_t kConv2d = 3;
  constexpr std::size_t kVersionSlot = 4 + 2 * 2;  // in the table's list of fields
  tflite::FlatBuffer buffer(bytes);
  const tflite::FlatVector codes = tflite::FlatTable(buffer, buffer.follow(0)).vector(kOperatorCodes);
  for (std::uint32_t i = 0; i < codes.size; ++i) {
    const std::size_t at = buffer.follow(codes.start + 4 * std::size_t(i));
    if (tflite::FlatTable(buffer, at).number<std::int8_t>(kBuiltinCode, 0) != kConv2d) continue;
    const std::size_t fields = at - std::size_t(std::int64_t(buffer.number<std::int32_t>(at)));
    if (buffer.number<std::uint16_t>(fields) <= kVersionSlot) continue;
    const std::size_t offset = buffer.number<std::uint16_t>(fields + kVersionSlot);
    if (offset != 0) std::memcpy(bytes.data() + at + offset, &version, sizeof version);
  }
  ASSERT_FALSE(buffer.broken());
}

/// A file with a real model whose CONV_2D has this version.
std::string with_operator_version(std::int32_t version) {
  auto bytes = read_file(shared_file(testing::kNoteSsd));
  set_operator_version(bytes, version);
  const std::string path = ::testing::TempDir() + "/newer.tflite";
  std::ofstream(path, std::ios::binary)
      .write(reinterpret_cast<const char*>(bytes.data()), std::streamsize(bytes.size()));
  return path;
}

TEST_F(TfliteCpuTest, NamesTheOperatorThatIsNewerThanTheLibrary) {
  const std::string path = with_operator_version(99);
  LoadOptions options;
  options.path = path;
  const Status status = backend->load(options).status();
  std::filesystem::remove(path);
  EXPECT_EQ(status.code(), Code::kModelUnreadable);
  EXPECT_NE(status.message().find("CONV_2D version 99, which TensorFlow Lite 2."), std::string::npos)
      << status.message();
  EXPECT_NE(status.message().find("ZMDETECT_TFLITE_LIBRARY"), std::string::npos) << status.message();
}

/// On LiteRT, whose library the variable ZMDETECT_LITERT_LIBRARY names: libLiteRt.so of the wheel ai-edge-litert.
class LiteRtTest : public TfliteCpuTest {
 protected:
  void SetUp() override {
    TfliteCpuTest::SetUp();
    if (HasFatalFailure() || IsSkipped()) return;
    const char* named = std::getenv("ZMDETECT_LITERT_LIBRARY");
    if (named == nullptr || *named == '\0') GTEST_SKIP() << "ZMDETECT_LITERT_LIBRARY names no libLiteRt.so";
    litert.library = named;
  }

  LoadOptions litert;
};

TEST_F(LiteRtTest, SaysWhatItsTensorsAre) {
  for (const std::string& path : {testing::kCocoSsd, testing::kNoteSsd}) {
    const auto expected = load(path);
    const auto model = load(path, litert);
    ASSERT_TRUE(expected.ok() && model.ok()) << model.status().message();
    const ModelInfo& lite = expected.value()->info();
    const ModelInfo& info = model.value()->info();
    EXPECT_EQ(info.runtime, "LiteRT");
    EXPECT_EQ(backend->version(), "LiteRT");
    EXPECT_EQ(info.metadata, lite.metadata);
    for (const auto& [ours, theirs] : {std::pair(info.inputs, lite.inputs), std::pair(info.outputs, lite.outputs)}) {
      ASSERT_EQ(ours.size(), theirs.size());
      for (std::size_t i = 0; i < ours.size(); ++i) {
        EXPECT_EQ(ours[i].name, theirs[i].name);
        EXPECT_EQ(ours[i].type, theirs[i].type);
        EXPECT_EQ(ours[i].shape, theirs[i].shape);
        EXPECT_EQ(ours[i].quantisation.scale, theirs[i].quantisation.scale);
        EXPECT_EQ(ours[i].quantisation.zero_point, theirs[i].quantisation.zero_point);
      }
    }
  }
}

TEST_F(LiteRtTest, FindsWhatWasRecorded) {
  expect_recorded(testing::kCocoSsd, "models/coral_edgetpu/coco_labels.txt", litert);
  expect_recorded(testing::kNoteSsd, "models/coral_note/labels.txt", litert);
}

TEST_F(LiteRtTest, RunsAnOperatorThatTensorFlowLiteLacks) {
  const std::string path = with_operator_version(6);
  LoadOptions lite;
  lite.path = litert.path = path;
  const Status older = backend->load(lite).status();
  const auto newer = backend->load(litert);
  std::filesystem::remove(path);
  EXPECT_EQ(older.code(), Code::kModelUnreadable);
  EXPECT_NE(older.message().find("CONV_2D version 6, which TensorFlow Lite 2."), std::string::npos) << older.message();
  ASSERT_TRUE(newer.ok()) << newer.status().message();
  auto instance = newer.value()->create_instance();
  ASSERT_TRUE(instance.ok()) << instance.status().message();
  const Result<Image> image = decode_image(read_file(shared_file("images/photos/eagle.jpg")), DecodeLimits());
  ASSERT_TRUE(image.ok());
  EXPECT_TRUE(detect(*instance.value(), newer.value()->info(), image.value()).ok());
}

TEST_F(LiteRtTest, RunsInstancesOfOneModelApartFromEachOther) {
  litert.intra_op_threads = 2;
  const auto model = load(testing::kCocoSsd, litert);
  ASSERT_TRUE(model.ok()) << model.status().message();
  auto first = model.value()->create_instance();
  auto second = model.value()->create_instance();
  ASSERT_TRUE(first.ok() && second.ok());
  const Result<Image> image = decode_image(read_file(shared_file("images/photos/eagle.jpg")), DecodeLimits());
  ASSERT_TRUE(image.ok());
  for (auto* instance : {&first, &second, &first}) {
    const auto detections = detect(*instance->value(), model.value()->info(), image.value());
    ASSERT_TRUE(detections.ok()) << detections.status().message();
    EXPECT_EQ(detections.value().size(), 1U);
  }
}

TEST_F(LiteRtTest, RefusesWhatItCannotRun) {
  EXPECT_EQ(load("models/none.tflite", litert).status().code(), Code::kModelFileMissing);
  EXPECT_EQ(load("models_broken/truncated.tflite", litert).status().code(), Code::kModelUnreadable);
  EXPECT_EQ(load(testing::kNoteEdgeTpu, litert).status().code(), Code::kDeviceUnavailable);
  const auto whole = read_file(shared_file(testing::kCocoSsd));
  for (const std::size_t size : {100UL, 5'000UL, whole.size() / 4, whole.size() / 2}) {
    litert.path = ::testing::TempDir() + "/cut.tflite";
    std::ofstream(litert.path, std::ios::binary)
        .write(reinterpret_cast<const char*>(whole.data()), std::streamsize(size));
    EXPECT_EQ(backend->load(litert).status().code(), Code::kModelUnreadable) << size;
    std::filesystem::remove(litert.path);
  }
  const std::string path = with_operator_version(99);
  litert.path = path;
  const Status unknown = backend->load(litert).status();
  std::filesystem::remove(path);
  EXPECT_EQ(unknown.code(), Code::kModelUnreadable);
  EXPECT_NE(unknown.message().find("is refused by LiteRT"), std::string::npos) << unknown.message();
  const auto model = load(testing::kCocoSsd, litert);
  ASSERT_TRUE(model.ok());
  auto instance = model.value()->create_instance();
  const std::vector<std::uint8_t> small(12);
  std::vector<TensorView> outputs;
  EXPECT_EQ(instance.value()->run({small.data(), ElementType::kUint8, {1, 2, 2, 3}}, outputs).message(),
            "the input has 12 bytes, expected 270000");
}

TEST_F(TfliteCpuTest, SaysWhatItsTensorsAre) {
  const auto model = load(testing::kCocoSsd);
  ASSERT_TRUE(model.ok()) << model.status().message();
  const ModelInfo& info = model.value()->info();
  ASSERT_EQ(info.inputs.size(), 1U);
  EXPECT_EQ(info.inputs[0].shape, (std::vector<std::int64_t>{1, 300, 300, 3}));
  EXPECT_EQ(info.inputs[0].type, ElementType::kUint8);
  EXPECT_NEAR(info.inputs[0].quantisation.scale, 1 / 128.0, 1e-4);
  EXPECT_EQ(info.inputs[0].quantisation.zero_point, 128);
  ASSERT_EQ(info.outputs.size(), 4U);
  EXPECT_EQ(info.outputs[0].name, "TFLite_Detection_PostProcess");
  EXPECT_EQ(info.outputs[0].shape, (std::vector<std::int64_t>{1, 10, 4}));
  EXPECT_EQ(info.metadata.at(kSsdOutputsKey), "0,1,2,3");
  EXPECT_EQ(model.value()->device(), "CPU");
  EXPECT_TRUE(backend->version().starts_with("2.")) << backend->version();
}

TEST_F(TfliteCpuTest, FindsWhatWasRecordedWithTheOutputsInTf1Order) {
  expect_recorded(testing::kCocoSsd, "models/coral_edgetpu/coco_labels.txt");
}

TEST_F(TfliteCpuTest, FindsWhatWasRecordedWithTheOutputsInTf2Order) {
  expect_recorded(testing::kNoteSsd, "models/coral_note/labels.txt");
}

TEST_F(TfliteCpuTest, RunsInstancesOfOneModelApartFromEachOther) {
  const auto model = load(testing::kCocoSsd, {.intra_op_threads = 2});
  ASSERT_TRUE(model.ok()) << model.status().message();
  auto first = model.value()->create_instance();
  auto second = model.value()->create_instance();
  ASSERT_TRUE(first.ok() && second.ok());
  const Result<Image> image = decode_image(read_file(shared_file("images/photos/eagle.jpg")), DecodeLimits());
  ASSERT_TRUE(image.ok());
  for (auto* instance : {&first, &second, &first}) {
    const auto detections = detect(*instance->value(), model.value()->info(), image.value());
    ASSERT_TRUE(detections.ok()) << detections.status().message();
    EXPECT_EQ(detections.value().size(), 1U);
  }
}

TEST_F(TfliteCpuTest, RefusesAnInputOfAnotherSize) {
  const auto model = load(testing::kCocoSsd);
  ASSERT_TRUE(model.ok()) << model.status().message();
  auto instance = model.value()->create_instance();
  const std::vector<std::uint8_t> small(12);
  std::vector<TensorView> outputs;
  const Status status = instance.value()->run({small.data(), ElementType::kUint8, {1, 2, 2, 3}}, outputs);
  EXPECT_EQ(status.code(), Code::kInferenceFailed);
  EXPECT_EQ(status.message(), "the input has 12 bytes, expected 270000");
}

TEST_F(TfliteCpuTest, RefusesFilesThatAreNoModel) {
  EXPECT_EQ(load("models/none.tflite").status().code(), Code::kModelFileMissing);
  EXPECT_EQ(load("models_broken/truncated.tflite").status().code(), Code::kModelUnreadable);
  EXPECT_EQ(load("models_broken/text.onnx").status().code(), Code::kModelUnreadable);
  EXPECT_EQ(load("models_broken/empty.onnx").status().code(), Code::kModelUnreadable);
}

TEST_F(TfliteCpuTest, RefusesModelsCutAnywhere) {
  const auto whole = read_file(shared_file(testing::kCocoSsd));
  const auto path = std::filesystem::temp_directory_path() / "zmdetect_test_cut.tflite";
  for (const std::size_t size : {8UL, 100UL, 5'000UL, whole.size() / 4, whole.size() / 2}) {
    std::ofstream(path, std::ios::binary).write(reinterpret_cast<const char*>(whole.data()), std::streamsize(size));
    EXPECT_EQ(backend->load({.path = path}).status().code(), Code::kModelUnreadable) << size;
  }
  std::filesystem::remove(path);
}

TEST_F(TfliteCpuTest, SaysThatACompiledModelNeedsItsTpu) {
  const Status status = load(testing::kNoteEdgeTpu).status();
  EXPECT_EQ(status.code(), Code::kDeviceUnavailable);
  EXPECT_NE(status.message().find("is compiled for the Edge TPU and runs on nothing else"), std::string::npos);
}

TEST_F(TfliteCpuTest, KnowsNoGpu) {
  EXPECT_EQ(load(testing::kCocoSsd, {.processor = Processor::kGpu}).status().code(), Code::kDeviceUnavailable);
}

TEST_F(TfliteCpuTest, NamesWhatToInstallWhereTensorFlowLiteIsMissing) {
  const Status missing = load(testing::kCocoSsd, {.library = "/nonexistent/libtensorflowlite_c.so"}).status();
  EXPECT_EQ(missing.code(), Code::kBackendUnavailable);
  EXPECT_NE(missing.message().find("install libtensorflowlite_c.so"), std::string::npos) << missing.message();
  EXPECT_NE(backend->version().find("install libtensorflowlite_c.so"), std::string::npos);
  const Status other = load(testing::kCocoSsd, {.library = "libc.so.6"}).status();
  EXPECT_EQ(other.code(), Code::kBackendUnavailable);
  EXPECT_NE(other.message().find("libc.so.6 has no TfLiteVersion"), std::string::npos) << other.message();
  // A failure is not remembered.
  EXPECT_TRUE(load(testing::kCocoSsd).ok());
}

TEST_F(TfliteCpuTest, TakesTheLibraryThatTheEnvironmentNames) {
  ASSERT_EQ(setenv("ZMDETECT_TFLITE_LIBRARY", "/nonexistent/named.so", 1), 0);
  const Status named = load(testing::kCocoSsd).status();
  const std::string beside = std::string(ZMDETECT_BACKEND_DIR) + "/libtensorflowlite_c.so";
  EXPECT_TRUE(load(testing::kCocoSsd, {.library = beside}).ok());  // the options come first
  unsetenv("ZMDETECT_TFLITE_LIBRARY");
  EXPECT_EQ(named.code(), Code::kBackendUnavailable);
  EXPECT_NE(named.message().find("/nonexistent/named.so"), std::string::npos) << named.message();
}

}  // namespace
}  // namespace zmdetect
