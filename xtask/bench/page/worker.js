// One contender: the page's own module, TensorFlow.js on one of its backends, or burn. It has the same commands as the native
// program (start, losses, block, peak).
//
// setup: {engine: "mtl" | "tfjs-expert" | "tfjs-stock" | "burn", backend, glue, module, tfjs: [scripts], wasmPath,
// burn: {glue, module}}

/* global importScripts, tf */

let ready;
let contender = null;

self.onmessage = async ({ data }) => {
  if (data.setup) {
    ready = load(data.setup);
    // A failure is reported by the command that waits for it.
    ready.catch(() => {});
    return;
  }
  const { id, command } = data;
  try {
    const tools = await ready;
    self.postMessage({ id, answer: await carryOut(tools, command) });
  } catch (error) {
    self.postMessage({ id, error: describe(error) });
  }
};

const describe = (error) => (error instanceof Error ? error.message : String(error)) || "an error without a message";

/** Loads what the contender needs; none of it counts as time. */
async function load(setup) {
  const app = await loadModule(setup);
  if (setup.engine === "mtl") return { setup, app };
  if (setup.engine === "burn") return { setup, app, burn: await loadModule(setup.burn) };
  importScripts(...setup.tfjs);
  if (setup.backend === "wasm") tf.wasm.setWasmPaths(setup.wasmPath);
  if (!(await tf.setBackend(setup.backend))) throw new Error(`TensorFlow.js has no ${setup.backend} backend here`);
  await tf.ready();
  return { setup, app, translate: (await import(setup.engine === "tfjs-stock" ? "./stock.js" : "./expert.js")).translate };
}

async function loadModule({ glue, module }) {
  const loaded = await import(glue);
  await loaded.default({ module_or_path: await WebAssembly.compileStreaming(fetch(module)) });
  return loaded;
}

async function carryOut(tools, command) {
  switch (command.do) {
    case "start":
      return start(tools, command.spec);
    case "losses": {
      const losses = [];
      const began = performance.now();
      while (losses.length < command.n && performance.now() - began < command.budget_ms) {
        losses.push(await contender.loss());
      }
      return { losses };
    }
    case "block":
      return contender.block(command.ms);
    case "peak":
      return { flops_per_s: tools.app.bench_peak(command.fused) };
    case "products":
      return { flops_per_s: command.sizes.map((size) => [0, 1, 2].map((which) => tools.app.bench_product(which, ...size, command.fused))) };
    default:
      throw new Error(`there is no command ${command.do}`);
  }
}

/** Compiles the workload and trains the first step. Drawing rows and handing them over is not counted. */
async function start({ setup, app, translate, burn }, spec) {
  const text = JSON.stringify(spec);
  const beforeCompile = performance.now();
  const bench = setup.backend === "webgpu" && setup.engine === "mtl" ? await gpuBench(app, text) : new app.Bench(text);
  let compileMs = performance.now() - beforeCompile;
  await bench.draw_rows();
  const about = JSON.parse(bench.about());
  if (setup.engine === "mtl") {
    contender = ours(bench);
  } else if (burn) {
    const build = performance.now();
    const model = new burn.Burn(text, JSON.stringify(about.parameters), bench.values());
    compileMs = performance.now() - build;
    fill(model, spec, bench, about);
    bench.free();
    contender = { loss: async () => model.steps(1), block: (ms) => timedBlock((n) => model.steps(n), ms) };
  } else {
    const rows = Array.from({ length: about.n_batches }, (_, batch) => rowsOf(spec, bench, about, batch));
    const weights = weightsOf(bench, about);
    bench.free();
    const build = performance.now();
    const model = translate(spec.design, spec.schema, weights, spec.learning_rate);
    compileMs = performance.now() - build;
    contender = theirs(model, rows);
  }
  const beforeStep = performance.now();
  const loss = await contender.loss();
  return {
    first_step_ms: compileMs + performance.now() - beforeStep,
    losses: [loss],
    flops_per_step: about.flops_per_step,
  };
}

async function gpuBench(app, text) {
  if (!app.GpuBench) throw new Error("this build of the page has no WebGPU backend");
  return app.GpuBench.create(text);
}

/** Hands burn the batches. */
function fill(model, spec, bench, about) {
  const heads = spec.design.nodes.filter((node) => node.layer.type.endsWith("_head"));
  for (let batch = 0; batch < about.n_batches; batch += 1) {
    const { rows, inputs, targets } = rowsOf(spec, bench, about, batch);
    model.begin_batch();
    for (const [node, values] of Object.entries(inputs)) {
      const isIds = values instanceof Uint32Array;
      model[isIds ? "ids" : "numbers"](Number(node), rows, values);
    }
    heads.forEach((head, task) => {
      if (head.layer.type === "classes_head") model.ids(head.id, rows, Uint32Array.from(targets[task]));
      else model.numbers(head.id, rows, targets[task]);
    });
  }
}

function rowsOf(spec, bench, about, batch) {
  const inputs = {};
  about.inputs.forEach((node, slot) => {
    const ids = bench.ids(batch, slot);
    inputs[node] = ids.length > 0 ? ids : bench.numbers(batch, slot);
  });
  const heads = spec.design.nodes.filter((node) => node.layer.type.endsWith("_head"));
  return { rows: spec.batch_size, inputs, targets: heads.map((_, task) => bench.targets(batch, task)) };
}

function weightsOf(bench, about) {
  const values = bench.values();
  return Object.fromEntries(
    about.parameters.map(({ name, shape, start, end }) => [name, { shape, values: values.slice(start, end) }]),
  );
}

/** Trains until `ms` have passed; `steps(n)` trains n steps to their end. */
async function timedBlock(steps, ms) {
  let [n, done] = [1, 0];
  const start = performance.now();
  for (;;) {
    const before = performance.now();
    await steps(n);
    done += n;
    const now = performance.now();
    if (now - start >= ms) return { steps: done, ms: now - start };
    // Read the clock about twenty times per block, not after every step.
    if ((now - before) * 20 < ms) n = Math.min(n * 2, 1024);
  }
}

const ours = (bench) => ({
  loss: async () => (await bench.steps(1))[0],
  block: (ms) => timedBlock((n) => bench.steps(n), ms),
});

function theirs(model, rows) {
  const batches = rows.map((batch) => model.batch(batch));
  let step = 0;
  const one = async () => model.step(batches[step++ % batches.length]);
  const many = async (n) => {
    let last;
    for (let index = 0; index < n; index += 1) {
      last?.dispose?.();
      last = await one();
      // Limits the number of submitted steps to that of our own backend per submission.
      if (index % 16 === 15) await model.sync(last);
    }
    await model.sync(last);
    last?.dispose?.();
  };
  return {
    loss: async () => {
      const last = await one();
      const value = await model.sync(last);
      last?.dispose?.();
      return value;
    },
    block: (ms) => timedBlock(many, ms),
  };
}
