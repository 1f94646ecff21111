// A second model that drafts: within what drafts may lose, whatever it takes and however wrong it is; sooner tokens
// where it is quick and right. In the scheduler: the same tokens, every page back.
#include <random>

#include "core/verify/draft-control.h"
#include "core/verify/model-drafting.h"
#include "fake-engine.h"

using namespace banyan;
using namespace banyan::test;

namespace {

using Random = std::mt19937_64;

struct World {
    Micros plain = 10'000, row = 300, pass = 1'000,
           token = 100;  // a step, a row more, a run of the model, a token read
    int of_100 = 80, n_rows = 1;
    int32_t prompt = 40;  // of each answer, not read
    int32_t answer = 200;
};

struct Life {
    double with = 0, without = 0;
    int64_t asked = 0, read = 0, rests = 0;
};

/** One request after another, each of them drafted for by the model as planned. */
Life live(const World & world, int n_steps, uint64_t seed) {
    Random random(seed);
    DraftControl control;
    control.add_model();
    ModelDrafting modeling;
    modeling.begin({world.pass * 1'000'000, world.token * 1'000'000, 0, 0, 0, 0});
    int32_t right = 5, tries = 10, unread = world.prompt, left = world.answer;
    Life life;
    for (int i = 0; i < n_steps; ++i) {
        DraftStep step;
        step.n_rows = world.n_rows;
        step.most = kMostScored;
        step.row = world.row;
        int64_t spent = 0;
        const int64_t balance = control.ledger().balance();
        int32_t n = 0, n_right = 0;
        std::vector<int32_t> chances;
        if (control.may_ask_model(step.n_rows)) {
            ModelCandidate row;
            row.unread = unread;
            row.n_tokens = 500;
            row.left = left;
            row.most = kMostDraft;
            double chance = kCertain, gain = 0;
            for (auto & all : row.gain) all = static_cast<int64_t>(gain += chance *= double(right) / tries);
            const ModelPlan plan = modeling.plan({row}, step, control);
            if (plan.depth > 0 && plan.n_read[0] > 0) {
                std::vector<ModelPass> passes(1);
                StepShape & shape = passes[0].shape;
                if (plan.n_read[0] == 1)
                    shape.add_decode(0);
                else
                    shape.add_prefill(plan.n_read[0], 0);
                passes[0].took = world.pass + plan.n_read[0] * world.token;
                const bool drafts = plan.n_read[0] == unread;
                for (int32_t d = 1; drafts && d < plan.depth; ++d) {
                    passes.push_back({{}, world.pass + world.token});
                    passes.back().shape.add_decode(0);
                }
                unread = drafts ? 1 : unread - plan.n_read[0];
                life.read += plan.n_read[0];
                spent = modeling.observe(passes);
                CHECK(spent <= 2 * balance + 2'000'000 || i < 100);  // until its runs are known
                ++life.asked;
                chance = kCertain;
                for (int32_t d = 0; drafts && d < plan.depth; ++d) {
                    chances.push_back(static_cast<int32_t>(chance *= double(right) / tries));
                }
                bool goes_on = true;
                for (size_t d = 0; d < chances.size() && goes_on; ++d) {
                    goes_on = static_cast<int>(random() % 100) < world.of_100;
                    n_right += goes_on;
                    right += goes_on;
                    if (++tries >= 1024) tries /= 2, right /= 2;
                }
                right = std::max(right, 0);
                n = control.choose(chances, step).n;
                n_right = std::min(n_right, n);
            }
        }
        const Micros took = world.plain + n * world.row;
        const DraftRests rests = control.commit(step, n, n_right, took, {spent, n, n_right});
        life.rests += rests.model;
        life.with += static_cast<double>(took) + static_cast<double>(spent) / 1000;
        life.without += static_cast<double>(world.plain) * (world.n_rows + n_right) / world.n_rows;
        left -= 1 + n_right;
        if (left > 0) continue;
        left = world.answer;
        unread = world.prompt;
    }
    return life;
}

}  // namespace

TEST("whatever it takes and however often it is right, a second model costs two hundredths at most") {
    for (uint64_t seed = 0; seed < 300; ++seed) {
        Random random(seed);
        const auto pick = [&](int64_t least, int64_t most) {
            return least + static_cast<int64_t>(random() % static_cast<uint64_t>(most - least));
        };
        World world;
        world.plain = pick(2'000, 50'000);
        world.row = pick(0, world.plain);
        world.pass = pick(100, 2 * world.plain);
        world.token = pick(1, world.plain / 2);
        world.of_100 = static_cast<int>(pick(0, 101));
        world.n_rows = static_cast<int>(pick(1, 5));
        world.prompt = static_cast<int32_t>(pick(1, 5'000));
        world.answer = static_cast<int32_t>(pick(1, 400));
        const Life life = live(world, 4'000, seed);
        CHECK(life.with <= life.without * 1.01 + 8 * static_cast<double>(world.plain + world.pass));
    }
}

TEST("where it is quick and right, tokens come sooner; one that is slow or wrong is hardly asked") {
    World quick;
    CHECK(live(quick, 4'000, 1).with * 1.6 < live(quick, 4'000, 1).without);
    World slow = quick;
    slow.pass = 9'000;
    CHECK(live(slow, 8'000, 1).asked < 400);
    World wrong = quick;
    wrong.of_100 = 0;
    const Life of_wrong = live(wrong, 20'000, 1);
    CHECK(of_wrong.asked < 600 && of_wrong.with <= of_wrong.without * 1.004);
}

TEST("a long prompt is read part by part, as its drafts pay for it; not where the answer is nearly over") {
    World world;
    world.prompt = 1'200;
    world.answer = 6'000;
    const Life life = live(world, 4'000, 1);
    CHECK(life.read > 1'200 && life.with < life.without);
    world.answer = 4;
    CHECK(live(world, 4'000, 1).read < 2'000);
}

namespace {

/** Says the make-believe model's next tokens, or others; what it drafts for must be what the request has said. */
class FakeModel final : public DraftModel {
  public:
    FakeModel(FakeEngine & engine, int of_100) : engine_(engine), of_100_(of_100) {}

    void follow(const Batch & step) override { CHECK(!step.empty()); }
    void take_page(PageId page) override { CHECK(page >= 0); }
    int32_t unread(const ModelRow &) override { return 1 + static_cast<int32_t>(random_() % 3); }
    ModelDrafts draft(const std::vector<ModelRow> & rows, int32_t depth) override {
        ModelDrafts out;
        for (const ModelRow & row : rows) {
            const FakeEngine::Truth & truth = engine_.truths.at(row.request);
            CHECK(*row.tokens == truth.tokens);
            uint64_t path = mix(1, truth.salt);
            for (const Token token : truth.tokens) path = mix(path, token);
            ModelDraft draft;
            const int32_t cells = row.n_pages * engine_.config.page_tokens;
            CHECK(static_cast<int32_t>(truth.tokens.size()) < cells + 1);
            while (draft.n < depth && static_cast<int32_t>(truth.tokens.size()) + draft.n <= cells) {
                const auto token = static_cast<Token>(path % engine_.vocabulary);
                const bool right = static_cast<int>(random_() % 100) < of_100_;
                draft.sure[draft.n] = static_cast<int32_t>(random_() % 6);
                draft.tokens[draft.n++] = right ? token : (token + 1) % engine_.vocabulary;
                path = mix(path, draft.tokens[draft.n - 1]);
            }
            out.drafts.push_back(draft);
        }
        out.passes.push_back({{}, 300});
        return out;
    }

  private:
    FakeEngine & engine_;
    int of_100_;
    Random random_{5};
};

}  // namespace

TEST("in the scheduler: the same tokens with it, right or wrong, with few pages and many; every page comes back") {
    for (const DraftMode mode : {DraftMode::always, DraftMode::automatic}) {
        for (const int of_100 : {0, 60, 100}) {
            for (const int32_t n_pages : {16, 64}) {
                SchedulerConfig c;
                c.n_pages = n_pages;
                c.page_tokens = 8;
                c.max_running = 4;
                FakeEngine plain(c);
                c.draft_tokens = mode;
                FakeEngine engine(c);
                FakeModel model(engine, of_100);
                CostConstants cost;
                cost.step = 1'000'000;
                engine.scheduler.add_draft_model(model, cost);
                for (FakeEngine * one : {&plain, &engine}) {
                    for (RequestId id = 1; id <= 8; ++id) {
                        CHECK(one->submit(request(id, tokens_of(id % 4, 20)), 40 + static_cast<int>(id)) ==
                              SubmitError::none);
                    }
                    CHECK(one->drain(10'000));
                }
                for (RequestId id = 1; id <= 8; ++id) {
                    CHECK(engine.finished[id].tokens == plain.finished[id].tokens);
                }
                SchedulerStats stats = engine.scheduler.stats();
                if (mode == DraftMode::always) {
                    CHECK(stats.drafted_by[DraftKind::model] > 0);
                    CHECK_EQ(stats.accepted_by[DraftKind::model] > 0, of_100 > 0);
                    CHECK(stats.draft_model_time > 0);
                }
                engine.scheduler.clear_cache();
                CHECK_EQ(engine.scheduler.stats().pages_free, n_pages);
            }
        }
    }
}
