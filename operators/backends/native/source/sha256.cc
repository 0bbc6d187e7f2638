#include "sha256.h"

#include <algorithm>
#include <cstring>
#include <memory>

#include "pool.h"

namespace assay {

alignas(16) const uint32_t kRoundConstants[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

namespace {

constexpr uint32_t kStart[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};

inline uint32_t rotate(uint32_t x, int by) { return x >> by | x << (32 - by); }

inline uint32_t bigEndian(const uint8_t* p) {
  uint32_t x;
  std::memcpy(&x, p, 4);
  return __builtin_bswap32(x);
}

void block(uint32_t state[8], const uint8_t* data) {
  uint32_t w[64];
  for (int i = 0; i < 16; i++) w[i] = bigEndian(data + 4 * i);
  for (int i = 16; i < 64; i++) {
    const uint32_t s0 = rotate(w[i - 15], 7) ^ rotate(w[i - 15], 18) ^ w[i - 15] >> 3;
    const uint32_t s1 = rotate(w[i - 2], 17) ^ rotate(w[i - 2], 19) ^ w[i - 2] >> 10;
    w[i] = w[i - 16] + s0 + w[i - 7] + s1;
  }
  uint32_t x[8];
  std::memcpy(x, state, sizeof x);
  for (int i = 0; i < 64; i++) {
    const uint32_t e = x[4], a = x[0];
    const uint32_t s1 = rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25);
    const uint32_t t1 = x[7] + s1 + ((e & x[5]) ^ (~e & x[6])) + kRoundConstants[i] + w[i];
    const uint32_t s0 = rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22);
    const uint32_t t2 = s0 + ((a & x[1]) ^ (a & x[2]) ^ (x[1] & x[2]));
    for (int j = 7; j > 0; j--) x[j] = x[j - 1];
    x[4] += t1;
    x[0] = t1 + t2;
  }
  for (int i = 0; i < 8; i++) state[i] += x[i];
}

/// A message with its padding.
struct Message {
  alignas(64) uint8_t bytes[kTileBytes + 64];
  size_t length = 0;

  size_t blocks() const { return (length + 9 + 63) / 64; }

  /// Of `size` bytes, to be written before.
  void finish(size_t size) {
    length = size;
    std::memset(bytes + size, 0, blocks() * 64 - size);
    bytes[size] = 0x80;
    const uint64_t bits = __builtin_bswap64(uint64_t{size} * 8);
    std::memcpy(bytes + blocks() * 64 - 8, &bits, 8);
  }
};
static_assert(sizeof(Message::bytes) % 64 == 0 && sizeof(Message::bytes) >= 2 + kTileBytes + 9);

/// Digests of one or two messages of as many blocks.
void digests(Compress compress, const Message* messages, int lanes, uint8_t* out) {
  uint32_t state[2][8];
  const uint8_t* data[2];
  for (int i = 0; i < lanes; i++) {
    std::memcpy(state[i], kStart, sizeof kStart);
    data[i] = messages[i].bytes;
  }
  compress(state, data, lanes, messages[0].blocks());
  for (int i = 0; i < lanes; i++) {
    for (int j = 0; j < 8; j++) {
      const uint32_t word = __builtin_bswap32(state[i][j]);
      std::memcpy(out + i * kDigest + 4 * j, &word, 4);
    }
  }
}

/// Copies a tile behind `to`; yields its length.
size_t gather(const uint8_t* bytes, const TileGrid& g, uint64_t tile, uint8_t* to) {
  const uint64_t gridRow = tile / g.gridColumns;
  const uint64_t row = gridRow * g.tileRows;
  const uint64_t at = (tile - gridRow * g.gridColumns) * g.tileBytes;
  const uint64_t rows = std::min(g.tileRows, g.rows - row);
  const uint64_t width = std::min(g.tileBytes, g.rowBytes - at);
  const uint8_t* from = bytes + row * g.rowBytes + at;
  for (uint64_t y = 0; y < rows; y++) std::memcpy(to + y * width, from + y * g.rowBytes, width);
  return rows * width;
}

}  // namespace

void compressPortable(uint32_t state[][8], const uint8_t* const* data, int lanes, size_t blocks) {
  for (int i = 0; i < lanes; i++) {
    for (size_t b = 0; b < blocks; b++) block(state[i], data[i] + 64 * b);
  }
}

void hashTiles(Compress compress, const uint8_t* bytes, const TileGrid& grid, uint8_t first, uint8_t second,
               uint64_t begin, uint64_t end, uint8_t* out) {
  Message messages[2];
  for (auto& m : messages) {
    m.bytes[0] = first;
    m.bytes[1] = second;
  }
  const auto load = [&](int lane, uint64_t tile) {
    Message& m = messages[lane];
    const size_t size = 2 + gather(bytes, grid, tile, m.bytes + 2);
    // Tiles of one length leave the padding as it is.
    if (size != m.length) m.finish(size);
  };
  for (uint64_t tile = begin; tile < end;) {
    load(0, tile);
    int lanes = 1;
    if (tile + 1 < end) {
      load(1, tile + 1);
      if (messages[1].blocks() == messages[0].blocks()) lanes = 2;
    }
    digests(compress, messages, lanes, out + (tile - begin) * kDigest);
    tile += lanes;
  }
}

void hashLevel(Compress compress, const uint8_t* from, uint64_t width, uint8_t prefix, uint8_t* to) {
  Message messages[2];
  for (auto& m : messages) {
    m.bytes[0] = prefix;
    m.finish(1 + 2 * kDigest);
  }
  const uint64_t pairs = width / 2;
  for (uint64_t i = 0; i < pairs;) {
    const int lanes = i + 1 < pairs ? 2 : 1;
    for (int lane = 0; lane < lanes; lane++) {
      std::memcpy(messages[lane].bytes + 1, from + 2 * (i + lane) * kDigest, 2 * kDigest);
    }
    digests(compress, messages, lanes, to + i * kDigest);
    i += lanes;
  }
  if (width % 2) std::memmove(to + pairs * kDigest, from + (width - 1) * kDigest, kDigest);
}

namespace {

/// Tiles that one thread folds into one node: their digests stay in its first cache, and about 50 µs of
/// hashing are worth another thread. A power of two, so that the tree over the tiles consists of these.
constexpr uint64_t kStretch = 128;

struct Stretches {
  Compress compress;
  const Commitment* of;
  uint64_t tiles;
  /// One node for each stretch.
  uint8_t* nodes;
};

void foldStretch(const Stretches& work, uint64_t stretch) {
  const Commitment& c = *work.of;
  const uint64_t begin = stretch * kStretch;
  const uint64_t end = std::min(work.tiles, begin + kStretch);
  uint8_t digests[kStretch * kDigest];
  hashTiles(work.compress, c.bytes, c.grid, c.leaf, c.kind, begin, end, digests);
  for (uint64_t width = end - begin; width > 1; width = (width + 1) / 2) {
    hashLevel(work.compress, digests, width, c.node, digests);
  }
  std::memcpy(work.nodes + stretch * kDigest, digests, kDigest);
}

}  // namespace

void commit(Compress compress, const Commitment& what, uint32_t threads, uint8_t* out) {
  const uint64_t tiles = what.grid.gridRows * what.grid.gridColumns;
  const uint64_t count = (tiles + kStretch - 1) / kStretch;
  uint8_t few[64 * kDigest];
  const std::unique_ptr<uint8_t[]> many(count > 64 ? new uint8_t[count * kDigest] : nullptr);
  const Stretches work{compress, &what, tiles, many ? many.get() : few};
  inParallel(threads, count, 1, const_cast<Stretches*>(&work), [](void* context, uint64_t begin, uint64_t end) {
    for (uint64_t i = begin; i < end; i++) foldStretch(*static_cast<const Stretches*>(context), i);
  });
  for (uint64_t width = count; width > 1; width = (width + 1) / 2) {
    hashLevel(compress, work.nodes, width, what.node, work.nodes);
  }
  Message message;
  std::memcpy(message.bytes, what.head, what.headBytes);
  std::memcpy(message.bytes + what.headBytes, work.nodes, kDigest);
  message.finish(what.headBytes + kDigest);
  digests(compress, &message, 1, out);
}

}  // namespace assay
