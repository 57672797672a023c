// How many processors this process may really use.
#pragma once

namespace zmdetect {

/// Processors by affinity mask and cgroup quota (rounded up), at least 1; never the host's count inside a container.
int usable_cpus();

/// Whether 8-bit products are summed without saturation. x86 processors without VNNI add pairs of them in 16 bits,
/// which overflows; other architectures do not.
bool exact_int8_products();

}  // namespace zmdetect
