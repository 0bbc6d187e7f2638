// 6 x 8 in vectors of four: SSE2 on x86-64, NEON on arm64, whatever the compiler makes elsewhere.
#define ASSAY_LANES 4
#define ASSAY_TALL 6
#include "contraction.h"

const assay::Level assay::kPortable = ASSAY_LEVEL("portable");
