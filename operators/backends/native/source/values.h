// Arguments as JavaScript gives them.

#pragma once

#include <node_api.h>

#include "cpu.h"

namespace assay {
namespace {

[[maybe_unused]] napi_value fail(napi_env env, const char* message) {
  napi_throw_error(env, "ERR_ASSAY_NATIVE", message);
  return nullptr;
}

/// The bytes of a Uint8Array; false where it is none.
[[maybe_unused]] bool bytesOf(napi_env env, napi_value value, uint8_t** data, size_t* length) {
  napi_typedarray_type type = napi_int8_array;
  void* at = nullptr;
  const bool good =
      napi_get_typedarray_info(env, value, &type, length, &at, nullptr, nullptr) == napi_ok;
  *data = static_cast<uint8_t*>(at);
  return good && type == napi_uint8_array;
}

/// Reads whole numbers of JavaScript, which are exact below 2^53.
template <size_t kCount>
bool numbersOf(napi_env env, const napi_value* values, uint64_t (&to)[kCount]) {
  for (size_t i = 0; i < kCount; i++) {
    double x = -1;
    if (napi_get_value_double(env, values[i], &x) != napi_ok || !(x >= 0 && x < 0x1p53)) return false;
    to[i] = uint64_t(x);
  }
  return true;
}

/// The level of that name in a list that a null ends, or null.
template <typename T>
const T* named(const T* const* list, const char* name) {
  for (; *list; list++) {
    if (!std::strcmp((*list)->name, name)) return *list;
  }
  return nullptr;
}

[[maybe_unused]] const Level* levelNamed(const char* name) { return named(levelsHere(), name); }

}  // namespace
}  // namespace assay
