# cython: language_level=3, boundscheck=False, wraparound=False, initializedcheck=False
# cython: freethreading_compatible=True
"""The shim between Python and the compiled kernels: it checks everything and owns the memory.

What is passed on to C++ has been checked here: types, shapes, strides, lengths. Arrays that the
kernels write are made here, aligned to a cache line, with rows padded to whole registers; what
goes back to Python are views without the padding.

What there is of cells and solvers, and what they are like, the C++ code says (``CellInfo``, ``SolverInfo``).

No lock of Python's is needed: what all threads share is constant, or locked in C++ (``memory.cpp``,
``threads.cpp``). An ``Unrolled`` goes back for one of the threads that ask; a ``Stepper`` and an
``OnlineLearner``, like the arrays that are handed in, are for one thread at a time.

Shapes: ``skrnn/_engine/packing.py`` and ``kernels.hpp``.
"""

cimport numpy as cnp
from libc.math cimport INFINITY
from libc.stdint cimport int64_t
from libc.stdlib cimport calloc, free
from libc.string cimport memcpy, memset

import numpy as np

cnp.import_array()

cdef extern from "driver.hpp" namespace "skrnn" nogil:
    ctypedef int64_t Index

    cdef struct CSteps "skrnn::Steps":
        Index T, B
        const Index* n
        const Index* offsets
        bint reverse

    cdef struct CBuild "skrnn::Build":
        const char* name
        int vector_bytes

    cdef struct CLayer "skrnn::Layer":
        const CBuild* build
        int cell
        bint is_double
        Index D, H
        const void *W_x
        const void *W_h
        const void *b_x
        const void *b_h

    cdef struct CWindow "skrnn::Window":
        CSteps steps
        const void* X
        Index X_stride
        int n_threads

    cdef struct COutputs "skrnn::Outputs":
        void *h
        void *c
        void *tape
        void* state[2]
        void* kept[2]
        Index keep

    cdef struct CInputs "skrnn::Inputs":
        const void* dh
        Index dh_stride, first
        void* dstate[2]
        void* dX

    cdef struct CCellInfo "skrnn::CellInfo":
        const char* name
        int gates, slots, states, x_first, h_first
        const int *x_gate
        const int *h_gate
        bint has_tape

    cdef struct CSolverInfo "skrnn::SolverInfo":
        const char* name
        int slots, n_options
        void coefficients(const double*, double, double, double*)

    cdef struct CExactSum "skrnn::ExactSum":
        const double* weight
        const double* units
        int n_pieces

    cdef cppclass Permit:
        void give()
        bint is_there()
        bint take()

    cdef enum:
        COEFFICIENTS
        MOST_OPTIONS
        MOST_PIECES

    const CBuild* const* builds()
    Index lanes(const CBuild&, bint)
    int n_cells()
    const CCellInfo& cell_info(int)
    int n_solvers()
    const CSolverInfo& solver_info(int)
    bint run_forward(const CLayer&, const CWindow&, const COutputs&)
    bint run_backward(const CLayer&, const CWindow&, const COutputs&, const CInputs&)
    bint run_gradient(const CLayer&, const CWindow&, const COutputs&, void* const*)
    bint run_exact_gradient(const CLayer&, const CWindow&, const COutputs&, void* const*, const CExactSum&)

    cdef struct COneStep "skrnn::OneStep":
        CLayer layer
        void *packed
        Index rows
        const void *X
        Index X_stride
        void *h
        void* state[2]

    cdef struct CLayerNumbers "skrnn::LayerNumbers":
        Index forward

    CLayerNumbers numbers_of_layer "skrnn::numbers_of"(const CLayer&)
    void pack_forward(const CLayer&, void*)
    void run_one_step(const COneStep&)

    cdef struct CVectors "skrnn::Vectors":
        bint is_double
        Index n
        void *theta
        void *g
        void *memory
        void *theta_before
        void *memory_before

    double c_gather "skrnn::gather"(const CBuild&, const CVectors&, Index, double, double, double*)
    void c_step "skrnn::step"(const CBuild&, const CVectors&, int, double, const double*)
    void c_apply "skrnn::apply"(const CBuild&, int, bint, const void*, void*, Index)


cdef extern from "losses.hpp" namespace "skrnn" nogil:
    cdef struct CLossInfo "skrnn::LossInfo":
        const char* name
        bint single
        int n_options
        bint labels

    int n_losses()
    const CLossInfo& loss_info(int)


cdef extern from "late_rows.hpp" namespace "skrnn" nogil:
    cdef cppclass LateRows:
        LateRows() except +
        void begin(const CBuild&, const CVectors&, int, Index, Index, Index) except +
        void finish()


cdef extern from "learner.hpp" namespace "skrnn" nogil:
    cdef struct CUpdateRule "skrnn::UpdateRule":
        Index matrices
        double alpha, clip_norm, clip_value
        int solver
        double options[MOST_OPTIONS]
        double mean, noise, root_mean_square
        Index t

    cdef struct CGathered "skrnn::Gathered":
        double scale, S, share, relative_weight, loss

    cdef struct CUpdateFacts "skrnn::UpdateFacts":
        double penalty, norm
        bint clipped

    cdef enum:
        UPDATED "skrnn::UPDATED"
        BAD_LABEL "skrnn::BAD_LABEL"
        BAD_TOKEN "skrnn::BAD_TOKEN"
        NO_MEMORY "skrnn::NO_MEMORY"
        ERROR_OF_PYTHON "skrnn::ERROR_OF_PYTHON"

    int run_update(const CBuild&, const CVectors&, CUpdateRule&, const CGathered&, CUpdateFacts*, LateRows*)


cdef extern from "learning.hpp" namespace "skrnn" nogil:
    cdef struct COnlineLearner "skrnn::OnlineLearner":
        CLayer layer
        int influence, loss
        Index rows, K
        const void *x
        void* state[2]
        void *J
        void *slopes
        void *scratch
        const void *W
        const void *b
        void *raw
        void *draw
        void *dh
        void* gradients[6]
        const double* options
        const double* class_factors

    cdef struct COnlineNumbers "skrnn::OnlineNumbers":
        Index J, flat, slopes, scratch

    int n_influences()
    const char* influence_name(int)
    COnlineNumbers numbers_of(const CLayer&, int)
    void get_influence(const COnlineLearner&, Index, void*)
    void set_influence(const COnlineLearner&, Index, const void*)
    double run_row(const COnlineLearner&, const void*)


cdef extern from "memory.hpp" namespace "skrnn" nogil:
    cdef struct CBlock "skrnn::Block":
        void* data
        size_t size

    CBlock take_block(size_t)
    void return_block(CBlock)
    void begin_keeping()
    void end_keeping()


# the numbers of cells, solvers, losses and influences, by the names of cells.hpp, update.hpp and so on
CELLS = {cell_info(k).name.decode(): k for k in range(n_cells())}
SOLVERS = {solver_info(k).name.decode(): k for k in range(n_solvers())}
LOSSES = {loss_info(k).name.decode(): k for k in range(n_losses())}
INFLUENCES = {influence_name(k).decode(): k for k in range(n_influences())}


# --- memory -------------------------------------------------------------------------------------------


class keep_memory:
    """Context in which the memory of one window is used again for the next; see ``memory.hpp``."""

    def __enter__(self):
        begin_keeping()

    def __exit__(self, *error):
        end_keeping()


cdef class _Memory:
    """A block in use, as the base of an array; with its last user the block may be used again."""

    cdef CBlock block

    def __dealloc__(self):
        if self.block.data != NULL:
            return_block(self.block)


cdef cnp.ndarray aligned_empty(Index rows, Index columns, int typenum):
    """(rows, columns) array aligned to a cache line."""
    cdef _Memory memory = _Memory.__new__(_Memory)
    cdef cnp.npy_intp shape[2]
    if columns > 0 and rows > (<Index> 1 << 56) // columns:  # the bytes would be no number any more
        raise MemoryError(f"No memory for {rows} rows of {columns} numbers.")
    shape[0], shape[1] = rows, columns
    cdef size_t size = <size_t> rows * <size_t> columns * (8 if typenum == cnp.NPY_FLOAT64 else 4)
    memory.block = take_block(size)
    if memory.block.data == NULL:
        raise MemoryError(f"No memory for {size} bytes of a window: set k1 and k2, or lower batch_size.")
    cdef cnp.ndarray array = cnp.PyArray_SimpleNewFromData(2, shape, typenum, memory.block.data)
    cnp.set_array_base(array, memory)
    return array


cdef class Build:
    """The kernels compiled for one level of vector instructions."""

    cdef const CBuild* build

    def __init__(self):
        raise TypeError("The builds are those that available() returns.")

    cdef const CBuild* get(self) except NULL:
        if self.build == NULL:
            raise TypeError("The builds are those that available() returns.")
        return self.build

    @property
    def name(self):
        return self.get().name.decode()

    def apply(self, str function, cnp.ndarray x):
        """``"tanh"`` or ``"sigmoid"`` as the kernels compute it, of a contiguous array."""
        if x.dtype not in (np.float32, np.float64) or not x.flags.c_contiguous:
            raise ValueError("x must be a contiguous array of float32 or float64.")
        cdef cnp.ndarray y = np.empty_like(x)
        cdef const CBuild* build = self.get()
        cdef int number = ["tanh", "sigmoid"].index(function)
        with nogil:
            c_apply(build[0], number, cnp.PyArray_TYPE(x) == cnp.NPY_FLOAT64,
                    cnp.PyArray_DATA(x), cnp.PyArray_DATA(y), cnp.PyArray_SIZE(x))
        return y


def available():
    """The builds that this processor can run, best first."""
    found = []
    cdef Index k = 0
    cdef Build build
    while builds()[k] != NULL:
        build = Build.__new__(Build)
        build.build = builds()[k]
        found.append(build)
        k += 1
    return found


cdef int check(bint right, str what) except -1:
    if not right:
        raise ValueError(what)
    return 0


cdef int check_array(cnp.ndarray array, str name, int typenum, int ndim, Index rows, Index columns) except -1:
    """(rows, columns) or (rows,), of one type, rows contiguous and in rising order; -1: any number."""
    if array is None:
        raise TypeError(f"{name} must be an array, not None.")
    if cnp.PyArray_TYPE(array) != typenum or not cnp.PyArray_ISNOTSWAPPED(array):
        raise TypeError(f"{name} has dtype {array.dtype}; the arrays of one call have one type.")
    if not cnp.PyArray_ISALIGNED(array):
        raise ValueError(f"{name} is not aligned.")
    if (
        cnp.PyArray_NDIM(array) != ndim
        or (rows >= 0 and cnp.PyArray_DIM(array, 0) != rows)
        or (ndim == 2 and columns >= 0 and cnp.PyArray_DIM(array, 1) != columns)
    ):
        raise ValueError(f"{name} has shape {np.shape(array)}; expected {(rows, columns)[:ndim]}.")
    cdef Index itemsize = cnp.PyArray_ITEMSIZE(array), last = cnp.PyArray_DIM(array, ndim - 1)
    if cnp.PyArray_SIZE(array) == 0:
        return 0
    if last > 1 and cnp.PyArray_STRIDE(array, ndim - 1) != itemsize:
        raise ValueError(f"The rows of {name} are not contiguous.")
    if ndim == 2 and cnp.PyArray_DIM(array, 0) > 1:
        if cnp.PyArray_STRIDE(array, 0) % itemsize or cnp.PyArray_STRIDE(array, 0) < last * itemsize:
            raise ValueError(f"The rows of {name} overlap or lie in reverse.")
    return 0


cdef inline Index row_stride(cnp.ndarray array):
    """Numbers from one row to the next."""
    if cnp.PyArray_DIM(array, 0) < 2:
        return cnp.PyArray_DIM(array, 1)
    return cnp.PyArray_STRIDE(array, 0) // cnp.PyArray_ITEMSIZE(array)


cdef int copy_rows(cnp.ndarray array, cnp.ndarray padded) except -1:
    """Rows of ``array`` into the wider rows of ``padded``, zeros beyond."""
    cdef Index rows = cnp.PyArray_DIM(padded, 0), itemsize = cnp.PyArray_ITEMSIZE(padded)
    cdef Index to_row = cnp.PyArray_DIM(padded, 1) * itemsize
    cdef Index from_row, width, i
    cdef char* to = <char*> cnp.PyArray_DATA(padded)
    if array is None:
        memset(to, 0, rows * to_row)
        return 0
    cdef char* origin = <char*> cnp.PyArray_DATA(array)
    width = cnp.PyArray_DIM(array, 1) * itemsize
    from_row = row_stride(array) * itemsize
    for i in range(rows):
        memcpy(to + i * to_row, origin + i * from_row, width)
        memset(to + i * to_row + width, 0, to_row - width)
    return 0


cdef str NO_WAY_BACK = "The run was not recorded, or the tape has been used: it holds gradients now."


cdef list slots_of(int first, const int* gate, int gates):
    """The slot of every gate, in the order of the weights."""
    slots = [0] * gates
    for j in range(gates):
        slots[gate[j]] = first + j
    return slots


cdef class Unrolled:
    """One layer over one window: the run forward and, once, the way back.

    Made by ``unroll``; see there. ``backward`` and then ``gradient`` may be called if it was recorded.
    """

    cdef Build build
    cdef int cell, typenum, n_states, n_slots
    cdef Index D, H, Hp, Dp, T, B, N
    cdef bint reverse, went_back
    cdef Permit way_back
    cdef int n_threads
    cdef readonly cnp.ndarray X
    cdef cnp.ndarray n, offsets, h, c, tape
    cdef tuple layer
    cdef list initial  # the states that the run began with, if it was recorded

    cdef CLayer c_layer(self):
        cdef CLayer c
        c.build, c.cell, c.is_double = self.build.build, self.cell, self.typenum == cnp.NPY_FLOAT64
        c.D, c.H = self.D, self.H
        c.W_x = cnp.PyArray_DATA(<cnp.ndarray> self.layer[0])
        c.W_h = cnp.PyArray_DATA(<cnp.ndarray> self.layer[1])
        c.b_x = cnp.PyArray_DATA(<cnp.ndarray> self.layer[2])
        c.b_h = cnp.PyArray_DATA(<cnp.ndarray> self.layer[3])
        return c

    cdef CWindow c_window(self):
        cdef CWindow c
        c.steps.T, c.steps.B, c.steps.reverse = self.T, self.B, self.reverse
        c.steps.n = <const Index*> cnp.PyArray_DATA(self.n)
        c.steps.offsets = <const Index*> cnp.PyArray_DATA(self.offsets)
        c.X, c.X_stride = cnp.PyArray_DATA(self.X), row_stride(self.X)
        c.n_threads = self.n_threads
        return c

    cdef COutputs c_outputs(self, list states):
        cdef COutputs c
        c.h = cnp.PyArray_DATA(self.h)
        c.c = NULL if self.c is None else cnp.PyArray_DATA(self.c)
        c.tape = NULL if self.tape is None else cnp.PyArray_DATA(self.tape)
        c.state[1] = c.kept[0] = c.kept[1] = NULL
        for k in range(self.n_states):
            c.state[k] = cnp.PyArray_DATA(<cnp.ndarray> states[k])
        c.keep = -1
        return c

    cdef object unpadded(self, cnp.ndarray array, Index columns):
        return array if cnp.PyArray_DIM(array, 1) == columns else array[:, :columns]

    cdef cnp.ndarray padded(self, cnp.ndarray state):
        """(B, H) -> a copy (B, Hp); zeros for None."""
        cdef cnp.ndarray copy = aligned_empty(self.B, self.Hp, self.typenum)
        copy_rows(state, copy)
        return copy

    cdef int read_layer(self, Build build, int cell, tuple layer, cnp.ndarray X) except -1:
        """What is computed on what, and the sizes that follow."""
        check(0 <= cell < n_cells(), "No such cell.")
        if X is None or cnp.PyArray_TYPE(X) not in (cnp.NPY_FLOAT32, cnp.NPY_FLOAT64):
            raise TypeError("X must be an array of float32 or float64.")
        check(len(layer) == 4 and cnp.PyArray_NDIM(X) == 2, "layer must hold 4 arrays and X be 2-D.")
        if cnp.PyArray_DIM(X, 1) > 1 and cnp.PyArray_STRIDE(X, 1) != cnp.PyArray_ITEMSIZE(X):
            X = np.ascontiguousarray(X)
        self.build, self.cell, self.typenum = build, cell, cnp.PyArray_TYPE(X)
        self.layer, self.X = layer, X
        self.n_states, self.n_slots = cell_info(cell).states, cell_info(cell).slots
        self.D, self.H = cnp.PyArray_DIM(X, 1), len(layer[1])
        check(self.D >= 1 and self.H >= 1, "A layer needs an input and a unit.")
        self.check_layer(layer, "layer")
        cdef Index L = lanes(build.get()[0], self.typenum == cnp.NPY_FLOAT64)
        self.Hp, self.Dp = (self.H + L - 1) // L * L, (self.D + L - 1) // L * L
        return 0

    cdef int make_arrays(self, bint record) except -1:
        """What the run fills."""
        self.h = aligned_empty(self.N, self.Hp, self.typenum)
        if record and self.n_states > 1:
            self.c = aligned_empty(self.N, self.Hp, self.typenum)
        if record and cell_info(self.cell).has_tape:
            self.tape = aligned_empty(self.N, self.Hp * self.n_slots, self.typenum)
        return 0

    cdef tuple forward(self, tuple state, Index keep, bint record):
        """The run: the final state, and that before the step ``keep``, nothing for -1; both padded."""
        cdef list final = [self.padded(s) for s in state]
        cdef list kept = [aligned_empty(self.B, self.Hp, self.typenum) for _ in state] if keep >= 0 else []
        if record:
            self.initial = [self.padded(s) for s in state]
        cdef CLayer layer = self.c_layer()
        cdef CWindow window = self.c_window()
        cdef COutputs outputs = self.c_outputs(final)
        outputs.keep = keep
        for k in range(len(kept)):
            outputs.kept[k] = cnp.PyArray_DATA(<cnp.ndarray> kept[k])
        cdef bint done
        with nogil:
            done = run_forward(layer, window, outputs)
        if not done:
            raise MemoryError("No memory for the packed weights of a layer.")
        if record:
            self.way_back.give()
        return final, kept

    cdef int check_layer(self, layer, str name) except -1:
        cdef Index G = cell_info(self.cell).gates * self.H
        cdef cnp.ndarray array
        check(len(layer) == 4, f"{name} must hold W_x, W_h, b_x, b_h.")
        check_array(layer[0], f"{name}: W_x", self.typenum, 2, self.D, G)
        check_array(layer[1], f"{name}: W_h", self.typenum, 2, self.H, G)
        check_array(layer[2], f"{name}: b_x", self.typenum, 1, G, -1)
        check_array(layer[3], f"{name}: b_h", self.typenum, 1, G, -1)
        for array in layer:
            check(cnp.PyArray_IS_C_CONTIGUOUS(array), f"{name}: not contiguous.")
        return 0

    cdef int read_steps(self, cnp.ndarray n, Index B) except -1:
        """n (T,) into an array of our own, and the offsets."""
        if n is None or cnp.PyArray_NDIM(n) != 1 or cnp.PyArray_TYPE(n) != cnp.NPY_INT64:
            raise TypeError("n must be a 1-D array of int64.")
        check(B >= 0, "The number of sequences is negative.")
        cdef cnp.npy_intp size[1]
        self.T, self.B, self.N = cnp.PyArray_DIM(n, 0), B, 0
        size[0] = self.T
        self.n = cnp.PyArray_EMPTY(1, size, cnp.NPY_INT64, 0)
        size[0] = self.T + 1
        self.offsets = cnp.PyArray_EMPTY(1, size, cnp.NPY_INT64, 0)
        cdef Index* own = <Index*> cnp.PyArray_DATA(self.n)
        cdef Index* offsets = <Index*> cnp.PyArray_DATA(self.offsets)
        cdef char* given = <char*> cnp.PyArray_DATA(n)
        cdef Index stride = cnp.PyArray_STRIDE(n, 0), t
        offsets[0] = 0
        cdef bint fallen = False
        for t in range(self.T):
            memcpy(&own[t], given + t * stride, 8)
            if own[t] < 0 or own[t] > B:
                raise ValueError(f"Step {t} has {own[t]} sequences alive of {B}.")
            if t and own[t] > own[t - 1] and fallen:
                raise ValueError(f"A sequence that has left comes back at step {t}.")
            fallen = fallen or (t and own[t] < own[t - 1])
            offsets[t + 1] = offsets[t] + own[t]
        self.N = offsets[self.T]
        return 0

    cdef int read_states(self, states, str name) except -1:
        check(len(states) == self.n_states, f"{name} must hold {self.n_states} arrays.")
        for k in range(self.n_states):
            if states[k] is not None:
                check_array(states[k], name, self.typenum, 2, self.B, self.H)
        return 0

    @property
    def dA(self):
        """dA_x, dA_h: (N, G) gradients with respect to x W_x + b_x and h W_h + b_h."""
        check(self.went_back, "backward has not been called.")
        cdef Index L = lanes(self.build.build[0], self.typenum == cnp.NPY_FLOAT64)
        slots_first = self.tape.reshape(self.N, self.Hp // L, self.n_slots, L).transpose(0, 2, 1, 3)
        slots_first = slots_first.reshape(self.N, self.n_slots, self.Hp)[:, :, :self.H]
        cdef CCellInfo cell = cell_info(self.cell)
        of_x = slots_of(cell.x_first, cell.x_gate, cell.gates)
        of_h = slots_of(cell.h_first, cell.h_gate, cell.gates)
        dA_x = slots_first[:, of_x].reshape(self.N, cell.gates * self.H)
        if of_x == of_h:
            return dA_x, dA_x
        return dA_x, slots_first[:, of_h].reshape(self.N, cell.gates * self.H)

    @property
    def h_before(self):
        """(N, H) h before every step."""
        h, initial = self.h[:, :self.H], self.initial[0][:, :self.H]
        out = np.empty((self.N, self.H), dtype=h.dtype)
        order = range(self.T)[::-1] if self.reverse else range(self.T)
        known, at = 0, 0
        for t in order:
            first, n = int(self.offsets[t]), int(self.n[t])
            m = min(known, n)
            out[first : first + m] = h[at : at + m]
            out[first + m : first + n] = initial[m:n]
            known, at = n, first
        return out

    def backward(self, cnp.ndarray dH, Index first, dstate, bint need_dX):
        """Backward through the window, once.

        Parameters
        ----------
        dH : (rows of the steps from ``first`` on, H), or None
        first : int
        dstate : tuple of (B, H) arrays, or None for zeros
            Gradient with respect to the final state.

        Returns
        -------
        dX : (N, D), or None if not needed
        dstate : gradient with respect to the initial state
        """
        dstate = tuple(dstate)
        check(self.way_back.is_there(), NO_WAY_BACK)
        cdef CInputs c = self.c_inputs(dH, first)
        self.read_states(dstate, "dstate")
        cdef list gradients = [self.padded(d) for d in dstate]
        for k in range(self.n_states):
            c.dstate[k] = cnp.PyArray_DATA(<cnp.ndarray> gradients[k])
        cdef cnp.ndarray dX = None
        if need_dX:
            dX = aligned_empty(self.N, self.Dp, self.typenum)
            c.dX = cnp.PyArray_DATA(dX)
        self.go_back(c)
        return (
            None if dX is None else self.unpadded(dX, self.D),
            tuple([self.unpadded(g, self.H) for g in gradients]),
        )

    cdef CInputs c_inputs(self, cnp.ndarray dH, Index first) except *:
        cdef Index* offsets = <Index*> cnp.PyArray_DATA(self.offsets)
        cdef CInputs c
        check(0 <= first <= self.T, "first is not a step of the window.")
        c.dh, c.dh_stride, c.first = NULL, 0, first
        if dH is not None:
            check_array(dH, "dH", self.typenum, 2, self.N - offsets[first], self.H)
            c.dh, c.dh_stride = cnp.PyArray_DATA(dH), row_stride(dH)
        c.dX = c.dstate[0] = c.dstate[1] = NULL
        return c

    cdef int go_back(self, CInputs c) except -1:
        cdef cnp.ndarray tape = self.tape
        if tape is None:
            tape = aligned_empty(self.N, self.Hp * self.n_slots, self.typenum)
        check(self.way_back.take(), NO_WAY_BACK)  # of two threads only one may go back
        self.tape = tape
        cdef CLayer layer = self.c_layer()
        cdef CWindow window = self.c_window()
        cdef COutputs outputs = self.c_outputs(self.initial)
        cdef bint done
        with nogil:
            done = run_backward(layer, window, outputs, c)
        if not done:
            self.way_back.give()
            raise MemoryError("No memory for the packed weights of a layer.")
        self.went_back = True
        return 0

    def gradient(self, gradient, cnp.ndarray weight=None, cnp.ndarray units=None):
        """Add the weight gradients to the arrays W_x, W_h, b_x, b_h.

        Parameters
        ----------
        gradient : tuple of arrays, shaped as the weights
        weight : (B,) float64, optional
            Sum over sequences, each times its weight, without rounding (``skrnn._engine.arithmetic.EXACT``); for float64.
        units : (n_pieces,) float64, optional
            What sigma is, piece by piece, where inputs and gradients are 1.
        """
        check(self.went_back, "backward has not been called.")
        gradient = tuple(gradient)
        self.check_layer(gradient, "gradient")
        cdef void* arrays[4]
        for k in range(4):
            check(cnp.PyArray_ISWRITEABLE(<cnp.ndarray> gradient[k]), "gradient: read only.")
            arrays[k] = cnp.PyArray_DATA(<cnp.ndarray> gradient[k])
        cdef CExactSum exact = self.c_exact(weight, units)
        cdef CLayer layer = self.c_layer()
        cdef CWindow window = self.c_window()
        cdef COutputs outputs = self.c_outputs(self.initial)
        cdef bint done
        with nogil:
            if exact.weight == NULL:
                done = run_gradient(layer, window, outputs, arrays)
            else:
                done = run_exact_gradient(layer, window, outputs, arrays, exact)
        if not done:
            raise MemoryError("No memory for the weight gradients of a layer.")

    cdef CExactSum c_exact(self, cnp.ndarray weight, cnp.ndarray units) except *:
        cdef CExactSum c
        c.weight = c.units = NULL
        c.n_pieces = 0
        if weight is None:
            return c
        check(self.typenum == cnp.NPY_FLOAT64, "Exact sums are for float64.")
        check_array(weight, "weight", cnp.NPY_FLOAT64, 1, self.B, -1)
        check_array(units, "units", cnp.NPY_FLOAT64, 1, -1, -1)
        c.n_pieces = min(cnp.PyArray_SIZE(units), MOST_PIECES + 1)
        check(1 <= c.n_pieces <= MOST_PIECES, f"units must hold 1 to {MOST_PIECES} numbers.")
        c.weight = <const double*> cnp.PyArray_DATA(weight)
        c.units = <const double*> cnp.PyArray_DATA(units)
        return c


def unroll(Build build not None, int cell, layer, cnp.ndarray X, cnp.ndarray n, Index B, state, *,
           bint reverse=False, keep=None, bint record=True, int n_threads=1):
    """Run one layer over a window.

    Parameters
    ----------
    build : Build
    cell : int
        Value of ``CELLS``.
    layer : tuple
        W_x (D, G), W_h (H, G), b_x (G,), b_h (G,).
    X : (N, D)
    n : (T,) int64
        Sequences alive at each step, N in all.
    B : int
        Sequences of the batch.
    state : tuple of (B, H)
    reverse, keep, record
        As in ``skrnn._engine.recurrence.unroll``.
    n_threads : int
        At most so many threads; the result does not depend on it.

    Returns
    -------
    H : (N, H) h after every step
    kept : state before step ``keep``; the final one if not asked
    final : state after the last step
    unrolled : Unrolled, for the way back; None without ``record``
    """
    cdef Unrolled u = Unrolled.__new__(Unrolled)
    state = tuple(state)
    u.read_layer(build, cell, tuple(layer), X)
    u.read_steps(n, B)
    check_array(u.X, "X", u.typenum, 2, u.N, u.D)
    u.read_states(state, "state")
    u.reverse, u.went_back, u.n_threads = reverse, False, max(n_threads, 1)
    u.make_arrays(record)
    cdef Index at = keep if keep is not None and 0 <= keep < u.T else -1
    final, kept = u.forward(state, at, record)
    final_state = tuple([u.unpadded(f, u.H) for f in final])
    kept_state = tuple([u.unpadded(f, u.H) for f in kept]) if kept else final_state
    return u.unpadded(u.h, u.H), kept_state, final_state, u if record else None


ctypedef fused Given:
    float
    double

ctypedef fused Computed:
    float
    double


cdef bint read_rows(const Given* given, Index row, Index column, Computed* x, Index rows,
                    Index columns) noexcept nogil:
    """Rows of any stride into contiguous ones of the type that is computed in; whether all are finite then."""
    cdef Computed value, rest = 0
    cdef Index i, j
    for i in range(rows):
        for j in range(columns):
            value = <Computed> (<const Given*> (<const char*> given + i * row + j * column))[0]
            x[i * columns + j] = value
            rest += value - value  # 0, or NaN
    return rest == 0


cdef bint read_as(const void* given, int typenum, Index row, Index column, Computed* x, Index rows,
                  Index columns) noexcept nogil:
    if typenum == cnp.NPY_FLOAT32:
        return read_rows(<const float*> given, row, column, x, rows, columns)
    return read_rows(<const double*> given, row, column, x, rows, columns)


cdef int look_at_rows(x, Index rows, Index columns, Index* row, Index* column):
    """ndim of x (rows, columns), or (columns,) for a single row, of a type that ``read_as`` knows.

    0 if it is something else; else its strides are in ``row`` and ``column``.
    """
    cdef cnp.ndarray given
    if not cnp.PyArray_CheckExact(x):
        return 0
    given = x
    cdef int ndim = cnp.PyArray_NDIM(given), typenum = cnp.PyArray_TYPE(given)
    row[0] = 0
    if ndim == 2:
        if cnp.PyArray_DIM(given, 0) != rows:
            return 0
        row[0] = cnp.PyArray_STRIDE(given, 0)
    elif ndim != 1 or rows != 1:
        return 0
    if cnp.PyArray_DIM(given, ndim - 1) != columns or not cnp.PyArray_ISBEHAVED_RO(given):
        return 0
    column[0] = cnp.PyArray_STRIDE(given, ndim - 1)
    return ndim if typenum == cnp.NPY_FLOAT32 or typenum == cnp.NPY_FLOAT64 else 0


cdef Index MOST_ROWS = <Index> 1 << 40

# Multiplications of a step above which other threads may run meanwhile
cdef Index LONG_STEP = 100_000


cdef class Stepper:
    """A stack of layers, in one direction, for one time step of ``rows`` sequences at a time.

    It owns the packed weights and the states, which are zero at first; for one thread at a time.

    Parameters
    ----------
    build : Build
    cells : list of int
        Values of ``CELLS``.
    layers : list of tuple
        W_x (D, G), W_h (H, G), b_x (G,), b_h (G,) of each layer, D being the H of the layer before.
    rows : int
    block : int
        The rows of ``h`` are filled up with zeros to a multiple of it.
    """

    cdef Build build
    cdef int typenum
    cdef Index B, F, n_layers, work
    cdef COneStep* steps
    cdef void* x_data
    cdef cnp.ndarray x
    cdef list memory, states, sizes
    cdef readonly cnp.ndarray h

    def __cinit__(self, Build build not None, cells, layers, Index rows, Index block):
        cells, layers = [int(cell) for cell in cells], [tuple(layer) for layer in layers]
        self.read_sizes(build, cells, layers, rows, block)
        self.memory, self.states, self.sizes = [], [], []
        self.steps = <COneStep*> calloc(self.n_layers, sizeof(COneStep))
        if self.steps == NULL:
            raise MemoryError("No memory for the steps of the layers.")
        self.x = aligned_empty(rows, self.F, self.typenum)
        self.x_data = cnp.PyArray_DATA(self.x)
        cdef cnp.ndarray h = self.x
        cdef Index k, D = self.F
        for k in range(self.n_layers):
            h = self.add_layer(&self.steps[k], cells[k], layers[k], h, D, block)
            D = self.steps[k].layer.H
        self.h = h[:, :D]

    cdef int read_sizes(self, Build build, list cells, list layers, Index rows, Index block) except -1:
        check(len(layers) > 0 and len(cells) == len(layers), "There must be one cell for every layer.")
        check(1 <= rows <= MOST_ROWS and 1 <= block <= MOST_ROWS, "There must be a row, and a block.")
        for k in range(len(layers)):
            check(0 <= cells[k] < n_cells(), "No such cell.")
            check(len(layers[k]) == 4, "A layer must hold W_x, W_h, b_x, b_h.")
        cdef cnp.ndarray W_x = layers[0][0]
        if W_x is None or cnp.PyArray_TYPE(W_x) not in (cnp.NPY_FLOAT32, cnp.NPY_FLOAT64):
            raise TypeError("W_x must be an array of float32 or float64.")
        check(cnp.PyArray_NDIM(W_x) == 2, "W_x must be 2-D.")
        self.build, self.typenum = build, cnp.PyArray_TYPE(W_x)
        self.B, self.n_layers, self.F, self.work = rows, len(layers), cnp.PyArray_DIM(W_x, 0), 0
        return 0

    cdef cnp.ndarray add_layer(self, COneStep* step, int cell, layer, cnp.ndarray x, Index D, Index block):
        """A layer that reads the first D columns of x; returns its h."""
        cdef Index L = lanes(self.build.get()[0], self.typenum == cnp.NPY_FLOAT64)
        self.read_layer(&step.layer, cell, layer, D)
        cdef Index s, H = step.layer.H, Hp = (H + L - 1) // L * L
        step.rows, step.X, step.X_stride = self.B, cnp.PyArray_DATA(x), cnp.PyArray_DIM(x, 1)
        step.packed = cnp.PyArray_DATA(self.zeros(1, numbers_of_layer(step.layer).forward))
        pack_forward(step.layer, step.packed)
        step.layer.W_x = step.layer.W_h = step.layer.b_x = step.layer.b_h = NULL
        cdef cnp.ndarray h = self.zeros((self.B + block - 1) // block * block, Hp)
        step.h = cnp.PyArray_DATA(h)
        own = [self.zeros(self.B, Hp) for _ in range(cell_info(cell).states)]
        for s in range(len(own)):
            step.state[s] = cnp.PyArray_DATA(<cnp.ndarray> own[s])
        self.states.append(own)
        self.sizes.append(H)
        self.work += self.B * cell_info(cell).gates * H * (D + H)
        return h

    def __dealloc__(self):
        free(self.steps)

    cdef cnp.ndarray zeros(self, Index rows, Index columns):
        """An array that lives as long as the stepper."""
        cdef cnp.ndarray array = aligned_empty(rows, columns, self.typenum)
        array[...] = 0
        self.memory.append(array)
        return array

    cdef int read_layer(self, CLayer* to, int cell, layer, Index D) except -1:
        cdef cnp.ndarray W_x = layer[0], W_h = layer[1], b_x = layer[2], b_h = layer[3]
        cdef Index H, G
        check(W_h is not None and cnp.PyArray_NDIM(W_h) == 2, "W_h must be 2-D.")
        H = cnp.PyArray_DIM(W_h, 0)
        G = cell_info(cell).gates * H
        check(D >= 1 and H >= 1, "A layer needs an input and a unit.")
        check_array(W_x, "W_x", self.typenum, 2, D, G)
        check_array(W_h, "W_h", self.typenum, 2, H, G)
        check_array(b_x, "b_x", self.typenum, 1, G, -1)
        check_array(b_h, "b_h", self.typenum, 1, G, -1)
        for array in layer:
            check(cnp.PyArray_IS_C_CONTIGUOUS(<cnp.ndarray> array), "A weight is not contiguous.")
        to.build, to.cell, to.is_double = self.build.build, cell, self.typenum == cnp.NPY_FLOAT64
        to.D, to.H = D, H
        to.W_x, to.W_h = cnp.PyArray_DATA(W_x), cnp.PyArray_DATA(W_h)
        to.b_x, to.b_h = cnp.PyArray_DATA(b_x), cnp.PyArray_DATA(b_h)
        return 0

    def step(self, x):
        """One step with x (rows, F), or (F,) for a single row; its dtype float32 or float64.

        Returns
        -------
        ndim : int
            That of x. 0: x is not such an array, or not finite; no state has changed.
        h is that of the top layer afterwards.
        """
        cdef Index row, column
        cdef int ndim = look_at_rows(x, self.B, self.F, &row, &column), typenum
        cdef bint finite
        if ndim == 0:
            return 0
        cdef cnp.ndarray given = x
        typenum = cnp.PyArray_TYPE(given)
        if self.work < LONG_STEP:
            finite = self.run(cnp.PyArray_DATA(given), typenum, row, column)
        else:
            with nogil:
                finite = self.run(cnp.PyArray_DATA(given), typenum, row, column)
        return ndim if finite else 0

    cdef bint run(self, const void* given, int typenum, Index row, Index column) noexcept nogil:
        """Read x and step, if all of x is finite; whether it is."""
        cdef Index k
        cdef bint finite
        if self.typenum == cnp.NPY_FLOAT32:
            finite = read_as(given, typenum, row, column, <float*> self.x_data, self.B, self.F)
        else:
            finite = read_as(given, typenum, row, column, <double*> self.x_data, self.B, self.F)
        if finite:
            for k in range(self.n_layers):
                run_one_step(self.steps[k])
        return finite

    def get_states(self):
        """Copies: for every layer a tuple of (rows, H)."""
        return [
            tuple([state[:, :H].copy() for state in states])
            for states, H in zip(self.states, self.sizes)
        ]

    def set_states(self, states):
        """Copy them in; shaped as ``get_states`` returns them."""
        states = [tuple(layer) for layer in states]
        check(len(states) == self.n_layers, f"There must be the states of {self.n_layers} layers.")
        for layer, own, H in zip(states, self.states, self.sizes):
            check(len(layer) == len(own), f"A layer must hold {len(own)} states.")
            for array in layer:
                check_array(array, "A state", self.typenum, 2, self.B, H)
        for layer, own in zip(states, self.states):
            for array, padded in zip(layer, own):
                copy_rows(array, padded)


cdef class OnlineLearner:
    """One layer and its read-out that learn from one row of ``rows`` sequences at a time, forwards in time.

    It owns states and influence, both zero at first, and reads and changes weights and gradients that are
    views; for one thread at a time. ``teach`` must have been called before ``learn``.

    Parameters
    ----------
    build : Build
    cell, influence : int
        Values of ``CELLS`` and ``INFLUENCES``.
    weights, gradients : tuple
        W_x (D, G), W_h (H, G), b_x (G,), b_h (G,), W (H, K), b (K,): views of theta and of g.
    rows : int

    Attributes
    ----------
    h : (rows, H) view of the state of the latest row
    raw : (rows, K) its outputs
    loss : float
        Sum of the losses since the latest update.
    n_targets, n_updates : int
        Rows since the latest update, and updates so far.
    t_before : int or None
        The solver's counter before the latest update.
    """

    cdef Build build
    cdef COnlineLearner c
    cdef CVectors vectors
    cdef CUpdateRule rule
    cdef int typenum, y_columns
    cdef Index work, flat, n_labels
    cdef list memory, states
    cdef cnp.ndarray J
    cdef object solver, options
    cdef public double loss
    cdef public Index n_targets, n_updates, every
    cdef readonly object t_before
    cdef readonly cnp.ndarray h, raw

    def __cinit__(self, Build build not None, int cell, int influence, weights, gradients, Index rows):
        self.build, self.memory, self.y_columns = build, [], 0
        self.read_sizes(cell, influence, tuple(weights), tuple(gradients), rows)
        cdef Index H = self.c.layer.H, K = self.c.K, L = lanes(build.get()[0], self.c.layer.is_double)
        cdef Index Hp = (H + L - 1) // L * L
        cdef COnlineNumbers numbers = numbers_of(self.c.layer, influence)
        self.states = [self.zeros(rows, Hp) for _ in range(cell_info(cell).states)]
        for s in range(len(self.states)):
            self.c.state[s] = cnp.PyArray_DATA(<cnp.ndarray> self.states[s])
        self.h, self.raw = self.states[0][:, :H], self.zeros(rows, K)
        self.c.raw, self.c.draw = cnp.PyArray_DATA(self.raw), cnp.PyArray_DATA(self.zeros(rows, K))
        self.c.dh = cnp.PyArray_DATA(self.zeros(rows, Hp))
        self.c.x = cnp.PyArray_DATA(self.zeros(rows, self.c.layer.D))
        self.J = self.zeros(rows, numbers.J)
        self.c.J = cnp.PyArray_DATA(self.J)
        self.c.slopes = cnp.PyArray_DATA(self.zeros(rows, numbers.slopes))
        self.c.scratch = cnp.PyArray_DATA(self.zeros(1, numbers.scratch))
        self.flat, self.work = numbers.flat, rows * numbers.flat * (H if influence == 0 else 1)

    cdef int read_sizes(self, int cell, int influence, tuple weights, tuple gradients, Index rows) except -1:
        check(0 <= cell < n_cells(), "No such cell.")
        check(0 <= influence < n_influences(), "No such influence.")
        check(1 <= rows <= MOST_ROWS, "There must be a row.")
        check(len(weights) == len(gradients) == 6, "weights and gradients must hold W_x, W_h, b_x, b_h, W, b.")
        cdef cnp.ndarray W_x = weights[0], W = weights[4]
        if W_x is None or cnp.PyArray_TYPE(W_x) not in (cnp.NPY_FLOAT32, cnp.NPY_FLOAT64):
            raise TypeError("W_x must be an array of float32 or float64.")
        check(cnp.PyArray_NDIM(W_x) == 2 and W is not None and cnp.PyArray_NDIM(W) == 2,
              "W_x and W must be 2-D.")
        cdef Index D = cnp.PyArray_DIM(W_x, 0), H = cnp.PyArray_DIM(W, 0), K = cnp.PyArray_DIM(W, 1)
        check(D >= 1 and H >= 1 and K >= 1, "A layer needs an input, a unit and an output.")
        self.typenum, self.c.rows, self.c.K, self.c.influence = cnp.PyArray_TYPE(W_x), rows, K, influence
        self.c.layer.build, self.c.layer.cell = self.build.get(), cell
        self.c.layer.is_double = self.typenum == cnp.NPY_FLOAT64
        self.c.layer.D, self.c.layer.H = D, H
        cdef list read = [self.read_views(views, D, H, K) for views in (weights, gradients)]
        self.c.layer.W_x, self.c.layer.W_h = cnp.PyArray_DATA(W_x), cnp.PyArray_DATA(<cnp.ndarray> weights[1])
        self.c.layer.b_x = cnp.PyArray_DATA(<cnp.ndarray> weights[2])
        self.c.layer.b_h = cnp.PyArray_DATA(<cnp.ndarray> weights[3])
        self.c.W, self.c.b = cnp.PyArray_DATA(W), cnp.PyArray_DATA(<cnp.ndarray> weights[5])
        for k in range(6):
            self.c.gradients[k] = cnp.PyArray_DATA(<cnp.ndarray> gradients[k])
        return 0

    cdef int read_views(self, tuple views, Index D, Index H, Index K) except -1:
        cdef Index G = cell_info(self.c.layer.cell).gates * H
        names = ("W_x", "W_h", "b_x", "b_h", "W", "b")
        shapes = ((2, D, G), (2, H, G), (1, G, -1), (1, G, -1), (2, H, K), (1, K, -1))
        for array, name, (ndim, rows, columns) in zip(views, names, shapes):
            check_vectors(array, name, self.typenum, ndim, rows, columns)
        self.memory.append(views)
        return 0

    cdef cnp.ndarray zeros(self, Index rows, Index columns):
        """An array that lives as long as the learner."""
        cdef cnp.ndarray array = aligned_empty(rows, columns, self.typenum)
        array[...] = 0
        self.memory.append(array)
        return array

    cdef const double* doubles(self, values):
        """A copy that lives as long as the learner."""
        cdef cnp.ndarray copy = np.array(values, dtype=np.float64, order="C", ndmin=1)
        self.memory.append(copy)
        return <const double*> cnp.PyArray_DATA(copy)

    def teach(self, int loss, options, class_factors, vectors, solver, *, Index matrices, double alpha,
              clip_norm, clip_value, Index every):
        """What is learned, and how.

        Parameters
        ----------
        loss : int
            Value of ``LOSSES``.
        options : sequence of float
        class_factors : (n_classes,) array or None
            What the losses of the classes are multiplied with.
        vectors : tuple
            theta and g (P,), the solver's memory (slots, P), and where both are kept before an update.
        solver : tuple
            The solver, the value of ``SOLVERS``, and a function of the solver: its options.
        matrices : int
            Weights with a penalty: the first ones.
        alpha : float
        clip_norm, clip_value : float or None
        every : int
            Rows from one update to the next.
        """
        check(0 <= loss < n_losses(), "No such loss.")
        cdef CLossInfo info = loss_info(loss)
        check(len(options) == (self.c.K if info.n_options < 0 else info.n_options), "Not the options of the loss.")
        # the class of a row is also the place in class_factors
        self.read_labels(info, class_factors)
        self.c.loss, self.c.options = loss, self.doubles(list(options) or [0.0])
        self.c.class_factors = NULL
        if class_factors is not None:
            self.c.class_factors = self.doubles(class_factors)
        theta, g, memory, theta_before, memory_before = vectors
        self.solver, self.rule.solver, self.options = solver
        check(0 <= self.rule.solver < n_solvers(), "No such solver.")
        self.vectors = read_vectors(theta, g)
        read_step(&self.vectors, self.rule.solver, memory, theta_before, memory_before, self.typenum)
        self.memory.append(vectors)
        check(0 <= matrices <= self.vectors.n, "matrices is not a number of weights.")
        self.rule.matrices, self.rule.alpha, self.rule.mean = matrices, alpha, 0
        self.rule.clip_norm = INFINITY if clip_norm is None else clip_norm
        self.rule.clip_value = INFINITY if clip_value is None else clip_value
        self.y_columns, self.every = 1 if info.single else self.c.K, every
        self.loss, self.n_targets, self.n_updates, self.t_before = 0, 0, 0, None

    cdef int read_labels(self, CLossInfo info, class_factors) except -1:
        """How many classes y may be the number of one of; 0: it is no class number."""
        self.n_labels = self.c.K if info.labels else 0
        if class_factors is None:
            return 0
        check(self.n_labels in (0, len(class_factors)) and len(class_factors) >= 1
              and (self.n_labels > 0 or (info.name == b"binomial_log_loss" and self.c.K == 1)),
              "class_factors are for one label of each row.")
        self.n_labels = len(class_factors)
        return 0

    def step(self, x):
        """Read the next row, x as for ``Stepper.step``; returns ndim likewise."""
        cdef int ndim = self.read(x)
        if ndim:
            self.run(NULL)
        return ndim

    def learn(self, x, cnp.ndarray y not None):
        """Read the next row, and learn from y (rows, K), or (rows, 1) of class numbers and several quantiles.

        Returns
        -------
        ndim : int
            That of x; 0: it is not as ``step`` takes it, and nothing has changed. -1, -2: the loss, or the
            gradient, is not finite; then there was no update, and g is of no use.
        """
        check(self.y_columns > 0, "teach has not been called.")
        check_array(y, "y", self.typenum, 2, self.c.rows, self.y_columns)
        check(cnp.PyArray_IS_C_CONTIGUOUS(y), "y must be contiguous.")
        self.check_labels(cnp.PyArray_DATA(y))
        cdef int ndim = self.read(x)
        if ndim == 0:
            return 0
        self.loss += self.run(cnp.PyArray_DATA(y))
        self.n_targets += 1
        if self.n_targets < self.every:
            return ndim
        cdef int outcome = self.update()
        return outcome if outcome else ndim

    cdef int check_labels(self, const void* y) except -1:
        """Class numbers are places in arrays."""
        cdef Index i
        cdef double label
        if self.n_labels > 0:
            for i in range(self.c.rows):
                label = (<const float*> y)[i] if self.typenum == cnp.NPY_FLOAT32 else (<const double*> y)[i]
                check(0 <= label < self.n_labels and label == <Index> label, "y is not the number of a class.")
        return 0

    cdef int read(self, x) except -1:
        """x into memory of our own; its ndim, 0 if it is not as it must be."""
        cdef Index row, column, rows = self.c.rows, D = self.c.layer.D
        cdef int ndim = look_at_rows(x, rows, D, &row, &column)
        cdef bint finite
        if ndim == 0:
            return 0
        cdef cnp.ndarray given = x
        cdef const void* data = cnp.PyArray_DATA(given)
        if self.typenum == cnp.NPY_FLOAT32:
            finite = read_as(data, cnp.PyArray_TYPE(given), row, column, <float*> self.c.x, rows, D)
        else:
            finite = read_as(data, cnp.PyArray_TYPE(given), row, column, <double*> self.c.x, rows, D)
        return ndim if finite else 0

    cdef double run(self, const void* y) except? -1:
        cdef double loss
        if self.work < LONG_STEP:
            return run_row(self.c, y)
        with nogil:
            loss = run_row(self.c, y)
        return loss

    cdef int update(self) except? -1:
        """One update from what has been gathered; 0, or what ``learn`` returns."""
        cdef CUpdateFacts facts
        cdef CGathered of
        cdef Index t = self.solver.t
        of.scale, of.S, of.loss = 1.0 / (self.n_targets * self.c.rows), self.c.rows, self.loss
        of.share = of.relative_weight = 1
        self.rule.t = t
        read_options(self.options(self.solver), self.rule.solver, self.rule.options)
        cdef int outcome = run_update(self.build.get()[0], self.vectors, self.rule, of, &facts, NULL)
        if outcome:
            return outcome
        self.solver.t = t + 1
        self.t_before = t
        self.n_updates += 1
        self.n_targets, self.loss = 0, 0
        return 0

    # --- what goes along ----------------------------------------------------------------------------------

    def get_influence(self):
        """A copy of J (rows, width), as ``skrnn._engine.online`` has it."""
        cdef cnp.ndarray J = np.empty((self.c.rows, self.flat), dtype=self.raw.dtype)
        cdef Index i
        for i in range(self.c.rows):
            get_influence(self.c, i, <char*> cnp.PyArray_DATA(J) + i * cnp.PyArray_STRIDE(J, 0))
        return J

    def set_influence(self, cnp.ndarray J not None):
        """Go on from J (rows, width)."""
        cdef Index i
        check_array(J, "J", self.typenum, 2, self.c.rows, self.flat)
        J = np.ascontiguousarray(J)
        for i in range(self.c.rows):
            set_influence(self.c, i, <char*> cnp.PyArray_DATA(J) + i * cnp.PyArray_STRIDE(J, 0))

    def get_states(self):
        """Copies: of the only layer a tuple of (rows, H)."""
        return [tuple([state[:, :self.c.layer.H].copy() for state in self.states])]

    def set_states(self, states):
        """Go on from states as ``get_states`` returns them, of which it is not known how they have come about."""
        check(len(states) == 1 and len(states[0]) == len(self.states), "There is one layer, with its states.")
        for array in states[0]:
            check_array(array, "A state", self.typenum, 2, self.c.rows, self.c.layer.H)
        for array, padded in zip(states[0], self.states):
            copy_rows(array, padded)
        self.J[...] = 0


cdef CVectors read_vectors(cnp.ndarray theta, cnp.ndarray g) except *:
    cdef CVectors v
    if theta is None or cnp.PyArray_TYPE(theta) not in (cnp.NPY_FLOAT32, cnp.NPY_FLOAT64):
        raise TypeError("theta must be an array of float32 or float64.")
    v.n = cnp.PyArray_SIZE(theta)
    check_vectors(theta, "theta", cnp.PyArray_TYPE(theta), 1, v.n, -1)
    check_vectors(g, "g", cnp.PyArray_TYPE(theta), 1, v.n, -1)
    v.is_double = cnp.PyArray_TYPE(theta) == cnp.NPY_FLOAT64
    v.theta, v.g = cnp.PyArray_DATA(theta), cnp.PyArray_DATA(g)
    v.memory = v.theta_before = v.memory_before = NULL
    return v


cdef int check_vectors(cnp.ndarray array, str name, int typenum, int ndim, Index rows, Index columns) except -1:
    check_array(array, name, typenum, ndim, rows, columns)
    check(cnp.PyArray_IS_C_CONTIGUOUS(array) and cnp.PyArray_ISWRITEABLE(array),
          f"{name} must be contiguous and writeable.")
    return 0


cdef int read_step(CVectors* v, int solver, cnp.ndarray memory, cnp.ndarray theta_before,
                   cnp.ndarray memory_before, int typenum) except -1:
    cdef int slots = solver_info(solver).slots
    check_vectors(memory, "memory", typenum, 2, slots, v.n)
    check_vectors(theta_before, "theta_before", typenum, 1, v.n, -1)
    check_vectors(memory_before, "memory_before", typenum, 2, slots, v.n)
    v.memory, v.theta_before = cnp.PyArray_DATA(memory), cnp.PyArray_DATA(theta_before)
    v.memory_before = cnp.PyArray_DATA(memory_before)
    return 0


cdef int read_options(options, int solver, double* to) except -1:
    check(len(options) == solver_info(solver).n_options, "Not the options of the solver.")
    for k in range(len(options)):
        to[k] = options[k]
    return 0


def gather(Build build not None, cnp.ndarray theta, cnp.ndarray g, Index matrices, double scale, double decay):
    """g <- scale g + decay theta, the second for the first ``matrices`` weights only.

    Returns the sums of squares of g and of those weights.
    """
    cdef CVectors v = read_vectors(theta, g)
    check(0 <= matrices <= v.n, "matrices is not a number of weights.")
    cdef const CBuild* kernels = build.get()
    cdef double g2, penalty = 0
    with nogil:
        g2 = c_gather(kernels[0], v, matrices, scale, decay, &penalty)
    return g2, penalty


def step(Build build not None, int solver, options, cnp.ndarray theta, cnp.ndarray g, cnp.ndarray memory,
         cnp.ndarray theta_before, cnp.ndarray memory_before, double shrink, Index t, double share):
    """Step number t of theta (P,) and memory (slots, P) along shrink g; what was before goes into ``..._before``.

    g is empty afterwards. ``share`` is what solvers that divide multiply g with besides.
    """
    cdef CVectors v = read_vectors(theta, g)
    cdef int typenum = cnp.PyArray_TYPE(theta)
    cdef const CBuild* kernels = build.get()
    cdef double read[MOST_OPTIONS]
    cdef double c[COEFFICIENTS]
    check(0 <= solver < n_solvers(), "No such solver.")
    read_step(&v, solver, memory, theta_before, memory_before, typenum)
    read_options(options, solver, read)
    memset(c, 0, sizeof(c))
    solver_info(solver).coefficients(read, t, share, c)
    with nogil:
        c_step(kernels[0], v, solver, shrink, c)


include "_training.pxi"
