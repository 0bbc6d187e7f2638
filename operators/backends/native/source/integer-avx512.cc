#if defined(__x86_64__)
#define ASSAY_LANES 16
#define ASSAY_TALL 14
#include "integers.h"

const assay::Integers assay::kIntegersAvx512 = ASSAY_INTEGERS("avx512");
#endif
