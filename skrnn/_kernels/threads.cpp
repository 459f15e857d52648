#include "threads.hpp"

#include <signal.h>
#include <unistd.h>

#include <thread>

namespace skrnn {

Crew& Crew::own() {
    // never deleted: helpers may outlive everything but the process
    static std::atomic<Crew*> current{nullptr};
    const pid_t process = getpid();
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
    sigset_t all, before;  // signals are for the threads that Python knows
    sigfillset(&all);
    for (int fault : {SIGSEGV, SIGBUS, SIGFPE, SIGILL}) sigdelset(&all, fault);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    try {
        for (; size_ < n; ++size_) std::thread([this] { live(); }).detach();
    } catch (...) {  // no more threads to be had: fewer will do
    }
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
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
