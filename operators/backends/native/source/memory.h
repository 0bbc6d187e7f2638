// Memory that is the addon's own: packed constants and mapped files. JavaScript holds it as array
// buffers, and what it drops is freed.

#pragma once

#include <node_api.h>

#include <cstddef>

namespace assay {

/// Asks for pages of 2 MiB, where the system has them: reading weights for one row goes from 11.7 to
/// 15.5 GFLOP/s (4096 x 4096, Zen 4), which is what looking up small pages costs. Best before the
/// memory is filled.
void preferLargePages(void* memory, size_t length);

/// packConstant(bytes, outer, depth, bases, level, side, format, threads): see load.ts.
napi_value packConstant(napi_env env, napi_callback_info info);

/// addressOf(bytes): where they lie in this process.
napi_value addressOf(napi_env env, napi_callback_info info);

/// mapFile(descriptor, offset, length): see load.ts.
napi_value mapFile(napi_env env, napi_callback_info info);

}  // namespace assay
