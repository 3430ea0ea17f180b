// Prefix of every kernel. A dispatch runs one kernel over one or more records, selected by `z` of the workgroup.
// Each file declares its `Record`. `step` contains all values that change from step to step (see `step.rs`), so that the commands of a step are always the same.

@group(0) @binding(0) var<uniform> records: array<Record, 64>;
@group(0) @binding(1) var<uniform> step: array<vec4<u32>, 64>;
@group(0) @binding(2) var<storage, read> data: array<u32>;
@group(0) @binding(3) var<storage, read> index: array<u32>;
@group(0) @binding(4) var<storage, read_write> arena: array<f32>;
@group(0) @binding(5) var<storage, read_write> values: array<f32>;
@group(0) @binding(6) var<storage, read_write> gradients: array<f32>;
@group(0) @binding(7) var<storage, read_write> slot_0: array<f32>;
@group(0) @binding(8) var<storage, read_write> slot_1: array<f32>;

const NOWHERE: u32 = 0xffffffffu;

// Rows of the batch.
fn n_rows() -> u32 {
    return step[0].x;
}

fn is_training() -> bool {
    return step[0].y != 0u;
}

// Start of this step's lists in `index`: the rows come first.
fn lists() -> u32 {
    return step[0].z;
}

fn step_word(position: u32) -> u32 {
    return step[position >> 2u][position & 3u];
}

// Weight of a task's loss divided by its number of labelled rows.
fn task_factor(task: u32) -> f32 {
    return bitcast<f32>(step_word(16u + 2u * task));
}

// 1 divided by the number of labelled rows, 0 if there are none.
fn task_share(task: u32) -> f32 {
    return bitcast<f32>(step_word(17u + 2u * task));
}

// A number of the data set; word `word` of the step is the start of the column.
fn datum(word: u32, per_row: u32, row: u32, position: u32) -> u32 {
    return data[step_word(word) + index[lists() + row] * per_row + position];
}

// Adds to (or starts) a gradient in the arena.
fn put(position: u32, value: f32, accumulate: u32) {
    if (accumulate != 0u) {
        arena[position] += value;
    } else {
        arena[position] = value;
    }
}

// Adds to (or starts) a gradient of a parameter.
fn put_gradient(position: u32, value: f32, accumulate: u32) {
    if (accumulate != 0u) {
        gradients[position] += value;
    } else {
        gradients[position] = value;
    }
}

// Whether a step is real and not padding: `mask` is the start of the mask of the rows, or NOWHERE.
fn counts(mask: u32, position: u32) -> bool {
    return mask == NOWHERE || arena[mask + position] != 0.0;
}

// Word `word` of entry `t` of a list of 4-word entries among the constants.
fn listed(list: u32, t: u32, word: u32) -> u32 {
    return index[list + 4u * t + word];
}

// 24 random bits, equal to those on the CPU. `key` is the index of the key in the words of the step.
fn draw(key: u32, counter: u32) -> u32 {
    return scramble(scramble(counter ^ step_word(key)) + step_word(key + 1u)) >> 8u;
}

fn scramble(bits: u32) -> u32 {
    var value = (bits ^ (bits >> 16u)) * 0x7feb352du;
    value = (value ^ (value >> 15u)) * 0x846ca68bu;
    return value ^ (value >> 16u);
}

// The class of a target; NOWHERE if it has none.
fn class_of(bits: u32, n_classes: u32) -> u32 {
    let y = bitcast<f32>(bits);
    if (!is_nan_bits(bits) && y >= 0.0 && y < f32(n_classes)) {
        return u32(y);
    }
    return NOWHERE;
}

// The weight of a class from a list among the constants (NOWHERE: 1); 0 without a class.
fn class_weight(weights: u32, class_idx: u32) -> f32 {
    if (class_idx == NOWHERE) {
        return 0.0;
    }
    if (weights == NOWHERE) {
        return 1.0;
    }
    return bitcast<f32>(index[weights + class_idx]);
}

// Tests the bits for NaN, since a shader may assume that no number is NaN.
fn is_nan_bits(bits: u32) -> bool {
    return (bits & 0x7fffffffu) > 0x7f800000u;
}

// The project's own elementary functions (see `kernels/elementary.rs`): those of WGSL may have much larger errors.

fn power_of_two(n: i32) -> f32 {
    return bitcast<f32>(u32(n + 127) << 23u);
}

// n, and e^r - 1 for what is left: x = n ln 2 + r.
fn exp_parts(x: f32) -> vec2<f32> {
    let n = floor(x * 1.44269504 + 0.5);
    let r = x - n * 0.693359375 + n * 2.12194440e-4;
    var p = 1.9875691500e-4;
    p = p * r + 1.3981999507e-3;
    p = p * r + 8.3334519073e-3;
    p = p * r + 4.1665795894e-2;
    p = p * r + 1.6666665459e-1;
    p = p * r + 5.0000001201e-1;
    return vec2<f32>(n, p * (r * r) + r);
}

fn exp_(value: f32) -> f32 {
    let parts = exp_parts(min(max(value, -104.0), 89.0));
    let whole = i32(parts.x);
    let half = whole >> 1u;
    return (1.0 + parts.y) * power_of_two(half) * power_of_two(whole - half);
}

fn expm1_(value: f32) -> f32 {
    let parts = exp_parts(min(max(value, -30.0), 89.0));
    let h = power_of_two(i32(parts.x) - 1);
    return 2.0 * (h * parts.y + (h - 0.5));
}

// For normal positive numbers.
fn log_(x: f32) -> f32 {
    let bits = bitcast<u32>(x);
    let exponent = f32(i32(bits >> 23u) - 126);
    let mantissa = bitcast<f32>((bits & 0x007fffffu) | 0x3f000000u);
    let low = mantissa < 0.707106781;
    let e = select(exponent, exponent - 1.0, low);
    let f = select(mantissa - 1.0, mantissa + mantissa - 1.0, low);
    let z = f * f;
    var p = 7.0376836292e-2;
    p = p * f - 1.1514610310e-1;
    p = p * f + 1.1676998740e-1;
    p = p * f - 1.2420140846e-1;
    p = p * f + 1.4249322787e-1;
    p = p * f - 1.6668057665e-1;
    p = p * f + 2.0000714765e-1;
    p = p * f - 2.4999993993e-1;
    p = p * f + 3.3333331174e-1;
    let tail = p * f * z - e * 2.12194440e-4 - 0.5 * z;
    return (f + tail) + e * 0.693359375;
}

// log(1 + t) for 0 <= t <= 1.
fn log1p_(t: f32) -> f32 {
    if (t < 1.0e-3) {
        return t - t * t * (0.5 - t * 0.333333333);
    }
    return log_(1.0 + t);
}

fn softplus(x: f32) -> f32 {
    return max(x, 0.0) + log1p_(exp_(-abs(x)));
}

fn sigmoid(x: f32) -> f32 {
    let t = exp_(-abs(x));
    return select(1.0, t, x < 0.0) / (1.0 + t);
}

fn tanh_(x: f32) -> f32 {
    let t = abs(x);
    let z = t * t;
    var p = -5.70498872745e-3;
    p = p * z + 2.06390887954e-2;
    p = p * z - 5.37397155531e-2;
    p = p * z + 1.33314422036e-1;
    p = p * z - 3.33332819422e-1;
    let small = p * z * t + t;
    let large = 1.0 - 2.0 / (exp_(t + t) + 1.0);
    let y = select(large, small, t < 0.625);
    return select(y, -y, x < 0.0);
}

fn erf_small(x: f32) -> f32 {
    let z = x * x;
    var p = -5.96761703e-4;
    p = p * z + 4.99119423e-3;
    p = p * z - 2.67681349e-2;
    p = p * z + 1.12819925e-1;
    p = p * z - 3.76125336e-1;
    p = p * z + 1.28379166e-1;
    return p * x + x;
}

fn erfc_large(t: f32) -> f32 {
    let z = t * t;
    let high = -1.72853470e-5 * t + 3.83197126e-4;
    let low = -3.88396438e-3 * t + 2.42546219e-2;
    var p = high * z + low;
    p = p * t - 1.06777877e-1;
    p = p * t - 6.34846687e-1;
    p = p * t - 1.28717512e-1;
    return exp_(max(p * t - t, -104.0));
}

fn normal_cdf(x: f32) -> f32 {
    let u = x * 0.707106781;
    let t = abs(u);
    let tail = 0.5 * erfc_large(min(t, 20.0));
    let large = select(1.0 - tail, tail, x < 0.0);
    return select(0.5 + 0.5 * erf_small(u), large, t > 0.927734375);
}

fn gelu(x: f32) -> f32 {
    return x * normal_cdf(x);
}

fn gelu_derivative(x: f32) -> f32 {
    let near = clamp(x, -20.0, 20.0);
    return normal_cdf(x) + near * 0.398942280 * exp_(-0.5 * near * near);
}
