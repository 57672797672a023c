// A fixed set of threads that take tasks in order, urgent ones first. A thread that does not come back is replaced.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <list>
#include <mutex>
#include <string>
#include <thread>

#include "engine/watch.h"

namespace zmdetect {

class WorkerPool {
 public:
  /// `name` shows in `top -H`; at most 15 characters. The watch outlives the pool.
  WorkerPool(std::string name, int threads, Watch& watch);
  /// With a watch of its own.
  WorkerPool(std::string name, int threads);
  /// Runs what is queued, then joins: also threads that were replaced, so it waits for those that do not come back.
  ~WorkerPool();
  WorkerPool(const WorkerPool&) = delete;
  WorkerPool& operator=(const WorkerPool&) = delete;

  /// Tasks must not throw. A task may post further ones, also while the pool is being destroyed. `what` says in the
  /// watch what the thread does.
  void post(std::function<void()> task, std::string what = "a task");

  /// For the later stages of a picture: what is nearly done frees memory and feeds an instance, so it goes first.
  void post_urgent(std::function<void()> task, std::string what = "a task");

  /// Starts a thread in the place of each that has not come back for `limit`, up to as many as the pool has at once.
  /// One that comes back later ends. Returns how many were started. Called by one thread.
  int replace_stuck(std::chrono::milliseconds limit);

  int threads() const { return threads_; }
  Watch& watch() { return watch_; }

 private:
  struct Task {
    std::function<void()> run;
    std::string what;
  };
  struct Worker {
    std::shared_ptr<Activity> activity;
    bool replaced = false;  // another has its place
    bool ended = false;
    std::thread thread;
  };
  void start();
  void work(Worker& self);

  const std::string name_;
  const int threads_;
  std::unique_ptr<Watch> own_watch_;
  Watch& watch_;

  std::mutex mutex_;  // guards everything below; no task runs under it
  std::condition_variable changed_;
  std::deque<Task> urgent_;
  std::deque<Task> tasks_;
  bool stopping_ = false;
  std::list<Worker> workers_;
  int started_ = 0;
};

/// Names the calling thread.
void name_thread(const std::string& name);

}  // namespace zmdetect
