// Networks whose answer is written down: what their file declares, and what they say of every picture.
#pragma once

#include <gtest/gtest.h>

#include <deque>
#include <string>
#include <utility>
#include <vector>

#include "postprocess/plan.h"

namespace zmdetect::testing {

using Shape = std::vector<std::int64_t>;

class Network {
 public:
  explicit Network(Shape input = {1, 3, 640, 640}) {
    info.inputs.push_back({"images", ElementType::kFloat32, std::move(input)});
  }

  /// An output of `shape` with `fill` everywhere; the file declares `declared` where that is given.
  Network& output(const std::string& name, const Shape& shape, float fill = 0, Shape declared = {}) {
    std::size_t count = 1;
    for (const std::int64_t side : shape) count *= std::size_t(side);
    info.outputs.push_back({name, ElementType::kFloat32, declared.empty() ? shape : std::move(declared)});
    shapes_.push_back(shape);
    data_.emplace_back(count, fill);
    return *this;
  }

  /// Numbers at the place `at` of the last output, with `step` from one to the next.
  Network& put(std::size_t at, const std::vector<float>& numbers, std::size_t step = 1) {
    for (std::size_t i = 0; i < numbers.size(); ++i) data_.back().at(at + i * step) = numbers[i];
    return *this;
  }

  /// Row `row` of the last output [.., rows, columns].
  Network& row(std::size_t row, const std::vector<float>& numbers) {
    return put(row * std::size_t(shapes_.back().back()), numbers);
  }

  /// Column `column` of the last output [.., columns, candidates].
  Network& column(std::size_t column, const std::vector<float>& numbers) {
    return put(column, numbers, std::size_t(shapes_.back().back()));
  }

  /// The last output holds integers.
  Network& integers() {
    info.outputs.back().type = ElementType::kInt64;
    return *this;
  }

  Network& says(const std::string& key, const std::string& value) {
    info.metadata[key] = value;
    return *this;
  }

  /// What the engine makes of the file and of the answer to the sample picture.
  Result<ModelPlan> load(const PlanOptions& options) {
    const Result<ModelPlan> plan = plan_model(info, options);
    if (!plan.ok()) return plan.status();
    return settle_plan(plan.value(), info, options, views());
  }

  Result<Answer> answer(const ModelPlan& plan, int width, int height, double min_confidence = 0.3) {
    ReadBuffers buffers;
    return read_answer(plan, views(), 0, place(width, height, plan.input), min_confidence, buffers);
  }

  ModelInfo info;

 private:
  std::vector<TensorView> views() {
    std::vector<TensorView> views;
    integers_.clear();
    for (std::size_t i = 0; i < data_.size(); ++i) {
      if (info.outputs[i].type == ElementType::kInt64) {
        integers_.emplace_back(data_[i].begin(), data_[i].end());
        views.push_back({integers_.back().data(), ElementType::kInt64, shapes_[i]});
      } else {
        views.push_back({data_[i].data(), ElementType::kFloat32, shapes_[i]});
      }
    }
    return views;
  }

  std::vector<Shape> shapes_;
  std::vector<std::vector<float>> data_;
  std::deque<std::vector<std::int64_t>> integers_;
};

/// One detection as a test writes it: corners, class, score.
struct Expected {
  std::vector<std::int64_t> box;
  int class_id;
  float score;
};

/// Loads the network and expects its layout and its detections on a picture of `width` x `height`.
inline void expect(Network& network, const PlanOptions& options, const std::string& layout, int width, int height,
                   const std::vector<Expected>& expected) {
  const Result<ModelPlan> plan = network.load(options);
  ASSERT_TRUE(plan.ok()) << plan.status().message();
  EXPECT_EQ(plan.value().layout.name, layout) << plan.value().layout.decided_by;
  EXPECT_FALSE(plan.value().layout.decided_by.empty());
  const Result<Answer> answer = network.answer(plan.value(), width, height);
  ASSERT_TRUE(answer.ok()) << answer.status().message();
  const auto& found = answer.value().detections;
  ASSERT_EQ(found.size(), expected.size());
  for (std::size_t i = 0; i < found.size(); ++i) {
    EXPECT_EQ(std::vector<std::int64_t>(found[i].box, found[i].box + 4), expected[i].box);
    EXPECT_EQ(found[i].class_id, expected[i].class_id);
    EXPECT_NEAR(found[i].score, expected[i].score, 1e-4);
  }
  EXPECT_EQ(answer.value().impossible, 0);
}

/// Expects that the network is refused with a sentence that has all of `parts`.
inline void expect_refused(Network& network, const PlanOptions& options, const std::vector<std::string>& parts) {
  const Result<ModelPlan> plan = network.load(options);
  ASSERT_FALSE(plan.ok()) << plan.value().layout.name << " by " << plan.value().layout.decided_by;
  for (const std::string& part : parts) {
    EXPECT_NE(plan.status().message().find(part), std::string::npos) << plan.status().message();
  }
}

}  // namespace zmdetect::testing
