#pragma once

#include <node_api.h>

namespace assay {

/// The functions that hash, one set for every way in which this processor can, the fastest first.
napi_value hashers(napi_env env);

}  // namespace assay
