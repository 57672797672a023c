// A network that answers the same box for every picture, slow or broken as the test commands.
#pragma once

#include <algorithm>
#include <atomic>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "backends/backend.h"
#include "tests/gate.h"

namespace zmdetect::testing {

/// What a test lets the network do, and what it saw.
struct Control {
  std::atomic<int> runs{0};
  std::atomic<int> running{0};
  std::atomic<int> most_running{0};
  std::atomic<int> delay_ms{0};  // of every inference
  std::atomic<int> delay_per_image_ms{0};
  std::atomic<bool> exclusive{false};  // inferences take turns
  std::atomic<bool> fail{false};
  std::atomic<int> memory{1 << 20};  // largest batch that fits
  std::atomic<int> only_batch{0};    // the one that the file fixes; 0: any

  Gate gate;  // every inference passes it
  std::mutex turn;

  void note(int batch) {
    std::lock_guard lock(mutex_);
    batches_.push_back(batch);
  }
  /// Sizes of the inferences since the last call, in their order.
  std::vector<int> take_batches() {
    std::lock_guard lock(mutex_);
    return std::exchange(batches_, {});
  }

 private:
  std::mutex mutex_;
  std::vector<int> batches_;
};

/// Answers one box, in the v8 layout with one class, on every picture.
class ConstantInstance : public Instance {
 public:
  explicit ConstantInstance(Control& control) : control_(control) {}

  Status run(const TensorView& input, std::vector<TensorView>& outputs) override {
    control_.gate.pass();
    const auto batch = static_cast<int>(input.shape[0]);
    const int running = ++control_.running;
    int most = control_.most_running;
    while (running > most && !control_.most_running.compare_exchange_weak(most, running)) {
    }
    std::unique_lock turn(control_.turn, std::defer_lock);
    if (control_.exclusive) turn.lock();
    std::this_thread::sleep_for(std::chrono::milliseconds(control_.delay_ms + batch * control_.delay_per_image_ms));
    ++control_.runs;
    control_.note(batch);
    --control_.running;
    if (control_.fail) return Status(Code::kInferenceFailed, "told to fail");
    if (control_.only_batch != 0 && batch != control_.only_batch) {
      return Status(Code::kInferenceFailed, "Got: " + std::to_string(batch));
    }
    if (batch > control_.memory) return Status(Code::kOutOfMemory, "told to be small");
    static constexpr float kAnswer[30] = {16, 0, 0, 0, 0, 0, 16, 0, 0, 0,   0, 0, 8, 0, 0,
                                          0,  0, 0, 8, 0, 0, 0,  0, 0, .9F, 0, 0, 0, 0, 0};
    data_.clear();
    for (int i = 0; i < batch; ++i) data_.insert(data_.end(), std::begin(kAnswer), std::end(kAnswer));
    outputs = {TensorView{data_.data(), ElementType::kFloat32, {batch, 5, 6}}};
    return Status();
  }

 private:
  Control& control_;
  std::vector<float> data_;
};

class ConstantModel : public LoadedModel {
 public:
  explicit ConstantModel(Control& control, bool dynamic_batch = false) : control_(control) {
    const std::int64_t batch = dynamic_batch ? -1 : std::max(1, control.only_batch.load());
    info_.inputs.push_back({"images", ElementType::kFloat32, {batch, 3, 32, 32}});
    info_.outputs.push_back({"output0", ElementType::kFloat32, {batch, 5, 6}});
  }
  const ModelInfo& info() const override { return info_; }
  Result<std::unique_ptr<Instance>> create_instance() override {
    return std::unique_ptr<Instance>(std::make_unique<ConstantInstance>(control_));
  }

 private:
  Control& control_;
  ModelInfo info_;
};

}  // namespace zmdetect::testing
