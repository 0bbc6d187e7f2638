// SHA-256 (FIPS 180-4) over padded messages, and the two shapes in which tensors are hashed: tiles of
// a matrix as leaves, and pairs of digests as nodes (RFC 6962, section 2.1).

#pragma once

#include <cstddef>
#include <cstdint>

namespace assay {

constexpr size_t kDigest = 32;

/// How a tensor is cut into leaves, in bytes: rows of `rowBytes`, tiles of tileRows x tileBytes,
/// those of the last grid row and column clipped; numbered row-major over the grid.
struct TileGrid {
  uint64_t rows, rowBytes;
  uint64_t tileRows, tileBytes;
  uint64_t gridRows, gridColumns;
};

/// A tile is at most this long.
constexpr size_t kTileBytes = 1024;

/// Runs `blocks` blocks of each of `lanes` (1 or 2) messages through their states.
using Compress = void (*)(uint32_t state[][8], const uint8_t* const* data, int lanes,
                          size_t blocks);

/// Writes H(first ‖ second ‖ tile) of tiles begin..end, one after the other.
void hashTiles(Compress compress, const uint8_t* bytes, const TileGrid& grid, uint8_t first, uint8_t second,
               uint64_t begin, uint64_t end, uint8_t* out);

/// Writes the level above `width` digests: H(prefix ‖ left ‖ right), and a lone last one unchanged.
/// `to` may be `from`.
void hashLevel(Compress compress, const uint8_t* from, uint64_t width, uint8_t prefix, uint8_t* to);

/// A head is at most this long.
constexpr size_t kHeadBytes = 512;

/// A tensor and what its commitment begins with: H(head ‖ root) over the tree of its tiles, whose leaves
/// are H(leaf ‖ kind ‖ tile) and whose nodes H(node ‖ left ‖ right). It has a tile at least.
struct Commitment {
  const uint8_t* bytes;
  TileGrid grid;
  uint8_t leaf, kind, node;
  uint8_t head[kHeadBytes];
  size_t headBytes;
};

/// Writes the commitment to `out`, on up to `threads` threads.
void commit(Compress compress, const Commitment& what, uint32_t threads, uint8_t* out);

void compressPortable(uint32_t state[][8], const uint8_t* const* data, int lanes, size_t blocks);
#if defined(__x86_64__)
/// With SHA instructions: two messages take hardly longer than one, for each waits for itself.
void compressSha(uint32_t state[][8], const uint8_t* const* data, int lanes, size_t blocks);
#endif

extern const uint32_t kRoundConstants[64];

}  // namespace assay
