#include "threads.hpp"

#if !defined(_WIN32)
#include <signal.h>
#include <unistd.h>
#endif

#include <thread>

namespace skrnn {

namespace {

#if defined(_WIN32)
long this_process() { return 0; }  // there is no fork: every process has loaded the module itself

struct WithoutSignals {
    WithoutSignals() {}  // they come in threads of their own
};
#else
long this_process() { return getpid(); }

// Threads started while this object lives get no signals, which are for the threads that Python knows.
class WithoutSignals {
  public:
    WithoutSignals() {
        sigset_t all;
        sigfillset(&all);
        for (int fault : {SIGSEGV, SIGBUS, SIGFPE, SIGILL}) sigdelset(&all, fault);
        pthread_sigmask(SIG_SETMASK, &all, &before_);
    }
    ~WithoutSignals() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
    WithoutSignals(const WithoutSignals&) = delete;
    WithoutSignals& operator=(const WithoutSignals&) = delete;

  private:
    sigset_t before_;
};
#endif

}  // namespace

Crew& Crew::own() {
    // never deleted: helpers may outlive everything but the process
    static std::atomic<Crew*> current{nullptr};
    const long process = this_process();
    Crew* crew = current.load();
    while (!crew || crew->process_ != process) {
        Crew* const fresh = new Crew(process);
        if (current.compare_exchange_strong(crew, fresh)) return *fresh;
        delete fresh;  // another thread was faster
    }
    return *crew;
}

void Crew::help(int n, const std::function<void()>& task) {
    {
        const std::lock_guard<std::mutex> lock(mutex_);
        hire(n);
        for (int k = 0; k < n && k < size_; ++k) tasks_.push_back(task);
        waiting_.store(int(tasks_.size()));
    }
    for (int k = 0; k < n; ++k) has_task_.notify_one();
}

void Crew::hire(int n) {
    if (size_ >= n) return;
    const WithoutSignals started;
    try {
        for (; size_ < n; ++size_) std::thread([this] { live(); }).detach();
    } catch (...) {  // no more threads to be had: fewer will do
    }
}

void Crew::live() {
    for (;;) {
        std::function<void()> task;
        soon([this] { return waiting_.load() > 0; });
        {
            std::unique_lock<std::mutex> lock(mutex_);
            has_task_.wait(lock, [this] { return !tasks_.empty(); });
            task = std::move(tasks_.front());
            tasks_.pop_front();
            waiting_.store(int(tasks_.size()));
        }
        task();
    }
}

}  // namespace skrnn
