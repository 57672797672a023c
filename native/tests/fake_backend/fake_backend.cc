// A backend that fails on command: in load, in create_instance, in the first run or a later one. Its network answers
// one box in the v8 layout with one class.
#include "tests/fake_backend/fake_backend.h"

#include <atomic>
#include <chrono>
#include <sstream>
#include <thread>

#include "backends/backend.h"

namespace zmdetect::testing {
namespace {

std::atomic<int> entries{0};
std::atomic<int> models{0};
std::atomic<int> instances{0};
std::atomic<int> next_failure{static_cast<int>(Code::kOk)};

/// The number after `word:` in the command; 0 where it is not there.
int number(const std::string& command, const std::string& word) {
  std::istringstream words(command);
  for (std::string each; words >> each;) {
    if (each.starts_with(word + ":")) return std::stoi(each.substr(word.size() + 1));
  }
  return 0;
}

Status failure(Code code, const std::string& where, int count) {
  return Status(code, "told to fail in " + where + " " + std::to_string(count));
}

class FakeInstance : public Instance {
 public:
  explicit FakeInstance(std::string command) : command_(std::move(command)) { ++instances; }
  ~FakeInstance() override { --instances; }
  FakeInstance(const FakeInstance&) = delete;
  FakeInstance& operator=(const FakeInstance&) = delete;

  Status run(const TensorView&, std::vector<TensorView>& outputs) override {
    std::this_thread::sleep_for(std::chrono::milliseconds(number(command_, "delay_ms")));
    if (++runs_ == number(command_, "run")) return failure(Code::kInferenceFailed, "run", runs_);
    const auto asked = static_cast<Code>(next_failure.exchange(static_cast<int>(Code::kOk)));
    if (asked != Code::kOk) return failure(asked, "run", runs_);
    outputs = {TensorView{answer_, ElementType::kFloat32, {1, 5, 6}}};
    return Status();
  }

 private:
  std::string command_;
  int runs_ = 0;
  const float answer_[30] = {16, 0, 0, 0, 0, 0, 16, 0, 0, 0,   0, 0, 8, 0, 0,
                             0,  0, 0, 8, 0, 0, 0,  0, 0, .9F, 0, 0, 0, 0, 0};
};

class FakeModel : public LoadedModel {
 public:
  explicit FakeModel(std::string command) : command_(std::move(command)) {
    ++models;
    info_.inputs.push_back({"images", ElementType::kFloat32, {1, 3, 32, 32}});
    info_.outputs.push_back({"output0", ElementType::kFloat32, {1, 5, 6}});
    info_.runtime = "fake 1";
  }
  ~FakeModel() override { --models; }
  FakeModel(const FakeModel&) = delete;
  FakeModel& operator=(const FakeModel&) = delete;

  const ModelInfo& info() const override { return info_; }

  Result<std::unique_ptr<Instance>> create_instance() override {
    if (++created_ == number(command_, "create")) return failure(Code::kOutOfMemory, "create_instance", created_);
    return std::unique_ptr<Instance>(std::make_unique<FakeInstance>(command_));
  }

 private:
  std::string command_;
  ModelInfo info_;
  int created_ = 0;
};

class FakeBackend : public Backend {
 public:
  const char* name() const override { return "fake"; }
  std::string version() const override { return "1"; }

  Result<std::unique_ptr<LoadedModel>> load(const LoadOptions& options) override {
    if (number(options.path, "load") > 0) return failure(Code::kModelUnreadable, "load", 1);
    return std::unique_ptr<LoadedModel>(std::make_unique<FakeModel>(options.path));
  }
};

}  // namespace
}  // namespace zmdetect::testing

extern "C" __attribute__((visibility("default"))) zmdetect::Backend* zmdetect_backend() {
  static auto* backend = new zmdetect::testing::FakeBackend();
  ++zmdetect::testing::entries;
  return backend;
}

extern "C" __attribute__((visibility("default"))) zmdetect::testing::FakeCounts zmdetect_fake_counts() {
  using namespace zmdetect::testing;
  return {entries, models, instances};
}

extern "C" __attribute__((visibility("default"))) void zmdetect_fake_fail(int code) {
  zmdetect::testing::next_failure = code;
}
