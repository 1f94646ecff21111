#include "runner/compute-threads.h"

#ifdef BANYAN_OPENMP
#include <omp.h>
#endif

namespace banyan {

void rest_compute_threads() {
#ifdef BANYAN_OPENMP
    omp_pause_resource_all(omp_pause_soft);
#endif
}

}  // namespace banyan
