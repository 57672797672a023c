// Real Darknet models on real photographs: our importer on ONNX Runtime against OpenCV's on its own DNN module
// (fixtures/darknet_opencv.txt, made by make_darknet_fixtures.py).
#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <map>
#include <sstream>

#include "image/image.h"
#include "postprocess/plan.h"
#include "tests/darknet_support.h"

namespace zmdetect {
namespace {

using testing::LoadedDarknet;
using testing::read_file;
using testing::source_file;

constexpr double kMinConfidence = 0.3;
constexpr double kMostScoreDifference = 1e-3;
constexpr std::int64_t kMostPixels = 1;

/// ZMDETECT_SHARED, or the folder "shared" beside the checkout.
std::filesystem::path shared_folder() {
  const char* const named = std::getenv("ZMDETECT_SHARED");
  return named != nullptr ? std::filesystem::path(named) : std::filesystem::path(source_file("../shared"));
}

class DarknetOpenCv : public ::testing::Test {
 protected:
  void SetUp() override {
    if (std::filesystem::is_directory(shared_folder() / "models")) return;
    const char* const ci = std::getenv("CI");
    ASSERT_FALSE(ci != nullptr && std::string(ci) == "true") << "no folder " << shared_folder();
    GTEST_SKIP() << "the shared models are not here: no folder " << shared_folder() << "; set ZMDETECT_SHARED";
  }
};

using Detections = std::vector<Detection>;

/// What OpenCV found: model, then photograph, then detections with rounded corners.
std::map<std::string, std::map<std::string, Detections>> expected() {
  std::map<std::string, std::map<std::string, Detections>> models;
  std::ifstream file(source_file("native/tests/fixtures/darknet_opencv.txt"));
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("#")) continue;
    std::istringstream fields(line);
    std::string model;
    std::string photo;
    Detection detection;
    double corners[4];
    fields >> model >> photo >> detection.class_id >> detection.score;
    for (double& corner : corners) fields >> corner;
    EXPECT_FALSE(fields.fail()) << line;
    for (int i = 0; i < 4; ++i) detection.box[i] = std::llrint(corners[i]);
    models[model][photo].push_back(detection);
  }
  return models;
}

Result<Detections> detect(const LoadedDarknet& darknet, const ModelPlan& plan, const Image& image) {
  std::vector<float> slot(plan.input.slot_bytes() / sizeof(float));
  const Result<Placement> placement = write_input(image, plan.input, slot.data());
  if (!placement.ok()) return placement.status();
  ReadBuffers buffers;
  Result<Answer> answer =
      read_answer(plan, {darknet.run(slot, plan.input_shape(1))}, 0, placement.value(), kMinConfidence, buffers);
  if (!answer.ok()) return answer.status();
  return std::move(answer).value().detections;
}

bool agree(const Detection& a, const Detection& b) {
  for (int i = 0; i < 4; ++i) {
    if (std::abs(a.box[i] - b.box[i]) > kMostPixels) return false;
  }
  return a.class_id == b.class_id && std::abs(a.score - b.score) <= kMostScoreDifference;
}

/// How many of `found` have no partner in `wanted`, those aside that lie on the edge of the confidence asked for.
int strangers(const Detections& found, const Detections& wanted) {
  int count = 0;
  for (const Detection& one : found) {
    if (std::abs(one.score - kMinConfidence) <= kMostScoreDifference) continue;
    bool known = false;
    for (const Detection& other : wanted) known = known || agree(one, other);
    count += known ? 0 : 1;
  }
  return count;
}

TEST_F(DarknetOpenCv, FindsTheSameOnEveryPhotograph) {
  const auto models = expected();
  ASSERT_EQ(models.size(), 2U);
  for (const auto& [name, photos] : models) {
    const std::string files = shared_folder() / "models" / name;
    const Result<LoadedDarknet> darknet = testing::load_darknet(files + ".cfg", files + ".weights", 416, 416);
    ASSERT_TRUE(darknet.ok()) << darknet.status().message();
    const Result<ModelPlan> plan = plan_model(darknet.value().model->info(), {.classes = 80});
    ASSERT_TRUE(plan.ok()) << plan.status().message();
    int seen = 0;
    for (const auto& file : std::filesystem::directory_iterator(shared_folder() / "images" / "photos")) {
      const Result<Image> image = decode_image(read_file(file.path()), DecodeLimits());
      ASSERT_TRUE(image.ok()) << file.path() << ": " << image.status().message();
      const Result<Detections> found = detect(darknet.value(), plan.value(), image.value());
      ASSERT_TRUE(found.ok()) << found.status().message();
      const auto row = photos.find(file.path().filename());
      const Detections wanted = row == photos.end() ? Detections() : row->second;
      EXPECT_EQ(strangers(found.value(), wanted), 0) << name << " found more on " << file.path().filename();
      EXPECT_EQ(strangers(wanted, found.value()), 0) << name << " missed some on " << file.path().filename();
      ++seen;
    }
    EXPECT_GE(seen, 30);
  }
}

TEST_F(DarknetOpenCv, NamesBothCountsOfATruncatedModel) {
  const std::string files = shared_folder() / "models_broken" / "truncated";
  const Result<LoadedDarknet> darknet = testing::load_darknet(files + ".cfg", files + ".weights", 0, 0);
  ASSERT_FALSE(darknet.ok());
  EXPECT_EQ(darknet.status().code(), Code::kModelUnreadable);
  EXPECT_NE(darknet.status().message().find("the .cfg wants 346062 floats, the .weights has 49995"), std::string::npos)
      << darknet.status().message();
}

}  // namespace
}  // namespace zmdetect
