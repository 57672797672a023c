#include "engine/worker_pool.h"

#include <pthread.h>

namespace zmdetect {

void name_thread(const std::string& name) { pthread_setname_np(pthread_self(), name.substr(0, 15).c_str()); }

WorkerPool::WorkerPool(std::string name, int threads, Watch& watch)
    : name_(std::move(name)), threads_(threads), watch_(watch) {
  std::lock_guard lock(mutex_);
  for (int i = 0; i < threads; ++i) start();
}

WorkerPool::WorkerPool(std::string name, int threads)
    : name_(std::move(name)), threads_(threads), own_watch_(std::make_unique<Watch>()), watch_(*own_watch_) {
  std::lock_guard lock(mutex_);
  for (int i = 0; i < threads; ++i) start();
}

WorkerPool::~WorkerPool() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  for (Worker& worker : workers_) worker.thread.join();
}

void WorkerPool::post(std::function<void()> task, std::string what) {
  {
    std::lock_guard lock(mutex_);
    tasks_.push_back({std::move(task), std::move(what)});
  }
  changed_.notify_one();
}

void WorkerPool::post_urgent(std::function<void()> task, std::string what) {
  {
    std::lock_guard lock(mutex_);
    urgent_.push_back({std::move(task), std::move(what)});
  }
  changed_.notify_one();
}

/// Under the lock.
void WorkerPool::start() {
  Worker& worker = workers_.emplace_back();
  const std::string name = name_ + "-" + std::to_string(started_++);
  worker.activity = watch_.enlist(name);
  worker.thread = std::thread([this, name, &worker] {
    name_thread(name);
    work(worker);
  });
}

int WorkerPool::replace_stuck(std::chrono::milliseconds limit) {
  const WatchClock::time_point cutoff = watch_.now() - limit;
  std::list<Worker> ended;
  int begun = 0;
  {
    std::lock_guard lock(mutex_);
    if (stopping_) return 0;
    int replaced = 0;
    for (auto each = workers_.begin(); each != workers_.end();) {
      const auto worker = each++;
      if (worker->ended)
        ended.splice(ended.end(), workers_, worker);
      else if (worker->replaced)
        ++replaced;
    }
    for (Worker& worker : workers_) {
      if (replaced >= threads_) break;
      if (worker.replaced || !worker.activity->stuck_since(cutoff)) continue;
      worker.replaced = true;
      ++replaced;
      ++begun;
    }
    for (int i = 0; i < begun; ++i) start();
  }
  for (Worker& worker : ended) worker.thread.join();
  return begun;
}

void WorkerPool::work(Worker& self) {
  std::unique_lock lock(mutex_);
  while (!self.replaced) {
    changed_.wait(lock, [this] { return stopping_ || !urgent_.empty() || !tasks_.empty(); });
    std::deque<Task>& queue = urgent_.empty() ? tasks_ : urgent_;
    if (queue.empty()) break;
    Task task = std::move(queue.front());
    queue.pop_front();
    lock.unlock();
    {
      const Busy busy(*self.activity, task.what);
      task.run();
      task.run = nullptr;  // its captures are released outside the lock
    }
    lock.lock();
  }
  self.ended = true;
}

}  // namespace zmdetect
