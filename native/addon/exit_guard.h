// An exit that is certain, whatever the JavaScript thread and the engine's threads do.
#pragma once

namespace zmdetect {

/// From now on a first SIGTERM or SIGINT starts a clock of `grace_ms`: when the process is still there then, it leaves
/// with status `kExitUnfinished`. A second one that is not the echo of the first makes it leave at once, with 128 and
/// the signal's number. The handlers that were there before are called as well. A thread of its own does this, so a
/// JavaScript thread that is blocked does not hold it up. Called once, after the signals have their other handlers.
void guard_exit(int grace_ms);

/// Leaves with `status` at once: no destructor runs, so that no thread that still works finds its data gone.
[[noreturn]] void exit_now(int status);

/// For an environment that goes away while threads of the engine still work: `exit` then leaves as `exit_now` does, and
/// this library stays in memory.
void leave_threads_behind();

constexpr int kExitUnfinished = 70;  // EX_SOFTWARE of sysexits.h

}  // namespace zmdetect
