#include "image/scale_row.h"

#include <cstddef>
#include <cstring>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace zmdetect {

namespace {

constexpr int kKeptShift = 4;

#if defined(__SSE2__)

// The four samples at `p` and the four of the next pixel, as pairs of 16-bit integers: p0 q0 p1 q1 p2 q2 and two that
// nobody looks at, the second of which is read from the pixel after that.
__m128i pixel_pairs(const std::uint8_t* p) {
  std::int32_t near;
  std::int32_t far;
  std::memcpy(&near, p, sizeof near);
  std::memcpy(&far, p + 3, sizeof far);
  const __m128i bytes = _mm_unpacklo_epi8(_mm_cvtsi32_si128(near), _mm_cvtsi32_si128(far));
  return _mm_unpacklo_epi8(bytes, _mm_setzero_si128());
}

// R, G, B and one that nobody looks at, 32 bits each.
__m128i weighted(const std::uint8_t* row, const Tap& tap) {
  static_assert(offsetof(Tap, far_weight) == offsetof(Tap, near_weight) + 2);
  std::int32_t weights;
  std::memcpy(&weights, &tap.near_weight, sizeof weights);
  const __m128i pairs = pixel_pairs(row + std::size_t(tap.index) * 3);
  return _mm_srai_epi32(_mm_madd_epi16(pairs, _mm_set1_epi32(weights)), kKeptShift);
}

// Four pixels a turn. Returns how many are done: it stops before a tap whose read would pass the row's end.
std::size_t scale_row_sse2(const std::uint8_t* row, int src_width, std::span<const Tap> taps, std::int16_t* planes) {
  const std::size_t count = taps.size();
  const int safe = src_width - 3;  // the last index with a whole pixel after its neighbour
  std::size_t x = 0;
  for (; x + 4 <= count && taps[x + 3].index <= safe; x += 4) {
    const Tap* const t = &taps[x];
    const __m128i even = _mm_packs_epi32(weighted(row, t[0]), weighted(row, t[1]));  // r0 g0 b0 - r1 g1 b1 -
    const __m128i odd = _mm_packs_epi32(weighted(row, t[2]), weighted(row, t[3]));   // r2 g2 b2 - r3 g3 b3 -
    const __m128i low = _mm_unpacklo_epi16(even, odd);                               // r0 r2 g0 g2 b0 b2 - -
    const __m128i high = _mm_unpackhi_epi16(even, odd);                              // r1 r3 g1 g3 b1 b3 - -
    const __m128i red_green = _mm_unpacklo_epi16(low, high);                         // r0 r1 r2 r3 g0 g1 g2 g3
    const __m128i blue = _mm_unpackhi_epi16(low, high);                              // b0 b1 b2 b3 - - - -
    _mm_storel_epi64(reinterpret_cast<__m128i*>(planes + x), red_green);
    _mm_storel_epi64(reinterpret_cast<__m128i*>(planes + count + x), _mm_unpackhi_epi64(red_green, red_green));
    _mm_storel_epi64(reinterpret_cast<__m128i*>(planes + 2 * count + x), blue);
  }
  return x;
}

#endif

}  // namespace

void scale_row(const std::uint8_t* row, int src_width, std::span<const Tap> taps, std::int16_t* planes) {
  const std::size_t count = taps.size();
  const std::size_t next = src_width > 1 ? 3 : 0;
#if defined(__SSE2__)
  std::size_t x = scale_row_sse2(row, src_width, taps, planes);
#else
  std::size_t x = 0;
#endif
  for (; x < count; ++x) {
    const Tap tap = taps[x];
    const std::uint8_t* const near = row + std::size_t(tap.index) * 3;
    const std::uint8_t* const far = near + next;
    for (std::size_t channel = 0; channel < 3; ++channel) {
      const int sum = near[channel] * tap.near_weight + far[channel] * tap.far_weight;
      planes[channel * count + x] = std::int16_t(sum >> kKeptShift);
    }
  }
}

}  // namespace zmdetect
