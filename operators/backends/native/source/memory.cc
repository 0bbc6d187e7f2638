#include "memory.h"

#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>

#include "cpu.h"
#include "job.h"
#include "node.h"
#include "pool.h"

namespace assay {
namespace {

constexpr size_t kLargePage = 2 << 20;

/// A Uint8Array over memory that `free` is called with when it is collected; null with an exception
/// pending, and the memory freed, where the engine takes no memory of others.
napi_value ownedBytes(napi_env env, void* start, size_t skipped, size_t length, size_t total,
                      void (*release)(void*, size_t)) {
  struct Owned {
    void (*release)(void*, size_t);
    size_t total;
  };
  auto* owned = new Owned{release, total};
  const auto finalize = [](napi_env, void* data, void* hint) {
    auto* o = static_cast<Owned*>(hint);
    o->release(data, o->total);
    delete o;
  };
  napi_value buffer, array;
  if (napi_create_external_arraybuffer(env, start, skipped + length, finalize, owned, &buffer) !=
      napi_ok) {
    release(start, total);
    delete owned;
    return fail(env, "this engine takes no memory from outside");
  }
  napi_create_typedarray(env, napi_uint8_array, length, buffer, skipped, &array);
  return array;
}

void* allocate(size_t bytes) {
  void* at = nullptr;
  const bool large = bytes >= kLargePage;
  if (posix_memalign(&at, large ? kLargePage : 64, bytes) != 0) return nullptr;
  preferLargePages(at, bytes);
  return at;
}

/// A constant to pack, by parts that threads share: panels or tiles, those of every base in turn.
struct Packing {
  const Level* level;
  Constant constant;
  const double* bases;
  bool isRows;
  uint64_t parts;
  uint8_t* to;
  size_t pieceBytes;

  void run(uint64_t begin, uint64_t end) const {
    const PlainArithmetic plain;
    while (begin < end) {
      const uint64_t piece = begin / parts, first = begin % parts;
      const uint64_t last = std::min(parts, first + (end - begin));
      Constant from = constant;
      from.base = int64_t(bases[piece]);
      const auto pack = isRows ? level->packRowTiles : level->packColumns;
      pack(from, uint32_t(first), uint32_t(last), to + piece * pieceBytes);
      begin += last - first;
    }
  }
};

/// Whether elements base + outer + depth all lie among `elements`.
bool liesWithin(const Constant& c, const double* bases, size_t count, uint64_t elements) {
  if (c.count == 0 || c.k == 0) return true;
  const auto [o0, o1] = std::minmax_element(c.outer, c.outer + c.count);
  const auto [d0, d1] = std::minmax_element(c.depth, c.depth + c.k);
  return std::all_of(bases, bases + count, [&](double base) {
    return base + *o0 + *d0 >= 0 && base + *o1 + *d1 < double(elements);
  });
}

}  // namespace

void preferLargePages(void* memory, size_t length) {
#if defined(__linux__)
  const auto page = size_t(sysconf(_SC_PAGESIZE));
  const auto start = (reinterpret_cast<uintptr_t>(memory) + page - 1) / page * page;
  const auto end = (reinterpret_cast<uintptr_t>(memory) + length) / page * page;
  if (end < start + kLargePage) return;
  // A wish: where it is not granted all works, slower.
  (void)madvise(reinterpret_cast<void*>(start), end - start, MADV_HUGEPAGE);
#else
  (void)memory;
  (void)length;
#endif
}

napi_value packConstant(napi_env env, napi_callback_info info) {
  size_t count = 8;
  napi_value values[8];
  napi_get_cb_info(env, info, &count, values, nullptr, nullptr);
  uint8_t* bytes[4];
  size_t lengths[4];
  bool good = count == 8;
  for (size_t i = 0; good && i < 4; i++) good = bytesOf(env, values[i], &bytes[i], &lengths[i]);
  char name[16] = {};
  size_t written = 0;
  uint64_t n[3];
  good = good && napi_get_value_string_utf8(env, values[4], name, sizeof name, &written) == napi_ok &&
         numbersOf(env, values + 5, n) && n[0] < 2 && n[1] <= uint64_t(Format::i8);
  const Level* level = good ? levelNamed(name) : nullptr;
  if (!level) return fail(env, "bytes, tables, bases, a level, a side, a format and threads are expected");
  const auto format = Format(n[1]);
  const Constant c{bytes[0], format, 0, reinterpret_cast<const int32_t*>(bytes[1]),
                   reinterpret_cast<const int32_t*>(bytes[2]), uint32_t(lengths[1] / 4),
                   uint32_t(lengths[2] / 4)};
  const auto bases = reinterpret_cast<const double*>(bytes[3]);
  const size_t pieces = lengths[3] / 8;
  if (!liesWithin(c, bases, pieces, lengths[0] / sizeOf(format))) {
    return fail(env, "the tables lead out of the bytes");
  }
  const bool isRows = n[0] == 1;
  const uint64_t panels = (uint64_t{c.count} + kPanel - 1) / kPanel;
  const uint64_t tiles = (uint64_t{c.count} + level->tileRows - 1) / level->tileRows;
  const size_t pieceBytes =
      isRows ? size_t{c.count} * c.k * 4 : panels * kPanel * c.k * sizeOf(format);
  const size_t total = std::max<size_t>(64, pieces * pieceBytes);
  void* to = allocate(total);
  if (!to) return fail(env, "there is no memory for a packed constant");
  Packing packing{level, c, bases, isRows, isRows ? tiles : panels, static_cast<uint8_t*>(to),
                  pieceBytes};
  const uint64_t parts = packing.parts * pieces;
  // About 50 µs a part, so that another thread pays.
  const uint64_t perPart = pieceBytes / std::max<uint64_t>(1, packing.parts);
  const uint64_t grain = std::max<uint64_t>(1, (256 << 10) / std::max<uint64_t>(1, perPart));
  inParallel(uint32_t(n[2]), parts, grain, &packing, [](void* context, uint64_t begin, uint64_t end) {
    static_cast<const Packing*>(context)->run(begin, end);
  });
  return ownedBytes(env, to, 0, total, total, [](void* data, size_t) { std::free(data); });
}

napi_value addressOf(napi_env env, napi_callback_info info) {
  size_t count = 1, length = 0;
  napi_value value, address;
  uint8_t* bytes;
  napi_get_cb_info(env, info, &count, &value, nullptr, nullptr);
  if (count != 1 || !bytesOf(env, value, &bytes, &length)) return fail(env, "bytes are expected");
  napi_create_double(env, double(reinterpret_cast<uintptr_t>(bytes)), &address);
  return address;
}

napi_value mapFile(napi_env env, napi_callback_info info) {
  size_t count = 3;
  napi_value values[3];
  uint64_t n[3];
  napi_get_cb_info(env, info, &count, values, nullptr, nullptr);
  if (count != 3 || !numbersOf(env, values, n)) return fail(env, "a descriptor and a range are expected");
  const auto [descriptor, offset, length] = n;
  struct stat status;
  if (descriptor > INT32_MAX || fstat(int(descriptor), &status) != 0 || !S_ISREG(status.st_mode)) {
    return fail(env, "the descriptor is of no regular file");
  }
  const auto size = uint64_t(status.st_size);
  if (length == 0 || offset > size || length > size - offset) return fail(env, "the range is not in the file");
  const auto page = uint64_t(sysconf(_SC_PAGESIZE));
  const size_t skipped = offset % page, total = skipped + length;
  // Private and writable: a write of somebody who holds the bytes changes a copy of the page, and
  // neither the file nor the fate of the process.
  void* at = mmap(nullptr, total, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_NORESERVE,
                  int(descriptor), off_t(offset - skipped));
  if (at == MAP_FAILED) return fail(env, "the system does not map the file");
  return ownedBytes(env, at, skipped, length, total, [](void* data, size_t bytes) { munmap(data, bytes); });
}

}  // namespace assay
