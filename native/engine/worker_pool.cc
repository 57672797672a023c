#include "engine/worker_pool.h"

#include <pthread.h>

namespace zmdetect {

void name_thread(const std::string& name) { pthread_setname_np(pthread_self(), name.substr(0, 15).c_str()); }

WorkerPool::WorkerPool(const std::string& name, int threads) {
  for (int i = 0; i < threads; ++i) {
    threads_.emplace_back([this, name, i] {
      name_thread(name + "-" + std::to_string(i));
      work();
    });
  }
}

WorkerPool::~WorkerPool() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

void WorkerPool::post(std::function<void()> task) {
  {
    std::lock_guard lock(mutex_);
    tasks_.push_back(std::move(task));
  }
  changed_.notify_one();
}

void WorkerPool::post_urgent(std::function<void()> task) {
  {
    std::lock_guard lock(mutex_);
    urgent_.push_back(std::move(task));
  }
  changed_.notify_one();
}

void WorkerPool::work() {
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [this] { return stopping_ || !urgent_.empty() || !tasks_.empty(); });
    std::deque<std::function<void()>>& queue = urgent_.empty() ? tasks_ : urgent_;
    if (queue.empty()) return;
    std::function<void()> task = std::move(queue.front());
    queue.pop_front();
    lock.unlock();
    task();
    task = nullptr;  // its captures are released outside the lock
    lock.lock();
  }
}

}  // namespace zmdetect
