// The worker's side of `src/worker/`: the first message brings the trainer's module, which the page has compiled.
import init, { worker_main } from "./trainer.js";

self.addEventListener(
  "message",
  async ({ data: module }) => {
    try {
      await init({ module_or_path: module });
      worker_main();
    } catch (error) {
      // Nobody hears of a rejected promise in here.
      self.postMessage(["panic", String(error)]);
    }
  },
  { once: true },
);
