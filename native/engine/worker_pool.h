// A fixed set of threads that take tasks in order, urgent ones first.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace zmdetect {

class WorkerPool {
 public:
  /// `name` shows in `top -H`; at most 15 characters.
  WorkerPool(const std::string& name, int threads);
  /// Runs what is queued, then joins.
  ~WorkerPool();
  WorkerPool(const WorkerPool&) = delete;
  WorkerPool& operator=(const WorkerPool&) = delete;

  /// Tasks must not throw. A task may post further ones, also while the pool is being destroyed.
  void post(std::function<void()> task);

  /// For the later stages of a picture: what is nearly done frees memory and feeds an instance, so it goes first.
  void post_urgent(std::function<void()> task);

  int threads() const { return static_cast<int>(threads_.size()); }

 private:
  void work();

  std::mutex mutex_;  // guards the tasks and stopping_; no task runs under it
  std::condition_variable changed_;
  std::deque<std::function<void()>> urgent_;
  std::deque<std::function<void()>> tasks_;
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

/// Names the calling thread.
void name_thread(const std::string& name);

}  // namespace zmdetect
