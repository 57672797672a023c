// OpenCV's Darknet importer behind the backend interface, on networks that the tests write, and what it says where it
// is not there. Real models: darknet_opencv_test.cc.
#include <gtest/gtest.h>

#include <cmath>

#include "engine/engine.h"
#include "postprocess/plan.h"
#include "tests/darknet_networks.h"
#include "tests/darknet_support.h"

namespace zmdetect {
namespace {

using testing::floats_of;
using testing::LoadedDarknet;
using testing::TemporaryFolder;
using testing::weights_content;

/// A build without OpenCV has no such backend; under CI it must have one.
class OpenCvBackendTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (open_backend(ZMDETECT_BACKEND_DIR, "opencv").ok()) return;
    const char* const ci = std::getenv("CI");
    ASSERT_FALSE(ci != nullptr && std::string(ci) == "true") << "the opencv backend is not built";
    GTEST_SKIP() << "this build has no opencv backend";
  }

  Result<LoadedDarknet> load(const std::string& cfg, const std::vector<float>& weights, int side = 64) {
    return testing::load_darknet(folder.write("net.cfg", cfg), folder.write("net.weights", weights_content(weights)),
                                 side, side, "opencv");
  }

  TemporaryFolder folder;
};

/// One convolution of 1 x 1 on 3 channels into one anchor's box, objectness and one class: 18 weights and 6 biases.
constexpr const char* kSmall =
    "[net]\nwidth=32\nheight=32\nchannels=3\n"
    "[convolutional]\nfilters=6\nsize=1\nstride=32\nactivation=linear\n"
    "[yolo]\nmask=0\nanchors=16,16\nclasses=1\nnum=1\n";

/// Weights of nothing and biases that say: centred, as large as the anchor, certain.
std::vector<float> certain() {
  std::vector<float> values(24, 0.0F);
  values[4] = 4;
  values[5] = 4;
  return values;
}

TEST_F(OpenCvBackendTest, AnswersInTheRowsOfTheDarknetLayout) {
  const Result<LoadedDarknet> darknet = load(kSmall, certain());
  ASSERT_TRUE(darknet.ok()) << darknet.status().message();
  const ModelInfo& info = darknet.value().model->info();
  EXPECT_EQ(info.inputs.at(0).shape, (std::vector<std::int64_t>{1, 3, 64, 64}));
  EXPECT_EQ(info.outputs.at(0).shape, (std::vector<std::int64_t>{1, 4, 6}));
  EXPECT_TRUE(info.runtime.starts_with("OpenCV 4.")) << info.runtime;
  const Result<ModelPlan> plan = plan_model(info, {.classes = 1});
  ASSERT_TRUE(plan.ok()) << plan.status().message();
  EXPECT_EQ(plan.value().layout.name, "darknet");
  EXPECT_EQ(plan.value().input.fit, Fit::kStretch);

  const std::vector<float> rows = floats_of(darknet.value().run(std::vector<float>(3 * 64 * 64), {1, 3, 64, 64}));
  const float sure = 1 / (1 + std::exp(-4.0F));
  const float wanted[] = {0.25F, 0.25F, 0.25F, 0.25F, sure, sure * sure};
  for (int i = 0; i < 6; ++i) EXPECT_NEAR(rows.at(std::size_t(i)), wanted[i], 1e-5) << i;
}

TEST_F(OpenCvBackendTest, ReadsTheSecondGenerationThatTheImporterDoesNotKnow) {
  const std::string cfg =
      "[net]\nwidth=32\nheight=32\nchannels=3\n"
      "[convolutional]\nfilters=6\nsize=1\nstride=32\nactivation=linear\n"
      "[region]\nanchors=1,1\nclasses=1\nnum=1\ncoords=4\nsoftmax=1\n";
  const Result<LoadedDarknet> darknet = load(cfg, certain(), 32);
  ASSERT_TRUE(darknet.ok()) << darknet.status().message();
  EXPECT_EQ(darknet.value().model->info().outputs.at(0).shape, (std::vector<std::int64_t>{1, 1, 6}));
  const Result<LoadedDarknet> ours =
      testing::load_darknet(folder.file("net.cfg"), folder.file("net.weights"), 32, 32, "onnx");
  EXPECT_EQ(ours.status().code(), Code::kModelLayoutUnknown);
}

TEST_F(OpenCvBackendTest, GivesEachInstanceANetworkOfItsOwn) {
  const Result<LoadedDarknet> darknet = load(kSmall, certain());
  ASSERT_TRUE(darknet.ok()) << darknet.status().message();
  const Result<std::unique_ptr<Instance>> second = darknet.value().model->create_instance();
  ASSERT_TRUE(second.ok()) << second.status().message();
  const std::vector<float> input(3 * 64 * 64);
  const TensorView first_rows = darknet.value().run(input, {1, 3, 64, 64});
  std::vector<TensorView> outputs;
  ASSERT_TRUE(second.value()->run({input.data(), ElementType::kFloat32, {1, 3, 64, 64}}, outputs).ok());
  EXPECT_NE(outputs.at(0).data, first_rows.data);
  EXPECT_EQ(floats_of(outputs.at(0)), floats_of(first_rows));
}

TEST_F(OpenCvBackendTest, NamesBothCountsOfWeightsThatAreAnotherNetworks) {
  for (const std::size_t count : {20U, 30U}) {
    const Result<LoadedDarknet> darknet = load(kSmall, std::vector<float>(count, 0.5F));
    ASSERT_EQ(darknet.status().code(), Code::kModelUnreadable) << count;
    const std::string wanted = "the .cfg wants 24 floats, the .weights has " + std::to_string(count);
    EXPECT_NE(darknet.status().message().find(wanted), std::string::npos) << darknet.status().message();
  }
}

TEST_F(OpenCvBackendTest, RefusesWhatIsNoDetectorAndGoesOn) {
  const std::string no_yolo =
      "[net]\nwidth=32\nheight=32\nchannels=3\n[convolutional]\nfilters=6\nsize=1\nstride=1\nactivation=linear\n";
  const Status missing = load(no_yolo, certain(), 32).status();
  EXPECT_EQ(missing.code(), Code::kModelLayoutUnknown) << missing.message();
  EXPECT_NE(missing.message().find("[yolo]"), std::string::npos) << missing.message();
  const Status unknown = load("[net]\nwidth=32\nheight=32\nchannels=3\n[capsule]\n", {}).status();
  EXPECT_EQ(unknown.code(), Code::kModelUnreadable) << unknown.message();
  EXPECT_NE(unknown.message().find("capsule"), std::string::npos) << unknown.message();
  EXPECT_FALSE(load("this is no network\n", {}).ok());
  EXPECT_EQ(load(kSmall, certain(), 100000).status().code(), Code::kModelLayoutUnknown);
  EXPECT_TRUE(load(kSmall, certain()).ok());
}

TEST_F(OpenCvBackendTest, SaysWhichFileIsMissing) {
  const std::string weights = folder.write("net.weights", weights_content(certain()));
  EXPECT_EQ(testing::load_darknet("", weights, 64, 64, "opencv").status().code(), Code::kModelFileMissing);
  const Status gone = testing::load_darknet(folder.file("gone.cfg"), weights, 64, 64, "opencv").status();
  EXPECT_EQ(gone.code(), Code::kModelFileMissing);
  EXPECT_NE(gone.message().find("gone.cfg"), std::string::npos);
}

TEST_F(OpenCvBackendTest, HasNoGpu) {
  const Result<Backend*> backend = open_backend(ZMDETECT_BACKEND_DIR, "opencv");
  LoadOptions options;
  options.path = folder.write("net.weights", weights_content(certain()));
  options.config_path = folder.write("net.cfg", kSmall);
  options.processor = Processor::kGpu;
  const auto model = backend.value()->load(options);
  EXPECT_EQ(model.status().code(), Code::kDeviceUnavailable);
  EXPECT_NE(model.status().message().find("darknet_engine: onnxruntime"), std::string::npos);
}

TEST(MissingOpenCv, ABuildWithoutItNamesThePackage) {
  const TemporaryFolder empty;
  const Status status = open_backend(empty.file(""), "opencv").status();
  EXPECT_EQ(status.code(), Code::kBackendUnavailable);
  EXPECT_NE(status.message().find("this build has no opencv backend"), std::string::npos) << status.message();
  EXPECT_NE(status.message().find("install libopencv-dnn-dev"), std::string::npos) << status.message();
}

TEST(MissingOpenCv, ALibraryThatIsGoneIsNamedWithThePackage) {
  const TemporaryFolder folder;
  std::filesystem::copy_file(ZMDETECT_FAKE_BACKENDS "/zmdetect_unresolvable.so", folder.file("zmdetect_opencv.so"));
  const Status status = open_backend(folder.file(""), "opencv").status();
  EXPECT_EQ(status.code(), Code::kBackendUnavailable);
  EXPECT_NE(status.message().find("libzmdetect_removed.so: cannot open shared object file"), std::string::npos)
      << status.message();
  EXPECT_NE(status.message().find("install libopencv-dnn-dev"), std::string::npos) << status.message();
}

}  // namespace
}  // namespace zmdetect
