#define ASSAY_LANES 4
#define ASSAY_TALL 6
#include "integers.h"

const assay::Integers assay::kIntegersPortable = ASSAY_INTEGERS("portable");
