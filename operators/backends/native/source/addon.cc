// The addon as Node sees it: nothing but Node-API, so that one binary serves every Node version, and
// nothing global that changes, so that every thread may load it.

#include "cpu.h"
#include "hashing.h"
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
  uint8_t* memory;
  size_t length;
};

/// The arguments of a kernel's function: `count` numbers, the first of them a record's address.
template <size_t kCount>
struct Arguments {
  Kernel* kernel = nullptr;
  uint32_t at[kCount] = {};

  /// False with an exception pending.
  bool read(napi_env env, napi_callback_info info) {
    size_t count = kCount;
    napi_value values[kCount], self;
    void* wrapped = nullptr;
    napi_get_cb_info(env, info, &count, values, &self, nullptr);
    bool good = napi_unwrap(env, self, &wrapped) == napi_ok && count == kCount;
    kernel = static_cast<Kernel*>(wrapped);
    for (size_t i = 0; good && i < kCount; i++) {
      good = napi_get_value_uint32(env, values[i], &at[i]) == napi_ok;
    }
    good = good && size_t{at[0]} + sizeof(Record) <= kernel->length;
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
    const bool good = address % 64 == 0 &&
                      size_t{address} + kernel->level->workspaceBytes <= kernel->length;
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

/// kernel(bytes, level): the functions of a level over all bytes of a memory, which must live on.
napi_value kernel(napi_env env, napi_callback_info info) {
  size_t count = 2;
  napi_value values[2];
  napi_get_cb_info(env, info, &count, values, nullptr, nullptr);
  uint8_t* memory = nullptr;
  size_t length = 0;
  char name[16] = {};
  size_t written = 0;
  const bool read =
      count == 2 && bytesOf(env, values[0], &memory, &length) &&
      napi_get_value_string_utf8(env, values[1], name, sizeof name, &written) == napi_ok;
  const Level* level = read ? levelNamed(name) : nullptr;
  if (!level) return fail(env, "the bytes of a memory and a level of this processor are expected");
  preferLargePages(memory, length);
  auto* own = new Kernel{level, memory, length};
  napi_value object;
  napi_create_object(env, &object);
  const auto free = [](napi_env, void* data, void*) { delete static_cast<Kernel*>(data); };
  napi_wrap(env, object, own, free, nullptr, nullptr);
  method(env, object, "packB", packB);
  method(env, object, "multiply", multiply<false>);
  method(env, object, "multiplyFresh", multiply<true>);
  method(env, object, "multiplyDirect", multiplyDirect);
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

napi_value levels(napi_env env) {
  napi_value list;
  napi_create_array(env, &list);
  uint32_t at = 0;
  for (auto level = levelsHere(); *level; level++) {
    napi_value one;
    napi_create_object(env, &one);
    napi_set_named_property(env, one, "name", text(env, (*level)->name));
    number(env, one, "tileRows", (*level)->tileRows);
    number(env, one, "workspaceBytes", double((*level)->workspaceBytes));
    napi_set_element(env, list, at++, one);
  }
  return list;
}

}  // namespace
}  // namespace assay

NAPI_MODULE_INIT() {
  using namespace assay;
  napi_set_named_property(env, exports, "sourceDigest", text(env, ASSAY_SOURCE_DIGEST));
  napi_set_named_property(env, exports, "levels", levels(env));
  number(env, exports, "panel", kPanel);
  method(env, exports, "kernel", kernel);
  method(env, exports, "hasNaN", hasNaN);
  method(env, exports, "packConstant", packConstant);
  method(env, exports, "addressOf", addressOf);
  method(env, exports, "mapFile", mapFile);
  napi_set_named_property(env, exports, "hashers", hashers(env));
  return exports;
}
