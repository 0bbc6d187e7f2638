// SHA-256 with the x86 instructions for it (Intel, "Intel SHA Extensions", 2013).
#if defined(__x86_64__)
#include <immintrin.h>

#include "sha256.h"

namespace assay {
namespace {

/// The two halves of a state, in the order the instructions want: A B E F and C D G H.
struct Halves {
  __m128i abef, cdgh;
};

inline Halves split(const uint32_t state[8]) {
  const __m128i cdab = _mm_shuffle_epi32(_mm_loadu_si128((const __m128i*)state), 0xb1);
  const __m128i efgh = _mm_shuffle_epi32(_mm_loadu_si128((const __m128i*)(state + 4)), 0x1b);
  return {_mm_alignr_epi8(cdab, efgh, 8), _mm_blend_epi16(efgh, cdab, 0xf0)};
}

inline void join(Halves h, uint32_t state[8]) {
  const __m128i feba = _mm_shuffle_epi32(h.abef, 0x1b);
  const __m128i dchg = _mm_shuffle_epi32(h.cdgh, 0xb1);
  _mm_storeu_si128((__m128i*)state, _mm_blend_epi16(feba, dchg, 0xf0));
  _mm_storeu_si128((__m128i*)(state + 4), _mm_alignr_epi8(dchg, feba, 8));
}

template <int kWays>
void run(uint32_t state[][8], const uint8_t* const* data, size_t blocks) {
  const __m128i swap = _mm_set_epi64x(0x0c0d0e0f08090a0b, 0x0405060700010203);
  Halves h[kWays];
  for (int i = 0; i < kWays; i++) h[i] = split(state[i]);
  for (size_t b = 0; b < blocks; b++) {
    Halves before[kWays];
    __m128i w[kWays][4];
    for (int i = 0; i < kWays; i++) before[i] = h[i];
#pragma GCC unroll 16
    for (int g = 0; g < 16; g++) {
      const __m128i k = _mm_load_si128((const __m128i*)(kRoundConstants + 4 * g));
#pragma GCC unroll 2
      for (int i = 0; i < kWays; i++) {
        __m128i& now = w[i][g % 4];
        const __m128i next = w[i][(g + 1) % 4], far = w[i][(g + 2) % 4], last = w[i][(g + 3) % 4];
        if (g < 4) {
          const auto* from = (const __m128i*)(data[i] + 64 * b + 16 * g);
          now = _mm_shuffle_epi8(_mm_loadu_si128(from), swap);
        } else {
          const __m128i sum =
              _mm_add_epi32(_mm_sha256msg1_epu32(now, next), _mm_alignr_epi8(last, far, 4));
          now = _mm_sha256msg2_epu32(sum, last);
        }
        const __m128i wk = _mm_add_epi32(now, k);
        h[i].cdgh = _mm_sha256rnds2_epu32(h[i].cdgh, h[i].abef, wk);
        h[i].abef = _mm_sha256rnds2_epu32(h[i].abef, h[i].cdgh, _mm_shuffle_epi32(wk, 0x0e));
      }
    }
    for (int i = 0; i < kWays; i++) {
      h[i].abef = _mm_add_epi32(h[i].abef, before[i].abef);
      h[i].cdgh = _mm_add_epi32(h[i].cdgh, before[i].cdgh);
    }
  }
  for (int i = 0; i < kWays; i++) join(h[i], state[i]);
}

}  // namespace

void compressSha(uint32_t state[][8], const uint8_t* const* data, int lanes, size_t blocks) {
  if (lanes == 2) run<2>(state, data, blocks);
  else run<1>(state, data, blocks);
}

}  // namespace assay
#endif
