// How many processors this process may really use.
#pragma once

namespace zmdetect {

/// Processors by affinity mask and cgroup quota (rounded up), at least 1; never the host's count inside a container.
int usable_cpus();

}  // namespace zmdetect
