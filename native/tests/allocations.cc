#include "tests/allocations.h"

#include <cstddef>

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define ZMDETECT_SANITIZED_MALLOC 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define ZMDETECT_SANITIZED_MALLOC 1
#endif

namespace zmdetect::testing {
namespace {

thread_local AllocationCount count;

void note(std::size_t bytes) {
  ++count.calls;
  count.bytes += bytes;
}

}  // namespace

#ifdef ZMDETECT_SANITIZED_MALLOC

// The sanitizer owns malloc and offers a hook.
extern "C" int __sanitizer_install_malloc_and_free_hooks(void (*on_malloc)(const volatile void*, std::size_t),
                                                         void (*on_free)(const volatile void*));

AllocationCount allocations() {
  static const int installed = __sanitizer_install_malloc_and_free_hooks(
      [](const volatile void*, std::size_t bytes) { note(bytes); }, [](const volatile void*) {});
  (void)installed;
  return count;
}

#else

AllocationCount allocations() { return count; }

// glibc lets a program define malloc and keeps its own under these names.
extern "C" void* __libc_malloc(std::size_t bytes);
extern "C" void* __libc_calloc(std::size_t count, std::size_t bytes);
extern "C" void* __libc_realloc(void* memory, std::size_t bytes);

extern "C" void* malloc(std::size_t bytes) {
  note(bytes);
  return __libc_malloc(bytes);
}

extern "C" void* calloc(std::size_t number, std::size_t bytes) {
  note(number * bytes);
  return __libc_calloc(number, bytes);
}

extern "C" void* realloc(void* memory, std::size_t bytes) {
  note(bytes);
  return __libc_realloc(memory, bytes);
}

#endif

}  // namespace zmdetect::testing
