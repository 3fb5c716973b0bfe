// The core on random networks, plans, rows and values. Run under sanitizers, which watch memory and
// arithmetic; it checks itself
//
//     that the gradient is the central difference of the error,
//     that one, two and three threads give the same bits, also of L-BFGS, and any cut of an epoch,
//     that fused steps and those in phases give the same bits,
//     that compressed rows give what plain ones give,
//     that a row is predicted alike alone, among few and among many,
//     that padding stays 0, and that NaN and infinity are told and break nothing.
//
//     fuzz [rounds [seed]]

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <random>

#include "cases.hpp"
#include "cpu.hpp"
#include "predictor.hpp"

using namespace fallline;

namespace {

// --- rows ------------------------------------------------------------------------------------

// Rows in memory of just their size, so that a step beyond them is seen; X also compressed.
template <class T>
struct Data {
    std::vector<T> X, Y, weights, entries;
    std::vector<std::int32_t> columns, starts;
    Rows plain, compressed;

    Data(const Case& made, int n, bool odd) {
        const std::string& loss = made.objective.loss.family;
        for (int r = 0; r < n; ++r) {
            starts.push_back(static_cast<std::int32_t>(columns.size()));
            for (int j = 0; j < made.inputs; ++j) {
                const T x = chance(3) ? T(0) : T(odd && chance(20) ? strange() : uniform());
                X.push_back(x);
                if (x == 0) continue;
                entries.push_back(x);
                columns.push_back(j);
            }
            for (int j = 0; j < made.objective.targets; ++j) {
                const bool whole = loss == "hinge", share = loss == "cross_entropy";
                const double y = 0.5 + 0.4 * uniform();
                Y.push_back(T(whole ? (y < 0.5 ? -1 : 1) : share ? 1.0 / made.outputs : y));
            }
            weights.push_back(T(n > 1 && chance(6) ? 0 : 1.5 + uniform()));
        }
        weights[0] = 1;
        starts.push_back(static_cast<std::int32_t>(columns.size()));
        plain.X = {reinterpret_cast<const char*>(X.data()),
                   std::int64_t(made.inputs * sizeof(T)), sizeof(T), nullptr, nullptr, false, false};
        plain.Y = {reinterpret_cast<const char*>(Y.data()),
                   std::int64_t(made.objective.targets * sizeof(T)), sizeof(T), nullptr, nullptr,
                   false, false};
        plain.weights = reinterpret_cast<const char*>(weights.data());
        plain.weight_stride = sizeof(T);
        plain.count = n;
        compressed = plain;
        compressed.X = {reinterpret_cast<const char*>(entries.data()), 0, 0, columns.data(),
                        starts.data(), true, false};
    }

    static double strange() {
        const std::vector<double> values = {NAN, INFINITY, -INFINITY, 1e300, -1e300, 1e-310, 1e30};
        return one_of(values);
    }
};

template <class T>
std::vector<T> weights_of(const Case& made) {
    std::vector<T> theta(made.size);
    for (T& w : theta) w = T(0.4 * uniform());
    return theta;
}

template <class T>
bool near(const std::vector<T>& one, const std::vector<T>& other, double tolerance) {
    double distance = 0, size = 0;
    for (std::size_t i = 0; i < one.size(); ++i) {
        distance += std::pow(double(one[i]) - double(other[i]), 2);
        size += std::pow(double(other[i]), 2);
    }
    return distance <= tolerance * tolerance * (size + 1e-6);
}

template <class T>
bool same(const std::vector<T>& one, const std::vector<T>& other) {
    return one.size() == other.size() &&
           std::memcmp(one.data(), other.data(), one.size() * sizeof(T)) == 0;
}

// --- checks ----------------------------------------------------------------------------------

void check_gradient(const Engine& engine, const Case& made, const Data<double>& data) {
    const std::vector<double> theta = weights_of<double>(made);
    std::vector<double> gradient(made.size);
    engine.objective(theta.data(), data.plain, gradient.data(), 1);
    for (int i = 0; i < 6; ++i) {
        const int at = below(static_cast<int>(made.size));
        const auto error = [&](double away) {
            std::vector<double> moved = theta;
            moved[at] += away;
            return engine.objective(moved.data(), data.plain, nullptr, 1);
        };
        const double h = 1e-5, difference = (error(h) - error(-h)) / (2 * h);
        if (made.objective.l1 > 0 && std::abs(theta[at]) < 2 * h) continue;
        check(std::abs(gradient[at] - difference) < 1e-5 * (1 + std::abs(difference)),
              "the gradient is not the difference of the error");
    }
}

template <class T>
struct Found {
    std::vector<T> theta, gradient, outputs, solved;
    double error = 0;
    std::int64_t steps = 0;
    bool finite = true;
};

// Predicts all rows: at once, and those that are plain one by one and a few at a time, too.
template <class T>
void predict(const Engine& quiet, const T* theta, const Rows& rows, int threads,
             std::vector<T>& outputs) {
    const Predictor predictor(quiet, theta);
    predictor.many(rows.X, rows.count, outputs.data(), threads);
    const int k = quiet.outputs();
    for (std::int64_t first = 0, few = 1; first < rows.count && !rows.X.sparse; first += few) {
        few = std::min<std::int64_t>(1 + below(3) * below(70), rows.count - first);
        Matrix some = rows.X;
        some.data += first * some.row_stride;
        std::vector<T> found(few * k);
        if (predictor.few(some, few, found.data()))
            check(std::memcmp(found.data(), &outputs[first * k], few * k * sizeof(T)) == 0,
                  "few rows are predicted otherwise than many");
    }
}

// Some iterations of L-BFGS, by turns one and two in a call.
template <class T>
void solve(const Engine& quiet, const Rows& rows, const std::vector<T>& theta, int threads,
           int iterations, std::vector<T>& found) {
    std::vector<Iteration> told;
    std::exception_ptr raised;
    const std::vector<T> nothing(theta.size());
    Solving solving =
        quiet.start_solver(theta.data(), nothing.data(), nullptr, nullptr, 0, SolverNumbers{});
    for (int i = 0; i < iterations; ++i)
        solving = quiet.iterate(solving, {2, 1e-9, 1e-4, 0.9, 6}, rows, threads,
                                {1 + i % 2, [] {}, [] { return true; }}, told, raised);
    quiet.read(solving, -1, 1, found.data());
}

template <class T>
Found<T> run(const Engine& engine, const Engine& quiet, const Case& made, const Rows& rows,
             const std::vector<T>& theta, int threads, int cut, int batch, int epochs) {
    std::vector<std::int64_t> order;
    for (std::int64_t i = 0; i < epochs * rows.count; ++i) order.push_back((7 * i + 3) % rows.count);
    const std::vector<double> rates(order.size(), 0.01);
    std::vector<std::vector<T>> arrays(engine.arrays().size(), std::vector<T>(made.size, T(0.1)));
    std::vector<const void*> parts = {theta.data()};
    for (const auto& array : arrays) parts.push_back(array.data());
    Progress progress = engine.start(parts, {0, 1}, 0);
    const std::function<bool()> never = [] { return false; };
    Found<T> found;
    for (std::int64_t at = 0; at < static_cast<std::int64_t>(order.size()) && found.finite;) {
        const auto left = static_cast<std::int64_t>(order.size()) - at;
        const std::int64_t length = cut ? std::min<std::int64_t>(left, std::int64_t(cut) * batch) : left;
        const Order slice{order.data() + at, length, length, batch, rates.data(), 9.0, 1e6, never};
        const std::int64_t most = slice.steps();
        std::vector<double> columns(5 * most);
        double* const first = columns.data();
        Told told{first, first + most, first + 2 * most, first + 3 * most, first + 4 * most};
        engine.advance(progress, rows, slice, threads, told);
        found.finite &= told.finite;
        found.steps += told.count;
        at += length;
    }
    found.theta.resize(made.size);
    found.gradient.resize(made.size);
    found.outputs.resize(rows.count * made.outputs);
    engine.read(progress, -1, found.theta.data());
    found.error = quiet.objective(theta.data(), rows, found.gradient.data(), threads);
    predict(quiet, theta.data(), rows, threads, found.outputs);
    found.solved.resize(made.size);
    solve(quiet, rows, theta, threads, epochs + 1, found.solved);
    const Numbers<T>& padded = progress.as<T>().theta;
    double all_of_it = 0, used = 0;
    for (std::size_t i = 0; i < padded.size(); ++i) all_of_it += padded[i] != 0;
    for (T w : found.theta) used += w != 0;
    if (found.finite) check(all_of_it == used, "padding did not stay 0");  // else of no use
    return found;
}

template <class T>
void check_case(const Case& made, const std::string& kernels, bool odd, Extent extent) {
    const bool small = extent == Extent::small;
    const Engine engine(kernels, sizeof(T) == 8, made.network, made.objective, made.plan);
    const Engine quiet(kernels, sizeof(T) == 8, made.network, made.objective, {});
    check(engine.size() == made.size, "θ has another size");
    const bool broad = extent == Extent::broad;  // one batch, of enough rows for tiles
    const int n = broad ? 64 + below(80) : chance(4) ? 65 + below(140) : 1 + below(20);
    const Data<T> data(made, n, odd);
    const int epochs = broad ? 2 : 3;
    const int batch = broad ? n : !small ? 1 + n / 2 : chance(3) ? 1 : 1 + below(12);
    if (small && made.size * batch < 4000)
        check(engine.path(batch) == std::string("small"), "small work goes the general way");
    const std::vector<T> theta = weights_of<T>(made);
    const Found<T> one = run(engine, quiet, made, data.plain, theta, 1, 0, batch, epochs);
    for (int threads : {2, 3}) {
        const Found<T> other =
            run(engine, quiet, made, data.plain, theta, threads, threads - 1, batch, epochs);
        check(one.finite == other.finite && one.steps == other.steps, "other steps were finite");
        check(same(one.gradient, other.gradient) && same(one.outputs, other.outputs),
              "threads change the bits of a gradient or of outputs");
        if (one.finite) check(same(one.theta, other.theta), "threads or cuts change the bits of θ");
        check(same(one.solved, other.solved), "threads change the bits of L-BFGS");
    }
    setenv("FALLLINE_PATH", "generic", 1);
    const Found<T> phases = run(engine, quiet, made, data.plain, theta, 2, 1, batch, epochs);
    unsetenv("FALLLINE_PATH");
    check(one.finite == phases.finite && one.steps == phases.steps, "fused steps end elsewhere");
    if (one.finite) check(same(one.theta, phases.theta), "fused steps have other bits");
    const Found<T> sparse = run(engine, quiet, made, data.compressed, theta, 2, 0, batch, epochs);
    if (odd) return;
    check(near(sparse.gradient, one.gradient, sizeof(T) == 8 ? 1e-10 : 1e-3) &&
              near(sparse.outputs, one.outputs, sizeof(T) == 8 ? 1e-10 : 1e-3),
          "compressed rows give other numbers");
    if constexpr (sizeof(T) == 8)
        if (made.differentiable) check_gradient(quiet, made, data);
}

}  // namespace

int main(int count, char** arguments) {
    const int rounds = count > 1 ? std::atoi(arguments[1]) : 100;
    const int seed = count > 2 ? std::atoi(arguments[2]) : 0;
    for (const std::string& kernels : kernel_names())
        for (int round = seed; round < seed + rounds; ++round) {
            what = kernels + ", round " + std::to_string(round);
            random_bits.seed(turn = round);
            const Extent extent =
                chance(2) ? Extent::small : chance(20) ? Extent::broad : Extent::any;
            const Case made = make_case(extent);
            what += ", " + made.objective.loss.family + ", " + made.plan.optimizer;
            for (const bool odd : {false, true}) {
                // broad layers are there for tiles, and these multiply no doubles
                if (extent != Extent::broad) check_case<double>(made, kernels, odd, extent);
                check_case<float>(made, kernels, odd, extent);
            }
        }
    std::printf("%d rounds with each of the kernels: sound\n", rounds);
}
