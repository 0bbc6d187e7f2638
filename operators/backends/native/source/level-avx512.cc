// 14 x 32: 28 sums, two registers of B, one of A and one product are all 32 registers.
#if defined(__x86_64__)
#define ASSAY_LANES 16
#define ASSAY_TALL 14
#include "contraction.h"

const assay::Level assay::kAvx512 = ASSAY_LEVEL("avx512");
#endif
