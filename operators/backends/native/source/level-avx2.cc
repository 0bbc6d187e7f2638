// 6 x 16: 12 sums, two registers of B, one of A and one product are all 16 registers.
#if defined(__x86_64__)
#define ASSAY_LANES 8
#define ASSAY_TALL 6
#include "contraction.h"

const assay::Level assay::kAvx2 = ASSAY_LEVEL("avx2");
#endif
