// The memory of windows: aligned, and on demand used again.

#pragma once

#include <cstddef>

namespace skrnn {

// Memory aligned to a cache line, in huge pages where it is large and the system has them; ``release`` ends it.
void* allocate(std::size_t bytes);
void release(void* data);

struct Block {
    void* data;  // null: there was no memory
    std::size_t size;
};

// A kept block that fits and wastes little, or a new one.
Block take_block(std::size_t size);

// Keep a block if somebody wants that, else free it.
void return_block(Block);

// From the first begin to the last end blocks are kept. The system hands out large blocks page by page at the
// first touch, which costs a third of the time of a forward pass. A new block takes the place of one that is too
// small, and with the last end everything is given back.
void begin_keeping();
void end_keeping();

}  // namespace skrnn
