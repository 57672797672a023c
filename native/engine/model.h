// A model in memory: its weights, its instances, and the queue in front of them.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "backends/backend.h"
#include "engine/clock.h"
#include "engine/ticket.h"
#include "engine/worker_pool.h"
#include "image/image.h"
#include "image/input.h"
#include "postprocess/plan.h"

namespace zmdetect {

struct PrepareOptions {
  PlanOptions plan;
  int instances = 1;  // inferences that may run at once
};

/// What a model turned out to be, once a warm-up inference has succeeded.
struct Prepared {
  std::string layout;
  int input_width = 0;
  int input_height = 0;
  bool dynamic_batch = false;
  int instances = 0;
  double warmup_ms = 0;
};

/// Milliseconds that one picture spent in each stage.
struct StageTimes {
  double letterbox = 0;
  double queue = 0;  // waiting for a slot and for an instance
  double infer = 0;
  double post = 0;
};

struct DetectResult {
  std::vector<Detection> detections;  // best first
  StageTimes times;
};

using DetectCallback = std::function<void(Result<DetectResult>)>;

/// One request for one picture.
struct DetectJob {
  std::shared_ptr<const Image> image;
  double min_confidence = 0.3;
  TicketPtr ticket;
  DetectCallback done;  // called exactly once, from an engine thread, with no lock held
};

class Model : public std::enable_shared_from_this<Model> {
 public:
  Model(std::unique_ptr<LoadedModel> loaded, WorkerPool& prepare_pool);
  ~Model();
  Model(const Model&) = delete;
  Model& operator=(const Model&) = delete;

  const ModelInfo& info() const { return loaded_->info(); }
  std::string device() const { return loaded_->device(); }

  /// Recognises the layout, runs a warm-up inference and starts the instance threads. Called once, before `submit`.
  Result<Prepared> prepare(const PrepareOptions& options);

  /// Queues a picture. Letterboxing runs on the prepare pool, inference on an instance thread.
  void submit(DetectJob job);

  /// Refuses new work, fails what waits with kEngineClosed, and returns when a running inference has finished.
  /// Idempotent; owed before the last reference goes, from a thread that is not one of the model's own.
  void close();

 private:
  /// Input memory of one picture, and the job that fills it.
  struct Slot {
    std::unique_ptr<std::byte[]> pixels;
    Placement placement;
    DetectJob job;
    Stopwatch since_submit;
    StageTimes times;
  };
  struct Waiting {
    DetectJob job;
    Stopwatch since_submit;
  };

  Status warm_up();
  void pump();
  void fill(Slot* slot);
  void release(Slot* slot);
  void serve(Instance& instance, int number);
  Result<DetectResult> infer(Instance& instance, Slot& slot, ReadBuffers& buffers);
  Result<std::vector<TensorView>> run(Instance& instance, const std::byte* pixels);

  std::unique_ptr<LoadedModel> loaded_;
  WorkerPool& prepare_pool_;
  ModelPlan plan_;
  std::vector<std::unique_ptr<Instance>> instances_;
  std::vector<std::unique_ptr<Slot>> slots_;

  // Guards everything below. No backend call, letterbox or callback runs under it; no other lock is taken under it.
  std::mutex mutex_;
  std::condition_variable ready_changed_;
  std::deque<Waiting> waiting_;  // accepted, no slot yet
  std::vector<Slot*> free_;
  std::deque<Slot*> ready_;  // letterboxed, no instance yet
  bool closed_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace zmdetect
