// Why a build with CUDA finds no device to compute on.
#pragma once

#include <string>

namespace banyan {

/** '' where there is a device, or where the build has no CUDA; else one clause, without a full stop. Asks the driver.
 */
std::string no_cuda_device();

}  // namespace banyan
