#include "engine/cpu.h"

#include <sched.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <string>
#include <thread>

namespace zmdetect {
namespace {

int by_affinity() {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (sched_getaffinity(0, sizeof set, &set) == 0) return CPU_COUNT(&set);
  return static_cast<int>(std::thread::hardware_concurrency());
}

/// cpu.max of cgroup v2 holds "<quota|max> <period>" in microseconds; the group of a container is mounted at the root.
int by_cgroup() {
  std::ifstream file("/sys/fs/cgroup/cpu.max");
  std::string quota;
  double period = 0;
  if (file >> quota >> period && quota != "max" && period > 0) {
    return static_cast<int>(std::ceil(std::stod(quota) / period));
  }
  return 1 << 16;
}

}  // namespace

int usable_cpus() { return std::max(1, std::min(by_affinity(), by_cgroup())); }

bool exact_int8_products() {
#if defined(__x86_64__) || defined(__i386__)
  return __builtin_cpu_supports("avx512vnni") != 0 || __builtin_cpu_supports("avxvnni") != 0;
#else
  return true;
#endif
}

}  // namespace zmdetect
