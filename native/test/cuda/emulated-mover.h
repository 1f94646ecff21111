// The page mover on the CPU, linked in place of the device's: the source of its kernels runs thread by thread. Each
// tensor lies on a make-believe device. What is sent lands when it is waited for, and not before; launches run their
// blocks and threads backwards, so that none may rely on another.
#pragma once

namespace banyan::test {

/** Devices among which the tensors of the next context are shared out by turns. */
extern int emulated_devices;
/** So far, by all movers. */
extern int emulated_launches;

}  // namespace banyan::test
