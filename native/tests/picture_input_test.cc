// How a network's picture input is read off the file, its family and the settings.
#include "postprocess/picture_input.h"

#include <gtest/gtest.h>

#include "postprocess/plan.h"

namespace zmdetect {
namespace {

using Shape = std::vector<std::int64_t>;

ModelInfo fed(Shape input, ElementType type = ElementType::kFloat32) {
  return {.inputs = {{"images", type, std::move(input)}}};
}

Result<InputPlan> read(Shape input, ElementType type = ElementType::kFloat32) {
  return read_picture_input(fed(std::move(input), type), 0, 0);
}

std::string said(Shape input, ElementType type = ElementType::kFloat32) {
  const Result<InputPlan> plan = read(std::move(input), type);
  EXPECT_FALSE(plan.ok());
  EXPECT_EQ(plan.status().code(), Code::kModelLayoutUnknown);
  return plan.status().message();
}

void expect_has(const std::string& text, const std::string& part) {
  EXPECT_NE(text.find(part), std::string::npos) << text;
}

TEST(PictureInput, ReadsWhereTheChannelsAre) {
  struct Row {
    Shape shape;
    ElementType type;
    bool interleaved;
    Channels channels;
    int width, height;
  };
  constexpr ElementType kFloat = ElementType::kFloat32;
  const Row rows[] = {
      {{1, 3, 480, 640}, kFloat, false, Channels::kRgb, 640, 480},
      {{1, 480, 640, 3}, kFloat, true, Channels::kRgb, 640, 480},
      {{1, 1, 480, 640}, kFloat, false, Channels::kGrey, 640, 480},
      {{1, 480, 640, 1}, kFloat, true, Channels::kGrey, 640, 480},
      {{-1, -1, -1, 3}, kFloat, true, Channels::kRgb, 640, 640},  // channels last, open sizes
      {{-1, -1, -1, 1}, kFloat, true, Channels::kGrey, 640, 640},
      {{-1, 3, -1, -1}, kFloat, false, Channels::kRgb, 640, 640},
      {{-1, 1, -1, -1}, kFloat, false, Channels::kGrey, 640, 640},
      {{-1, -1, -1, -1}, kFloat, false, Channels::kRgb, 640, 640},
      {{-1, -1, -1, -1}, ElementType::kUint8, true, Channels::kRgb, 640, 640},  // TensorFlow's image_tensor
      {{1, -1, 320, 320}, kFloat, false, Channels::kRgb, 320, 320},
      {{1, 320, 320, -1}, kFloat, true, Channels::kRgb, 320, 320},
      {{}, kFloat, false, Channels::kRgb, 640, 640},  // an open rank
      {{1, 1, 320, 3}, kFloat, true, Channels::kRgb, 320, 1},
  };
  for (const Row& row : rows) {
    SCOPED_TRACE(shape_text(row.shape));
    const Result<InputPlan> plan = read(row.shape, row.type);
    ASSERT_TRUE(plan.ok()) << plan.status().message();
    EXPECT_EQ(plan.value().interleaved, row.interleaved);
    EXPECT_EQ(plan.value().channels, row.channels);
    EXPECT_EQ(plan.value().width, row.width);
    EXPECT_EQ(plan.value().height, row.height);
  }
}

TEST(PictureInput, TakesEveryKindOfNumberThatCanHoldAPicture) {
  for (const auto& [type, slot] : {std::pair{ElementType::kFloat32, SlotType::kFloat32},
                                   {ElementType::kFloat64, SlotType::kFloat64},
                                   {ElementType::kFloat16, SlotType::kFloat16},
                                   {ElementType::kBfloat16, SlotType::kBfloat16},
                                   {ElementType::kUint8, SlotType::kUint8},
                                   {ElementType::kInt8, SlotType::kInt8}}) {
    EXPECT_EQ(read({1, 3, 64, 64}, type).value().type, slot);
  }
}

TEST(PictureInput, RefusesWhatCannotBeFedWithASentence) {
  expect_has(said({1, 5, 640, 640}), "images [1,5,640,640] has 5 channels: expected 3 (colour) or 1 (grey)");
  expect_has(said({1, 640, 640, 4}), "has 4 channels");
  expect_has(said({3, 640, 640}), "has 3 dimensions: expected [batch,3,height,width]");
  expect_has(said({1, 80}), "has 2 dimensions");
  expect_has(said({1, 3, 16, 640, 640}), "has 5 dimensions");
  expect_has(said({1, 3, 0, 640}), "has a side of 0");
  expect_has(said({1, 3, 640, 640}, ElementType::kInt64), "holds no picture: expected a tensor of float32");
  expect_has(said({}, ElementType::kOther), "holds no picture");  // a sequence, or text
  expect_has(said({1, 3, 64, 1'000'000'000'000}), "at most 8192");
}

TEST(PictureInput, TakesTheSizeOfTheExportWhereTheFileLeavesItOpen) {
  const auto size = [](const char* imgsz, Shape shape, int width = 0, int height = 0) {
    ModelInfo info = fed(std::move(shape));
    info.metadata["imgsz"] = imgsz;
    const Result<InputPlan> plan = read_picture_input(info, width, height);
    return plan.ok() ? std::pair{plan.value().width, plan.value().height} : std::pair{-1, -1};
  };
  const Shape open = {-1, 3, -1, -1};
  EXPECT_EQ(size("[480, 640]", open), (std::pair{640, 480}));  // height, width
  EXPECT_EQ(size("(480, 640)", open), (std::pair{640, 480}));
  EXPECT_EQ(size("320", open), (std::pair{320, 320}));
  EXPECT_EQ(size("[320]", open), (std::pair{320, 320}));
  EXPECT_EQ(size("[480, 640]", open, 320, 192), (std::pair{320, 192})) << "the settings come first";
  EXPECT_EQ(size("[480, 640]", {1, 3, 96, 96}), (std::pair{96, 96})) << "what the file fixes comes before all";
  EXPECT_EQ(size("[480, 640]", {1, 3, 96, 96}, 320, 0), (std::pair{-1, -1}));
  for (const char* odd : {"", "[]", "None", "[0, 0]", "[99999999999999999999]", "[100000, 2]"}) {
    EXPECT_EQ(size(odd, open), (std::pair{640, 640})) << odd;
  }
}

TEST(PictureInput, RefusesAnOpenSideThatIsNoMultipleOfTheStride) {
  ModelInfo info = fed({-1, 3, -1, -1});
  info.metadata["stride"] = "32";
  EXPECT_EQ(read_picture_input(info, 320, 192).value().width, 320);
  const Status status = read_picture_input(info, 330, 0).status();
  EXPECT_EQ(status.code(), Code::kModelLayoutUnknown);
  expect_has(status.message(), "expected a multiple of 32 for model_width, the export's stride, got 330");
  for (const char* odd : {"", "None", "0", "-"}) {
    info.metadata["stride"] = odd;
    EXPECT_TRUE(read_picture_input(info, 330, 0).ok()) << odd;
  }
}

InputPlan planned(const ModelInfo& info, const Feed& feed, const PictureHints& hints = {}) {
  InputPlan plan = read_picture_input(info, 0, 0).value();
  const Status status = feed_as(feed, info.inputs[0], hints, plan);
  EXPECT_TRUE(status.ok()) << status.message();
  return plan;
}

/// What an 8-bit value becomes in the first value of the slot.
template <typename T>
T stored(const InputPlan& plan, std::uint8_t value) {
  Image image{.width = plan.width, .height = plan.height};
  image.pixels = std::make_unique<std::uint8_t[]>(image.bytes());
  std::fill_n(image.pixels.get(), image.bytes(), value);
  std::vector<T> slot(plan.slot_bytes() / sizeof(T));
  EXPECT_TRUE(write_input(image, plan, slot.data()).ok());
  return slot.at(0);
}

TEST(PictureInput, FeedsBytesToIntegers) {
  for (const Scale scale :
       {Scale::kContract, Scale::kZeroToOne, Scale::kBytes, Scale::kMinusOneToOne, Scale::kPriors}) {
    const InputPlan bytes = planned(fed({1, 32, 32, 3}, ElementType::kUint8), {.scale = scale});
    EXPECT_EQ(stored<std::uint8_t>(bytes, 0), 0);
    EXPECT_EQ(stored<std::uint8_t>(bytes, 200), 200);
    const InputPlan signed_bytes = planned(fed({1, 32, 32, 3}, ElementType::kInt8), {.scale = scale});
    EXPECT_EQ(stored<std::int8_t>(signed_bytes, 0), -128);
    EXPECT_EQ(stored<std::int8_t>(signed_bytes, 255), 127);
  }
}

TEST(PictureInput, QuantisesAsTheTensorSays) {
  ModelInfo info = fed({1, 32, 32, 3}, ElementType::kInt8);
  info.inputs[0].quantisation = {.scale = 1.0F / 255, .zero_point = -128};
  EXPECT_EQ(stored<std::int8_t>(planned(info, {.scale = Scale::kZeroToOne}), 255), 127);
  EXPECT_EQ(stored<std::int8_t>(planned(info, {.scale = Scale::kZeroToOne}), 0), -128);
  info.inputs[0].quantisation = {.scale = 1.0F / 128, .zero_point = 0};
  EXPECT_EQ(stored<std::int8_t>(planned(info, {.scale = Scale::kMinusOneToOne}), 255), 127);
  EXPECT_EQ(stored<std::int8_t>(planned(info, {.scale = Scale::kMinusOneToOne}), 0), -128);
}

TEST(PictureInput, FeedsACoralSsdItsBytesAndAFloatSsdItsRange) {
  const Feed coral{.fit = Fit::kTopLeftLanczos, .scale = Scale::kMinusOneToOne, .bytes = true};
  ModelInfo quantised = fed({1, 32, 32, 3}, ElementType::kUint8);
  quantised.inputs[0].quantisation = {.scale = 1.0F / 128, .zero_point = 127};
  EXPECT_EQ(stored<std::uint8_t>(planned(quantised, coral), 200), 200);
  const ModelInfo real = fed({1, 32, 32, 3});
  EXPECT_FLOAT_EQ(stored<float>(planned(real, coral), 0), -1);
  EXPECT_FLOAT_EQ(stored<float>(planned(real, coral), 255), 1);
}

TEST(PictureInput, FeedsWhatEachScaleSays) {
  const ModelInfo info = fed({1, 3, 32, 32});
  EXPECT_FLOAT_EQ(stored<float>(planned(info, {.scale = Scale::kContract}), 255), 255 * 0.00392F);
  EXPECT_FLOAT_EQ(stored<float>(planned(info, {.scale = Scale::kZeroToOne}), 255), 1);
  EXPECT_FLOAT_EQ(stored<float>(planned(info, {.scale = Scale::kBytes}), 255), 255);
  EXPECT_FLOAT_EQ(stored<float>(planned(info, {.scale = Scale::kMinusOneToOne}), 0), -1);
  EXPECT_FLOAT_EQ(stored<float>(planned(info, {.scale = Scale::kPriors}), 255), 1);
  EXPECT_FLOAT_EQ(stored<float>(planned(info, {.scale = Scale::kImagenet}), 0), -0.485F / 0.229F);
}

TEST(PictureInput, DoesWhatTheSettingsSay) {
  const ModelInfo info = fed({1, 3, 32, 32});
  const Feed yolox{.fit = Fit::kTopLeft, .scale = Scale::kBytes, .bgr = true};
  EXPECT_FLOAT_EQ(stored<float>(planned(info, yolox, {.scale = Scale::kZeroToOne}), 255), 1);
  EXPECT_FLOAT_EQ(stored<float>(planned(info, {}, {.scale = Scale::kBytes}), 255), 255);
  EXPECT_EQ(planned(info, {}, {.colour = Channels::kBgr}).channels, Channels::kBgr);
  EXPECT_EQ(planned(info, yolox, {.colour = Channels::kRgb}).channels, Channels::kRgb);
  EXPECT_EQ(planned(info, yolox, {.fit = Fit::kLetterbox}).fit, Fit::kLetterbox);
  EXPECT_EQ(planned(info, yolox).channels, Channels::kBgr);
  EXPECT_EQ(planned(fed({1, 1, 32, 32}), yolox).channels, Channels::kGrey);
}

TEST(PictureInput, RefusesSettingsThatDoNotFitTheInput) {
  ModelInfo bytes = fed({1, 32, 32, 3}, ElementType::kUint8);
  InputPlan plan = read_picture_input(bytes, 0, 0).value();
  Status status = feed_as({}, bytes.inputs[0], {.scale = Scale::kZeroToOne}, plan);
  EXPECT_EQ(status.code(), Code::kModelLayoutUnknown);
  expect_has(status.message(), "takes bytes: remove scale from the model's settings, or set it to 0..255");
  EXPECT_TRUE(feed_as({}, bytes.inputs[0], {.scale = Scale::kBytes}, plan).ok());
  const ModelInfo grey = fed({1, 1, 32, 32});
  plan = read_picture_input(grey, 0, 0).value();
  status = feed_as({}, grey.inputs[0], {.colour = Channels::kBgr}, plan);
  expect_has(status.message(), "is grey: remove colour");
  const ModelInfo coral = fed({1, 32, 32, 3}, ElementType::kUint8);
  plan = read_picture_input(coral, 0, 0).value();
  status = feed_as({.fit = Fit::kTopLeftLanczos}, coral.inputs[0], {.fit = Fit::kStretch}, plan);
  expect_has(status.message(), "remove fit from the model's settings");
}

TEST(PictureInput, IsDescribed) {
  EXPECT_EQ(description(planned(fed({1, 3, 32, 32}), {})), "float32 planes, RGB, 0..1, letterbox");
  EXPECT_EQ(description(planned(fed({1, 3, 32, 32}), {.fit = Fit::kTopLeft, .scale = Scale::kBytes, .bgr = true})),
            "float32 planes, BGR, 0..255, top left");
  EXPECT_EQ(description(planned(fed({1, 32, 32, 3}, ElementType::kUint8), {.fit = Fit::kStretch})),
            "uint8 interleaved, RGB, 0..255, stretch");
  EXPECT_EQ(description(planned(fed({1, 1, 32, 32}, ElementType::kInt8), {})),
            "int8 planes, grey, -128..127, letterbox");
  EXPECT_EQ(description(planned(fed({1, 3, 32, 32}), {}, {.scale = Scale::kImagenet})),
            "float32 planes, RGB, ImageNet's mean and deviation, letterbox");
}

TEST(PlanModel, TakesABatchThatTheFileFixes) {
  const auto plan = [](Shape input, std::int64_t batch) {
    ModelInfo info = fed(std::move(input));
    info.outputs = {{"output0", ElementType::kFloat32, {batch, 6, 20}}};
    return plan_model(info, {.classes = 2});
  };
  EXPECT_EQ(plan({4, 3, 64, 64}, 4).value().fixed_batch, 4);
  EXPECT_FALSE(plan({4, 3, 64, 64}, 4).value().dynamic_batch);
  EXPECT_TRUE(plan({-1, 3, 64, 64}, -1).value().dynamic_batch);
  EXPECT_EQ(plan({1, 3, 64, 64}, 1).value().fixed_batch, 1);
  EXPECT_TRUE(plan({}, -1).value().dynamic_batch);
  expect_has(plan({1'000'000, 3, 64, 64}, 1).status().message(), "batch of at most 256 pictures, got 1000000");
}

}  // namespace
}  // namespace zmdetect
