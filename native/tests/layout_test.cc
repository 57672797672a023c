// Layouts and their check vectors (contract 5.3, appendix B).
#include "postprocess/layout.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "postprocess/nms.h"

namespace zmdetect {
namespace {

constexpr int kClasses = 3;  // person, car, dog
constexpr int kCandidates = 20;

ModelInfo model(std::vector<std::int64_t> output, bool end2end = false) {
  ModelInfo info;
  info.inputs.push_back({"images", ElementType::kFloat32, {1, 3, 640, 640}});
  info.outputs.push_back({"output0", ElementType::kFloat32, std::move(output)});
  if (end2end) info.metadata["end2end"] = "True";
  return info;
}

/// One candidate of vector 1: cx, cy, w, h in letterbox pixels, class, score.
struct Row {
  float cx, cy, w, h;
  int class_id;
  float score;
};

const std::vector<Row> kVector1 = {{320, 320, 100, 200, 0, .9F},   {322, 320, 100, 200, 2, .85F},
                                   {100.25F, 300, 41, 51, 1, .5F}, {500, 300, 40, 40, 1, .2F},
                                   {560, 300, 40, 40, 1, .25F},    {5, 320, 40, 60, 0, .7F}};

std::vector<float> planar(const std::vector<Row>& rows) {
  std::vector<float> data((4 + kClasses) * kCandidates, 0.0F);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const float columns[] = {rows[i].cx, rows[i].cy, rows[i].w, rows[i].h};
    for (int c = 0; c < 4; ++c) data[c * kCandidates + i] = columns[c];
    data[(4 + rows[i].class_id) * kCandidates + i] = rows[i].score;
  }
  return data;
}

std::vector<float> transposed(const std::vector<float>& data) {
  std::vector<float> out(data.size());
  for (int c = 0; c < 4 + kClasses; ++c) {
    for (int i = 0; i < kCandidates; ++i) out[i * (4 + kClasses) + c] = data[c * kCandidates + i];
  }
  return out;
}

struct Seen {
  std::vector<std::int64_t> box;
  int class_id;
  float score;
  bool operator==(const Seen&) const = default;
};

std::vector<Seen> read(const Layout& layout, const std::vector<float>& data, std::vector<std::int64_t> shape, int width,
                       int height) {
  const InputPlan input{.width = 640, .height = 640};
  Found decoded;
  const Status status = decode_candidates(layout, {TensorView{data.data(), ElementType::kFloat32, std::move(shape)}}, 0,
                                          place(width, height, input), candidate_threshold(0.3), decoded);
  EXPECT_TRUE(status.ok()) << status.message();
  std::vector<Seen> found;
  for (const Detection& d : select_detections(decoded.candidates, 0.3))
    found.push_back({{d.box, d.box + 4}, d.class_id, d.score});
  return found;
}

TEST(YoloV8, GivesTheContractsBoxesOn800x600) {
  const Layout layout = recognise_layout(model({1, 7, kCandidates}), {.classes = kClasses}).value();
  const std::vector<Seen> expected = {
      {{338, 175, 462, 425}, 0, .9F}, {{-19, 262, 31, 338}, 0, .7F}, {{100, 243, 151, 307}, 1, .5F}};
  EXPECT_EQ(read(layout, planar(kVector1), {1, 7, kCandidates}, 800, 600), expected);
}

TEST(YoloV8, GivesTheContractsBoxesOn30x20) {
  const Layout layout = recognise_layout(model({1, 7, kCandidates}), {.classes = kClasses}).value();
  const std::vector<Seen> expected = {{{13, 5, 17, 15}, 0, .9F}, {{-1, 9, 1, 11}, 0, .7F}, {{4, 8, 6, 10}, 1, .5F}};
  EXPECT_EQ(read(layout, planar(kVector1), {1, 7, kCandidates}, 30, 20), expected);
}

TEST(YoloV8, ReadsTheTransposeAlike) {
  const Layout layout = recognise_layout(model({1, kCandidates, 7}), {.classes = kClasses}).value();
  const Layout straight = recognise_layout(model({1, 7, kCandidates}), {.classes = kClasses}).value();
  EXPECT_EQ(read(layout, transposed(planar(kVector1)), {1, kCandidates, 7}, 800, 600),
            read(straight, planar(kVector1), {1, 7, kCandidates}, 800, 600));
}

TEST(EndToEnd, GivesTheContractsBoxes) {
  std::vector<float> data(300 * 6, 0.0F);
  const float rows[4][6] = {{270, 220, 370, 420, .9F, 0},
                            {272, 220, 372, 420, .85F, 2},
                            {80, 270, 120, 330, .5F, 1},
                            {.2F, 10, 40, 330, .3F, 1}};
  for (int i = 0; i < 4; ++i) std::copy_n(rows[i], 6, data.begin() + i * 6);
  const Layout layout = recognise_layout(model({1, 300, 6}, true), {.classes = kClasses}).value();
  const std::vector<Seen> expected = {
      {{338, 175, 462, 425}, 0, .9F}, {{100, 238, 150, 312}, 1, .5F}, {{0, -88, 50, 312}, 1, .3F}};
  EXPECT_EQ(read(layout, data, {1, 300, 6}, 800, 600), expected);
}

TEST(EndToEnd, RefusesAClassBeyondTheLabels) {
  const std::vector<float> data = {1, 1, 2, 2, .9F, 3};
  const Layout layout = recognise_layout(model({1, 1, 6}, true), {.classes = kClasses}).value();
  Found found;
  const Status status = decode_candidates(layout, {TensorView{data.data(), ElementType::kFloat32, {1, 1, 6}}}, 0,
                                          Placement(), 0.2F, found);
  EXPECT_EQ(status.code(), Code::kModelOutputInvalid);
}

TEST(RecogniseLayout, TellsTheOrientationByTheLabelsAndElseByTheLongerSide) {
  EXPECT_TRUE(recognise_layout(model({1, 84, 8400}), {.classes = 80}).value().candidates_last);
  EXPECT_FALSE(recognise_layout(model({1, 8400, 84}), {.classes = 80}).value().candidates_last);
  EXPECT_TRUE(recognise_layout(model({1, 84, 20}), {.classes = 80}).value().candidates_last);
  EXPECT_EQ(recognise_layout(model({-1, 84, -1}), {.classes = 0}).value().classes, 80);
}

TEST(RecogniseLayout, RefusesWhatItDoesNotKnowWithTheShapesItSaw) {
  const Result<Layout> layout = recognise_layout(model({1, 25200, 86}), {.classes = 80});
  ASSERT_FALSE(layout.ok());
  EXPECT_EQ(layout.status().code(), Code::kModelLayoutUnknown);
  EXPECT_NE(layout.status().message().find("output0 [1,25200,86], 80 labels"), std::string::npos);
}

TEST(DecodeCandidates, RefusesAnAnswerThatIsNotWhatTheLayoutPromised) {
  const std::vector<float> data(7 * 5);
  const Layout layout = recognise_layout(model({1, 7, kCandidates}), {.classes = kClasses}).value();
  Found found;
  const Status status = decode_candidates(layout, {TensorView{data.data(), ElementType::kFloat32, {1, 5, 7}}}, 0,
                                          Placement(), 0.2F, found);
  EXPECT_EQ(status.code(), Code::kModelOutputInvalid);
}

TEST(DecodeCandidates, TakesScoresThatAreNoNumbersAsNothing) {
  std::vector<float> data = planar(kVector1);
  for (float& value : data) value = std::numeric_limits<float>::quiet_NaN();
  const Layout layout = recognise_layout(model({1, 7, kCandidates}), {.classes = kClasses}).value();
  EXPECT_TRUE(read(layout, data, {1, 7, kCandidates}, 800, 600).empty());
}

}  // namespace
}  // namespace zmdetect
