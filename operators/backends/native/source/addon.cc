// The addon as Node sees it: nothing but Node-API, so that one binary serves every Node version, and
// nothing global that changes, so that every thread may load it.

#include "cpu.h"
#include "integer-job.h"
#include "job.h"
#include "memory.h"
#include "pool.h"
#include "sha256.h"
#include "values.h"

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
  if (!x.read(env, info) || !x.hasWorkspace(env, x.at[5], x.kernel->level->workspaceBytes)) {
    return nullptr;
  }
  const PlainArithmetic plain;
  const auto run = kFresh ? x.kernel->level->multiplyFresh : x.kernel->level->multiply;
  run(x.kernel->memory, x.at[0], x.at[1], x.at[2], x.at[3], x.at[4], x.at[5]);
  return nullptr;
}

napi_value multiplyDirect(napi_env env, napi_callback_info info) {
  Arguments<4> x;
  if (!x.read(env, info) || !x.hasWorkspace(env, x.at[3], x.kernel->level->workspaceBytes)) {
    return nullptr;
  }
  const PlainArithmetic plain;
  x.kernel->level->multiplyDirect(x.kernel->memory, x.at[0], x.at[1], x.at[2], x.at[3]);
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

void method(napi_env env, napi_value object, const char* name, napi_callback call,
            void* data = nullptr) {
  napi_value function;
  napi_create_function(env, name, NAPI_AUTO_LENGTH, call, data, &function);
  napi_set_named_property(env, object, name, function);
}

void number(napi_env env, napi_value object, const char* name, double value) {
  napi_value x;
  napi_create_double(env, value, &x);
  napi_set_named_property(env, object, name, x);
}

napi_value text(napi_env env, const char* value) {
  napi_value x;
  napi_create_string_utf8(env, value, NAPI_AUTO_LENGTH, &x);
  return x;
}

/// kernel(bytes, level, integers): functions over all bytes of a memory, which must live on. Without
/// its level, products of integers take the fastest.
napi_value kernel(napi_env env, napi_callback_info info) {
  size_t count = 3;
  napi_value values[3];
  napi_get_cb_info(env, info, &count, values, nullptr, nullptr);
  uint8_t* memory = nullptr;
  size_t length = 0;
  char names[2][16] = {};
  bool read = count >= 2 && bytesOf(env, values[0], &memory, &length);
  for (size_t i = 0; read && i + 1 < count && i < 2; i++) {
    size_t written = 0;
    read = napi_get_value_string_utf8(env, values[1 + i], names[i], 16, &written) == napi_ok;
  }
  const Level* level = read ? named(levelsHere(), names[0]) : nullptr;
  const Integers* integers = count < 3 ? *integersHere() : read ? named(integersHere(), names[1]) : nullptr;
  if (!level || !integers) {
    return fail(env, "the bytes of a memory and two levels of this processor are expected");
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

struct TileWork {
  Compress compress;
  const uint8_t* bytes;
  TileGrid grid;
  uint8_t first, second;
  uint8_t* out;
};

/// Tiles below which another thread does not pay: about 50 µs of hashing.
constexpr uint64_t kTilesGrain = 128;

/// hashTiles(bytes, out, rows, rowBytes, tileRows, tileBytes, first, second, threads)
napi_value hashTiles(napi_env env, napi_callback_info info) {
  size_t count = 9;
  napi_value values[9];
  void* compress;
  napi_get_cb_info(env, info, &count, values, nullptr, &compress);
  uint8_t *bytes, *out;
  size_t length, room;
  uint64_t n[7];
  if (count != 9 || !bytesOf(env, values[0], &bytes, &length) ||
      !bytesOf(env, values[1], &out, &room) || !numbersOf(env, values + 2, n)) {
    return fail(env, "bytes, a place for digests and seven numbers are expected");
  }
  TileWork work{reinterpret_cast<Compress>(compress), bytes, {n[0], n[1], n[2], n[3], 0, 0}, uint8_t(n[4]), uint8_t(n[5]), out};
  TileGrid& g = work.grid;
  const bool fits = g.tileRows && g.tileBytes && g.tileRows <= kTileBytes &&
                    g.tileBytes <= kTileBytes && g.tileRows * g.tileBytes <= kTileBytes &&
                    (g.rowBytes == 0 || g.rows <= length / g.rowBytes) &&
                    g.rows * g.rowBytes == length;
  if (!fits) return fail(env, "the bytes are not those rows, or a tile is too large");
  if (length == 0) return nullptr;
  g.gridRows = (g.rows + g.tileRows - 1) / g.tileRows;
  g.gridColumns = (g.rowBytes + g.tileBytes - 1) / g.tileBytes;
  const uint64_t tiles = g.gridRows * g.gridColumns;
  if (tiles > room / kDigest) return fail(env, "there is no room for the digests");
  inParallel(uint32_t(n[6]), tiles, kTilesGrain, &work, [](void* context, uint64_t begin, uint64_t end) {
    const auto& w = *static_cast<TileWork*>(context);
    assay::hashTiles(w.compress, w.bytes, w.grid, w.first, w.second, begin, end, w.out);
  });
  return nullptr;
}

/// hashLevel(from, width, prefix, to)
napi_value hashLevel(napi_env env, napi_callback_info info) {
  size_t count = 4;
  napi_value values[4];
  void* compress;
  napi_get_cb_info(env, info, &count, values, nullptr, &compress);
  uint8_t *from, *to;
  size_t length, room;
  uint64_t n[2];
  if (count != 4 || !bytesOf(env, values[0], &from, &length) || !numbersOf(env, values + 1, n) ||
      !bytesOf(env, values[3], &to, &room) || n[0] > length / kDigest ||
      n[0] / 2 + n[0] % 2 > room / kDigest) {
    return fail(env, "digests, their number, a prefix and a place for the level are expected");
  }
  assay::hashLevel(reinterpret_cast<Compress>(compress), from, n[0], uint8_t(n[1]), to);
  return nullptr;
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

void hasher(napi_env env, napi_value list, const char* name, Compress compress) {
  uint32_t at = 0;
  napi_value one;
  napi_get_array_length(env, list, &at);
  napi_create_object(env, &one);
  napi_set_named_property(env, one, "name", text(env, name));
  method(env, one, "hashTiles", hashTiles, reinterpret_cast<void*>(compress));
  method(env, one, "hashLevel", hashLevel, reinterpret_cast<void*>(compress));
  napi_set_element(env, list, at, one);
}

napi_value hashers(napi_env env) {
  napi_value list;
  napi_create_array(env, &list);
#if defined(__x86_64__)
  if (hasSha()) hasher(env, list, "sha", compressSha);
#endif
  hasher(env, list, "portable", compressPortable);
  return list;
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
