#pragma once
// The platform's invariants, as far as clients and databases can see them broken.

#include "drill/judge.h"
#include "drill/scene.h"

namespace understudy::drill {

/// Looks for broken I1, I2, I3, I4, I6, I7 and I9 and says that I5, I8 and I10 are not judged.
/// Requires: everything else that is counted in the verdict has been.
void judge_invariants(const Scene& scene, Verdict& verdict);

}  // namespace understudy::drill
