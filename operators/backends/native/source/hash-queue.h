// Commitments on a thread of their own, in the order in which they are asked for.

#pragma once

#include <pthread.h>

#include <condition_variable>
#include <deque>
#include <mutex>

#include "sha256.h"

namespace assay {

class HashQueue {
 public:
  explicit HashQueue(Compress compress) : compress(compress) {}
  /// Ends the thread; what it has not begun stays undone.
  ~HashQueue();

  struct Result {
    uint8_t digest[kDigest];
    /// Milliseconds of the system's monotonic clock.
    double begun, ended;
    void* keeper;
  };

  /// Asks for a commitment, and yields its number. The bytes stay where and as they are until it is
  /// done; `keeper` is whatever the caller wants back with the result.
  uint64_t push(const Commitment& what, void* keeper);
  bool isDone(uint64_t number);
  /// Waits for a commitment, working on what waits meanwhile. False where there is none (any more).
  bool take(uint64_t number, Result* to);
  /// Ends the thread and calls `use` with the keeper of everything that was not taken.
  void abandon(void* context, void (*use)(void* context, void* keeper));

 private:
  enum class State { waiting, begun, done, taken };
  struct Entry {
    Commitment what;
    Result result;
    State state = State::waiting;
  };

  Entry* at(uint64_t number);
  /// The first entry that nobody has begun, now begun; with the lock held.
  Entry* claim();
  void work(Entry& entry, std::unique_lock<std::mutex>& lock);
  void serve();
  void end();

  const Compress compress;
  std::mutex mutex;
  std::condition_variable wake, done;
  std::deque<Entry> entries;
  /// Number of the first entry, and of the first one that may still wait.
  uint64_t first = 0, next = 0;
  pthread_t thread;
  bool started = false, asleep = false, ending = false;
};

/// Milliseconds of the clock of `Result`.
double clockMs();

}  // namespace assay
