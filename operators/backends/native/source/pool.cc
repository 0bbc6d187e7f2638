#include "pool.h"

#include <pthread.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <mutex>

namespace assay {
namespace {

struct Work {
  std::atomic<uint64_t> next{0};
  uint64_t count = 0, grain = 1;
  void* context = nullptr;
  void (*use)(void*, uint64_t, uint64_t) = nullptr;

  void take() {
    for (;;) {
      const uint64_t begin = next.fetch_add(grain);
      if (begin >= count) return;
      use(context, begin, std::min(count, begin + grain));
    }
  }
};

class Pool {
 public:
  void run(uint32_t helpers, Work& work) {
    const std::lock_guard<std::mutex> turn(turns);
    {
      const std::lock_guard<std::mutex> lock(mutex);
      while (started < helpers && start()) started++;
      helpers = std::min(helpers, started);
      current = &work;
      wanted = helpers;
      busy = helpers;
      generation++;
    }
    wake.notify_all();
    work.take();
    std::unique_lock<std::mutex> lock(mutex);
    done.wait(lock, [this] { return busy == 0; });
    current = nullptr;
  }

 private:
  /// False where the system has no thread to give. Never joined: they wait, and end with the process.
  bool start() {
    auto* own = new Start{this, started};
    pthread_t thread;
    const bool made = !pthread_create(&thread, nullptr, [](void* data) -> void* {
      const Start begin = *static_cast<Start*>(data);
      delete static_cast<Start*>(data);
      begin.pool->serve(begin.number);
      return nullptr;
    }, own);
    if (made) pthread_detach(thread);
    else delete own;
    return made;
  }

  struct Start {
    Pool* pool;
    uint32_t number;
  };

  void serve(uint32_t number) {
    uint64_t seen = 0;
    std::unique_lock<std::mutex> lock(mutex);
    for (;;) {
      wake.wait(lock, [&] { return generation != seen && current; });
      seen = generation;
      if (number >= wanted) continue;
      Work* work = current;
      lock.unlock();
      work->take();
      lock.lock();
      if (--busy == 0) done.notify_one();
    }
  }

  std::mutex turns, mutex;
  std::condition_variable wake, done;
  Work* current = nullptr;
  uint64_t generation = 0;
  uint32_t started = 0, wanted = 0, busy = 0;
};

}  // namespace

void inParallel(uint32_t threads, uint64_t count, uint64_t grain, void* context,
                void (*use)(void* context, uint64_t begin, uint64_t end)) {
  Work work;
  work.count = count;
  work.grain = std::max<uint64_t>(1, grain);
  work.context = context;
  work.use = use;
  const uint64_t parts = (count + work.grain - 1) / work.grain;
  const uint64_t helpers = std::min<uint64_t>(std::min<uint64_t>(threads, 64), parts);
  if (helpers < 2) return work.take();
  // Left to the end of the process: threads still wait in it.
  static Pool* const pool = new Pool;
  pool->run(uint32_t(helpers - 1), work);
}

}  // namespace assay
