#include "engine/tuning.h"

#include <algorithm>
#include <atomic>
#include <latch>
#include <map>
#include <thread>

#include "engine/clock.h"

namespace zmdetect {
namespace {

constexpr int kMostInstances = 16;
constexpr int kRounds = 2;
constexpr int kRuns = 3;
// What a lone picture must gain for a second session, which costs the memory of its weights.
constexpr double kWorthAnotherSession = 0.8;
// A model this slow is not measured twice: loading it would take minutes.
constexpr double kSlowMs = 400;

/// One thread's share of a trial.
Status run_some(Instance& instance, const TensorView& input, int runs) {
  std::vector<TensorView> outputs;
  for (int i = 0; i < runs; ++i) ZMD_RETURN_IF_ERROR(instance.run(input, outputs));
  return Status();
}

}  // namespace

std::vector<Arrangement> arrangements(int cpus) {
  std::vector<Arrangement> list;
  const auto add = [&](Arrangement one) {
    if (one.instances <= kMostInstances && std::find(list.begin(), list.end(), one) == list.end()) list.push_back(one);
  };
  add({cpus, 1});
  add({cpus, std::min(cpus, 2)});
  if (cpus >= 8) add({4, cpus / 4});
  add({1, cpus});
  return list;
}

Trial best_trial(const std::vector<Trial>& trials) {
  double most = 0;
  for (const Trial& trial : trials) most = std::max(most, trial.images_per_second);
  const Trial* best = nullptr;
  for (const Trial& trial : trials) {
    if (trial.images_per_second < 0.9 * most) continue;
    if (best == nullptr || trial.latency_ms < best->latency_ms) best = &trial;
  }
  return best == nullptr ? Trial() : *best;
}

Result<Trial> run_trial(LoadedModel& model, const ModelPlan& plan, Arrangement arrangement, int runs) {
  const auto count = std::size_t(arrangement.instances);
  // All read the same grey input.
  const int pictures = plan.dynamic_batch ? 1 : plan.fixed_batch;
  const std::vector<std::byte> pixels(plan.input.slot_bytes() * std::size_t(pictures), std::byte(0));
  const TensorView input{pixels.data(), plan.input_type(), plan.input_shape(pictures)};
  std::vector<std::unique_ptr<Instance>> instances;
  for (std::size_t i = 0; i < count; ++i) {
    Result<std::unique_ptr<Instance>> instance = model.create_instance();
    if (!instance.ok()) return instance.status();
    instances.push_back(std::move(instance).value());
  }

  std::vector<Status> results(count);
  std::latch ready(static_cast<std::ptrdiff_t>(count) + 1);
  std::vector<std::thread> threads;
  threads.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    threads.emplace_back([&, i] {
      results[i] = run_some(*instances[i], input, 1);  // memory is allocated before the clock runs
      ready.arrive_and_wait();
      if (results[i].ok()) results[i] = run_some(*instances[i], input, runs);
    });
  }
  ready.arrive_and_wait();
  const Stopwatch watch;
  for (std::thread& thread : threads) thread.join();
  const double ms = watch.milliseconds();
  for (const Status& status : results) ZMD_RETURN_IF_ERROR(status);
  return Trial{.arrangement = arrangement,
               .images_per_second = 1000.0 * double(runs) * double(count) * pictures / ms,
               .latency_ms = ms / runs};
}

Result<Tuned> tune(std::unique_ptr<LoadedModel> loaded, int cpus, const Reopen& reopen, const ModelPlan& plan) {
  std::map<int, std::unique_ptr<LoadedModel>> sessions;
  sessions[cpus] = std::move(loaded);
  std::vector<Trial> trials;
  int rounds = kRounds;
  int runs = kRuns;
  int inferences = 0;
  for (int round = 0; round < rounds; ++round) {
    const std::vector<Arrangement> list = arrangements(cpus);
    for (std::size_t i = 0; i < list.size(); ++i) {
      std::unique_ptr<LoadedModel>& session = sessions[list[i].threads];
      if (!session) {
        Result<std::unique_ptr<LoadedModel>> opened = reopen(list[i].threads);
        if (!opened.ok()) return opened.status();
        session = std::move(opened).value();
      }
      const Result<Trial> trial = run_trial(*session, plan, list[i], runs);
      if (!trial.ok()) return trial.status();
      inferences += list[i].instances * (runs + 1);
      if (round == 0) trials.push_back(trial.value());
      // Other work on the host only ever slows a trial down: the better one of two is nearer the truth.
      if (trial.value().images_per_second > trials[i].images_per_second) trials[i] = trial.value();
      if (trial.value().latency_ms > kSlowMs) rounds = runs = 1;
    }
  }
  const Trial best = best_trial(trials);
  Tuned tuned{
      .model = std::move(sessions[best.arrangement.threads]), .best = best, .runs = inferences, .alone = nullptr};
  const double alone_ms = trials[0].latency_ms;  // the first arrangement is one inference on all threads
  if (sessions[cpus] && alone_ms < kWorthAnotherSession * best.latency_ms) tuned.alone = std::move(sessions[cpus]);
  return tuned;
}

}  // namespace zmdetect
