// Memory taken piece by piece, given back all at once, and kept for the next time: after the first batch of a size
// nothing is asked of the system.

#pragma once

#include <new>
#include <vector>

#include "kernels.hpp"
#include "memory.hpp"

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#endif

namespace skrnn {

class Arena {
  public:
    Arena() = default;
    ~Arena() {
        for (const Block& block : blocks_) release(block.data);
    }
    Arena(const Arena&) = delete;
    Arena& operator=(const Arena&) = delete;

    // n numbers, aligned to a cache line, that hold anything
    template <class T>
    T* take(Index n) {
        const std::size_t bytes = (std::size_t(n) * sizeof(T) + 63) / 64 * 64 + MARGIN;
        while (block_ < blocks_.size() && blocks_[block_].size - used_ < bytes) {
            ++block_;
            used_ = 0;
        }
        if (block_ == blocks_.size()) add(bytes);
        T* const data = reinterpret_cast<T*>(static_cast<char*>(blocks_[block_].data) + used_);
        used_ += bytes;
#if defined(__SANITIZE_ADDRESS__)  // what lies behind a piece is nobody's
        ASAN_UNPOISON_MEMORY_REGION(data, bytes);
        ASAN_POISON_MEMORY_REGION(data + n, bytes - std::size_t(n) * sizeof(T));
#endif
        return data;
    }

    // n zeros
    template <class T>
    T* zeros(Index n) {
        T* const data = take<T>(n);
        for (Index k = 0; k < n; ++k) data[k] = T();
        return data;
    }

    struct Mark {
        std::size_t block, used;
    };
    Mark mark() const { return {block_, used_}; }

    // Give back what was taken since.
    void rewind(Mark mark) {
        block_ = mark.block;
        used_ = mark.used;
    }

    // Blocks asked of the system so far.
    Index n_asked() const { return n_asked_; }

    // Give back everything. What lay in several blocks lies in one from now on.
    void reset() {
        if (blocks_.size() > 1) {
            std::size_t total = 0;
            for (const Block& block : blocks_) {
                total += block.size;
                release(block.data);
            }
            blocks_.clear();
            add(total);
        }
        block_ = used_ = 0;
    }

  private:
#if defined(__SANITIZE_ADDRESS__)
    static constexpr std::size_t MARGIN = 64;
#else
    static constexpr std::size_t MARGIN = 0;
#endif

    void add(std::size_t bytes) {
        const std::size_t size = bytes < 4096 ? 4096 : bytes;
        blocks_.reserve(blocks_.size() + 1);
        void* const data = allocate(size);
        if (!data) throw std::bad_alloc();
        blocks_.push_back({data, size});
        used_ = 0;
        ++n_asked_;
    }

    std::vector<Block> blocks_;
    std::size_t block_ = 0, used_ = 0;
    Index n_asked_ = 0;
};

}  // namespace skrnn
