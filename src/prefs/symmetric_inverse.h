// The inverse of a large symmetric matrix in its own memory, in f32: what EASE is made of. Almost all of it is products
// of blocks, so it runs at their rate. Uses all threads; the result does not depend on their number.
#pragma once

#include "base/matrix.h"

namespace peapod {

// Overwrites `matrix` [n, n] with its inverse; the part above the diagonal is not read. n^3 multiplications and
// additions. Blocks are swept one after another (Goodnight, "A Tutorial on the SWEEP Operator", The American
// Statistician 33(3), 1979), those on the diagonal inverted in double precision. No pivot is sought, which is stable
// for a positive definite matrix; the relative error grows with the ratio of its eigenvalues times 6e-8. Throws Error
// where the matrix is not square or not positive definite to the precision of f32.
void invert_symmetric(Matrix& matrix);

}  // namespace peapod
