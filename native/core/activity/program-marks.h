// A program's marks: the ends of its last paths in the radix tree, which say what those paths are worth keeping for.
//
// Owns: nothing; the marks are the program's. Thread: the engine thread.
#pragma once

#include "core/memory/prefix-cache.h"
#include "core/programs/program.h"
#include "core/requests/sequence.h"

namespace banyan {

/** Marks the end of the call's path. A path that goes on from a marked one takes its mark along. */
void mark_path(PrefixCache & cache, Program & program, const Sequence & seq);

/** Marks where the call's path is now: the state there was saved, and the next call may go on from no later one. */
void mark_boundary(PrefixCache & cache, Program & program, const Sequence & seq);

/** What all its marked paths are kept for from now on. */
void set_keep(PrefixCache & cache, Program & program, NodeKind keep);

}  // namespace banyan
