// Orthonormal columns that span what those of a tall matrix do, for subspace iteration. Stateless; results do not
// depend on the threads.
#pragma once

#include "prefs/eigen.h"

namespace peapod {

// By Householder reflections; of more than 65,536 rows by Cholesky factors where these do, several times faster and the
// same but for rounding and rotation.
RowMajorF orthonormal_basis(const RowMajorF& x);

// Makes the columns of x [rows, cols], rows >= cols, orthonormal by the inverse of its Cholesky factor, twice, since
// once leaves what rounding makes of its condition (CholeskyQR2, Yamamoto et al. 2015). Returns false, and leaves x of
// no use, where its columns depend on each other so nearly that this cannot do.
bool orthonormalise(RowMajorF& x);

}  // namespace peapod
