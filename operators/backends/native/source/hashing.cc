// Hashing as Node sees it.

#include "hashing.h"

#include <cstring>

#include "cpu.h"
#include "hash-queue.h"
#include "node.h"
#include "pool.h"
#include "sha256.h"

namespace assay {
namespace {

/// Completes a grid of which rows and tiles are known; false with an exception where it is not that of so many bytes.
bool gridOf(napi_env env, size_t length, TileGrid& g) {
  const bool fits = g.tileRows && g.tileBytes && g.tileRows <= kTileBytes &&
                    g.tileBytes <= kTileBytes && g.tileRows * g.tileBytes <= kTileBytes &&
                    (g.rowBytes == 0 || g.rows <= length / g.rowBytes) &&
                    g.rows * g.rowBytes == length;
  if (!fits) fail(env, "the bytes are not those rows, or a tile is too large");
  g.gridRows = fits ? (g.rows + g.tileRows - 1) / g.tileRows : 0;
  g.gridColumns = fits ? (g.rowBytes + g.tileBytes - 1) / g.tileBytes : 0;
  return fits;
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
  if (!gridOf(env, length, work.grid) || length == 0) return nullptr;
  const uint64_t tiles = work.grid.gridRows * work.grid.gridColumns;
  if (tiles > room / kDigest) return fail(env, "there is no room for the digests");
  inParallel(uint32_t(n[6]), tiles, kTilesGrain, &work, [](void* context, uint64_t begin, uint64_t end) {
    const auto& w = *static_cast<TileWork*>(context);
    assay::hashTiles(w.compress, w.bytes, w.grid, w.first, w.second, begin, end, w.out + begin * kDigest);
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

/// Reads bytes, head, rows, rowBytes, tileRows, tileBytes, leaf, kind, node; false with an exception pending.
bool commitmentOf(napi_env env, const napi_value* values, Commitment* to) {
  uint8_t *bytes, *head;
  size_t length, headBytes;
  uint64_t n[7];
  if (!bytesOf(env, values[0], &bytes, &length) || !bytesOf(env, values[1], &head, &headBytes) ||
      !numbersOf(env, values + 2, n) || headBytes > kHeadBytes || length == 0) {
    fail(env, "bytes, a short head and seven numbers are expected");
    return false;
  }
  *to = {bytes, {n[0], n[1], n[2], n[3], 0, 0}, uint8_t(n[4]), uint8_t(n[5]), uint8_t(n[6]), {}, headBytes};
  std::memcpy(to->head, head, headBytes);
  return gridOf(env, length, to->grid);
}

constexpr size_t kCommitment = 9;

/// commit(…commitment, threads, out)
napi_value commit(napi_env env, napi_callback_info info) {
  size_t count = kCommitment + 2, room;
  napi_value values[kCommitment + 2];
  void* compress;
  napi_get_cb_info(env, info, &count, values, nullptr, &compress);
  Commitment what;
  uint8_t* out;
  uint64_t threads[1];
  if (count != kCommitment + 2 || !numbersOf(env, values + kCommitment, threads) ||
      !bytesOf(env, values[kCommitment + 1], &out, &room) || room < kDigest) {
    return fail(env, "a tensor, a number of threads and a place for a digest are expected");
  }
  if (!commitmentOf(env, values, &what)) return nullptr;
  assay::commit(reinterpret_cast<Compress>(compress), what, uint32_t(threads[0]), out);
  return nullptr;
}

HashQueue* queueOf(napi_env env, napi_callback_info info, size_t wanted, napi_value* values) {
  size_t count = wanted;
  napi_value self;
  void* wrapped = nullptr;
  napi_get_cb_info(env, info, &count, values, &self, nullptr);
  if (count == wanted && napi_unwrap(env, self, &wrapped) == napi_ok) return static_cast<HashQueue*>(wrapped);
  fail(env, "this is no queue, or arguments are missing");
  return nullptr;
}

/// push(…commitment): its number. The bytes are not freed before it is taken.
napi_value push(napi_env env, napi_callback_info info) {
  napi_value values[kCommitment], answer;
  HashQueue* queue = queueOf(env, info, kCommitment, values);
  Commitment what;
  if (!queue || !commitmentOf(env, values, &what)) return nullptr;
  napi_ref bytes;
  if (napi_create_reference(env, values[0], 1, &bytes) != napi_ok) return fail(env, "the bytes cannot be held");
  napi_create_double(env, double(queue->push(what, bytes)), &answer);
  return answer;
}

napi_value isDone(napi_env env, napi_callback_info info) {
  napi_value value, answer;
  HashQueue* queue = queueOf(env, info, 1, &value);
  uint64_t number[1];
  if (!queue || !numbersOf(env, &value, number)) return nullptr;
  napi_get_boolean(env, queue->isDone(number[0]), &answer);
  return answer;
}

/// take(number, out): waits, writes 32 bytes of digest and two f64, when it was begun and ended.
napi_value take(napi_env env, napi_callback_info info) {
  napi_value values[2];
  HashQueue* queue = queueOf(env, info, 2, values);
  uint64_t number[1];
  uint8_t* out;
  size_t room;
  if (!queue) return nullptr;
  if (!numbersOf(env, values, number) || !bytesOf(env, values[1], &out, &room) || room < kDigest + 16) {
    return fail(env, "a number and 48 bytes are expected");
  }
  HashQueue::Result result;
  if (!queue->take(number[0], &result)) return fail(env, "there is no such commitment");
  napi_delete_reference(env, static_cast<napi_ref>(result.keeper));
  std::memcpy(out, result.digest, kDigest);
  std::memcpy(out + kDigest, &result.begun, 8);
  std::memcpy(out + kDigest + 8, &result.ended, 8);
  return nullptr;
}

/// The clock of `take`, in milliseconds.
napi_value clock(napi_env env, napi_callback_info) {
  napi_value answer;
  napi_create_double(env, clockMs(), &answer);
  return answer;
}

void dropBytes(void* env, void* reference) {
  napi_delete_reference(static_cast<napi_env>(env), static_cast<napi_ref>(reference));
}

napi_value close(napi_env env, napi_callback_info info) {
  HashQueue* queue = queueOf(env, info, 0, nullptr);
  if (queue) queue->abandon(env, dropBytes);
  return nullptr;
}

/// queue(): a thread that commits to tensors one after the other. It starts with the first of them.
napi_value makeQueue(napi_env env, napi_callback_info info) {
  size_t count = 0;
  void* compress;
  napi_get_cb_info(env, info, &count, nullptr, nullptr, &compress);
  napi_value object;
  napi_create_object(env, &object);
  const auto free = [](napi_env env, void* data, void*) {
    auto* queue = static_cast<HashQueue*>(data);
    queue->abandon(env, dropBytes);
    delete queue;
  };
  napi_wrap(env, object, new HashQueue(reinterpret_cast<Compress>(compress)), free, nullptr, nullptr);
  method(env, object, "push", push);
  method(env, object, "isDone", isDone);
  method(env, object, "take", take);
  method(env, object, "clock", clock);
  method(env, object, "close", close);
  return object;
}

void hasher(napi_env env, napi_value list, const char* name, Compress compress) {
  uint32_t at = 0;
  napi_value one;
  napi_get_array_length(env, list, &at);
  napi_create_object(env, &one);
  napi_set_named_property(env, one, "name", text(env, name));
  method(env, one, "hashTiles", hashTiles, reinterpret_cast<void*>(compress));
  method(env, one, "hashLevel", hashLevel, reinterpret_cast<void*>(compress));
  method(env, one, "commit", commit, reinterpret_cast<void*>(compress));
  method(env, one, "queue", makeQueue, reinterpret_cast<void*>(compress));
  napi_set_element(env, list, at, one);
}

}  // namespace

napi_value hashers(napi_env env) {
  napi_value list;
  napi_create_array(env, &list);
#if defined(__x86_64__)
  if (hasSha()) hasher(env, list, "sha", compressSha);
#endif
  hasher(env, list, "portable", compressPortable);
  return list;
}

}  // namespace assay
