// A design as an expert writes it with TensorFlow.js: the core API, with custom gradients that avoid the kernels that the
// library's wasm backend lacks and the transposed products that it does slowly. It starts from the weights of the engine, sees
// the same batches, and returns the sum of the tasks' losses.

/* global tf */

import { EPSILON, checkSettings, headWidth, inOrder, inputTensor, isHead, operands, sources } from "./design.js";

const transposed = (a) => tf.transpose(a);

/** `x W + b` of rows that need no gradient. */
const denseOfData = (x, kernel, bias) =>
  tf.customGrad((kernel, bias, save) => {
    save([]);
    return {
      value: tf.add(tf.matMul(x, kernel), bias),
      gradFunc: (dy) => [tf.matMul(transposed(x), dy), tf.sum(dy, 0)],
    };
  })(kernel, bias);

/** `x W + b` whose gradients are two products with explicit transposes. */
const dense = (x, kernel, bias) =>
  tf.customGrad((x, kernel, bias, save) => {
    save([x, kernel]);
    return {
      value: tf.add(tf.matMul(x, kernel), bias),
      gradFunc: (dy, [x, kernel]) => [
        tf.matMul(dy, transposed(kernel)),
        tf.matMul(transposed(x), dy),
        tf.sum(dy, 0),
      ],
    };
  })(x, kernel, bias);

/** Rows of `table`; the gradient is one scatter. */
const lookUp = (table, ids) =>
  tf.customGrad((table, save) => {
    save([]);
    return {
      value: tf.gather(table, ids),
      gradFunc: (dy) => [
        tf.scatterND(tf.reshape(ids, [-1, 1]), tf.reshape(dy, [-1, table.shape[1]]), table.shape),
      ],
    };
  })(table);

/** Mean over the steps of `[rows, steps, width]`. */
const meanOverSteps = (x) =>
  tf.customGrad((x, save) => {
    save([]);
    return {
      value: tf.mean(x, 1),
      gradFunc: (dy) => [tf.tile(tf.expandDims(tf.div(dy, x.shape[1]), 1), [1, x.shape[1], 1])],
    };
  })(x);

const activations = {
  linear: (x) => x,
  relu: (x) => tf.relu(x),
  gelu: (x) => tf.mul(tf.mul(x, 0.5), tf.add(tf.erf(tf.mul(x, Math.SQRT1_2)), 1)),
  tanh: (x) => tf.tanh(x),
  sigmoid: (x) => tf.sigmoid(x),
  softmax: (x) =>
    tf.customGrad((x, save) => {
      const y = tf.softmax(x);
      save([y]);
      return { value: y, gradFunc: (dy, [y]) => [tf.mul(y, tf.sub(dy, tf.sum(tf.mul(dy, y), -1, true)))] };
    })(x),
};

/** The largest over `axis`; where several are, they share the gradient. */
const largest = (x, axis) =>
  tf.customGrad((x, save) => {
    const y = tf.max(x, axis, true);
    save([x, y]);
    return {
      value: tf.squeeze(y, [axis]),
      gradFunc: (dy, [x, y]) => {
        const is = tf.cast(tf.equal(x, y), "float32");
        return [tf.mul(is, tf.div(tf.expandDims(dy, axis), tf.sum(is, axis, true)))];
      },
    };
  })(x);

/** Mean 0 and variance 1 over `axes`, then scaled and shifted; the gradient in its closed form. */
const normalized = (x, gamma, beta, axes, epsilon) => {
  const others = [...Array(x.shape.length - 1).keys()];
  return tf.customGrad((x, gamma, beta, save) => {
    const centred = tf.sub(x, tf.mean(x, axes, true));
    const inverse = tf.rsqrt(tf.add(tf.mean(tf.square(centred), axes, true), epsilon));
    const n = tf.mul(centred, inverse);
    save([n, inverse, gamma]);
    return {
      value: tf.add(tf.mul(n, gamma), beta),
      gradFunc: (dy, [n, inverse, gamma]) => {
        const dn = tf.mul(dy, gamma);
        const along = tf.mul(n, tf.mean(tf.mul(dn, n), axes, true));
        return [
          tf.mul(inverse, tf.sub(tf.sub(dn, tf.mean(dn, axes, true)), along)),
          tf.sum(tf.mul(dy, n), others),
          tf.sum(dy, others),
        ];
      },
    };
  })(x, gamma, beta);
};

/** `x / |x|` over the last axis. */
const unitLength = (x) => tf.div(x, tf.sqrt(tf.sum(tf.square(x), -1, true)));

/** Windows of a sequence side by side, as rows of a product. */
function convolution(x, kernel, bias, { kernel_size: window, strides, padding }) {
  const [rows, length, width] = x.shape;
  const before = { same: Math.floor((window - 1) / 2), causal: window - 1, valid: 0 }[padding];
  const after = { same: window - 1 - before, causal: 0, valid: 0 }[padding];
  const padded = before + after > 0 ? tf.pad(x, [[0, 0], [before, after], [0, 0]]) : x;
  const n = length + before + after - window + 1;
  if (strides !== 1) throw new Error("no expert TensorFlow.js code for a convolution with strides");
  const windows = tf.concat(Array.from({ length: window }, (_, at) => tf.slice(padded, [0, at, 0], [rows, n, width])), 2);
  const filters = kernel.shape[2];
  const y = dense(tf.reshape(windows, [rows * n, window * width]), tf.reshape(kernel, [window * width, filters]), bias);
  return tf.reshape(y, [rows, n, filters]);
}

/** A recurrent layer whose states are wanted, or a GRU: one product for the inputs of all steps, then step by step. */
function recurrence(x, { units, return_sequences }, step, [kernel, recurrent, ...biases]) {
  const [rows, steps, width] = x.shape;
  const flat = tf.reshape(tf.transpose(x, [1, 0, 2]), [steps * rows, width]);
  const projected = tf.split(dense(flat, kernel, biases[0]), steps, 0);
  let state = [tf.zeros([rows, units]), tf.zeros([rows, units])];
  const all = [];
  for (const z of projected) {
    state = step(z, state, recurrent, biases[1]);
    all.push(state[0]);
  }
  return return_sequences ? tf.stack(all, 1) : state[0];
}

const noBias = (kernel) => tf.zeros([kernel.shape[1]]);

function lstmStep(projected, [h, c], recurrent) {
  const [i, f, g, o] = tf.split(tf.add(projected, dense(h, recurrent, noBias(recurrent))), 4, 1);
  const next = tf.add(tf.mul(tf.sigmoid(f), c), tf.mul(tf.sigmoid(i), tf.tanh(g)));
  return [tf.mul(tf.sigmoid(o), tf.tanh(next)), next];
}

/** With the reset gate after the product, as Keras computes it. */
function gruStep(projected, [h, c], recurrent, bias) {
  const [xz, xr, xg] = tf.split(projected, 3, 1);
  const [hz, hr, hg] = tf.split(dense(h, recurrent, bias), 3, 1);
  const [z, r] = [tf.sigmoid(tf.add(xz, hz)), tf.sigmoid(tf.add(xr, hr))];
  const g = tf.tanh(tf.add(xg, tf.mul(r, hg)));
  return [tf.add(g, tf.mul(z, tf.sub(h, g))), c];
}

/** One direction of a recurrent layer. */
function oneWay(cell, x, settings, [kernel, recurrent, bias]) {
  if (cell === "gru") {
    const [ofInput, ofState] = tf.split(bias, 2, 0).map((row) => tf.reshape(row, [-1]));
    return recurrence(x, settings, gruStep, [kernel, recurrent, ofInput, ofState]);
  }
  if (settings.return_sequences) return recurrence(x, settings, lstmStep, [kernel, recurrent, bias]);
  return lstm(x, kernel, recurrent, bias);
}

/** Sum of tensors of one shape, four at a time: on the WebGPU backend `addN` silently leaves out all after the seventh. */
const sumOf = (terms) =>
  terms.length <= 4 ? tf.addN(terms) : tf.addN([...terms.slice(0, 3), sumOf(terms.slice(3))]);

/** LSTM, last state: one product for the inputs of all steps, back-propagation through time by hand. */
const lstm = (x, kernel, recurrent, bias) =>
  tf.customGrad((x, kernel, recurrent, bias, save) => {
    const [rows, steps, width] = x.shape;
    const units = recurrent.shape[0];
    const flat = tf.reshape(tf.transpose(x, [1, 0, 2]), [steps * rows, width]);
    const projected = tf.add(tf.matMul(flat, kernel), bias);
    let h = tf.zeros([rows, units]);
    let c = tf.zeros([rows, units]);
    const trace = [];
    for (let step = 0; step < steps; step += 1) {
      const z = tf.add(tf.slice(projected, [step * rows, 0], [rows, 4 * units]), tf.matMul(h, recurrent));
      const [zi, zf, zg, zo] = tf.split(z, 4, 1);
      const gates = { i: tf.sigmoid(zi), f: tf.sigmoid(zf), g: tf.tanh(zg), o: tf.sigmoid(zo) };
      const next = tf.add(tf.mul(gates.f, c), tf.mul(gates.i, gates.g));
      const squashed = tf.tanh(next);
      trace.push({ ...gates, c, squashed, h });
      c = next;
      h = tf.mul(gates.o, squashed);
    }
    const saved = trace.flatMap(({ i, f, g, o, c, squashed, h }) => [i, f, g, o, c, squashed, h]);
    save([flat, kernel, recurrent, ...saved]);
    return {
      value: h,
      gradFunc: (dy, [flat, kernel, recurrent, ...saved]) => {
        const recurrentT = transposed(recurrent);
        let dh = dy;
        let dc = tf.zeros([rows, units]);
        const dz = new Array(steps);
        const hs = new Array(steps);
        for (let step = steps - 1; step >= 0; step -= 1) {
          const [i, f, g, o, c, squashed, h] = saved.slice(step * 7, step * 7 + 7);
          const dO = tf.mul(tf.mul(dh, squashed), tf.mul(o, tf.sub(1, o)));
          dc = tf.add(dc, tf.mul(tf.mul(dh, o), tf.sub(1, tf.mul(squashed, squashed))));
          const di = tf.mul(tf.mul(dc, g), tf.mul(i, tf.sub(1, i)));
          const df = tf.mul(tf.mul(dc, c), tf.mul(f, tf.sub(1, f)));
          const dg = tf.mul(tf.mul(dc, i), tf.sub(1, tf.mul(g, g)));
          dz[step] = tf.concat([di, df, dg, dO], 1);
          hs[step] = h;
          dh = tf.matMul(dz[step], recurrentT);
          dc = tf.mul(dc, f);
        }
        const dzAll = tf.concat(dz, 0);
        return [
          tf.transpose(tf.reshape(tf.matMul(dzAll, transposed(kernel)), [steps, rows, width]), [1, 0, 2]),
          tf.matMul(transposed(flat), dzAll),
          tf.matMul(transposed(tf.concat(hs, 0)), dzAll),
          tf.sum(dzAll, 0),
        ];
      },
    };
  })(x, kernel, recurrent, bias);

/** Mean of the loss over the rows, from logits. */
const lossFromLogits = {
  binary_head: (logits, target) =>
    tf.customGrad((logits, save) => {
      save([logits]);
      const value = tf.mean(
        tf.add(tf.sub(tf.relu(logits), tf.mul(logits, target)), tf.log1p(tf.exp(tf.neg(tf.abs(logits))))),
      );
      return { value, gradFunc: (dy, [logits]) => [tf.mul(dy, tf.div(tf.sub(tf.sigmoid(logits), target), logits.size))] };
    })(logits),
  classes_head: (logits, target) =>
    tf.customGrad((logits, save) => {
      const p = tf.softmax(logits);
      save([p]);
      const value = tf.neg(tf.mean(tf.sum(tf.mul(tf.log(tf.add(p, 1e-30)), target), 1)));
      return { value, gradFunc: (dy, [p]) => [tf.mul(dy, tf.div(tf.sub(p, target), p.shape[0]))] };
    })(logits),
  regression_head: (prediction, target) =>
    tf.customGrad((prediction, save) => {
      save([prediction]);
      const difference = tf.sub(prediction, target);
      return {
        value: tf.mean(tf.square(difference)),
        gradFunc: (dy, [prediction]) => [tf.mul(dy, tf.mul(tf.sub(prediction, target), 2 / prediction.shape[0]))],
      };
    })(prediction),
};
lossFromLogits.multi_label_head = lossFromLogits.binary_head;

/** The model on the core API. */
export function translate(design, schema, weights, learningRate) {
  checkSettings(design);
  const order = inOrder(design);
  const variables = {};
  for (const [name, { shape, values }] of Object.entries(weights)) variables[name] = tf.variable(tf.tensor(values, shape), true);
  const optimizer = tf.train.adam(learningRate, 0.9, 0.999, EPSILON);
  const parameter = (node, name) => variables[`${node.name}/${name}`];
  const recurrentOf = (node, way) => ["kernel", "recurrent_kernel", "bias"].map((part) => parameter(node, way + part));
  const isData = (id) => design.nodes.find((node) => node.id === id).layer.type.endsWith("_input");
  const linear = (node, x, handle = 0) => {
    const [kernel, bias] = [parameter(node, "kernel"), parameter(node, "bias")];
    const product = isData(sources(design, node, handle)[0]) ? denseOfData : dense;
    // A sequence is a layer of more rows.
    const rows = x.shape.length > 2 ? tf.reshape(x, [-1, x.shape.at(-1)]) : x;
    const y = product(rows, kernel, bias ?? noBias(kernel));
    return x.shape.length > 2 ? tf.reshape(y, [...x.shape.slice(0, -1), kernel.shape[1]]) : y;
  };

  function loss(batch) {
    const outputs = new Map();
    const losses = [];
    for (const node of order) {
      const settings = node.layer;
      const from = sources(design, node).map((id) => outputs.get(id));
      let output;
      switch (settings.type) {
        case "token_input":
        case "id_input":
        case "dense_input":
          output = batch.x[node.id];
          break;
        case "embedding":
          output = lookUp(parameter(node, "embeddings"), from[0]);
          break;
        case "global_average_pooling":
          output = meanOverSteps(from[0]);
          break;
        case "global_max_pooling":
          output = largest(from[0], 1);
          break;
        case "lstm":
        case "gru":
          output = oneWay(settings.type, from[0], settings, recurrentOf(node, ""));
          break;
        case "bidirectional": {
          const forward = oneWay(settings.cell, from[0], settings, recurrentOf(node, "forward_"));
          const turned = oneWay(settings.cell, tf.reverse(from[0], 1), settings, recurrentOf(node, "backward_"));
          const backward = settings.return_sequences ? tf.reverse(turned, 1) : turned;
          output = settings.merge === "sum" ? tf.add(forward, backward) : tf.concat([forward, backward], -1);
          break;
        }
        case "conv1d":
          output = activations[settings.activation](convolution(from[0], parameter(node, "kernel"), parameter(node, "bias"), settings));
          break;
        case "batch_normalization":
        case "layer_normalization": {
          const n = from[0].shape.length;
          const axes = settings.type === "layer_normalization" ? [n - 1] : [...Array(n - 1).keys()];
          output = normalized(from[0], parameter(node, "gamma"), parameter(node, "beta"), axes, settings.epsilon);
          break;
        }
        case "unit_normalization":
          output = unitLength(from[0]);
          break;
        case "dropout":
        case "gaussian_noise":
          output = from[0];
          break;
        case "scale":
          output = tf.mul(from[0], settings.factor);
          break;
        case "dot": {
          const [a, b] = operands(design, node, outputs).map((side) => (settings.normalize ? unitLength(side) : side));
          output = tf.sum(tf.mul(a, b), 1, true);
          break;
        }
        case "subtract":
          output = tf.sub(...operands(design, node, outputs));
          break;
        case "cross": {
          const [first, x] = operands(design, node, outputs);
          output = tf.add(tf.mul(first, linear(node, x, 1)), x);
          break;
        }
        case "average":
          output = tf.div(sumOf(from), from.length);
          break;
        case "maximum":
          output = largest(tf.stack(from, 1), 1);
          break;
        case "dense":
          output = activations[settings.activation](linear(node, from[0]));
          break;
        case "flatten":
          output = tf.reshape(from[0], [from[0].shape[0], -1]);
          break;
        case "concatenate":
          output = tf.concat(from, 1);
          break;
        case "add":
          output = sumOf(from);
          break;
        case "multiply":
          output = from.reduce((a, b) => tf.mul(a, b));
          break;
        case "mixture": {
          const gate = outputs.get(sources(design, node, 1)[0]);
          const experts = sources(design, node, 0).map((id) => outputs.get(id));
          const weight = tf.split(gate, experts.length, 1);
          output = sumOf(experts.map((value, at) => tf.mul(value, weight[at])));
          break;
        }
        case "binary_head":
        case "multi_label_head":
        case "classes_head":
        case "regression_head": {
          const task = design.nodes.filter(isHead).findIndex((head) => head.id === node.id);
          const logits = linear(node, from[0]);
          losses.push(tf.mul(lossFromLogits[settings.type](logits, batch.y[task]), settings.weight ?? 1));
          output = logits;
          break;
        }
        default:
          throw new Error(`no expert TensorFlow.js code for the layer ${settings.type} (${node.name})`);
      }
      outputs.set(node.id, output);
    }
    return losses.length === 1 ? losses[0] : sumOf(losses);
  }

  return {
    batch(rows) {
      const x = {};
      for (const node of design.nodes) {
        if (!node.layer.type.endsWith("_input")) continue;
        const tensor = inputTensor(schema, node, rows, "int32");
        x[node.id] = node.layer.type === "id_input" ? tf.reshape(tensor, [rows.rows]) : tensor;
      }
      const y = design.nodes.filter(isHead).map((node, task) => {
        if (node.layer.type !== "classes_head") return tf.tensor2d(rows.targets[task], [rows.rows, headWidth(schema, node)]);
        // A float one-hot is silently wrong on the wasm backend: make an integer one and cast.
        const ids = tf.tensor1d(Int32Array.from(rows.targets[task]), "int32");
        return tf.cast(tf.oneHot(ids, headWidth(schema, node)), "float32");
      });
      return { x, y };
    },
    async step(batch) {
      const value = tf.tidy(() => {
        const { value, grads } = tf.variableGrads(() => loss(batch));
        optimizer.applyGradients(grads);
        return value;
      });
      return value;
    },
    // The last loss is read to be sure that everything submitted was done.
    sync: async (last) => (last?.data ? (await last.data())[0] : last),
    dispose: () => Object.values(variables).forEach((variable) => variable.dispose()),
  };
}
