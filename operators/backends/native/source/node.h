// What every function of the addon says to Node-API: reading arguments, making objects.

#pragma once

#include <node_api.h>

#include <cstddef>
#include <cstdint>

namespace assay {

inline napi_value fail(napi_env env, const char* message) {
  napi_throw_error(env, "ERR_ASSAY_NATIVE", message);
  return nullptr;
}

/// The bytes of a Uint8Array; false where it is none.
inline bool bytesOf(napi_env env, napi_value value, uint8_t** data, size_t* length) {
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

inline void method(napi_env env, napi_value object, const char* name, napi_callback call,
                   void* data = nullptr) {
  napi_value function;
  napi_create_function(env, name, NAPI_AUTO_LENGTH, call, data, &function);
  napi_set_named_property(env, object, name, function);
}

inline void number(napi_env env, napi_value object, const char* name, double value) {
  napi_value x;
  napi_create_double(env, value, &x);
  napi_set_named_property(env, object, name, x);
}

inline napi_value text(napi_env env, const char* value) {
  napi_value x;
  napi_create_string_utf8(env, value, NAPI_AUTO_LENGTH, &x);
  return x;
}

}  // namespace assay
