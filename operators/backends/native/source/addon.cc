// The addon as Node sees it: nothing but Node-API, so that one binary serves every Node version, and
// nothing global that changes, so that every thread may load it.

#include "cpu.h"
#include "hashing.h"
#include "integer-job.h"
#include "job.h"
#include "memory.h"
#include "node.h"

#ifndef ASSAY_SOURCE_DIGEST
#error "the build states the digest of the sources"
#endif

namespace assay {
namespace {

/// A level over the memory of one machine, in one thread.
struct Kernel {
  const Level* level;
  const Integers* integers;
  uint8_t* memory;
  size_t length;
};

/// The arguments of a kernel's function: `count` numbers, the first of them a record's address.
template <size_t kCount>
struct Arguments {
  Kernel* kernel = nullptr;
  uint32_t at[kCount] = {};

  /// False with an exception pending.
  bool read(napi_env env, napi_callback_info info, size_t recordBytes = sizeof(Record)) {
    size_t count = kCount;
    napi_value values[kCount], self;
    void* wrapped = nullptr;
    napi_get_cb_info(env, info, &count, values, &self, nullptr);
    bool good = napi_unwrap(env, self, &wrapped) == napi_ok && count == kCount;
    kernel = static_cast<Kernel*>(wrapped);
    for (size_t i = 0; good && i < kCount; i++) {
      good = napi_get_value_uint32(env, values[i], &at[i]) == napi_ok;
    }
    good = good && size_t{at[0]} + recordBytes <= kernel->length;
    if (!good) fail(env, "a record's address and a range are expected");
    return good;
  }

  /// Whether the job has no map or a sound one.
  bool hasMap(napi_env env) {
    const Job job(kernel->memory, at[0]);
    const bool good = !(job.epilogue & kMap) ||
                      kernel->level->runMap(kernel->memory, kernel->length, job.bias, 0, 0);
    if (!good) fail(env, "the job's map has no record");
    return good;
  }

  bool hasWorkspace(napi_env env, uint32_t address) {
    return hasWorkspace(env, address, kernel->level->workspaceBytes);
  }

  bool hasWorkspace(napi_env env, uint32_t address, size_t bytes) {
    const bool good = address % 64 == 0 && size_t{address} + bytes <= kernel->length;
    if (!good) fail(env, "the workspace does not lie in the memory");
    return good;
  }
};

napi_value packB(napi_env env, napi_callback_info info) {
  Arguments<3> x;
  if (!x.read(env, info)) return nullptr;
  x.kernel->level->packB(x.kernel->memory, x.at[0], x.at[1], x.at[2]);
  return nullptr;
}

template <bool kFresh>
napi_value multiply(napi_env env, napi_callback_info info) {
  Arguments<6> x;
  if (!x.read(env, info) || !x.hasWorkspace(env, x.at[5]) || !x.hasMap(env)) return nullptr;
  const PlainArithmetic plain;
  const auto run = kFresh ? x.kernel->level->multiplyFresh : x.kernel->level->multiply;
  run(x.kernel->memory, x.at[0], x.at[1], x.at[2], x.at[3], x.at[4], x.at[5]);
  return nullptr;
}

napi_value multiplyDirect(napi_env env, napi_callback_info info) {
  Arguments<4> x;
  if (!x.read(env, info) || !x.hasWorkspace(env, x.at[3]) || !x.hasMap(env)) return nullptr;
  const PlainArithmetic plain;
  x.kernel->level->multiplyDirect(x.kernel->memory, x.at[0], x.at[1], x.at[2], x.at[3]);
  return nullptr;
}

napi_value runMap(napi_env env, napi_callback_info info) {
  Arguments<3> x;
  if (!x.read(env, info)) return nullptr;
  const PlainArithmetic plain;
  const Kernel& k = *x.kernel;
  if (!k.level->runMap(k.memory, k.length, x.at[0], x.at[1], x.at[2])) {
    fail(env, "there is no map's record");
  }
  return nullptr;
}

napi_value packIntegers(napi_env env, napi_callback_info info) {
  Arguments<3> x;
  if (!x.read(env, info, sizeof(IntegerRecord))) return nullptr;
  x.kernel->integers->packB(x.kernel->memory, x.at[0], x.at[1], x.at[2]);
  return nullptr;
}

template <bool kFresh>
napi_value multiplyIntegers(napi_env env, napi_callback_info info) {
  Arguments<6> x;
  if (!x.read(env, info, sizeof(IntegerRecord))) return nullptr;
  const Integers& own = *x.kernel->integers;
  if (!x.hasWorkspace(env, x.at[5], own.workspaceBytes)) return nullptr;
  const auto run = kFresh ? own.multiplyFresh : own.multiply;
  run(x.kernel->memory, x.at[0], x.at[1], x.at[2], x.at[3], x.at[4], x.at[5]);
  return nullptr;
}

/// kernel(bytes, level, integers): functions over all bytes of a memory, which must live on. Without
/// their level, products of integers take the fastest.
napi_value kernel(napi_env env, napi_callback_info info) {
  size_t count = 3;
  napi_value values[3];
  napi_get_cb_info(env, info, &count, values, nullptr, nullptr);
  uint8_t* memory = nullptr;
  size_t length = 0;
  char names[2][16] = {};
  bool read = count >= 2 && bytesOf(env, values[0], &memory, &length);
  for (size_t i = 0; read && i < 2 && i + 1 < count; i++) {
    size_t written = 0;
    read = napi_get_value_string_utf8(env, values[1 + i], names[i], 16, &written) == napi_ok;
  }
  const Level* level = read ? levelNamed(names[0]) : nullptr;
  const Integers* integers = count < 3 ? *integersHere() : read ? integersNamed(names[1]) : nullptr;
  if (!level || !integers) {
    return fail(env, "the bytes of a memory and levels of this processor are expected");
  }
  preferLargePages(memory, length);
  auto* own = new Kernel{level, integers, memory, length};
  napi_value object;
  napi_create_object(env, &object);
  const auto free = [](napi_env, void* data, void*) { delete static_cast<Kernel*>(data); };
  napi_wrap(env, object, own, free, nullptr, nullptr);
  method(env, object, "packB", packB);
  method(env, object, "multiply", multiply<false>);
  method(env, object, "multiplyFresh", multiply<true>);
  method(env, object, "multiplyDirect", multiplyDirect);
  method(env, object, "packIntegers", packIntegers);
  method(env, object, "multiplyIntegers", multiplyIntegers<false>);
  method(env, object, "multiplyIntegersFresh", multiplyIntegers<true>);
  method(env, object, "runMap", runMap);
  // The bytes live as long as the object that reads them.
  const napi_property_descriptor bytes = {"memory", nullptr, nullptr,      nullptr,
                                          nullptr,  values[0], napi_default, nullptr};
  napi_define_properties(env, object, 1, &bytes);
  return object;
}

/// hasNaN(bytes): whether there is a NaN among the f32 of a tensor, of any address.
napi_value hasNaN(napi_env env, napi_callback_info info) {
  size_t count = 1, length = 0;
  napi_value value, answer;
  napi_get_cb_info(env, info, &count, &value, nullptr, nullptr);
  uint8_t* bytes;
  if (count != 1 || !bytesOf(env, value, &bytes, &length)) return fail(env, "bytes are expected");
  bool found = false;
  constexpr size_t kBlock = 4096;
  for (size_t at = 0; at < length / 4 && !found; at += kBlock) {
    uint32_t any = 0;
    const size_t end = length / 4 - at < kBlock ? length / 4 : at + kBlock;
    for (size_t i = at; i < end; i++) {
      uint32_t word;
      std::memcpy(&word, bytes + 4 * i, 4);
      any |= 0x7f800000 - (word & 0x7fffffff);
    }
    found = any >> 31;
  }
  napi_get_boolean(env, found, &answer);
  return answer;
}

/// Levels of a list that a null ends, as JavaScript sees them.
template <typename T>
napi_value levels(napi_env env, const T* const* list) {
  napi_value all;
  napi_create_array(env, &all);
  for (uint32_t at = 0; list[at]; at++) {
    napi_value one;
    napi_create_object(env, &one);
    napi_set_named_property(env, one, "name", text(env, list[at]->name));
    number(env, one, "tileRows", list[at]->tileRows);
    number(env, one, "workspaceBytes", double(list[at]->workspaceBytes));
    napi_set_element(env, all, at, one);
  }
  return all;
}

}  // namespace
}  // namespace assay

NAPI_MODULE_INIT() {
  using namespace assay;
  napi_set_named_property(env, exports, "sourceDigest", text(env, ASSAY_SOURCE_DIGEST));
  napi_set_named_property(env, exports, "levels", levels(env, levelsHere()));
  napi_set_named_property(env, exports, "integers", levels(env, integersHere()));
  number(env, exports, "panel", kPanel);
  method(env, exports, "kernel", kernel);
  method(env, exports, "hasNaN", hasNaN);
  method(env, exports, "packConstant", packConstant);
  method(env, exports, "addressOf", addressOf);
  method(env, exports, "mapFile", mapFile);
  napi_set_named_property(env, exports, "hashers", hashers(env));
  return exports;
}
