// A library that exports nothing of a backend.
extern "C" __attribute__((visibility("default"))) int zmdetect_nothing() { return 0; }
