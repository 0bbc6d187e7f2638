// Threads that live as long as the process, for work that the machine's own threads do not do.

#pragma once

#include <cstdint>

namespace assay {

/// Calls use(context, begin, end) over parts of 0..count on up to `threads` threads, the caller among
/// them, and returns when all are done. Calls from two threads take turns.
void inParallel(uint32_t threads, uint64_t count, uint64_t grain, void* context,
                void (*use)(void* context, uint64_t begin, uint64_t end));

}  // namespace assay
