// AVX-512 with instructions for sums of four products of bytes.
#if defined(__x86_64__)
#define ASSAY_LANES 16
#define ASSAY_TALL 14
#include "integers.h"

const assay::Integers assay::kIntegersVnni = ASSAY_INTEGERS("vnni");
#endif
