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

/** What all its marked paths are kept for from now on. */
void set_keep(PrefixCache & cache, Program & program, NodeKind keep);

}  // namespace banyan
