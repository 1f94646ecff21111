// The threads that compute a step beside the one that runs it.
#pragma once

namespace banyan {

/**
 * Ends those of the calling thread; its next step starts new ones, in less than a millisecond. To be called when nothing
 * is to be computed for a while: an OpenMP runtime whose threads are more than the cores, idle ones of other engines in
 * this process among them, lets a thread sleep at each barrier of a step instead of spinning for a microsecond. A step
 * of a small model then takes twice as long (libgomp, gomp_throttled_spin_count_var).
 */
void rest_compute_threads();

}  // namespace banyan
