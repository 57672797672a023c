#include "engine/model.h"

#include <algorithm>
#include <cassert>
#include <latch>

#include "input_limits.h"

namespace zmdetect {
namespace {

Status unloading() { return Status(Code::kEngineClosed, "the model is being unloaded"); }

// Of a CPU, which gains little from batches, no more are tried.
constexpr int kMostOnCpu = 4;
constexpr int kMostOnAccelerator = 32;
constexpr int kTimedRuns = 3;
constexpr double kSampleConfidence = 0.3;

}  // namespace

Model::Model(std::unique_ptr<LoadedModel> loaded, int threads, Reopen reopen, WorkerPool& pool, std::string name)
    : loaded_(std::move(loaded)),
      threads_per_inference_(threads),
      reopen_(std::move(reopen)),
      pool_(pool),
      name_(std::move(name)) {}

Model::~Model() { assert(servers_.empty()); }

Result<Prepared> Model::prepare(const PrepareOptions& options) {
  Result<ModelPlan> plan = plan_model(info(), options.plan);
  if (!plan.ok()) return plan.status();
  plan_ = std::move(plan).value();
  fixed_sizes_ = options.fixed_sizes;

  const Stopwatch warmup;
  int impossible = 0;
  {
    Result<std::unique_ptr<Instance>> first = loaded_->create_instance();
    if (!first.ok()) return first.status();
    const Result<int> warmed_up = warm_up(*first.value(), options);
    if (!warmed_up.ok()) return warmed_up.status();
    impossible = warmed_up.value();
  }
  const double warmup_ms = warmup.milliseconds();

  Trial trial{.arrangement = {.threads = threads_per_inference_, .instances = std::max(1, options.instances)}};
  if (options.tune && reopen_ && threads_per_inference_ > 1) {
    Result<Tuned> tuned = tune(std::move(loaded_), threads_per_inference_, reopen_, plan_);
    if (!tuned.ok()) return tuned.status();
    loaded_ = std::move(tuned.value().model);
    alone_model_ = std::move(tuned.value().alone);
    trial = tuned.value().best;
    trial_runs_ += tuned.value().runs;
  }
  if (alone_model_) {
    Result<std::unique_ptr<Instance>> alone = alone_model_->create_instance();
    if (!alone.ok()) return alone.status();
    alone_ = std::move(alone).value();
  }
  for (int i = 0; i < trial.arrangement.instances; ++i) {
    Result<std::unique_ptr<Instance>> instance = loaded_->create_instance();
    if (!instance.ok()) return instance.status();
    instances_.push_back(std::move(instance).value());
  }
  const Result<std::vector<BatchTime>> measured =
      options.measure || fixed_sizes_
          ? learn_batches(*instances_[0], options)
          : std::vector<BatchTime>{{.pictures = padded(1), .ms = std::max(0.001, warmup_ms)}};
  if (!measured.ok()) return measured.status();

  const int max_batch = best_batch(measured.value());
  // A batch is filled while the one before it runs.
  const std::size_t count = instances_.size() + (max_batch == 1 ? instances_.size() : 1);
  for (std::size_t i = 0; i < count; ++i) {
    batches_.push_back(std::make_unique<Batch>(plan_.input.slot_bytes(), max_batch));
    free_.push_back(batches_.back().get());
  }
  {
    std::lock_guard lock(mutex_);
    for (const auto& instance : instances_) start_server(instance.get());
  }

  const LatencyLine line = plan_.dynamic_batch ? fit_latency(measured.value())
                                               : LatencyLine{.base_ms = measured.value()[0].ms, .per_image_ms = 0};
  // Instances of an accelerator share it; those of a CPU that nobody measured have their own processors.
  const double sharing = fixed_sizes_ ? 1.0 : double(instances_.size());
  const double rate = 1000.0 * max_batch * sharing / (line.base_ms + line.per_image_ms * max_batch);
  return Prepared{.layout = plan_.layout.name,
                  .decided_by = plan_.layout.decided_by,
                  .impossible = impossible,
                  .picture = description(plan_.input),
                  .input_width = plan_.input.width,
                  .input_height = plan_.input.height,
                  .dynamic_batch = plan_.dynamic_batch,
                  .max_batch = max_batch,
                  .threads = trial.arrangement.threads,
                  .threads_alone = alone_ ? threads_per_inference_ : trial.arrangement.threads,
                  .instances = trial.arrangement.instances,
                  .latency = line,
                  .images_per_second = trial.images_per_second > 0 ? trial.images_per_second : rate,
                  .warmup_ms = warmup_ms,
                  .trial_runs = trial_runs_};
}

int Model::slots() const {
  int slots = 0;
  for (const auto& batch : batches_) slots += batch->capacity();
  return slots;
}

/// The sample picture through the whole way: what fails here would fail on every frame. Its answer settles the layout,
/// which may want its pictures otherwise. Returns how many boxes were impossible; a model with more of them than of
/// others is not what it seems.
Result<int> Model::warm_up(Instance& instance, const PrepareOptions& options) {
  Image grey{.width = 64, .height = 48, .pixels = std::make_unique<std::uint8_t[]>(std::size_t(64) * 48 * 3)};
  std::fill_n(grey.pixels.get(), grey.bytes(), std::uint8_t(114));
  const Image& sample = options.sample ? *options.sample : grey;
  const int size = padded(1);
  const auto pixels = std::make_unique<std::byte[]>(plan_.input.slot_bytes() * std::size_t(size));
  Result<Placement> placement = write_input(sample, plan_.input, pixels.get());
  if (!placement.ok()) return placement.status();
  Result<std::vector<TensorView>> outputs = run(instance, pixels.get(), size);
  if (!outputs.ok()) return outputs.status();
  Result<ModelPlan> settled = settle_plan(plan_, info(), options.plan, outputs.value());
  if (!settled.ok()) return settled.status();
  const bool fed_otherwise = settled.value().input != plan_.input;
  plan_ = std::move(settled).value();
  if (fed_otherwise) {
    placement = write_input(sample, plan_.input, pixels.get());
    if (!placement.ok()) return placement.status();
    outputs = run(instance, pixels.get(), size);
    if (!outputs.ok()) return outputs.status();
  }
  ReadBuffers buffers;
  const Result<Answer> answer = read_answer(plan_, outputs.value(), 0, placement.value(), kSampleConfidence, buffers);
  if (!answer.ok()) return answer.status();
  const int impossible = answer.value().impossible;
  const std::size_t possible = std::max(buffers.found.candidates.size(), answer.value().detections.size());
  if (std::size_t(impossible) > possible) {
    return Status(Code::kModelOutputInvalid,
                  std::to_string(impossible) + " of " + std::to_string(std::size_t(impossible) + possible) +
                      " boxes on the sample picture are impossible as " + plan_.layout.name +
                      ": set `layout` or `boxes` in the model's settings if the network is another one");
  }
  return impossible;
}

/// Times batches of 1, 2, 4, ... pictures until more of them bring nothing. An accelerator is thereby warmed up for
/// every size that it will be given. A size that does not fit into its memory is no failure: it is not used.
Result<std::vector<BatchTime>> Model::learn_batches(Instance& instance, const PrepareOptions& options) {
  const int ceiling = options.max_batch > 0 ? options.max_batch : fixed_sizes_ ? kMostOnAccelerator : kMostOnCpu;
  // A batch that the file fixes is the only one, however few pictures are in it.
  const int first = plan_.dynamic_batch ? 1 : plan_.fixed_batch;
  const int largest = plan_.dynamic_batch ? ceiling : plan_.fixed_batch;
  std::vector<BatchTime> measured;
  for (int size = first; size <= largest; size *= 2) {
    const auto pixels = std::make_unique<std::byte[]>(plan_.input.slot_bytes() * std::size_t(size));
    Stopwatch watch;
    double fastest = 0;
    for (int i = 0; i <= kTimedRuns; ++i) {
      watch = Stopwatch();
      ++trial_runs_;
      const Result<std::vector<TensorView>> outputs = run(instance, pixels.get(), size);
      if (!outputs.ok()) {
        if (size > first && outputs.status().code() == Code::kOutOfMemory) return measured;
        return outputs.status();
      }
      // The first run of a size allocates.
      if (i == 1 || (i > 1 && watch.milliseconds() < fastest)) fastest = watch.milliseconds();
    }
    measured.push_back({.pictures = size, .ms = std::max(0.001, fastest)});
    if (best_batch(measured) < size) break;
  }
  return measured;
}

void Model::submit(DetectJob job) {
  {
    std::unique_lock lock(mutex_);
    if (closed_) {
      lock.unlock();
      return job.done(unloading());
    }
    const Priority priority = job.ticket->priority();
    waiting_.push({std::move(job), Stopwatch()}, priority);
  }
  assign();
}

/// Gives places in batches to waiting pictures. Whoever frees a batch or adds a picture calls it.
void Model::assign() {
  for (;;) {
    std::vector<Waiting> dropped;
    Place place;
    {
      std::lock_guard lock(mutex_);
      while (place.batch == nullptr && !waiting_.empty()) {
        place = next_place();
        if (place.batch == nullptr) break;
        Waiting next = waiting_.pop();
        if (!next.job.ticket->check().ok()) {
          dropped.push_back(std::move(next));
          place.batch = nullptr;
          continue;
        }
        if (place.index == 0) {
          free_.pop_back();
          pending_.push_back(place.batch);
          changed_.notify_one();
        }
        ++place.batch->assigned;
        Slot& slot = place.batch->slot(place.index);
        slot = Slot{.job = std::move(next.job), .placement = {}, .since_submit = next.since_submit, .times = {}};
      }
    }
    for (Waiting& entry : dropped) entry.job.done(entry.job.ticket->check());
    if (place.batch == nullptr) return;
    // The task keeps the model alive until the slot is handed on.
    pool_.post_urgent([self = shared_from_this(), place] { self->fill(place); }, "letterbox");
  }
}

/// Where the next picture goes: into the last batch that no instance has claimed, or into a free one. Under the lock.
Model::Place Model::next_place() {
  if (!pending_.empty() && pending_.back()->assigned < pending_.back()->capacity()) {
    return {.batch = pending_.back(), .index = pending_.back()->assigned};
  }
  if (free_.empty()) return {};
  return {.batch = free_.back(), .index = 0};
}

void Model::fill(Place place) {
  Slot& slot = place.batch->slot(place.index);
  Status status = slot.job.ticket->check();
  if (status.ok()) {
    const Stopwatch watch;
    const Result<Placement> placement = write_input(*slot.job.image, plan_.input, place.batch->pixels(place.index));
    slot.times.letterbox = watch.milliseconds();
    if (placement.ok()) slot.placement = placement.value();
    status = placement.status();
  }
  slot.job.image.reset();  // the pixels are in the slot now
  if (!status.ok()) slot.answer(status);
  // The instance that has claimed the batch waits for its last slot. Notified under the lock: afterwards the model may
  // be gone but for this task's reference.
  std::lock_guard lock(mutex_);
  if (++place.batch->settled == place.batch->assigned) changed_.notify_all();
}

/// The oldest batch, with every slot settled; nothing more is added to it. Null when the model is closed, or another
/// has this thread's place.
Model::Claim Model::claim(Server& self) {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return closed_ || self.replaced || !pending_.empty(); });
  if (self.replaced || pending_.empty()) return {};
  Batch* batch = pending_.front();
  pending_.pop_front();
  ++running_;
  self.activity->begin("inference of " + name_);
  changed_.wait(lock, [batch] { return batch->settled == batch->assigned; });
  return {.batch = batch, .alone = running_ == 1 && pending_.empty() && waiting_.empty()};
}

void Model::free(Batch* batch) {
  {
    std::lock_guard lock(mutex_);
    --running_;
    batch->assigned = batch->settled = 0;
    free_.push_back(batch);
  }
  assign();
}

/// A thread for `instance`, or for a new one where that is null. Under the lock.
void Model::start_server(Instance* instance) {
  Server& server = servers_.emplace_back();
  const std::string name = "infer-" + std::to_string(servers_.size() - 1);
  server.activity = pool_.watch().enlist(name);
  server.thread = std::thread([this, instance, name, &server] {
    name_thread(name);
    if (instance != nullptr) return serve(server, *instance);
    Result<std::unique_ptr<Instance>> made(Status(Code::kInternal, ""));
    {
      const Busy busy(*server.activity, "another instance of " + name_);
      made = loaded_->create_instance();
    }
    // Without memory or a device for it the model goes on with what it has.
    if (made.ok()) serve(server, *made.value());
  });
}

int Model::replace_stuck(std::chrono::milliseconds limit) {
  const WatchClock::time_point cutoff = pool_.watch().now() - limit;
  int begun = 0;
  {
    std::lock_guard lock(mutex_);
    if (closed_) return 0;
    for (Server& server : servers_) {
      if (replaced_ >= limits::kReplacedInstances) break;
      if (server.replaced || !server.activity->stuck_since(cutoff)) continue;
      server.replaced = true;
      ++replaced_;
      ++begun;
    }
    for (int i = 0; i < begun; ++i) {
      spare_batches_.push_back(std::make_unique<Batch>(plan_.input.slot_bytes(), batches_.front()->capacity()));
      free_.push_back(spare_batches_.back().get());
      start_server(nullptr);
    }
  }
  if (begun > 0) assign();
  return begun;
}

void Model::serve(Server& self, Instance& instance) {
  for (Claim claimed = claim(self); claimed.batch != nullptr; claimed = claim(self)) {
    infer(claimed.alone && alone_ ? *alone_ : instance, *claimed.batch);
    self.activity->end();
    free(claimed.batch);
  }
}

void Model::infer(Instance& instance, Batch& batch) {
  int assigned = 0;
  bool closed = false;
  {
    std::lock_guard lock(mutex_);
    assigned = batch.assigned;
    closed = closed_;
  }
  for (int i = 0; i < assigned; ++i) {
    Slot& slot = batch.slot(i);
    if (!slot.wanted()) continue;
    const Status status = closed ? unloading() : slot.job.ticket->check();
    if (!status.ok()) slot.answer(status);
  }
  const int count = batch.compact(assigned);
  if (count == 0) return;
  for (int i = 0; i < count; ++i) {
    Slot& slot = batch.slot(i);
    slot.times.queue = slot.since_submit.milliseconds() - slot.times.letterbox;
  }
  const Status status = infer_range(instance, batch, 0, count);
  for (int i = 0; i < count && !status.ok(); ++i) {
    if (batch.slot(i).wanted()) batch.slot(i).answer(status);
  }
}

/// Other models on the same device may have taken the memory that a large batch needs: then two halves are run.
Status Model::infer_range(Instance& instance, Batch& batch, int first, int count) {
  const Stopwatch inferring;
  // Padding reads slots behind the last picture; in the middle of a batch there is none to spare.
  const int size = first == 0 ? std::min(padded(count), batch.capacity()) : count;
  const Result<std::vector<TensorView>> outputs = run(instance, batch.pixels(first), size);
  if (!outputs.ok()) {
    const bool divisible = plan_.dynamic_batch && count > 1;
    if (outputs.status().code() != Code::kOutOfMemory || !divisible) return outputs.status();
    ZMD_RETURN_IF_ERROR(infer_range(instance, batch, first, count / 2));
    return infer_range(instance, batch, first + count / 2, count - count / 2);
  }
  answer_range(batch, first, count, outputs.value(), inferring.milliseconds());
  return Status();
}

/// Reads the answers of a batch on the pool's threads, of a single picture on this one.
void Model::answer_range(Batch& batch, int first, int count, const std::vector<TensorView>& outputs, double infer_ms) {
  const auto answer = [&](int index) {
    static thread_local ReadBuffers buffers;
    Slot& slot = batch.slot(first + index);
    slot.times.infer = infer_ms;
    slot.times.batch = count;
    const Stopwatch reading;
    Result<Answer> read = read_answer(plan_, outputs, index, slot.placement, slot.job.min_confidence, buffers);
    slot.times.post = reading.milliseconds();
    if (!read.ok()) return slot.answer(read.status());
    slot.answer(DetectResult{.answer = std::move(read).value(), .times = slot.times});
  };
  const auto rest = std::make_shared<std::latch>(count - 1);
  for (int i = 1; i < count; ++i) {
    pool_.post_urgent(
        [&answer, rest, i] {
          answer(i);
          rest->count_down();
        },
        "post-processing");
  }
  answer(0);
  rest->wait();  // the outputs belong to the instance
}

Result<std::vector<TensorView>> Model::run(Instance& instance, const std::byte* pixels, int batch) {
  const TensorView input{pixels, plan_.input_type(), plan_.input_shape(batch)};
  std::vector<TensorView> outputs;
  ZMD_RETURN_IF_ERROR(instance.run(input, outputs));
  return outputs;
}

/// The next size that was warmed up, or the one that the file fixes.
int Model::padded(int count) const {
  if (!plan_.dynamic_batch) return plan_.fixed_batch;
  int size = 1;
  while (fixed_sizes_ && size < count) size *= 2;
  return std::max(size, count);
}

void Model::close() {
  Lanes<Waiting> waiting;
  std::list<Server> servers;
  {
    std::lock_guard lock(mutex_);
    closed_ = true;
    std::swap(waiting, waiting_);
    servers.swap(servers_);  // moves no element: the threads know theirs by its address
  }
  changed_.notify_all();
  while (!waiting.empty()) waiting.pop().job.done(unloading());
  // The instance threads fail what has a slot already, since a slot may be in a decode worker's hands.
  for (Server& server : servers) server.thread.join();
}

}  // namespace zmdetect
