// A library that needs another one.
extern "C" int zmdetect_nothing();

extern "C" __attribute__((visibility("default"))) int zmdetect_needs() { return zmdetect_nothing(); }
