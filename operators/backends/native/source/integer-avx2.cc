#if defined(__x86_64__)
#define ASSAY_LANES 8
#define ASSAY_TALL 6
#include "integers.h"

const assay::Integers assay::kIntegersAvx2 = ASSAY_INTEGERS("avx2");
#endif
