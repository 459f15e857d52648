#include "memory.hpp"

#if defined(__linux__)
#include <sys/mman.h>
#elif defined(_WIN32)
#include <malloc.h>
#endif

#if defined(__unix__) || defined(__APPLE__)
#include <pthread.h>
#endif

#include <cstdlib>
#include <mutex>
#include <new>
#include <vector>

namespace skrnn {

namespace {

// Its lock is held for a few moments. Who forks takes it first: in the child nobody else could release it.
struct Shelf {
    std::mutex mutex;
    std::vector<Block> blocks;
    int keepers = 0;
};

Shelf& shelf() {
    static Shelf* const the_shelf = new Shelf;  // never deleted: arrays may outlive everything
    return *the_shelf;
}

#if defined(__unix__) || defined(__APPLE__)
void lock_shelf() { shelf().mutex.lock(); }
void unlock_shelf() { shelf().mutex.unlock(); }
const int forks_are_safe = pthread_atfork(lock_shelf, unlock_shelf, unlock_shelf);  // when the module is loaded
#endif

Block remove(std::vector<Block>& blocks, std::size_t k) {
    const Block block = blocks[k];
    blocks.erase(blocks.begin() + std::ptrdiff_t(k));
    return block;
}

// Off the shelf: a block of the right size; else one that is too small, for the caller to free.
Block search(std::size_t size) {
    Shelf& s = shelf();
    const std::lock_guard<std::mutex> lock(s.mutex);
    const std::size_t none = s.blocks.size();
    std::size_t best = none, too_small = none, best_size = 4 * size + 4096, small_size = 0;
    for (std::size_t k = 0; k < none; ++k) {
        const std::size_t has = s.blocks[k].size;
        if (size <= has && has < best_size) {
            best = k;
            best_size = has;
        } else if (small_size <= has && has < size) {
            too_small = k;
            small_size = has;
        }
    }
    if (best < none) return remove(s.blocks, best);
    if (too_small < none) return remove(s.blocks, too_small);
    return {nullptr, 0};
}

}  // namespace

void* allocate(std::size_t bytes) {
    constexpr std::size_t page = std::size_t(1) << 21;
    const std::size_t unit = bytes < 2 * page ? 64 : page;
#if defined(_WIN32)
    void* data = _aligned_malloc((bytes + unit) / unit * unit, unit);
#else
    void* data = std::aligned_alloc(unit, (bytes + unit) / unit * unit);
#endif
#if defined(MADV_HUGEPAGE)
    if (data && unit == page) madvise(data, (bytes + unit) / unit * unit, MADV_HUGEPAGE);
#endif
    return data;
}

void release(void* data) {
#if defined(_WIN32)
    _aligned_free(data);
#else
    std::free(data);
#endif
}

Block take_block(std::size_t size) {
    const Block kept = search(size);
    if (kept.data && kept.size >= size) return kept;
    release(kept.data);
    return {allocate(size), size};
}

void return_block(Block block) {
    Shelf& s = shelf();
    try {
        const std::lock_guard<std::mutex> lock(s.mutex);
        if (s.keepers) {
            s.blocks.push_back(block);
            return;
        }
    } catch (const std::bad_alloc&) {  // no room to remember it
    }
    release(block.data);
}

void begin_keeping() {
    const std::lock_guard<std::mutex> lock(shelf().mutex);
    ++shelf().keepers;
}

void end_keeping() {
    std::vector<Block> given_back;
    {
        const std::lock_guard<std::mutex> lock(shelf().mutex);
        if (--shelf().keepers == 0) given_back.swap(shelf().blocks);
    }
    for (const Block& block : given_back) release(block.data);
}

}  // namespace skrnn
