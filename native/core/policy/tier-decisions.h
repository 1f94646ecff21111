// Decisions about pages that are kept outside the pool: kinds of decision.h, whose contract holds here.
#pragma once

#include <cstdint>
#include <string>

#include "core/memory/tier.h"
#include "core/policy/store-reason.h"
#include "core/record.h"

namespace banyan::decision {

/** A request or a program that is about to call waits for pages that a tier keeps. */
struct Load {
    static constexpr const char * kName = "load";
    int32_t pages;
    int32_t states;  // of recurrent layers
    Tier tier;
    Micros takes;      // as predicted
    Micros computing;  // what computing them would take
    template <typename See>
    void each_field(See && see) const {
        see("pages", pages);
        see("states", states);
        see("tier", tier);
        see("takesMs", Millis{takes});
        see("computingMs", Millis{computing});
    }
};

/** Pages came from a tier. */
struct Loaded {
    static constexpr const char * kName = "loaded";
    int32_t pages;
    int32_t states;  // of recurrent layers
    Tier tier;
    Micros took;
    template <typename See>
    void each_field(See && see) const {
        see("pages", pages);
        see("states", states);
        see("tier", tier);
        see("tookMs", Millis{took});
    }
};

/** Pages did not come: too late, or not as they were written. They are computed. */
struct LoadLate {
    static constexpr const char * kName = "load_late";
    int32_t pages;
    int32_t states;  // of recurrent layers
    Tier tier;
    Micros waited;
    template <typename See>
    void each_field(See && see) const {
        see("pages", pages);
        see("states", states);
        see("tier", tier);
        see("waitedMs", Millis{waited});
    }
};

/** A load was given up, as a better request needs the room: what had not come is computed. */
struct LoadGaveWay {
    static constexpr const char * kName = "load_gave_way";
    int32_t pages;
    int32_t states;  // of recurrent layers
    Tier tier;
    Micros waited;
    RequestId in_favour_of;
    template <typename See>
    void each_field(See && see) const {
        see("pages", pages);
        see("states", states);
        see("tier", tier);
        see("waitedMs", Millis{waited});
        see("inFavourOf", in_favour_of);
    }
};

/** Pages that a tier keeps are computed, as that takes less time than loading them. */
struct Recompute {
    static constexpr const char * kName = "recompute";
    int32_t pages;
    int32_t states;  // of recurrent layers
    Tier tier;
    Micros loading, computing;
    template <typename See>
    void each_field(See && see) const {
        see("pages", pages);
        see("states", states);
        see("tier", tier);
        see("loadingMs", Millis{loading});
        see("computingMs", Millis{computing});
    }
};

/** Pages are to be written to disk, before they are evicted. */
struct Store {
    static constexpr const char * kName = "store";
    int32_t pages;
    int32_t states;
    StoreReason reason;
    template <typename See>
    void each_field(See && see) const {
        see("pages", pages);
        see("states", states);
        see("reason", reason);
    }
};

/** The disk did not take pages; told once until it takes some again. */
struct StoreFailed {
    static constexpr const char * kName = "store_failed";
    int32_t pages;
    int32_t states;
    template <typename See>
    void each_field(See && see) const {
        see("pages", pages);
        see("states", states);
    }
};

/** The tiers are not read for a while. */
struct TierRest {
    static constexpr const char * kName = "tier_rest";
    int32_t late_loads;  // in a row
    Micros rest;
    template <typename See>
    void each_field(See && see) const {
        see("lateLoads", late_loads);
        see("restMs", Millis{rest});
    }
};

/** The page store cannot be used, was switched off for a while, or on again: its own sentence. */
struct Disk {
    static constexpr const char * kName = "disk";
    std::string what;
    template <typename See>
    void each_field(See && see) const {
        see("what", what);
    }
};

}  // namespace banyan::decision
