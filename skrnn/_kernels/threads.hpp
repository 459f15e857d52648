// Work shared between threads: ``in_parallel(n_threads, n_parts, f)`` calls f(0), ..., f(n_parts - 1).
//
// The helpers wait in one crew for the whole process, made when first needed and asleep when idle: to start
// a thread for every call was measured to cost milliseconds before it runs. Parts are claimed one after the
// other and nobody waits for a helper that has not begun, so that on a busy machine the caller does the work
// alone. A child made by fork has no helpers; it sees that the crew is not its own and makes another one.

#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>

namespace skrnn {

// Measured: 50 microseconds are enough for a helper to stay awake from one call of a window to the next.
constexpr std::chrono::microseconds MOMENT(50);

// Look for a moment whether something has come about: falling asleep and being woken takes longer than that.
template <class F>
bool soon(const F& has_happened) {
    using Clock = std::chrono::steady_clock;
    const Clock::time_point end = Clock::now() + MOMENT;
    do {
        for (int k = 0; k < 64; ++k) {
            if (has_happened()) return true;
#if defined(__x86_64__)
            __builtin_ia32_pause();
#endif
        }
    } while (Clock::now() < end);
    return false;
}

// Parts 0..n-1 of one piece of work, each claimed once.
class Job {
  public:
    explicit Job(int n) : n_(n) {}

    template <class F>
    void work(const F& f) {
        for (int k; (k = next_.fetch_add(1)) < n_;) {
            f(k);
            if (done_.fetch_add(1) + 1 == n_) {
                const std::lock_guard<std::mutex> lock(mutex_);
                all_done_.notify_all();
            }
        }
    }

    void wait() {
        if (soon([this] { return done_.load() == n_; })) return;
        std::unique_lock<std::mutex> lock(mutex_);
        all_done_.wait(lock, [this] { return done_.load() == n_; });
    }

  private:
    const int n_;
    std::atomic<int> next_{0}, done_{0};
    std::mutex mutex_;
    std::condition_variable all_done_;
};

class Crew {
  public:
    // The crew of this process.
    static Crew& own();

    // Let ``n`` helpers call ``task``, sooner or later; each may find nothing left to do.
    void help(int n, const std::function<void()>& task);

  private:
    explicit Crew(long process) : process_(process) {}
    void hire(int n);
    void live();

    const long process_;
    int size_ = 0;
    std::atomic<int> waiting_{0};  // tasks
    std::deque<std::function<void()>> tasks_;
    std::mutex mutex_;
    std::condition_variable has_task_;
};

template <class F>
void in_parallel(int n_threads, int n_parts, const F& f) {
    if (n_threads < 2 || n_parts < 2) {
        for (int k = 0; k < n_parts; ++k) f(k);
        return;
    }
    const auto job = std::make_shared<Job>(n_parts);
    const F* const pf = &f;  // every claimed part ends before this function does
    try {
        Crew::own().help(n_threads - 1, [job, pf] { job->work(*pf); });
    } catch (...) {  // no memory, no threads: those who were told help, the caller does the rest
    }
    job->work(f);
    job->wait();
}

}  // namespace skrnn
