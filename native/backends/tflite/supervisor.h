// The Edge TPU's process, watched from the daemon. One process serves every model on one delegate library, because a
// TPU can be opened by one process only. When a request hangs or the process dies, it is killed and started again with
// the next request, and only the model whose request it was is charged.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "backends/backend.h"
#include "backends/tflite/child.h"
#include "backends/tflite/wire.h"

namespace zmdetect::tflite {

/// A model may make the process start again this many times within this time; the next failure is for good.
inline constexpr std::size_t kRestartBudget = 5;
inline constexpr std::chrono::seconds kBudgetTime{60};

/// Opening the device and the model may take this many times the deadline of an inference.
inline constexpr int kLoadDeadlines = 6;

class Supervisor {
 public:
  /// `worker`: path of zmdetect-tpu-worker. `library`, `delegate_library`: as in LoadOptions. Starts nothing yet.
  Supervisor(std::string worker, std::string library, std::string delegate_library);

  struct Loaded {
    std::uint32_t id = 0;
    ModelInfo info;
    std::string device;
  };

  /// Loads a model in the process, starting it if need be. Errors: those of Backend::load; kDeviceUnavailable also when
  /// the process dies or takes longer than kLoadDeadlines deadlines.
  Result<Loaded> load(const LoadOptions& options);

  /// Runs a loaded model. `outputs` are views into `answer`. Errors: kInferenceFailed when the inference failed, took
  /// longer than the deadline or ended the process, which is then started anew by the next run; kDeviceUnavailable when
  /// that fails, or the model has used up its budget of restarts.
  Status run(std::uint32_t id, const TensorView& input, Bytes& answer, std::vector<TensorView>& outputs);

  /// Forgets a model. With the last one the process ends and the device is free for others.
  void unload(std::uint32_t id);

  /// The process's id; 0 while there is none.
  pid_t pid();

 private:
  struct Entry {
    LoadOptions options;
    bool in_process = false;                 // the running process has the model
    Status failure;                          // not ok: the model is failed, and every run says so
    std::deque<Clock::time_point> failures;  // those within kBudgetTime
  };

  Status ensure_process();
  Result<Loaded> load_in_process(std::uint32_t id, const LoadOptions& options);
  Status ensure_loaded(std::uint32_t id, Entry& entry);
  Status exchange(const Writer& request, std::chrono::milliseconds time, const std::string& what, Bytes& answer);
  Status charge(Entry& entry, const Status& reason);
  std::string end_process();

  const std::string worker_;
  const std::string library_;
  const std::string delegate_library_;

  // Guards everything below, and is held while the process works: the device takes one request at a time. No other
  // lock is taken under it.
  std::mutex mutex_;
  std::unique_ptr<Child> child_;
  std::map<std::uint32_t, Entry> models_;
  std::uint32_t next_id_ = 1;
};

}  // namespace zmdetect::tflite
