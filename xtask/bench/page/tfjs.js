// Trains a design with TensorFlow.js, two ways:
// - stock: the `tf.layers` code that a user of the library writes (`model.trainOnBatch`, `tf.train.adam`);
// - expert: the same network on the core API, with custom gradients that avoid the kernels that the library's wasm
//   backend lacks and the transposed products that it does slowly.
// Both start from the weights of the engine, see the same batches, and return the sum of the tasks' losses.

/* global tf */

/** Adam's, as in `mtl_training::benchmark`. */
const EPSILON = 1e-10;

/** Nodes in an order in which every wire goes forward. */
export function inOrder(design) {
  const waiting = new Map(design.nodes.map((node) => [node.id, new Set()]));
  for (const wire of design.wires) waiting.get(wire.to.node).add(wire.from.node);
  const order = [];
  while (waiting.size > 0) {
    const ready = [...waiting].filter(([, from]) => from.size === 0).map(([id]) => id);
    if (ready.length === 0) throw new Error('the design has a cycle');
    for (const id of ready) {
      waiting.delete(id);
      for (const from of waiting.values()) from.delete(id);
      order.push(design.nodes.find((node) => node.id === id));
    }
  }
  return order;
}

/** The nodes wired to input `handle` of `node`, in the order of the wires. */
function sources(design, node, handle = 0) {
  return design.wires
    .filter((wire) => wire.to.node === node.id && (wire.to.handle ?? 0) === handle)
    .sort((a, b) => a.id - b.id)
    .map((wire) => wire.from.node);
}

const isHead = (node) => node.layer.type.endsWith('_head');
const labelOf = (schema, node) => schema.labels.find((label) => label.key === node.layer.label);
const featureOf = (schema, node) => schema.features.find((feature) => feature.key === node.layer.feature);

/** Width of a head's logits. */
function headWidth(schema, node) {
  return node.layer.type === 'classes_head' ? labelOf(schema, node).kind.n_classes : 1;
}

/** What a setting must be for the code below to compute the same. */
const PLAIN = { l1: [0], l2: [0], class_weights: [[]], projection: [true], use_bias: [true], return_sequences: [false], unit_forget_bias: [true, false], frozen: [false] };

/** Refuses, by name, what these translations do not know. */
function checkSettings(design) {
  if ((design.ties ?? []).length > 0) throw new Error('no TensorFlow.js code for tied layers');
  for (const node of design.nodes) {
    if (node.frozen) throw new Error(`no TensorFlow.js code for the frozen layer ${node.name}`);
    for (const [key, value] of Object.entries(node.layer)) {
      const allowed = PLAIN[key];
      if (allowed && !allowed.some((plain) => JSON.stringify(plain) === JSON.stringify(value))) {
        throw new Error(`no TensorFlow.js code for ${key} = ${JSON.stringify(value)} of the layer ${node.layer.type} (${node.name})`);
      }
    }
    const activation = node.layer.activation;
    if (activation !== undefined && !(activation in activations)) {
      throw new Error(`no TensorFlow.js code for the activation ${activation} of the layer ${node.layer.type} (${node.name})`);
    }
  }
}

/** The model as stock `tf.layers` code. `weights` maps a parameter's name to `{shape, values}`. */
export function stock(design, schema, weights, learningRate) {
  checkSettings(design);
  const weighted = design.nodes.find((node) => (node.layer.weight ?? 1) !== 1);
  if (weighted) throw new Error(`tf.layers has no loss weights (${weighted.name} has ${weighted.layer.weight})`);
  const outputs = new Map();
  const inputs = [];
  const losses = [];
  const heads = [];
  for (const node of inOrder(design)) {
    const settings = node.layer;
    const from = sources(design, node).map((id) => outputs.get(id));
    const name = node.name.replaceAll(/[^A-Za-z0-9_]/g, '_');
    let output;
    switch (settings.type) {
      case 'token_input':
      case 'id_input':
      case 'dense_input': {
        const kind = featureOf(schema, node).kind;
        const shape = settings.type === 'dense_input' ? [kind.width] : [kind.length ?? 1];
        output = tf.input({ shape, name });
        output.cardinality = kind.cardinality;
        output.isId = settings.type === 'id_input';
        inputs.push({ node, input: output });
        break;
      }
      case 'embedding':
        output = tf.layers
          .embedding({ inputDim: from[0].cardinality, outputDim: settings.width, name, weights: tensors(weights, node, ['embeddings']) })
          .apply(from[0]);
        if (from[0].isId) output = tf.layers.flatten().apply(output);
        break;
      case 'global_average_pooling':
        output = tf.layers.globalAveragePooling1d({}).apply(from[0]);
        break;
      case 'global_max_pooling':
        output = tf.layers.globalMaxPooling1d({}).apply(from[0]);
        break;
      case 'lstm':
        output = tf.layers
          .lstm({ units: settings.units, recurrentActivation: 'sigmoid', name, weights: tensors(weights, node, ['kernel', 'recurrent_kernel', 'bias']) })
          .apply(from[0]);
        break;
      case 'dense':
        output = tf.layers
          .dense({ units: settings.units, activation: settings.activation, name, weights: tensors(weights, node, ['kernel', 'bias']) })
          .apply(from[0]);
        break;
      case 'flatten':
        output = tf.layers.flatten().apply(from[0]);
        break;
      case 'concatenate':
        output = tf.layers.concatenate().apply(from);
        break;
      case 'add':
        output = tf.layers.add().apply(from);
        break;
      case 'multiply':
        output = tf.layers.multiply().apply(from);
        break;
      case 'mixture': {
        // What a user writes for a gate: repeat the weights over the width of an expert, multiply, add.
        const gate = outputs.get(sources(design, node, 1)[0]);
        const experts = sources(design, node, 0).map((id) => outputs.get(id));
        const width = experts[0].shape[1];
        const stacked = tf.layers
          .reshape({ targetShape: [experts.length, width] })
          .apply(tf.layers.concatenate().apply(experts));
        const column = tf.layers.reshape({ targetShape: [1, experts.length] }).apply(gate);
        output = tf.layers.flatten().apply(tf.layers.dot({ axes: [2, 1] }).apply([column, stacked]));
        break;
      }
      case 'binary_head':
      case 'classes_head':
      case 'regression_head': {
        const activation = { binary_head: 'sigmoid', classes_head: 'softmax', regression_head: 'linear' }[settings.type];
        output = tf.layers
          .dense({ units: headWidth(schema, node), activation, name, weights: tensors(weights, node, ['kernel', 'bias']) })
          .apply(from[0]);
        losses.push({ binary_head: 'binaryCrossentropy', classes_head: 'sparseCategoricalCrossentropy', regression_head: 'meanSquaredError' }[settings.type]);
        heads.push({ node, output });
        break;
      }
      default:
        throw new Error(`no stock TensorFlow.js code for the layer ${settings.type} (${node.name})`);
    }
    if (output.cardinality === undefined && from[0]?.cardinality !== undefined) output.cardinality = from[0].cardinality;
    outputs.set(node.id, output);
  }
  const order = design.nodes.filter(isHead).map((node) => heads.findIndex((head) => head.node.id === node.id));
  const model = tf.model({ inputs: inputs.map(({ input }) => input), outputs: order.map((at) => heads[at].output) });
  model.compile({ optimizer: tf.train.adam(learningRate, 0.9, 0.999, EPSILON), loss: order.map((at) => losses[at]) });
  return {
    batch(rows) {
      const x = inputs.map(({ node }) => inputTensor(schema, node, rows, 'float32'));
      const y = design.nodes.filter(isHead).map((node, task) => {
        const target = rows.targets[task];
        return node.layer.type === 'classes_head' ? tf.tensor2d(target, [rows.rows, 1], 'float32') : tf.tensor2d(target, [rows.rows, 1]);
      });
      return { x, y };
    },
    async step({ x, y }) {
      const report = await model.trainOnBatch(x, y);
      return Array.isArray(report) ? report[0] : report;
    },
    sync: async (last) => last,
    dispose: () => model.dispose(),
  };
}

function tensors(weights, node, names) {
  return names.filter((name) => weights[`${node.name}/${name}`]).map((name) => {
    const { shape, values } = weights[`${node.name}/${name}`];
    return tf.tensor(values, shape);
  });
}

function inputTensor(schema, node, rows, idType) {
  const kind = featureOf(schema, node).kind;
  const values = rows.inputs[node.id];
  // Ids come as unsigned numbers, which the library does not take.
  const ids = idType === 'int32' ? Int32Array.from(values) : Float32Array.from(values);
  if (node.layer.type === 'dense_input') return tf.tensor2d(values, [rows.rows, kind.width]);
  return tf.tensor2d(ids, [rows.rows, kind.length ?? 1], idType);
}

// ---- expert ----

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
  tanh: (x) => tf.tanh(x),
  sigmoid: (x) => tf.sigmoid(x),
  softmax: (x) =>
    tf.customGrad((x, save) => {
      const y = tf.softmax(x);
      save([y]);
      return { value: y, gradFunc: (dy, [y]) => [tf.mul(y, tf.sub(dy, tf.sum(tf.mul(dy, y), -1, true)))] };
    })(x),
};

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
      return { value, gradFunc: (dy, [logits]) => [tf.mul(dy, tf.div(tf.sub(tf.sigmoid(logits), target), logits.shape[0]))] };
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

/** The model on the core API. */
export function expert(design, schema, weights, learningRate) {
  checkSettings(design);
  const order = inOrder(design);
  const variables = {};
  for (const [name, { shape, values }] of Object.entries(weights)) variables[name] = tf.variable(tf.tensor(values, shape), true);
  const optimizer = tf.train.adam(learningRate, 0.9, 0.999, EPSILON);
  const parameter = (node, name) => variables[`${node.name}/${name}`];
  const isData = (id) => design.nodes.find((node) => node.id === id).layer.type.endsWith('_input');
  const linear = (node, x) => {
    const product = isData(sources(design, node)[0]) ? denseOfData : dense;
    return product(x, parameter(node, 'kernel'), parameter(node, 'bias'));
  };

  function loss(batch) {
    const outputs = new Map();
    const losses = [];
    for (const node of order) {
      const settings = node.layer;
      const from = sources(design, node).map((id) => outputs.get(id));
      let output;
      switch (settings.type) {
        case 'token_input':
        case 'id_input':
        case 'dense_input':
          output = batch.x[node.id];
          break;
        case 'embedding':
          output = lookUp(parameter(node, 'embeddings'), from[0]);
          break;
        case 'global_average_pooling':
          output = meanOverSteps(from[0]);
          break;
        case 'lstm':
          output = lstm(from[0], parameter(node, 'kernel'), parameter(node, 'recurrent_kernel'), parameter(node, 'bias'));
          break;
        case 'dense':
          output = activations[settings.activation](linear(node, from[0]));
          break;
        case 'flatten':
          output = tf.reshape(from[0], [from[0].shape[0], -1]);
          break;
        case 'concatenate':
          output = tf.concat(from, 1);
          break;
        case 'add':
          output = sumOf(from);
          break;
        case 'multiply':
          output = from.reduce((a, b) => tf.mul(a, b));
          break;
        case 'mixture': {
          const gate = outputs.get(sources(design, node, 1)[0]);
          const experts = sources(design, node, 0).map((id) => outputs.get(id));
          const weight = tf.split(gate, experts.length, 1);
          output = sumOf(experts.map((value, at) => tf.mul(value, weight[at])));
          break;
        }
        case 'binary_head':
        case 'classes_head':
        case 'regression_head': {
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
        if (!node.layer.type.endsWith('_input')) continue;
        const tensor = inputTensor(schema, node, rows, 'int32');
        x[node.id] = node.layer.type === 'id_input' ? tf.reshape(tensor, [rows.rows]) : tensor;
      }
      const y = design.nodes.filter(isHead).map((node, task) => {
        if (node.layer.type !== 'classes_head') return tf.tensor2d(rows.targets[task], [rows.rows, 1]);
        // A float one-hot is silently wrong on the wasm backend: make an integer one and cast.
        const ids = tf.tensor1d(Int32Array.from(rows.targets[task]), 'int32');
        return tf.cast(tf.oneHot(ids, headWidth(schema, node)), 'float32');
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
