// A model in memory: its weights, its instances, and the batches that its queue is sorted into.
#pragma once

#include <condition_variable>
#include <deque>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "backends/backend.h"
#include "engine/batch.h"
#include "engine/lanes.h"
#include "engine/latency.h"
#include "engine/tuning.h"
#include "engine/worker_pool.h"
#include "postprocess/plan.h"

namespace zmdetect {

struct PrepareOptions {
  PlanOptions plan;
  std::shared_ptr<const Image> sample = {};  // for the warm-up; null: a grey picture
  int instances = 1;                         // inferences that may run at once
  bool tune = false;    // measure threads against instances instead; for models that run on the host's processors
  bool measure = true;  // time batches; otherwise the model is ready after its warm-up, with batches of one picture
  int max_batch = 0;    // pictures in one inference; 0 = as measured
  bool fixed_sizes =
      false;  // run only batch sizes that were warmed up: an accelerator prepares itself for each new one
};

/// What a model turned out to be, once it has run.
struct Prepared {
  std::string layout;
  std::string decided_by;  // which rule chose the layout
  int impossible = 0;      // impossible boxes on the sample picture
  std::string picture;     // how pictures are fed: "float32 planes, RGB, 0..1, letterbox"
  int input_width = 0;
  int input_height = 0;
  bool dynamic_batch = false;
  int max_batch = 1;
  int threads = 0;        // of one inference
  int threads_alone = 0;  // of the inference of a picture that is the only one
  int instances = 0;
  LatencyLine latency;           // of one batch on one instance
  double images_per_second = 0;  // of all instances together, as measured or as the line says
  double warmup_ms = 0;
  int trial_runs = 0;  // inferences that only measured
};

class Model : public std::enable_shared_from_this<Model> {
 public:
  /// `reopen` loads the same model for another number of threads; empty where that makes no difference. `name` is for
  /// the watch.
  Model(std::unique_ptr<LoadedModel> loaded, int threads, Reopen reopen, WorkerPool& pool, std::string name = "model");
  ~Model();
  Model(const Model&) = delete;
  Model& operator=(const Model&) = delete;

  const std::string& name() const { return name_; }
  const ModelInfo& info() const { return loaded_->info(); }
  std::string device() const { return loaded_->device(); }

  /// Recognises the layout, runs a warm-up inference, measures, and starts the instance threads. Called once, before
  /// `submit`.
  Result<Prepared> prepare(const PrepareOptions& options);

  /// Pictures that may be letterboxed or inferred at once.
  int slots() const;

  /// Queues a picture. Letterboxing runs on the pool, inference on an instance thread.
  void submit(DetectJob job);

  /// Starts an instance in the place of each whose inference has not come back for `limit`, `kReplacedInstances` at
  /// most. Returns how many were started. Called by one thread.
  int replace_stuck(std::chrono::milliseconds limit);

  /// Refuses new work, fails what waits with kEngineClosed, and returns when a running inference has finished.
  /// Idempotent; owed before the last reference goes, from a thread that is not one of the model's own.
  void close();

 private:
  struct Waiting {
    DetectJob job;
    Stopwatch since_submit;
  };
  struct Place {
    Batch* batch = nullptr;
    int index = 0;
  };

  Result<int> warm_up(Instance& instance, const PrepareOptions& options);
  Result<std::vector<BatchTime>> learn_batches(Instance& instance, const PrepareOptions& options);
  void assign();
  Place next_place();
  void fill(Place place);
  struct Server {
    std::shared_ptr<Activity> activity;
    bool replaced = false;  // another has its place
    std::thread thread;
  };
  void start_server(Instance* instance);
  void serve(Server& self, Instance& instance);
  struct Claim {
    Batch* batch = nullptr;
    bool alone = false;  // no other picture of this model is anywhere
  };
  Claim claim(Server& self);
  void free(Batch* batch);
  void infer(Instance& instance, Batch& batch);
  Status infer_range(Instance& instance, Batch& batch, int first, int count);
  void answer_range(Batch& batch, int first, int count, const std::vector<TensorView>& outputs, double infer_ms);
  Result<std::vector<TensorView>> run(Instance& instance, const std::byte* pixels, int batch);
  int padded(int count) const;
  int trial_runs_ = 0;

  std::unique_ptr<LoadedModel> loaded_;
  const int threads_per_inference_;
  const Reopen reopen_;
  WorkerPool& pool_;
  const std::string name_;
  ModelPlan plan_;
  bool fixed_sizes_ = false;
  std::vector<std::unique_ptr<Instance>> instances_;
  std::unique_ptr<LoadedModel> alone_model_;
  std::unique_ptr<Instance> alone_;  // null where a lone picture gains nothing by it
  std::vector<std::unique_ptr<Batch>> batches_;

  // Guards everything below, and the counters of a batch. No backend call, letterbox or callback runs under it; no
  // other lock is taken under it.
  mutable std::mutex mutex_;
  std::condition_variable changed_;  // pending_ or closed_ or a claimed batch's `settled`
  Lanes<Waiting> waiting_;           // accepted, no slot yet
  std::vector<Batch*> free_;
  std::deque<Batch*> pending_;  // have pictures, wait for an instance; only the last one may have room
  int running_ = 0;             // batches that an instance has claimed
  bool closed_ = false;
  std::list<Server> servers_;
  std::vector<std::unique_ptr<Batch>> spare_batches_;  // in the place of those that stuck threads hold
  int replaced_ = 0;
};

}  // namespace zmdetect
