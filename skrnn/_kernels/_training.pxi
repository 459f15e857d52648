# Part of _binding.pyx: training on whole batches, and epochs of them, in one call.

from cpython.exc cimport PyErr_CheckSignals

cdef extern from "batch.hpp" namespace "skrnn" nogil:
    cdef struct CSource "skrnn::Source":
        const char* data
        int type
        Index n_features, step, column, block_bytes
        const Index *block
        const Index *starts
        const Index *lengths
        const Index *order
        const Index *columns

    cdef struct CData "skrnn::Data":
        CSource X
        const Index* lengths
        bint per_step, is_rectangular, has_equal_steps
        Index delay, y_columns
        const void* y
        CSource y_of_steps
        const double *weight
        const double *inner
        CSource inner_of_steps
        const double* share
        double replication


cdef extern from "arena.hpp" namespace "skrnn" nogil:
    cdef cppclass Arena:
        Index n_asked()


cdef extern from "training.hpp" namespace "skrnn" nogil:
    cdef enum:
        MOST_DIRECTIONS
        MOST_POOLINGS
        N_NORMS

    cdef struct CTrainingLayer "skrnn::TrainingLayer":
        int cell
        Index H
        const void* weights[2][4]
        void* gradients[2][4]
        const void* start[2]
        void* ends[2]

    cdef struct CCallbacks "skrnn::Callbacks":
        void* python
        int (*inputs)(void*, Index, Index, void*) noexcept nogil
        int (*targets)(void*, Index, Index, void*) noexcept nogil
        int (*masks)(void*, Index, void* const*) noexcept nogil
        int (*look_around)(void*) noexcept nogil

    cdef struct CTraining "skrnn::Training":
        const CBuild* build
        bint is_double
        int n_threads
        Index n_layers, K
        int n_directions
        const CTrainingLayer* layers
        const void *W
        const void *b
        void *dW
        void *db
        Index n_tokens, F
        const void *table
        void *dtable
        bint has_masks
        int n_poolings
        int poolings[MOST_POOLINGS]
        int loss
        const double* options
        CData data
        CCallbacks callbacks
        bint updates
        CVectors vectors
        CUpdateRule rule
        LateRows* late

    cdef struct CTotals "skrnn::Totals":
        double loss, W, penalty, norm_sum
        Index n_updates, n_clipped
        double norms[N_NORMS]

    cdef cppclass Workplace:
        Workplace() except +
        Arena batch

    int run_batch(CTraining&, Workplace&, const Index*, Index, Index, Index, CTotals*)
    int n_poolings()
    const char* pooling_name(int)


POOLINGS = {pooling_name(k).decode(): k for k in range(n_poolings())}

# the places of the types of numbers in SKRNN_NUMBERS of batch.hpp
NUMBERS = {
    np.dtype(name): k for k, name in enumerate("? i1 i2 i4 i8 u1 u2 u4 u8 f4 f8".split())
}

cdef Index MOST_STEPS = <Index> 1 << 60  # k1 and k2: what is added to them stays a number


cdef int read_inputs(void* training, Index start, Index end, void* X) noexcept nogil:
    with gil:
        return (<Training> training).read_inputs(start, end, X)


cdef int read_targets(void* training, Index start, Index end, void* y) noexcept nogil:
    with gil:
        return (<Training> training).read_targets(start, end, y)


cdef int draw_masks(void* training, Index B, void* const* masks) noexcept nogil:
    with gil:
        return (<Training> training).draw_masks(B, masks)


cdef int look_around(void* training) noexcept nogil:
    with gil:
        return (<Training> training).look_around()


cdef class Training:
    """TBPTT(k1, k2) on one batch after the other, updates included; for one thread at a time.

    It reads and changes weights and gradients that are views, and reads the data where they lie.

    Parameters
    ----------
    build : Build
    cells : list of int
        Values of ``CELLS``.
    weights, gradients : tuple
        For every layer and direction W_x (D, G), W_h (H, G), b_x (G,), b_h (G,); W (R, K) and b (K,); and the
        table (n_tokens, F) of embeddings, or None.
    poolings : list of int
        Values of ``POOLINGS``.
    loss : tuple
        The value of ``LOSSES``, and its options.
    data : Dataset
        Anything with the attributes of ``skrnn._engine.dataset.Dataset``.
    n_threads : int
        At most so many; no result depends on it.
    """

    cdef Build build
    cdef CTraining c
    cdef CTotals totals
    cdef Workplace* place
    cdef CTrainingLayer* layers
    cdef LateRows* late
    cdef list memory, mask_widths
    cdef int typenum
    cdef bint may_update, needs_python
    cdef object data, solver, batch, rows, error, draw

    def __cinit__(self, Build build not None, cells, weights, gradients, poolings, loss, data, int n_threads):
        self.build, self.memory, self.data, self.may_update = build, [], data, False
        self.place, self.late = new Workplace(), new LateRows()
        self.c.build, self.c.n_threads = build.get(), max(n_threads, 1)
        self.c.callbacks.python = <void*> self
        self.c.callbacks.inputs, self.c.callbacks.targets = read_inputs, read_targets
        self.c.callbacks.masks, self.c.callbacks.look_around = draw_masks, look_around
        check(len(weights) == len(gradients) == 4, "There must be layers, W, b and a table.")
        self.read_layers([int(cell) for cell in cells], weights[0], gradients[0])
        self.read_out(weights[1:3], gradients[1:3], [int(pooling) for pooling in poolings])
        self.read_table(weights[3], gradients[3])
        self.read_loss(loss[0], loss[1])
        self.read_data(data)

    def __dealloc__(self):
        del self.place
        del self.late
        free(self.layers)

    # --- what is trained --------------------------------------------------------------------------------

    cdef int read_layers(self, list cells, weights, gradients) except -1:
        weights, gradients = ([[tuple(way) for way in layer] for layer in v] for v in (weights, gradients))
        check(len(cells) > 0 and len(weights) == len(gradients) == len(cells), "One cell for every layer.")
        check(1 <= len(weights[0]) <= MOST_DIRECTIONS, "A layer has one direction, or two.")
        cdef cnp.ndarray W_x = weights[0][0][0]
        if W_x is None or cnp.PyArray_TYPE(W_x) not in (cnp.NPY_FLOAT32, cnp.NPY_FLOAT64):
            raise TypeError("W_x must be an array of float32 or float64.")
        check(cnp.PyArray_NDIM(W_x) == 2, "W_x must be 2-D.")
        self.typenum = cnp.PyArray_TYPE(W_x)
        self.c.is_double, self.c.n_directions = self.typenum == cnp.NPY_FLOAT64, len(weights[0])
        self.layers = <CTrainingLayer*> calloc(len(cells), sizeof(CTrainingLayer))
        if self.layers == NULL:
            raise MemoryError("No memory for the layers.")
        self.c.layers, self.c.n_layers = self.layers, len(cells)
        self.c.F = cnp.PyArray_DIM(W_x, 0)
        check(self.c.F >= 1, "A layer needs an input.")
        cdef Index k, D = self.c.F
        for k in range(len(cells)):
            check(len(weights[k]) == len(gradients[k]) == self.c.n_directions, "All layers have the same directions.")
            for d in range(self.c.n_directions):
                self.read_direction(&self.layers[k], d, cells[k], weights[k][d], gradients[k][d], D)
            D = self.c.n_directions * self.layers[k].H
        return 0

    cdef int read_direction(self, CTrainingLayer* to, int d, int cell, tuple weights, tuple gradients,
                            Index D) except -1:
        check(0 <= cell < n_cells(), "No such cell.")
        check(len(weights) == len(gradients) == 4, "A layer must hold W_x, W_h, b_x, b_h.")
        cdef cnp.ndarray W_h = weights[1]
        check(W_h is not None and cnp.PyArray_NDIM(W_h) == 2, "W_h must be 2-D.")
        cdef Index H = cnp.PyArray_DIM(W_h, 0), G = cell_info(cell).gates * cnp.PyArray_DIM(W_h, 0)
        check(H >= 1 and d * (H - to.H) == 0, "A layer needs a unit, and as many in both directions.")
        to.cell, to.H = cell, H
        shapes = ((2, D, G), (2, H, G), (1, G, -1), (1, G, -1))
        for k, (name, (ndim, rows, columns)) in enumerate(zip(("W_x", "W_h", "b_x", "b_h"), shapes)):
            to.weights[d][k] = self.address(weights[k], name, ndim, rows, columns)
            to.gradients[d][k] = self.address(gradients[k], name, ndim, rows, columns)
        return 0

    cdef void* address(self, cnp.ndarray array, str name, int ndim, Index rows, Index columns) except NULL:
        """Of an array of this shape that lives from now on."""
        check_vectors(array, name, self.typenum, ndim, rows, columns)
        self.memory.append(array)
        return cnp.PyArray_DATA(array)

    cdef int read_out(self, weights, gradients, list poolings) except -1:
        check(1 <= len(poolings) <= MOST_POOLINGS, "There must be a pooling.")
        cdef cnp.ndarray W = weights[0]
        check(W is not None and cnp.PyArray_NDIM(W) == 2 and cnp.PyArray_DIM(W, 1) >= 1, "W must be 2-D.")
        cdef Index R = len(poolings) * self.c.n_directions * self.layers[self.c.n_layers - 1].H
        cdef Index K = cnp.PyArray_DIM(W, 1)
        self.c.K, self.c.n_poolings = K, len(poolings)
        for k in range(len(poolings)):
            check(0 <= poolings[k] < n_poolings(), "No such pooling.")
            self.c.poolings[k] = poolings[k]
        self.c.W = self.address(W, "W", 2, R, K)
        self.c.b = self.address(weights[1], "b", 1, K, -1)
        self.c.dW = self.address(gradients[0], "W", 2, R, K)
        self.c.db = self.address(gradients[1], "b", 1, K, -1)
        return 0

    cdef int read_table(self, cnp.ndarray table, cnp.ndarray gradient) except -1:
        self.c.n_tokens, self.c.table = 0, NULL
        check((table is None) == (gradient is None), "The table, or its gradient, is missing.")
        if table is None:
            return 0
        check(cnp.PyArray_NDIM(table) == 2, "The table must be 2-D.")
        self.c.n_tokens = cnp.PyArray_DIM(table, 0)
        self.c.table = self.address(table, "The table", 2, self.c.n_tokens, self.c.F)
        self.c.dtable = self.address(gradient, "The table's gradient", 2, self.c.n_tokens, self.c.F)
        return 0

    cdef int read_loss(self, int loss, options) except -1:
        check(0 <= loss < n_losses(), "No such loss.")
        cdef CLossInfo info = loss_info(loss)
        check(len(options) == (self.c.K if info.n_options < 0 else info.n_options), "Not the options of the loss.")
        self.c.loss = loss
        self.c.options = self.doubles(list(options) or [0.0], -1)
        self.c.data.y_columns = 1 if info.single else self.c.K
        return 0

    cdef const double* doubles(self, values, Index n) except NULL:
        """Numbers that live from now on."""
        cdef cnp.ndarray array = np.ascontiguousarray(values, dtype=np.float64)
        check(cnp.PyArray_NDIM(array) == 1 and (n < 0 or cnp.PyArray_DIM(array, 0) == n), "Not one for every sequence.")
        self.memory.append(array)
        return <const double*> cnp.PyArray_DATA(array)

    cdef const Index* indices(self, values, Index n, Index most) except? NULL:
        """Indices (n,) from 0 to ``most`` that live from now on; NULL for None."""
        if values is None:
            return NULL
        cdef cnp.ndarray array = np.ascontiguousarray(values, dtype=np.int64)
        check(cnp.PyArray_NDIM(array) == 1 and (n < 0 or cnp.PyArray_DIM(array, 0) == n), "Not one for every sequence.")
        self.memory.append(array)
        cdef const Index* data = <const Index*> cnp.PyArray_DATA(array)
        cdef Index k
        for k in range(cnp.PyArray_DIM(array, 0)):
            if not 0 <= data[k] <= most:
                raise IndexError(f"{data[k]} is not an index of {most + 1} places.")
        return data

    # --- what it is trained on ----------------------------------------------------------------------------

    cdef int read_data(self, data) except -1:
        cdef CData* c = &self.c.data
        cdef Index n = data.n, i
        c.per_step, c.delay, c.replication = data.per_step, data.delay, data.replication
        c.is_rectangular, c.has_equal_steps = data.is_rectangular, data.has_equal_steps
        c.lengths = self.indices(data.lengths, n, MOST_STEPS)
        check(c.delay >= 0, "delay is negative.")
        for i in range(n):
            check(c.lengths[i] > c.delay, "A sequence is empty.")
            check(not c.is_rectangular or c.lengths[i] == c.lengths[0], "Not all sequences are equally long.")
        c.weight = self.doubles(data.weight, n)
        c.share = NULL
        if data.share is not None:
            c.share = self.doubles(data.share, n)
        self.read_source(&c.X, data.X, n, self.c.F if self.c.table == NULL else 1)
        self.read_states(data.start, n)
        c.inner = NULL
        c.inner_of_steps.n_features = 0
        if c.per_step:
            self.read_targets_of_steps(data, n)
            return 0
        y = np.ascontiguousarray(data.y, dtype=self.dtype())
        check_array(y, "y", self.typenum, 2, n, c.y_columns)
        self.memory.append(y)
        c.y = cnp.PyArray_DATA(<cnp.ndarray> y)
        if data.inner_weight is not None:
            c.inner = self.doubles(data.inner_weight, n)
        return 0

    cdef int read_states(self, start, Index n) except -1:
        """States before the first steps: for every layer a list of one direction, a tuple of (n, H); or None."""
        if start is None:
            return 0
        check(self.c.n_directions == 1 and len(start) == self.c.n_layers, "Not the states of all layers.")
        for k, states in enumerate(start):
            check(len(states) == cell_info(self.layers[k].cell).states, "Not the states of the cell.")
            for s in range(len(states)):
                array = np.ascontiguousarray(states[s], dtype=self.dtype())
                check_array(array, "A state", self.typenum, 2, n, self.layers[k].H)
                self.memory.append(array)
                self.layers[k].start[s] = cnp.PyArray_DATA(<cnp.ndarray> array)
        return 0

    cdef object dtype(self):
        return np.float64 if self.c.is_double else np.float32

    cdef int read_targets_of_steps(self, data, Index n) except -1:
        cdef CData* c = &self.c.data
        self.read_source(&c.y_of_steps, data.y, n, c.y_columns)
        cdef bint has_weights = data.inner_weight is not None
        if has_weights:
            self.read_source(&c.inner_of_steps, data.inner_weight, n, 1)
            check(c.inner_of_steps.data != NULL, "The weights of the steps cannot be read.")
        cdef Index i
        for i in range(n):
            check(c.lengths[i] - c.delay <= c.y_of_steps.lengths[i], "There are fewer targets than steps.")
            check(not has_weights or c.lengths[i] - c.delay <= c.inner_of_steps.lengths[i], "Not a weight for every step.")
        return 0

    cdef int read_source(self, CSource* to, sequences, Index n, Index n_features) except -1:
        """Where the numbers of ``Sequences`` lie; nowhere, if they are of no type or in no place that C++ reads."""
        cdef cnp.ndarray values = sequences.values
        cdef bint is_dense = sequences.block is not None
        check(cnp.PyArray_NDIM(values) == (3 if is_dense else 2), "Sequences lie in 3-D or in 2-D arrays.")
        check(sequences.n_features == n_features, f"There are {sequences.n_features} features, not {n_features}.")
        to.n_features = n_features
        to.data = NULL
        cdef Index rows = cnp.PyArray_DIM(values, 1 if is_dense else 0), i
        to.step = cnp.PyArray_STRIDE(values, 1 if is_dense else 0)
        to.column, to.block_bytes = cnp.PyArray_STRIDE(values, 2 if is_dense else 1), cnp.PyArray_STRIDE(values, 0)
        to.block = self.indices(sequences.block, n, cnp.PyArray_DIM(values, 0) - 1)
        to.columns = self.indices(sequences.columns, n_features, cnp.PyArray_DIM(values, 2 if is_dense else 1) - 1)
        check(to.columns != NULL or cnp.PyArray_DIM(values, 2 if is_dense else 1) == n_features, "Not all columns are features.")
        to.order = NULL
        if not is_dense and sequences.order is not None:
            to.order = self.indices(sequences.order, -1, rows - 1)
            rows = len(sequences.order)
        to.starts = self.indices(sequences.starts, n, rows)
        to.lengths = self.indices(sequences.lengths, n, rows)
        for i in range(n):
            check(to.starts[i] + to.lengths[i] <= rows, "A sequence ends beyond its storage.")
        number = NUMBERS.get(values.dtype)
        if number is None or sequences.mapped is not None:
            self.needs_python = True
            return 0
        to.type = number
        to.data = <const char*> cnp.PyArray_DATA(values)
        self.memory.append(values)
        return 0

    cdef bint read_inputs(self, Index start, Index end, void* X):
        """What C++ cannot read, for it; False: there was an error."""
        cdef bint has_tokens = self.c.table != NULL
        try:
            steps = self.own_batch().steps(start, end)
            values = self.own_batch().X(steps, start).reshape(steps.N, -1)
            columns = 1 if has_tokens else self.c.F
            self.copy(values, cnp.NPY_INT64 if has_tokens else self.typenum, steps.N, columns, X)
        except BaseException as error:
            self.error = error
            return False
        return True

    cdef bint read_targets(self, Index start, Index end, void* y):
        try:
            steps = self.own_batch().steps(start, end)
            values = self.own_batch().targets(steps, start)[0]
            self.copy(values, self.typenum, steps.N, self.c.data.y_columns, y)
        except BaseException as error:
            self.error = error
            return False
        return True

    cdef bint draw_masks(self, Index B, void* const* masks):
        try:
            drawn = self.draw(B)
            check(len(drawn) == self.c.n_layers, "Not a mask for every layer.")
            for k in range(len(drawn)):
                width = self.c.n_directions * self.layers[k].H * (self.c.n_poolings if k == len(drawn) - 1 else 1)
                self.copy(drawn[k], self.typenum, B, width, masks[k])
        except BaseException as error:
            self.error = error
            return False
        return True

    cdef bint look_around(self):
        try:
            PyErr_CheckSignals()
        except BaseException as error:
            self.error = error
            return False
        return True

    cdef own_batch(self):
        if self.batch is None:
            self.batch = self.data.batch(self.rows, self.dtype())
        return self.batch

    cdef int copy(self, values, int typenum, Index rows, Index columns, void* to) except -1:
        cdef cnp.ndarray array = np.ascontiguousarray(values, dtype=cnp.PyArray_DescrFromType(typenum))
        check_array(array, "What was read", typenum, 2, rows, columns)
        memcpy(to, cnp.PyArray_DATA(array), rows * columns * cnp.PyArray_ITEMSIZE(array))
        return 0

    # --- training -------------------------------------------------------------------------------------------

    def teach(self, vectors, solver, *, Index matrices, double alpha, clip_norm, clip_value, weighting, draw=None,
              bint late=False):
        """How theta is changed.

        Parameters
        ----------
        vectors : tuple
            theta and g (P,), the solver's memory (slots, P), and where both are kept before an update.
        solver : int
            Value of ``SOLVERS``.
        matrices : int
            Weights with a penalty: the first ones.
        alpha : float
        clip_norm, clip_value : float or None
        weighting : tuple or None
            mean, noise and root_mean_square of ``skrnn._engine.learner.Weighting``.
        draw : callable, optional
            Number of sequences -> for every layer a mask (B, width) of what is read of it, new for each update.
        late : bool
            Whether updates of rows of the table that are not read are put off. No bit depends on it.
        """
        theta, g, memory, theta_before, memory_before = vectors
        check(0 <= solver < n_solvers(), "No such solver.")
        self.c.vectors = read_vectors(theta, g)
        check(cnp.PyArray_TYPE(<cnp.ndarray> theta) == self.typenum, "theta is of another type.")
        read_step(&self.c.vectors, solver, memory, theta_before, memory_before, self.typenum)
        self.memory.append(vectors)
        self.draw, self.c.has_masks = draw, draw is not None
        check(0 <= matrices <= self.c.vectors.n, "matrices is not a number of weights.")
        cdef CUpdateRule* rule = &self.c.rule
        rule.solver, rule.matrices, rule.alpha = solver, matrices, alpha
        rule.clip_norm = INFINITY if clip_norm is None else clip_norm
        rule.clip_value = INFINITY if clip_value is None else clip_value
        rule.mean, rule.noise, rule.root_mean_square = weighting or (0.0, 1.0, 1.0)
        self.may_update = True
        self.c.late = NULL
        if late and self.c.table != NULL:
            check(self.place_of_table() >= matrices, "The table has a penalty, or is no part of theta.")
            self.c.late = self.late

    cdef Index place_of_table(self):
        """Where the table begins in theta, as its gradient does in g; -1: nowhere."""
        cdef CVectors* v = &self.c.vectors
        cdef Index size = 8 if self.c.is_double else 4, first = -1
        if v.theta <= self.c.table < <char*> v.theta + v.n * size:
            first = (<char*> self.c.table - <char*> v.theta) // size
        if <char*> v.g + first * size != <char*> self.c.dtable or first + self.c.n_tokens * self.c.F > v.n:
            return -1
        return first

    def epoch(self, rows, Index batch_size, k1, k2, options, Index t, progress=None):
        """Train on all of ``rows``, in batches of so many.

        Parameters
        ----------
        rows : (n,) int
            Sequences of the data.
        batch_size : int
        k1, k2 : int or None
        options : tuple
            Those of the solver.
        t : int
            Steps that it has made.
        progress : callable, optional
            Is called with the number of sequences after every batch.

        Returns
        -------
        outcome : int
            0; -1 or -2: loss or gradient is not finite, and theta is as it was before that update.
        """
        check(self.may_update, "teach has not been called.")
        read_options(options, self.c.rule.solver, self.c.rule.options)
        self.c.rule.t, self.c.updates = t, True
        memset(&self.totals, 0, sizeof(self.totals))
        if self.c.late == NULL:
            return self.over_batches(rows, batch_size, k1, k2, progress)
        self.late.begin(self.c.build[0], self.c.vectors, self.c.rule.solver, self.place_of_table(), self.c.n_tokens,
                        self.c.F)
        try:
            return self.over_batches(rows, batch_size, k1, k2, progress)
        finally:
            with nogil:
                self.late.finish()

    def keep_ends(self):
        """Keep the states after the last steps: for every layer a tuple of (n, H), filled by ``epoch``."""
        check(self.c.n_directions == 1, "The reverse direction ends at the first step.")
        ends = []
        for k in range(self.c.n_layers):
            states = [np.zeros((self.data.n, self.layers[k].H), dtype=self.dtype())
                      for _ in range(cell_info(self.layers[k].cell).states)]
            for s in range(len(states)):
                self.layers[k].ends[s] = cnp.PyArray_DATA(<cnp.ndarray> states[s])
            self.memory.append(states)
            ends.append(tuple(states))
        return ends

    def gather(self, rows, k1=None, k2=None):
        """Add the gradients of one batch, at frozen weights; returns the sum of its losses."""
        self.c.updates = False
        memset(&self.totals, 0, sizeof(self.totals))
        self.over_batches(rows, len(rows), k1, k2, None)
        return self.totals.loss

    cdef int over_batches(self, rows, Index batch_size, k1, k2, progress) except? -3:
        cdef cnp.ndarray array = np.ascontiguousarray(rows, dtype=np.int64)
        cdef const Index* data = <const Index*> cnp.PyArray_DATA(array)
        cdef Index n = cnp.PyArray_SIZE(array), i, B
        cdef Index every = 0 if k1 is None else min(k1, MOST_STEPS), depth = 0 if k2 is None else min(k2, MOST_STEPS)
        cdef int outcome
        check(batch_size >= 1 and every >= 0 and depth >= 0, "batch_size, k1 and k2 must not be negative.")
        check(self.c.n_directions == 1 or not (every or depth), "Both directions need whole sequences: no k1, no k2.")
        for i in range(n):
            check(0 <= data[i] < self.data.n, "rows are numbers of sequences.")
        for i in range(0, n, batch_size):
            B = min(batch_size, n - i)
            if self.needs_python:
                self.batch, self.rows = None, array[i : i + B]
            with nogil:
                outcome = run_batch(self.c, self.place[0], data + i, B, every, depth, &self.totals)
            if outcome != UPDATED:
                return self.outcome(outcome)
            if progress is not None:
                progress(B)
            PyErr_CheckSignals()
        return 0

    cdef int outcome(self, int outcome) except? -3:
        if outcome == BAD_LABEL:
            raise ValueError("y is not the number of a class.")
        if outcome == NO_MEMORY:
            raise MemoryError("No memory for a window: set k1 and k2, or lower batch_size.")
        if outcome == BAD_TOKEN:
            raise ValueError("X holds a number that is no token.")
        if outcome == ERROR_OF_PYTHON:
            error, self.error = self.error, None
            raise error
        return outcome

    @property
    def t(self):
        """Steps that the solver has made."""
        return self.c.rule.t

    @property
    def n_blocks_asked(self):
        """How often memory was asked of the system."""
        return self.place.batch.n_asked()

    @property
    def sums(self):
        """Since the beginning of the epoch: loss, W, penalty, norms; updates, and those clipped."""
        cdef CTotals* t = &self.totals
        return t.loss, t.W, t.penalty, t.norm_sum, t.n_updates, t.n_clipped

    @property
    def norms(self):
        """Those of the latest updates of the epoch, the latest last."""
        cdef Index n = self.totals.n_updates
        return [self.totals.norms[k % N_NORMS] for k in range(max(0, n - N_NORMS), n)]
