#include "addon/exit_guard.h"

#include <dlfcn.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <thread>

namespace zmdetect {
namespace {

// `timeout` and some supervisors send a signal to the process and to its group: twice within an instant.
constexpr std::chrono::milliseconds kEcho{500};
constexpr std::array<int, 2> kSignals{SIGTERM, SIGINT};

std::atomic<int> wake{-1};
std::atomic<int> last_signal{0};
struct sigaction previous[NSIG];

/// Only what is allowed in a signal handler.
void on_signal(int number, siginfo_t* info, void* context) {
  const int error = errno;
  last_signal = number;
  const std::uint64_t one = 1;
  [[maybe_unused]] const auto written = write(wake, &one, sizeof one);
  const struct sigaction& before = previous[number];
  if ((before.sa_flags & SA_SIGINFO) != 0) {
    if (before.sa_sigaction != nullptr) before.sa_sigaction(number, info, context);
  } else if (before.sa_handler != SIG_DFL && before.sa_handler != SIG_IGN) {
    before.sa_handler(number);
  }
  errno = error;
}

/// Writes only where the write cannot block: a full pipe would hold up the exit.
void say(const std::string& sentence) {
  pollfd standard_error{.fd = STDERR_FILENO, .events = POLLOUT, .revents = 0};
  if (poll(&standard_error, 1, 0) <= 0) return;
  const std::string line = "zmdetectd: " + sentence + "\n";
  [[maybe_unused]] const auto written = write(STDERR_FILENO, line.data(), line.size());
}

/// Returns after the next signal (true), or at `until`. `until` of null: no end.
bool next_signal(const std::chrono::steady_clock::time_point* until) {
  for (;;) {
    int left = -1;
    if (until != nullptr) {
      const auto rest =
          std::chrono::duration_cast<std::chrono::milliseconds>(*until - std::chrono::steady_clock::now());
      left = rest.count() > 0 ? static_cast<int>(rest.count()) + 1 : 0;
    }
    pollfd waiting{.fd = wake, .events = POLLIN, .revents = 0};
    if (poll(&waiting, 1, left) > 0) {
      std::uint64_t count = 0;
      if (read(wake, &count, sizeof count) == sizeof count) return true;
    } else if (left == 0) {
      return false;
    }
  }
}

void guard(int grace_ms) {
  pthread_setname_np(pthread_self(), "exit-guard");
  next_signal(nullptr);
  const auto first = std::chrono::steady_clock::now();
  const auto end = first + std::chrono::milliseconds(grace_ms);
  while (next_signal(&end)) {
    if (std::chrono::steady_clock::now() - first < kEcho) continue;
    say("a second signal: leaving at once");
    exit_now(128 + last_signal);
  }
  say("the stop was not finished " + std::to_string(grace_ms) + " ms after the signal: leaving without the rest");
  exit_now(kExitUnfinished);
}

}  // namespace

void guard_exit(int grace_ms) {
  if (wake >= 0) return;
  wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  std::thread(guard, grace_ms).detach();
  for (const int number : kSignals) {
    struct sigaction action{};
    action.sa_sigaction = on_signal;
    action.sa_flags = SA_SIGINFO | SA_RESTART;
    sigfillset(&action.sa_mask);
    // The old one is in place before the new one can be called.
    sigaction(number, nullptr, &previous[number]);
    sigaction(number, &action, nullptr);
  }
}

// No stream of the C library is flushed: a stuck thread may hold its lock. Nothing of ours waits in one.
void exit_now(int status) { _exit(status); }

void leave_threads_behind() {
  static std::atomic<bool> done{false};
  if (done.exchange(true)) return;
  Dl_info self{};
  if (dladdr(reinterpret_cast<void*>(&leave_threads_behind), &self) != 0) {
    dlopen(self.dli_fname, RTLD_NOW | RTLD_NODELETE);
  }
  // The last that is registered is the first that is called: before the destructors of any library.
  on_exit([](int status, void*) { exit_now(status); }, nullptr);
}

}  // namespace zmdetect
