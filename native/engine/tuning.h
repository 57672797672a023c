// How a CPU's processors are best used by one model: many narrow inferences at once, or few wide ones. Measured.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "backends/backend.h"
#include "postprocess/plan.h"

namespace zmdetect {

/// `instances` inferences at once, each on `threads` threads.
struct Arrangement {
  int threads = 1;
  int instances = 1;
  bool operator==(const Arrangement&) const = default;
};

struct Trial {
  Arrangement arrangement;
  double images_per_second = 0;
  double latency_ms = 0;  // of one inference among the others
};

/// What is worth trying on `cpus` processors. A wide arrangement with a second inference at once fills the gaps that
/// one inference leaves; more than 16 narrow ones would cost more memory than they bring.
std::vector<Arrangement> arrangements(int cpus);

/// Most images per second; of those within 10 % of it the quickest single answer. There must be one trial.
Trial best_trial(const std::vector<Trial>& trials);

/// Loads the model again for inferences on `threads` threads.
using Reopen = std::function<Result<std::unique_ptr<LoadedModel>>(int threads)>;

struct Tuned {
  std::unique_ptr<LoadedModel> model;
  Trial best;
  int runs = 0;                        // inferences
  std::unique_ptr<LoadedModel> alone;  // the session on all threads, where a lone picture gains by it; else null
};

/// Runs the model in every arrangement, in turns, and keeps the session of the best one. `loaded` is the model as
/// opened for `cpus` threads. Takes about 18 inferences. Errors: those of loading and of running.
///
/// Narrow inferences often bring the most pictures per second, but leave the other processors idle while there is only
/// one picture. Where all threads answer it in less than 4/5 of the time, that session is kept for such pictures.
Result<Tuned> tune(std::unique_ptr<LoadedModel> loaded, int cpus, const Reopen& reopen, const ModelPlan& plan);

/// Images per second and latency of `instances` inferences at once on one session.
Result<Trial> run_trial(LoadedModel& model, const ModelPlan& plan, Arrangement arrangement, int runs);

}  // namespace zmdetect
