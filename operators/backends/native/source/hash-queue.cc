#include "hash-queue.h"

#include <chrono>

namespace assay {

double clockMs() {
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  return std::chrono::duration<double, std::milli>(now).count();
}

HashQueue::~HashQueue() { end(); }

uint64_t HashQueue::push(const Commitment& what, void* keeper) {
  const std::lock_guard<std::mutex> lock(mutex);
  entries.emplace_back();
  entries.back().what = what;
  entries.back().result.keeper = keeper;
  if (!started) {
    // Where there is no thread to be had, `take` does it all.
    started = !pthread_create(&thread, nullptr, [](void* self) -> void* {
      static_cast<HashQueue*>(self)->serve();
      return nullptr;
    }, this);
  } else if (asleep) {
    wake.notify_one();
  }
  return first + entries.size() - 1;
}

bool HashQueue::isDone(uint64_t number) {
  const std::lock_guard<std::mutex> lock(mutex);
  const Entry* entry = at(number);
  return !entry || entry->state == State::done || entry->state == State::taken;
}

bool HashQueue::take(uint64_t number, Result* to) {
  std::unique_lock<std::mutex> lock(mutex);
  Entry* entry = at(number);
  if (!entry || entry->state == State::taken) return false;
  while (entry->state != State::done) {
    if (Entry* other = claim()) work(*other, lock);
    else done.wait(lock);
  }
  *to = entry->result;
  entry->state = State::taken;
  while (!entries.empty() && entries.front().state == State::taken) {
    entries.pop_front();
    first++;
  }
  return true;
}

void HashQueue::abandon(void* context, void (*use)(void*, void*)) {
  end();
  for (const Entry& e : entries) {
    if (e.state != State::taken) use(context, e.result.keeper);
  }
  first += entries.size();
  entries.clear();
}

HashQueue::Entry* HashQueue::at(uint64_t number) {
  return number < first || number - first >= entries.size() ? nullptr : &entries[number - first];
}

HashQueue::Entry* HashQueue::claim() {
  if (next < first) next = first;
  if (next - first >= entries.size()) return nullptr;
  Entry& entry = entries[next++ - first];
  entry.state = State::begun;
  return &entry;
}

void HashQueue::work(Entry& entry, std::unique_lock<std::mutex>& lock) {
  lock.unlock();
  entry.result.begun = clockMs();
  commit(compress, entry.what, 1, entry.result.digest);
  entry.result.ended = clockMs();
  lock.lock();
  entry.state = State::done;
  done.notify_all();
}

void HashQueue::serve() {
  std::unique_lock<std::mutex> lock(mutex);
  while (!ending) {
    if (Entry* entry = claim()) {
      work(*entry, lock);
      continue;
    }
    asleep = true;
    wake.wait(lock);
    asleep = false;
  }
}

void HashQueue::end() {
  {
    const std::lock_guard<std::mutex> lock(mutex);
    if (!started) return;
    ending = true;
    wake.notify_one();
  }
  pthread_join(thread, nullptr);
  started = false;
}

}  // namespace assay
